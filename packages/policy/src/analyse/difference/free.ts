/** Finds an address of a set that is nobody's, to stand for the rest of the set. */
import { type Address, type Interval, predecessor, successor } from '../../model/address.ts'
import type { AddressSet } from '../../model/interval.ts'

/** How far from either edge of an interval is looked, and how many addresses spread over it. */
const NEAR = 64
const SPREAD = 4096

/** Null where none was found: all are taken, or nearly all of very many. */
export function freeIn(set: AddressSet, isFree: (address: Address) => boolean): Address | null {
  for (const interval of set) {
    for (const address of candidates(interval)) if (isFree(address)) return address
  }
  return null
}

/** Not the very edges first: they are often the name of a network, its gateway, or its broadcast address. */
function* candidates({ first, last }: Interval): Iterable<Address> {
  let high: Address | null = predecessor(last)
  for (let count = 0; high !== null && high > first && count < NEAR; count++) {
    yield high
    high = predecessor(high)
  }
  let low: Address | null = first
  for (let count = 0; low !== null && low <= last && count < NEAR; count++) {
    yield low
    low = successor(low)
  }
  yield last
  const [begin, end] = [BigInt(`0x${first}`), BigInt(`0x${last}`)]
  const step = (end - begin) / BigInt(SPREAD) + 1n
  for (let at = begin; at <= end; at += step) yield at.toString(16).padStart(first.length, '0') as Address
}
