/**
 * Resolves one end of a rule: names become atoms, devices become one group, set differences become `except`.
 *
 * A reference that names nothing is a fault with "did you mean"; it never quietly matches nothing, or everything.
 */
import { parsePrefix } from '../model/address.ts'
import type { Origin } from '../model/diagnostic.ts'
import { didYouMean, parseDnsName } from '../model/name.ts'
import type { EndpointDocument } from '../model/policy.ts'
import type { Atom, Endpoint, List, ListEntry } from '../model/ruleset.ts'
import { groupOf, type Lowering, report } from './context.ts'
import { simplify } from './simplify.ts'

/** Where an end was written, for faults. */
export interface Place {
  readonly path: string
  readonly origin: Origin | null
}

/** An end in the time for which it is so: list entries may end early, and so may what they leave out. */
export interface TimedEndpoint {
  readonly endpoint: Endpoint
  readonly startsAt: number | null
  readonly endsAt: number | null
}

/** What an end resolved to, and the lists it drew from. */
export interface ResolvedEnd {
  readonly parts: readonly TimedEndpoint[]
  readonly lists: readonly string[]
  /** Those of them whose entries are left out. */
  readonly leavesOut: readonly string[]
}

interface Timed {
  readonly atom: Atom
  readonly endsAt: number | null
}

/**
 * Resolves the alternatives of one end. `effect` decides what an expired list entry means: what it allows ends with it,
 * what it denies stands unless the entry lifts. An exception is of the opposite effect: forgetting must never open.
 */
export function resolveEnd(
  lowering: Lowering,
  ends: readonly EndpointDocument[],
  effect: 'allow' | 'deny',
  place: Place,
): ResolvedEnd {
  const lists = new Set<string>()
  const leavesOut = new Set<string>()
  const plain = atomsOf(
    lowering,
    ends.filter((end) => end.kind !== 'except'),
    effect,
    place,
    lists,
  )
  const parts = partsOf(lowering, plain, [], null)
  for (const end of ends) {
    if (end.kind !== 'except') continue
    const nested = [...end.of, ...end.except].some((inner) => inner.kind === 'except')
    if (nested) {
      report(lowering, 'TW1002', {
        message: `${place.path} has an except inside an except`,
        path: place.path,
        hint: 'Write one except with everything that is left out.',
        origin: place.origin,
      })
      continue
    }
    const include = atomsOf(lowering, end.of, effect, place, lists)
    const except = atomsOf(lowering, end.except, opposite(effect), place, leavesOut)
    parts.push(...partsWithout(lowering, include, except))
  }
  return { parts, lists: [...new Set([...lists, ...leavesOut])], leavesOut: [...leavesOut] }
}

/** What is left out of a deny is permitted as far as that goes, and what is left out of an allow is refused. */
export function opposite(effect: 'allow' | 'deny'): 'allow' | 'deny' {
  return effect === 'allow' ? 'deny' : 'allow'
}

/**
 * Set difference while exceptions end: one part for now, and from each instant at which one ends, one without it. Later
 * parts hold all that earlier ones do, so these need no end.
 */
function partsWithout(
  lowering: Lowering,
  include: readonly Timed[],
  except: readonly Timed[],
): readonly TimedEndpoint[] {
  const instants = new Set(except.flatMap(({ endsAt }) => (endsAt === null ? [] : [endsAt])))
  const parts: TimedEndpoint[] = []
  let before = ''
  for (const startsAt of [null, ...[...instants].sort((a, b) => a - b)]) {
    const left = except.filter(({ endsAt }) => endsAt === null || startsAt === null || endsAt > startsAt)
    const living = include.filter(({ endsAt }) => !isEmpty(startsAt, endsAt))
    const own = partsOf(
      lowering,
      living,
      left.map(({ atom }) => atom),
      startsAt,
    )
    const text = JSON.stringify(own.map(({ endpoint, endsAt }) => [endpoint, endsAt]))
    // What something else leaves out still does not begin anew.
    if (text !== before) parts.push(...own)
    before = text
  }
  return parts
}

/** Whether nothing lies between two instants. */
export function isEmpty(startsAt: number | null, endsAt: number | null): boolean {
  return startsAt !== null && endsAt !== null && endsAt <= startsAt
}

/** Groups alternatives by when they end, devices apart from the rest: each part has one kind of place. */
function partsOf(
  lowering: Lowering,
  include: readonly Timed[],
  except: readonly Atom[],
  startsAt: number | null,
): TimedEndpoint[] {
  const byEnd = new Map<string, Timed[]>()
  for (const timed of include) {
    const key = `${timed.endsAt}${timed.atom.kind === 'group'}`
    const same = byEnd.get(key)
    if (same === undefined) byEnd.set(key, [timed])
    else same.push(timed)
  }
  return [...byEnd.values()].map((timed) => ({
    endpoint: simplify(
      lowering,
      timed.map((one) => one.atom),
      except,
    ),
    startsAt,
    endsAt: (timed[0] as Timed).endsAt,
  }))
}

function atomsOf(
  lowering: Lowering,
  ends: readonly EndpointDocument[],
  effect: 'allow' | 'deny',
  place: Place,
  lists: Set<string>,
): Timed[] {
  return ends.flatMap((end): readonly Timed[] => {
    switch (end.kind) {
      case 'any':
      case 'gateway':
        return [{ atom: { kind: end.kind }, endsAt: null }]
      case 'text':
        return always(textAtom(lowering, end.text, place))
      case 'network':
        if (lowering.networks.has(end.name)) return always({ kind: 'network', name: end.name })
        return unknown(lowering, 'network', end.name, lowering.networks.keys(), place)
      case 'device': {
        const device = lowering.deviceByName.get(end.name)
        if (device !== undefined) return always(deviceAtom(lowering, end.name, device))
        return unknown(lowering, 'device', end.name, lowering.deviceByName.keys(), place)
      }
      case 'profile': {
        const known = Object.hasOwn(lowering.document.profiles, end.name)
        if (!known) return unknownProfile(lowering, end.name, place)
        return always(profileAtom(lowering, end.name))
      }
      case 'label':
        return always(labelAtom(lowering, end.labels))
      case 'name':
        return always({ kind: 'name', pattern: parseDnsName(end.name) as string })
      case 'list': {
        const list = lowering.lists.get(end.name)
        if (list === undefined) return unknown(lowering, 'list', end.name, lowering.lists.keys(), place)
        lists.add(end.name)
        return list.entries.map((entry) => ({ atom: entry.atom, endsAt: endOfEntry(list, entry, effect) }))
      }
      case 'except':
        return []
      default:
        return end satisfies never
    }
  })
}

/** What rests on a list entry ends with the entry, and an allow with the list as well. */
export function endOfEntry(list: List, entry: ListEntry, effect: 'allow' | 'deny'): number | null {
  if (effect === 'deny') return entry.lifts ? entry.expiresAt : null
  const ends = [entry.expiresAt, list.expiresAt].filter((end) => end !== null)
  return ends.length === 0 ? null : Math.min(...ends)
}

/** The group of every device with a profile. */
export function profileAtom(lowering: Lowering, name: string): Atom & { kind: 'group' } {
  return { kind: 'group', group: groupOf(lowering, `profile ${name}`, lowering.byProfile.get(name) ?? []) }
}

/** The group of one device. */
export function deviceAtom(lowering: Lowering, name: string, index: number): Atom & { kind: 'group' } {
  return { kind: 'group', group: groupOf(lowering, `device ${name}`, [index]) }
}

function labelAtom(lowering: Lowering, labels: Readonly<Record<string, string>>): Atom {
  const pairs = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
  const [first, ...others] = pairs.map((pair) => lowering.byLabel.get(pair) ?? [])
  const narrower = others.map((devices) => new Set(devices))
  const devices = (first ?? []).filter((device) => narrower.every((set) => set.has(device)))
  return { kind: 'group', group: groupOf(lowering, `label ${pairs.join(' ')}`, devices) }
}

/** An address or prefix, a network, a device, or a DNS name: in this order, and never two of them. */
function textAtom(lowering: Lowering, text: string, place: Place): Atom | null {
  const interval = parsePrefix(text)
  if (typeof interval !== 'string') return { kind: 'addresses', set: [interval] }
  if (lowering.networks.has(text)) return { kind: 'network', name: text }
  const device = lowering.deviceByName.get(text)
  if (device !== undefined) return deviceAtom(lowering, text, device)
  const name = parseDnsName(text)
  if (name?.includes('.')) return { kind: 'name', pattern: name }
  const candidates = [...lowering.networks.keys(), ...lowering.deviceByName.keys(), 'any', 'gateway']
  unknown(lowering, 'network, device or address', text, candidates, place)
  return null
}

function always(atom: Atom | null): readonly Timed[] {
  return atom === null ? [] : [{ atom, endsAt: null }]
}

/** A profile is the policy's when a device has it or `profiles` names it; that it is written in the file is not enough. */
function unknownProfile(lowering: Lowering, name: string, place: Place): readonly Timed[] {
  const near = didYouMean(name, Object.keys(lowering.document.profiles))
  report(lowering, 'TW1005', {
    message: `${place.path} speaks of profile ${name}, which no device of this policy has`,
    path: place.path,
    value: name,
    hint:
      near === null
        ? 'Give it to a device, or correct the name. A profile that is to wait for its devices is named in profiles: […].'
        : `Did you mean ${near}?`,
    origin: place.origin,
  })
  return []
}

function unknown(
  lowering: Lowering,
  kind: string,
  name: string,
  candidates: Iterable<string>,
  place: Place,
): readonly Timed[] {
  const near = didYouMean(name, candidates)
  report(lowering, 'TW1005', {
    message: `${place.path} speaks of an unknown ${kind}`,
    path: place.path,
    value: name,
    hint: near === null ? 'Define it in this policy, or correct the name.' : `Did you mean ${near}?`,
    origin: place.origin,
  })
  return []
}
