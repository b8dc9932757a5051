/**
 * The address space and the subjects of flows, cut wherever something that rules speak of begins or ends. No rule tells
 * two addresses of one zone apart, nor two subjects of one segment. What a zone is in is not said here.
 */
import { type AddressWords, inOrder } from './address-words.ts'
import { compareTo, type SearchableSet } from './interval.ts'

/** Where each zone and segment but the first begins, in order: one number each, in IPv6 four. */
export interface Zones {
  readonly fours: readonly number[]
  readonly sixes: readonly number[]
  readonly subjects: readonly number[]
}

/** Zones by the sets that rules speak of; segments by first and last subject of services, one after the other. */
export function zonesOf(sets: Iterable<SearchableSet>, subjects: readonly number[]): Zones {
  const fours = new Set<number>()
  const sixes = new Map<string, readonly number[]>()
  for (const set of new Set(sets)) {
    for (const [at, word] of set.fours.entries()) {
      const start = at % 2 === 0 ? word : word + 1
      if (start <= LAST_WORD) fours.add(start)
    }
    for (let at = 0; at < set.sixes.length; at += 4) {
      const words = set.sixes.slice(at, at + 4)
      const start = at % 8 === 0 ? words : next(words)
      if (start !== null) sixes.set(start.join(), start)
    }
  }
  const inTurn = [...sixes.values()].sort(
    ([a = 0, b = 0, c = 0, d = 0], [e = 0, f = 0, g = 0, h = 0]) => a - e || b - f || c - g || d - h,
  )
  const starts = new Set(subjects.map((subject, at) => (at % 2 === 0 ? subject : subject + 1)))
  return { fours: ascending(fours), sixes: inTurn.flat(), subjects: ascending(starts) }
}

/** The number of the zone of an address; those of IPv6 follow those of IPv4. */
export function zoneOf({ fours, sixes }: Zones, words: AddressWords): number {
  if (words.isFour) return countUpTo(fours, inOrder(words.a))
  let low = 0
  for (let high = sixes.length >> 2; low < high; ) {
    const middle = (low + high) >> 1
    if (compareTo(sixes, middle * 4, words) > 0) high = middle
    else low = middle + 1
  }
  return fours.length + 1 + low
}

/** The number of the segment of a subject. */
export function segmentOf({ subjects }: Zones, subject: number): number {
  return countUpTo(subjects, subject)
}

/** How many of some ascending numbers are not greater than one. */
function countUpTo(starts: readonly number[], number: number): number {
  let low = 0
  for (let high = starts.length; low < high; ) {
    const middle = (low + high) >> 1
    if (number < (starts[middle] as number)) high = middle
    else low = middle + 1
  }
  return low
}

function ascending(numbers: Iterable<number>): readonly number[] {
  return [...numbers].sort((a, b) => a - b)
}

const FIRST_WORD = -(2 ** 31)
const LAST_WORD = 2 ** 31 - 1

/** The address after, as words in order; null after the last. */
function next(words: readonly number[]): readonly number[] | null {
  const at = words.findLastIndex((word) => word !== LAST_WORD)
  return at === -1
    ? null
    : words.map((word, index) => (index < at ? word : index === at ? word + 1 : FIRST_WORD))
}
