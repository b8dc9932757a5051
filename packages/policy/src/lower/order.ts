/** Puts rules in the order in which they win, and files every match where a flow's ends find it. */

import { subjectsOf } from '../model/flow.ts'
import { type AddressSet, type SearchableSet, searchable } from '../model/interval.ts'
import {
  type Candidate,
  type DeviceClass,
  type Door,
  type Group,
  type Match,
  type Rule,
  type RuleIndex,
  type SortedEndpoint,
  type Term,
  tiers,
} from '../model/ruleset.ts'
import { zonesOf } from '../model/zones.ts'
import { DEFAULT_DENY } from './default-tier.ts'
import { NO_FORWARD } from './forwards.ts'
import { type Named, sortEndpoint } from './parts.ts'
import { earliest } from './rules.ts'

/** Strongest tier first, then longest-lived, then id; what refuses the rest of its tier stands last in it. */
export function inWinningOrder(rules: readonly Rule[]): Rule[] {
  return [...rules].sort(
    (a, b) =>
      tiers.indexOf(a.tier) - tiers.indexOf(b.tier) ||
      Number(isRest(a)) - Number(isRest(b)) ||
      lifeOf(b) - lifeOf(a) ||
      (a.id < b.id ? -1 : 1),
  )
}

/** What refuses whatever nothing else in its tier speaks of. */
function isRest({ id }: Rule): boolean {
  return id === DEFAULT_DENY || id === NO_FORWARD
}

/** A number that grows with how long a rule lives. Finite, so that two endless rules compare as equal. */
function lifeOf(rule: Rule): number {
  return rule.endsAt ?? Number.MAX_SAFE_INTEGER
}

/** Devices in the same groups share a class. Returns the classes and, by device, which one it is in. */
export function classify(
  deviceCount: number,
  groups: readonly Group[],
): { readonly classes: readonly DeviceClass[]; readonly classOf: readonly number[] } {
  const memberships: number[][] = Array.from({ length: deviceCount }, () => [])
  for (const [index, group] of groups.entries())
    for (const device of group.devices) memberships[device]?.push(index)
  const classes: DeviceClass[] = []
  const known = new Map<string, number>()
  const classOf = memberships.map((membership) => {
    const key = membership.join()
    let index = known.get(key)
    if (index === undefined) {
      index = classes.push({ groups: new Set(membership) }) - 1
      known.set(key, index)
    }
    return index
  })
  return { classes, classOf }
}

/** `rules` in winning order; `local` as in the rule set. */
export function indexRules(
  rules: readonly Rule[],
  classes: readonly DeviceClass[],
  groupCount: number,
  named: Named,
  local: AddressSet,
): RuleIndex {
  const { networks } = named
  const classesOfGroup: number[][] = Array.from({ length: groupCount }, () => [])
  for (const [index, one] of classes.entries())
    for (const group of one.groups) classesOfGroup[group]?.push(index)
  const fromClass: Candidate[][] = classes.map(() => [])
  const toClass: Candidate[][] = classes.map(() => [])
  const general: Candidate[] = []
  const sets: SearchableSet[] = []
  const subjects: number[] = []
  for (const [rank, rule] of rules.entries()) {
    for (const match of rule.matches) {
      const from = sortEndpoint(match.from, 'source', named)
      const to = sortEndpoint(match.to, 'destination', named)
      sets.push(...setsOf(from), ...setsOf(to))
      subjects.push(...match.services.flatMap(subjectsOf))
      const [source] = from.include.groups
      const [destination] = to.include.groups
      if (source !== undefined) {
        const candidate = candidateOf(rank, rule, match, { from: beyond(from), to })
        for (const one of classesOfGroup[source] ?? []) fromClass[one]?.push(candidate)
      } else if (destination !== undefined) {
        const candidate = candidateOf(rank, rule, match, { from, to: beyond(to) })
        for (const one of classesOfGroup[destination] ?? []) toClass[one]?.push(candidate)
      } else general.push(candidateOf(rank, rule, match, { from, to }))
    }
  }
  const doors = new Map(
    [...networks.keys(), 'gateway'].map((name): [string, Door] => {
      const candidates = general
        .filter(({ rule, match }) => rule.id !== DEFAULT_DENY && mayEnter(match, name))
        .map(({ rank, rule, match, from, to }) =>
          candidateOf(rank, rule, match, { from: isSaidBy(name, match) ? beyond(from) : from, to }),
        )
      const network = networks.get(name) ?? null
      return [name, { network, addresses: searchable(network?.addresses ?? []), candidates }]
    }),
  )
  const inside = searchable(local)
  return { fromClass, toClass, general, doors, local: inside, zones: zonesOf([...sets, inside], subjects) }
}

function setsOf({ include, except }: SortedEndpoint): readonly SearchableSet[] {
  return [include.addresses, except?.addresses ?? null].filter((set) => set !== null)
}

/** Whether flows that come in by a network, or that the gateway opens, can be from where a match says. */
function mayEnter({ from }: Match, door: string): boolean {
  return from.include.some((atom) => {
    if (atom.kind === 'network') return atom.name === door
    return (atom.kind === 'gateway') === (door === 'gateway')
  })
}

/** Whether all that come in by a door are from where a match says, but for its exceptions. */
function isSaidBy(door: string, { from }: Match): boolean {
  return from.include.some((atom) => {
    if (atom.kind === 'network') return atom.name === door
    return atom.kind === (door === 'gateway' ? 'gateway' : 'any')
  })
}

/** What is left to ask where the place says that an end is included. */
function beyond(end: SortedEndpoint | null): SortedEndpoint | null {
  return end === null || end.except === null ? null : end
}

function candidateOf(
  rank: number,
  rule: Rule,
  match: Match,
  { from, to }: Pick<Candidate, 'from' | 'to'>,
): Candidate {
  const subjects = match.services.flatMap(subjectsOf)
  return {
    rank,
    first: Math.min(...subjects),
    last: Math.max(...subjects),
    subjects: subjects.length === 2 ? null : subjects,
    term: termOf(rule, match),
    translated: match.translated ?? null,
    from,
    to,
    rule,
    match,
  }
}

/** When a match of a rule is in force; null: always. */
export function termOf(rule: Rule, match: Match): Term | null {
  const startsAt = match.startsAt ?? Number.NEGATIVE_INFINITY
  const endsAt = earliest(rule.endsAt, match.endsAt) ?? Number.POSITIVE_INFINITY
  const isAlways = startsAt === Number.NEGATIVE_INFINITY && endsAt === Number.POSITIVE_INFINITY
  return isAlways && rule.when === null ? null : { startsAt, endsAt, when: rule.when }
}
