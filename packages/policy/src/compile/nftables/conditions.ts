/**
 * Turns one match into nftables conditions: for each way its two ends can be met, the text that tests for it.
 *
 * A condition never tests what the dispatch to its chain has already proved (the class of an end).
 */
import type { Family } from '../../model/address.ts'
import type { Atom, Endpoint, Match, Network, Rule, Ruleset, WeekRanges } from '../../model/ruleset.ts'
import { type Service, TCP, UDP } from '../../model/service.ts'
import { FAMILIES, headerOf, type Sets } from './sets.ts'
import { interfaceNames } from './text.ts'

/** Which side of a packet an end is on. */
export type Side = 'source' | 'destination'

/** Whose packet is looked at: the opener's, or the answering side's, in which everything is the other way round. */
export type Speaker = 'opener' | 'answerer'

/** How one end is met: by family, or in either where the family does not matter. */
export interface Test {
  readonly family: Family | null
  readonly text: string
}

export interface ConditionContext {
  readonly ruleset: Ruleset
  readonly sets: Sets
  readonly effect: Rule['effect']
  readonly speaker: Speaker
}

/** The address field of the flow's source or destination in a packet of this speaker. */
export function fieldOf(side: Side, speaker: Speaker): 'saddr' | 'daddr' {
  return (side === 'source') === (speaker === 'opener') ? 'saddr' : 'daddr'
}

/**
 * Every way to meet an end, one test each; their union is the end. A gateway end is met by the chain alone, so only
 * the atoms that are not the gateway are tested. `isDispatched`: the chain has proved the group of `include`.
 */
export function endTests(
  context: ConditionContext,
  endpoint: Endpoint,
  side: Side,
  isDispatched: boolean,
): readonly Test[] {
  const tests: Test[] = []
  for (const atom of endpoint.include) {
    const met = isDispatched && atom.kind === 'group' ? EITHER : atomTests(context, atom, side, 'in')
    for (const test of met) tests.push(...withExceptions(context, test, endpoint.except, side))
  }
  return tests
}

const EITHER: readonly Test[] = [{ family: null, text: '' }]

/** Adds "and in none of these". A test without family splits where an exception is about one family. */
function withExceptions(
  context: ConditionContext,
  test: Test,
  except: readonly Atom[],
  side: Side,
): readonly Test[] {
  let tests: readonly Test[] = [test]
  for (const atom of except) {
    if (atom.kind === 'any') return []
    if (atom.kind === 'gateway') continue
    const outside = atomTests(context, atom, side, 'out')
    tests = tests.flatMap((one) => outside.flatMap((other) => both(one, other)))
  }
  return tests
}

/** Both tests at once; nothing where they are of different families. */
export function both(one: Test, other: Test): readonly Test[] {
  if (one.family !== null && other.family !== null && one.family !== other.family) return []
  const text = [one.text, other.text].filter((part) => part !== '').join(' ')
  return [{ family: one.family ?? other.family, text }]
}

/** Tests for being `in` an atom, or `out` of it. */
function atomTests(context: ConditionContext, atom: Atom, side: Side, where: 'in' | 'out'): readonly Test[] {
  const not = where === 'out' ? '!= ' : ''
  const field = fieldOf(side, context.speaker)
  const inEachFamily = (operand: (family: Family) => string | null): readonly Test[] =>
    FAMILIES.flatMap((family): readonly Test[] => {
      const text = operand(family)
      if (text !== null) return [{ family, text: `${headerOf(family)} ${field} ${not}${text}` }]
      // Nothing of this family is in the set: all of it is outside.
      return where === 'out' ? [{ family, text: `meta nfproto ipv${family}` }] : []
    })
  switch (atom.kind) {
    case 'any':
      return where === 'in' ? EITHER : []
    case 'gateway':
      return where === 'in' ? [] : EITHER
    case 'network': {
      const network = context.ruleset.networkByName.get(atom.name) as Network
      const door = context.speaker === 'opener' ? 'iifname' : 'oifname'
      if (side === 'source')
        return [{ family: null, text: `${door} ${not}${interfaceNames(network.interfaces)}` }]
      return inEachFamily((family) => context.sets.addresses(network.addresses, family))
    }
    case 'group':
      return inEachFamily((family) => context.sets.group(atom.group, family))
    case 'addresses':
      return inEachFamily((family) => context.sets.addresses(atom.set, family))
    case 'name':
      return nameTests(context, atom.pattern, side, where)
    default:
      return atom satisfies never
  }
}

/**
 * The device is at the end opposite the name. Where the device has no answer yet nothing can be told: an allow then
 * does not match, a deny does (`evaluate` says "unknown", and unknown is dropped). Local addresses have no names.
 */
function nameTests(
  context: ConditionContext,
  pattern: string,
  side: Side,
  where: 'in' | 'out',
): readonly Test[] {
  const peer = fieldOf(side, context.speaker)
  const device = peer === 'saddr' ? 'daddr' : 'saddr'
  return FAMILIES.flatMap((family): readonly Test[] => {
    const header = headerOf(family)
    const pair = `${header} ${device} . ${header} ${peer}`
    const told = context.sets.told(pattern, family)
    const named = context.sets.name(pattern, family)
    const local = context.sets.addresses(context.ruleset.local, family)
    const outside = local === null ? '' : ` ${header} ${peer} != ${local}`
    if (where === 'in') {
      const known = { family, text: `${pair} ${named}` }
      const untold = { family, text: `${header} ${device} != ${told}${outside}` }
      return context.effect === 'deny' ? [known, untold] : [known]
    }
    if (context.effect === 'deny') return [{ family, text: `${pair} != ${named}` }]
    const other = { family, text: `${header} ${device} ${told} ${pair} != ${named}` }
    return local === null ? [other] : [other, { family, text: `${header} ${peer} ${local}` }]
  })
}

/** One text for each way a service can be met; `''` for any. */
export function serviceTests(services: readonly Service[], speaker: Speaker): readonly Test[] {
  const port = speaker === 'opener' ? 'dport' : 'sport'
  if (services.some((service) => service.kind === 'any')) return EITHER
  const tests: Test[] = []
  for (const protocol of [TCP, UDP]) {
    const ports = services
      .filter((service) => service.kind === 'ports')
      .filter((one) => one.protocol === protocol)
    if (ports.length === 0) continue
    const ranges = mergeRanges(ports.map((one) => [one.first, one.last]))
    const texts = ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`))
    const list = texts.length === 1 ? texts[0] : `{ ${texts.join(', ')} }`
    tests.push({ family: null, text: `${protocol === TCP ? 'tcp' : 'udp'} ${port} ${list}` })
  }
  for (const family of FAMILIES) {
    const types = services.filter((service) => service.kind === 'icmp').filter((one) => one.family === family)
    // `icmp` of the other family is a protocol like any other, and carries no flow of ours.
    for (const { type } of types) {
      const spoken = speaker === 'opener' ? type : ANSWERS[family][type]
      if (spoken !== undefined)
        tests.push({ family, text: `${family === 4 ? 'icmp' : 'icmpv6'} type ${spoken}` })
    }
  }
  for (const service of services) {
    if (service.kind === 'protocol') tests.push({ family: null, text: `meta l4proto ${service.number}` })
  }
  return tests
}

/**
 * Whether the destination was translated so, one text for each way; `''` where the match does not say. nft reads a port
 * of the original direction only behind a port of the packet, and prints a set of them so that it cannot read it again.
 */
export function translationTests(
  { ruleset, speaker }: ConditionContext,
  { translated }: Match,
): readonly string[] {
  if (translated === undefined) return ['']
  const { network, services } = translated
  const at = network === null ? null : (ruleset.networkByName.get(network) as Network)
  const door = `${speaker === 'opener' ? 'iifname' : 'oifname'} `
  const via = at === null ? '' : `${door}${interfaceNames(at.interfaces)} `
  return services.map((service) => {
    if (service.kind !== 'ports') return `${via}ct status dnat`
    const { first, last } = service
    const port = 'ct original proto-dst'
    return `${via}ct status dnat ${first === last ? `${port} ${first}` : `${port} >= ${first} ${port} <= ${last}`}`
  })
}

/** The ICMP type that answers each request (RFC 792, RFC 950, RFC 4443, RFC 4620). */
const ANSWERS: Readonly<Record<Family, Readonly<Record<number, number>>>> = {
  4: { 8: 0, 13: 14, 15: 16, 17: 18 },
  6: { 128: 129, 139: 140 },
}

/** Sorted, disjoint, adjacent ranges merged: overlapping elements would not load. */
function mergeRanges(ranges: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const merged: [number, number][] = []
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const before = merged.at(-1)
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else merged.push([first, last])
  }
  return merged
}

/** When the rule holds: its beginning and end as instants, its hours by day. One text for each alternative. */
export function timeTests(rule: Rule, { startsAt, endsAt }: TimeSpan): readonly string[] {
  const ends = [rule.endsAt, endsAt].filter((end) => end !== null)
  const span = timeBetween(startsAt, ends.length === 0 ? null : Math.min(...ends))
  if (rule.when === null) return [span]
  return scheduleTests(rule.when).map((text) => [span, text].filter((part) => part !== '').join(' '))
}

type TimeSpan = Pick<Match, 'startsAt' | 'endsAt'>

/** From one instant on, and before another. Dates are whole seconds. */
export function timeBetween(startsAt: number | null, endsAt: number | null): string {
  const from = startsAt === null ? [] : [`meta time >= ${Math.floor(startsAt / 1000)}`]
  const until = endsAt === null ? [] : [`meta time < ${Math.floor(endsAt / 1000)}`]
  return [...from, ...until].join(' ')
}

/**
 * The kernel counts days from Sunday. Hours are plain seconds: written as `08:00` nft would read them in the local
 * time zone of whoever loads the file.
 */
function scheduleTests(ranges: WeekRanges): readonly string[] {
  const daysByHours = new Map<string, number[]>()
  for (let day = 0; day < 7; day++) {
    for (const [first, end] of ranges) {
      const from = Math.max(first, day * 1440) - day * 1440
      const to = Math.min(end, (day + 1) * 1440) - day * 1440
      if (from >= to) continue
      const hours = from === 0 && to === 1440 ? '' : `meta hour >= ${from * 60} meta hour < ${to * 60}`
      daysByHours.set(hours, [...(daysByHours.get(hours) ?? []), (day + 1) % 7])
    }
  }
  return [...daysByHours].map(([hours, days]) => {
    const list = `meta day { ${[...new Set(days)].sort().join(', ')} }`
    return [days.length === 7 ? '' : list, hours].filter((part) => part !== '').join(' ')
  })
}
