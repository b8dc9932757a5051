/**
 * Whether one rule covers another: matches every flow that the other matches, whenever the other does. Answers yes
 * only where that is certain; what it cannot compare it does not claim. Knows nothing of tiers or of who wins.
 */
import { type AddressSet, includes } from '../model/interval.ts'
import { nameMatches } from '../model/name.ts'
import type { Atom, Endpoint, Match, Ruleset, Translation, WeekRanges } from '../model/ruleset.ts'
import type { Service } from '../model/service.ts'

/** Whether every flow of `inner` is one of `outer`; times are `outlasts` and `coversHours`. */
export function coversMatch(outer: Match, inner: Match, ruleset: Ruleset): boolean {
  return (
    coversServices(outer.services, inner.services) &&
    coversTranslation(outer.translated, inner.translated) &&
    coversEndpoint(outer.from, inner.from, ruleset) &&
    coversEndpoint(outer.to, inner.to, ruleset)
  )
}

/** A rule that says nothing of translation is about translated flows, too. */
function coversTranslation(outer: Translation | undefined, inner: Translation | undefined): boolean {
  if (outer === undefined || inner === undefined) return outer === undefined
  const isThere = outer.network === null || outer.network === inner.network
  return isThere && coversServices(outer.services, inner.services)
}

/** Whether what ends at `outer` ends no earlier than what ends at `inner`. */
export function outlasts(outer: number | null, inner: number | null): boolean {
  return outer === null || (inner !== null && outer >= inner)
}

/** Whether what starts at `outer` starts no later than what starts at `inner`; null was always so. */
export function beginsBy(outer: number | null, inner: number | null): boolean {
  return outer === null || (inner !== null && outer <= inner)
}

/** Whether `outer` is in force in every minute in which `inner` is. */
export function coversHours(outer: WeekRanges | null, inner: WeekRanges | null): boolean {
  if (outer === null) return true
  const ranges = inner ?? [[0, 7 * 1440] as const]
  return ranges.every(([first, end]) => outer.some((range) => range[0] <= first && end <= range[1]))
}

function coversEndpoint(outer: Endpoint, inner: Endpoint, ruleset: Ruleset): boolean {
  return (
    inner.include.every((atom) => outer.include.some((wider) => coversAtom(wider, atom, ruleset))) &&
    outer.except.every(
      (hole) =>
        inner.except.some((own) => coversAtom(own, hole, ruleset)) ||
        inner.include.every((atom) => areDisjoint(hole, atom, ruleset)),
    )
  )
}

function coversAtom(outer: Atom, inner: Atom, ruleset: Ruleset): boolean {
  if (outer.kind === 'gateway' || inner.kind === 'gateway') return outer.kind === inner.kind
  if (outer.kind === 'any') return true
  switch (inner.kind) {
    case 'any':
      return false
    case 'network':
      return outer.kind === 'network' && outer.name === inner.name
    case 'group':
      if (outer.kind === 'group') return coversGroup(outer.group, inner.group, ruleset)
      return (
        outer.kind === 'network' &&
        devicesOf(inner.group, ruleset).every((at) => ruleset.devices[at]?.network === outer.name)
      )
    case 'addresses':
      if (outer.kind === 'addresses') return includes(outer.set, inner.set)
      return outer.kind === 'network' && includes(addressesOf(outer.name, ruleset), inner.set)
    case 'name':
      return (
        outer.kind === 'name' &&
        (outer.pattern === inner.pattern || nameMatches(outer.pattern, inner.pattern))
      )
    default:
      return inner satisfies never
  }
}

/** Certain that no end is both. Names may mean any address, so they are disjoint from nothing but the gateway. */
function areDisjoint(a: Atom, b: Atom, ruleset: Ruleset): boolean {
  if (a.kind === 'gateway' || b.kind === 'gateway') return a.kind !== b.kind
  if (a.kind === 'network' && b.kind === 'network') return a.name !== b.name
  if (a.kind === 'addresses' && b.kind === 'addresses') return areApart(a.set, b.set)
  if (a.kind === 'group' && b.kind === 'group') {
    const devices = new Set(devicesOf(b.group, ruleset))
    return devicesOf(a.group, ruleset).every((at) => !devices.has(at))
  }
  return false
}

function areApart(a: AddressSet, b: AddressSet): boolean {
  return a.every((one) =>
    b.every(
      (other) => one.first.length !== other.first.length || one.last < other.first || other.last < one.first,
    ),
  )
}

const subsets = new WeakMap<Ruleset, Map<string, boolean>>()

/** Groups may hold 100,000 devices: each pair is compared once. */
function coversGroup(outer: number, inner: number, ruleset: Ruleset): boolean {
  if (outer === inner) return true
  const all = devicesOf(outer, ruleset)
  const some = devicesOf(inner, ruleset)
  if (some.length > all.length) return false
  let known = subsets.get(ruleset)
  if (known === undefined) {
    known = new Map()
    subsets.set(ruleset, known)
  }
  const key = `${outer}>${inner}`
  let answer = known.get(key)
  if (answer === undefined) {
    answer = isSubset(some, all)
    known.set(key, answer)
  }
  return answer
}

/** Both ascending. */
function isSubset(some: readonly number[], all: readonly number[]): boolean {
  let at = 0
  for (const device of some) {
    while ((all[at] ?? Number.POSITIVE_INFINITY) < device) at++
    if (all[at] !== device) return false
  }
  return true
}

function devicesOf(group: number, ruleset: Ruleset): readonly number[] {
  return ruleset.groups[group]?.devices ?? []
}

function addressesOf(network: string, ruleset: Ruleset): AddressSet {
  return ruleset.networkByName.get(network)?.addresses ?? []
}

function coversServices(outer: readonly Service[], inner: readonly Service[]): boolean {
  if (inner.every((service) => outer.some((wider) => coversService(wider, service)))) return true
  return outer.length > 1 && coversPorts(outer, inner)
}

function coversService(outer: Service, inner: Service): boolean {
  if (outer.kind === 'any') return true
  switch (inner.kind) {
    case 'any':
      return false
    case 'ports':
      return (
        outer.kind === 'ports' &&
        outer.protocol === inner.protocol &&
        outer.first <= inner.first &&
        inner.last <= outer.last
      )
    case 'icmp':
      return outer.kind === 'icmp' && outer.family === inner.family && outer.type === inner.type
    case 'protocol':
      return outer.kind === 'protocol' && outer.number === inner.number
    default:
      return inner satisfies never
  }
}

/** Ranges that only together cover: `1-100/tcp` and `101-200/tcp` cover `50-150/tcp`. */
function coversPorts(outer: readonly Service[], inner: readonly Service[]): boolean {
  return inner.every((service) => {
    if (service.kind !== 'ports') return outer.some((wider) => coversService(wider, service))
    const ranges = outer
      .filter((wider) => wider.kind === 'ports')
      .filter(({ protocol }) => protocol === service.protocol)
      .toSorted((a, b) => a.first - b.first)
    let next = service.first
    for (const { first, last } of ranges) if (first <= next && last >= next) next = last + 1
    return next > service.last
  })
}

/** The earlier of two ends; null never comes. */
export function earliestEnd(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b)
}
