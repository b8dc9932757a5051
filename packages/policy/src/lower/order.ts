/** Puts rules in the order in which they win, and files every match where a flow's ends find it. */

import { subjectsOf } from '../model/flow.ts'
import {
  type Candidate,
  type DeviceClass,
  type Door,
  type Group,
  type Match,
  type Rule,
  type RuleIndex,
  tiers,
} from '../model/ruleset.ts'
import { DEFAULT_DENY } from './default-tier.ts'
import { NO_FORWARD } from './forwards.ts'
import { type Named, sortEndpoint } from './parts.ts'

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

/** `rules` in winning order. */
export function indexRules(
  rules: readonly Rule[],
  classes: readonly DeviceClass[],
  groupCount: number,
  named: Named,
): RuleIndex {
  const { networks } = named
  const classesOfGroup: number[][] = Array.from({ length: groupCount }, () => [])
  for (const [index, one] of classes.entries())
    for (const group of one.groups) classesOfGroup[group]?.push(index)
  const fromClass: Candidate[][] = classes.map(() => [])
  const toClass: Candidate[][] = classes.map(() => [])
  const general: Candidate[] = []
  for (const [rank, rule] of rules.entries()) {
    for (const match of rule.matches) {
      const candidate = candidateOf(rank, rule, match, named)
      const from = match.from.include.find((atom) => atom.kind === 'group')
      const to = match.to.include.find((atom) => atom.kind === 'group')
      if (from !== undefined)
        for (const one of classesOfGroup[from.group] ?? []) fromClass[one]?.push(candidate)
      else if (to !== undefined)
        for (const one of classesOfGroup[to.group] ?? []) toClass[one]?.push(candidate)
      else general.push(candidate)
    }
  }
  const doors = new Map(
    [...networks.keys(), 'gateway'].map((name): [string, Door] => {
      const candidates = general.filter(
        ({ rule, match }) => rule.id !== DEFAULT_DENY && mayEnter(match, name),
      )
      return [name, { network: networks.get(name) ?? null, candidates }]
    }),
  )
  return { fromClass, toClass, general, doors }
}

/** Whether flows that come in by a network, or that the gateway opens, can be from where a match says. */
function mayEnter({ from }: Match, door: string): boolean {
  return from.include.some((atom) => {
    if (atom.kind === 'network') return atom.name === door
    return (atom.kind === 'gateway') === (door === 'gateway')
  })
}

function candidateOf(rank: number, rule: Rule, match: Match, named: Named): Candidate {
  return {
    rank,
    rule,
    match,
    from: sortEndpoint(match.from, named),
    to: sortEndpoint(match.to, named),
    subjects: match.services.flatMap(subjectsOf),
  }
}
