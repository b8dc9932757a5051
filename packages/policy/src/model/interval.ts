/**
 * Sets of addresses as sorted, disjoint, non-adjacent intervals, IPv4 before IPv6.
 *
 * Overlapping elements make the kernel refuse a whole rule set, so every set is normalised here before a compiler
 * sees it. Only the algebra: no parsing, no meaning.
 */
import { type Address, type Interval, predecessor, successor, wordOf } from './address.ts'

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
  return isIn(searchable(set), address, wordOf(address, 0))
}

/** A normalised set that can be searched by numbers: comparing them is ten times as fast as comparing text. */
export interface SearchableSet {
  readonly set: AddressSet
  /** The first 32 bits of the first and of the last address of each interval, in order within a family. */
  readonly firsts: readonly number[]
  readonly lasts: readonly number[]
  /** Where the intervals of IPv6 begin. */
  readonly sixes: number
}

/** The searchable form of a set, kept for as long as the set lives. */
export function searchable(set: AddressSet): SearchableSet {
  let known = knownSets.get(set)
  if (known === undefined) {
    const sixes = set.findIndex(({ first }) => first.length === 32)
    known = {
      set,
      firsts: set.map(({ first }) => inOrder(wordOf(first, 0))),
      lasts: set.map(({ last }) => inOrder(wordOf(last, 0))),
      sixes: sixes === -1 ? set.length : sixes,
    }
    knownSets.set(set, known)
  }
  return known
}

const knownSets = new WeakMap<AddressSet, SearchableSet>()

/** Signed numbers in the order of unsigned ones. */
function inOrder(word: number): number {
  return word ^ -(2 ** 31)
}

/** As `contains`, for an address whose first 32 bits (see `wordOf`) are known already. */
export function isIn({ set, firsts, lasts, sixes }: SearchableSet, address: Address, word: number): boolean {
  const isFour = address.length === 8
  const bottom = isFour ? 0 : sixes
  const top = isFour ? sixes : set.length
  const head = inOrder(word)
  if (bottom === top || head < (firsts[bottom] as number) || head > (lasts[top - 1] as number)) return false
  // Finds the last interval that begins at or before the address; text decides where the first 32 bits are the same.
  let low = bottom
  let high = top
  while (low < high) {
    const middle = (low + high) >> 1
    const first = firsts[middle] as number
    if (head < first || (head === first && address < (set[middle] as Interval).first)) high = middle
    else low = middle + 1
  }
  if (low === bottom) return false
  const last = lasts[low - 1] as number
  return head < last || (head === last && address <= (set[low - 1] as Interval).last)
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
