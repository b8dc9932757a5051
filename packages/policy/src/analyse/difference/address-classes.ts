/**
 * The address space cut into classes: two addresses of one class are in the same sets that either rule set speaks of,
 * and on the same networks. What is judged of one address of a class, as nobody's in particular, holds for all.
 *
 * Addresses that a device has or that are the gateway's are points of their own and not told apart here.
 */
import {
  type Address,
  type Family,
  familyOf,
  type Interval,
  parsePrefix,
  successor,
} from '../../model/address.ts'
import { type AddressSet, EVERYWHERE, unionOf } from '../../model/interval.ts'
import type { Atom, Ruleset } from '../../model/ruleset.ts'
import { interner } from './intern.ts'

export interface AddressClass {
  readonly family: Family
  readonly set: AddressSet
  /** Numbers of the sets it is in (see `AddressClasses.numberOf`). */
  readonly sets: ReadonlySet<number>
  /** The network it lives on, before and after; null for none. */
  readonly networks: readonly [string | null, string | null]
}

export interface AddressClasses {
  readonly all: readonly AddressClass[]
  /** The number of the set that some atoms cover together. */
  readonly numberOf: (atoms: readonly Atom[]) => number
  /** Index into `all`. */
  readonly classOf: (address: Address) => number
}

/** Where packets are treated in a way of their own whatever a policy says: groups, everybody, nobody, the own link. */
const SPECIAL: readonly AddressSet[] = [
  ['224.0.0.0/4'],
  ['255.255.255.255'],
  ['0.0.0.0/8', '127.0.0.0/8', '::/127'],
  ['ff00::/8'],
  ['fe80::/10'],
].map((texts) => unionOf(texts.map((text) => parsePrefix(text) as Interval)))

/** Cuts the address space at every boundary that either rule set draws. */
export function addressClasses(before: Ruleset, after: Ruleset): AddressClasses {
  const intern = interner()
  const sets: AddressSet[] = []
  const add = (set: AddressSet): number => {
    const number = intern(set.map(({ first, last }) => `${first}-${last}`).join())
    sets[number] = set
    return number
  }
  for (const set of [EVERYWHERE, ...SPECIAL]) add(set)
  const numberOf = (atoms: readonly Atom[]): number => add(coveredBy(atoms))
  for (const { rules } of [before, after]) {
    for (const { from, to } of rules.flatMap(({ matches }) => matches))
      for (const atoms of [from.include, from.except, to.include, to.except]) numberOf(atoms)
  }
  const homes = [before, after].map((ruleset) =>
    ruleset.networks.map(({ name, addresses }) => ({ name, number: add(addresses) })),
  )
  const pieces = cut(sets)
  const all: AddressClass[] = []
  const byKey = new Map<string, { index: number; intervals: Interval[] }>()
  const indexes = pieces.map(({ interval, within }) => {
    const family = familyOf(interval.first)
    const key = `${family} ${[...within].sort((a, b) => a - b).join()}`
    let known = byKey.get(key)
    if (known === undefined) {
      const home = (side: 0 | 1): string | null =>
        homes[side]?.find(({ number }) => within.has(number))?.name ?? null
      const intervals: Interval[] = []
      known = { index: all.length, intervals }
      byKey.set(key, known)
      all.push({ family, set: intervals, sets: new Set(within), networks: [home(0), home(1)] })
    }
    known.intervals.push(interval)
    return known.index
  })
  for (const [index, one] of all.entries()) all[index] = { ...one, set: unionOf(one.set) }
  const firsts = pieces.map(({ interval }) => interval.first)
  return { all, numberOf, classOf: (address) => indexes[pieceOf(firsts, address)] as number }
}

function coveredBy(atoms: readonly Atom[]): AddressSet {
  return unionOf(atoms.flatMap((atom) => (atom.kind === 'addresses' ? atom.set : [])))
}

interface Piece {
  readonly interval: Interval
  readonly within: ReadonlySet<number>
}

/** Disjoint pieces in order, IPv4 first, each with the sets it is in. */
function cut(sets: readonly AddressSet[]): readonly Piece[] {
  const pieces: Piece[] = []
  for (const whole of EVERYWHERE) {
    const edges = new Map<Address, { begins: number[]; ends: number[] }>()
    const edgeAt = (address: Address): { begins: number[]; ends: number[] } => {
      const edge = edges.get(address) ?? { begins: [], ends: [] }
      edges.set(address, edge)
      return edge
    }
    for (const [number, set] of sets.entries()) {
      for (const { first, last } of set) {
        if (first.length !== whole.first.length) continue
        edgeAt(first).begins.push(number)
        const next = successor(last)
        if (next !== null) edgeAt(next).ends.push(number)
      }
    }
    const firsts = [...edges.keys()].sort()
    const active = new Set<number>()
    for (const [at, first] of firsts.entries()) {
      for (const number of edges.get(first)?.ends ?? []) active.delete(number)
      for (const number of edges.get(first)?.begins ?? []) active.add(number)
      pieces.push({
        interval: { first, last: lastBefore(firsts[at + 1], whole.last) },
        within: new Set(active),
      })
    }
  }
  return pieces
}

function lastBefore(next: Address | undefined, end: Address): Address {
  if (next === undefined) return end
  const number = BigInt(`0x${next}`) - 1n
  return number.toString(16).padStart(next.length, '0') as Address
}

/** The last piece of the address's family that begins at or before it. */
function pieceOf(firsts: readonly Address[], address: Address): number {
  let low = 0
  let high = firsts.length
  while (low < high) {
    const middle = (low + high) >> 1
    const first = firsts[middle] as Address
    if (first.length > address.length || (first.length === address.length && first > address)) high = middle
    else low = middle + 1
  }
  return low - 1
}
