/**
 * Sets of addresses as sorted, disjoint, non-adjacent intervals, IPv4 before IPv6.
 *
 * Overlapping elements make the kernel refuse a whole rule set, so every set is normalised here before a compiler
 * sees it. Only the algebra: no parsing, no meaning.
 */
import { type Address, type Interval, predecessor, successor } from './address.ts'

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
  if (set.length === 1) return holds(set[0] as Interval, address)
  const heads = headsOf(set)
  const head = headOf(address)
  // Finds the last interval that begins at or before the address, by numbers as far as they tell.
  let low = 0
  let high = set.length
  while (low < high) {
    const middle = (low + high) >> 1
    const other = heads[middle] as number
    if (head < other || (head === other && address < (set[middle] as Interval).first)) high = middle
    else low = middle + 1
  }
  return low > 0 && holds(set[low - 1] as Interval, address)
}

/** Same length, same family: text order is numeric order. */
function holds({ first, last }: Interval, address: Address): boolean {
  return address.length === first.length && address >= first && address <= last
}

/** The first 32 bits as a number, IPv6 above every IPv4. Comparing numbers is ten times as fast as comparing text. */
function headOf(address: Address): number {
  let bits = address.length === 8 ? 0 : 1
  for (let at = 0; at < 8; at++) {
    const code = address.charCodeAt(at)
    bits = bits * 16 + (code < 58 ? code - 48 : code - 87)
  }
  return bits
}

/** Heads of the first addresses, kept for as long as the set lives. */
const knownHeads = new WeakMap<AddressSet, Float64Array>()

function headsOf(set: AddressSet): Float64Array {
  let heads = knownHeads.get(set)
  if (heads === undefined) {
    heads = Float64Array.from(set, ({ first }) => headOf(first))
    knownHeads.set(set, heads)
  }
  return heads
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
