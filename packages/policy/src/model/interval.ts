/**
 * Sets of addresses as sorted, disjoint, non-adjacent intervals, IPv4 before IPv6.
 *
 * Overlapping elements make the kernel refuse a whole rule set, so every set is normalised here before a compiler
 * sees it. Only the algebra: no parsing, no meaning.
 */
import { type Address, type Interval, predecessor, successor } from './address.ts'
import { type AddressWords, inOrder, wordsOf } from './address-words.ts'

/** A normalised set: sorted, disjoint, adjacent intervals merged. Build one with `unionOf`. */
export type AddressSet = readonly Interval[]

/** Normalises any intervals into the set they cover together. */
export function unionOf(intervals: readonly Interval[]): AddressSet {
  const sorted = [...intervals].sort((a, b) => compare(a.first, b.first) || compare(a.last, b.last))
  const merged: Interval[] = []
  for (const next of sorted) {
    const last = merged.at(-1)
    if (last !== undefined && last.first.length === next.first.length && touches(last, next)) {
      if (compare(next.last, last.last) > 0)
        merged[merged.length - 1] = { first: last.first, last: next.last }
    } else merged.push(next)
  }
  return merged
}

/** What is in `from` and not in `without`; both normalised. */
export function differenceOf(from: AddressSet, without: AddressSet): AddressSet {
  const left: Interval[] = []
  for (const whole of from) {
    let first: Address | null = whole.first
    for (const hole of without) {
      if (first === null) break
      if (hole.first.length !== first.length || compare(hole.last, first) < 0) continue
      if (compare(hole.first, whole.last) > 0) break
      if (compare(hole.first, first) > 0) left.push({ first, last: predecessor(hole.first) as Address })
      first = compare(hole.last, whole.last) >= 0 ? null : successor(hole.last)
    }
    if (first !== null) left.push({ first, last: whole.last })
  }
  return left
}

/** Whether an address lies in a normalised set; logarithmic. */
export function contains(set: AddressSet, address: Address): boolean {
  return isIn(searchable(set), wordsOf(address))
}

/**
 * A normalised set that can be searched by numbers (see `inOrder`): comparing them is ten times as fast as comparing
 * text. For each interval its first and its last address, of one word each in IPv4 and four in IPv6.
 */
export interface SearchableSet {
  readonly fours: readonly number[]
  readonly sixes: readonly number[]
}

/** The searchable form of a set, kept for as long as the set lives. */
export function searchable(set: AddressSet): SearchableSet {
  let known = knownSets.get(set)
  if (known === undefined) {
    const fours: number[] = []
    const sixes: number[] = []
    for (const { first, last } of set) {
      for (const { isFour, a, b, c, d } of [wordsOf(first), wordsOf(last)]) {
        if (isFour) fours.push(inOrder(a))
        else sixes.push(inOrder(a), inOrder(b), inOrder(c), inOrder(d))
      }
    }
    known = { fours, sixes }
    knownSets.set(set, known)
  }
  return known
}

const knownSets = new WeakMap<AddressSet, SearchableSet>()

/** As `contains`, for an address whose numbers are known already. */
export function isIn({ fours, sixes }: SearchableSet, words: AddressWords): boolean {
  return words.isFour ? isInFours(fours, inOrder(words.a)) : isInSixes(sixes, words)
}

/** Finds the last interval that begins at or before the address, and looks whether it ends before it. */
function isInFours(bounds: readonly number[], word: number): boolean {
  const { length } = bounds
  if (length === 0 || word < (bounds[0] as number) || word > (bounds[length - 1] as number)) return false
  let low = 1
  for (let high = length >> 1; low < high; ) {
    const middle = (low + high) >> 1
    if (word < (bounds[middle * 2] as number)) high = middle
    else low = middle + 1
  }
  return word <= (bounds[low * 2 - 1] as number)
}

function isInSixes(bounds: readonly number[], words: AddressWords): boolean {
  const { length } = bounds
  if (length === 0 || compareTo(bounds, 0, words) > 0) return false
  let low = 1
  for (let high = length >> 3; low < high; ) {
    const middle = (low + high) >> 1
    if (compareTo(bounds, middle * 8, words) > 0) high = middle
    else low = middle + 1
  }
  return compareTo(bounds, low * 8 - 4, words) >= 0
}

/** Below, at or above zero as a bound of four words is before, at or after an IPv6 address. */
export function compareTo(bounds: readonly number[], at: number, { a, b, c, d }: AddressWords): number {
  return (
    (bounds[at] as number) - inOrder(a) ||
    (bounds[at + 1] as number) - inOrder(b) ||
    (bounds[at + 2] as number) - inOrder(c) ||
    (bounds[at + 3] as number) - inOrder(d)
  )
}

/** Whether every address of `inner` is in `outer`; both normalised. */
export function includes(outer: AddressSet, inner: AddressSet): boolean {
  return differenceOf(inner, outer).length === 0
}

/** The whole address space of both families. */
export const EVERYWHERE: AddressSet = [
  { first: '0'.repeat(8) as Address, last: 'f'.repeat(8) as Address },
  { first: '0'.repeat(32) as Address, last: 'f'.repeat(32) as Address },
]

/** Orders IPv4 before IPv6, then numerically. */
function compare(a: Address, b: Address): number {
  if (a.length !== b.length) return a.length - b.length
  return a < b ? -1 : a > b ? 1 : 0
}

function touches(earlier: Interval, later: Interval): boolean {
  if (compare(later.first, earlier.last) <= 0) return true
  return successor(earlier.last) === later.first
}
