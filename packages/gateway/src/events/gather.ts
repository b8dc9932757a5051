/**
 * Counts what is alike together, so that a flood becomes a few events and memory stays bounded.
 *
 * The first of its kind is told within a second; what follows of the same kind is told once a minute. Kinds are
 * bounded twice: no group (the sender, as well as it is known) may fill the table for the others, and all together
 * have a ceiling. What is beyond is counted in one entry for its group, and beyond that in one for all. Nothing is
 * dropped: the counts of all entries add up to what was put in.
 *
 * It knows neither packets nor flows: what an entry is about is the caller's (`Subject`). Times are given: a monotonic
 * one decides when to tell, the wall clock is only written down.
 */

export interface GatherOptions {
  /** Kinds told apart at one time. */
  readonly kinds: number
  /** Of which one group may have so many. */
  readonly kindsPerGroup: number
  /** Groups whose overflow is told apart. */
  readonly groups: number
  /** How often what goes on is told. */
  readonly againMs: number
}

const usualGathering: GatherOptions = {
  kinds: 16_384,
  kindsPerGroup: 1024,
  groups: 1024,
  againMs: 60_000,
}

export interface Clock {
  readonly wallMs: number
  readonly monotonicMs: number
}

export interface Amounts {
  readonly count: number
  readonly packets: number
  readonly bytes: number
  readonly answeredPackets: number
  readonly answeredBytes: number
}

/** What was counted of one kind since it was told last. */
export interface Gathered<Subject> extends Amounts {
  readonly subject: Subject
  /** Wall clock. */
  readonly first: number
  readonly last: number
}

export interface Gathering<Subject> {
  /** Counts one. False: the kind is new, and nothing was counted; call `begin`. */
  readonly count: (key: string, amounts: Amounts, clock: Clock) => boolean
  /**
   * Counts the first of a kind. `subject` is asked with what may be kept: the kind itself, what its group has in
   * common, or nothing but what all have in common.
   */
  readonly begin: (key: string, beginning: Beginning<Subject>, amounts: Amounts, clock: Clock) => void
  /** What is due. `all`: also what is not, because this is the end. */
  readonly take: (clock: Clock, due: 'due' | 'all') => Gathered<Subject>[]
  readonly size: () => number
}

export interface Beginning<Subject> {
  readonly group: string
  readonly subject: (detail: 'kind' | 'group' | 'all') => Subject
}

interface Entry<Subject> {
  readonly subject: Subject
  readonly key: string
  readonly group: string
  toldAt: number
  first: number
  last: number
  count: number
  packets: number
  bytes: number
  answeredPackets: number
  answeredBytes: number
}

export function gather<Subject>(options: GatherOptions = usualGathering): Gathering<Subject> {
  const entries = new Map<string, Entry<Subject>>()
  /** Keys of overflowing groups live beside the others, apart by their first character. */
  const sizes = new Map<string, number>()
  let overflowing = 0
  let fresh: Entry<Subject>[] = []
  let sweptAt = Number.NEGATIVE_INFINITY

  const add = (entry: Entry<Subject>, amounts: Amounts, clock: Clock): void => {
    if (entry.count === 0) entry.first = clock.wallMs
    entry.last = clock.wallMs
    entry.count += amounts.count
    entry.packets += amounts.packets
    entry.bytes += amounts.bytes
    entry.answeredPackets += amounts.answeredPackets
    entry.answeredBytes += amounts.answeredBytes
  }
  const enter = (key: string, group: string, subject: Subject, amounts: Amounts, clock: Clock): void => {
    const { wallMs } = clock
    const entry = { subject, key, group, toldAt: Number.NEGATIVE_INFINITY, first: wallMs, last: wallMs }
    const whole = { ...entry, count: 0, packets: 0, bytes: 0, answeredPackets: 0, answeredBytes: 0 }
    add(whole, amounts, clock)
    entries.set(key, whole)
    fresh.push(whole)
    if (sweptAt === Number.NEGATIVE_INFINITY) sweptAt = clock.monotonicMs
  }
  const remove = (entry: Entry<Subject>): void => {
    entries.delete(entry.key)
    if (entry.key.startsWith(OVERFLOW)) {
      if (entry.key !== EVERYTHING) overflowing -= 1
      return
    }
    const left = (sizes.get(entry.group) ?? 1) - 1
    if (left === 0) sizes.delete(entry.group)
    else sizes.set(entry.group, left)
  }

  return {
    size: () => entries.size,
    count(key, amounts, clock) {
      const entry = entries.get(KIND + key)
      if (entry === undefined) return false
      add(entry, amounts, clock)
      return true
    },
    begin(key, { group, subject }, amounts, clock) {
      const inGroup = sizes.get(group) ?? 0
      if (inGroup < options.kindsPerGroup && entries.size - overflowing < options.kinds) {
        sizes.set(group, inGroup + 1)
        return enter(KIND + key, group, subject('kind'), amounts, clock)
      }
      const shared = entries.get(OVERFLOW + group)
      if (shared !== undefined) return add(shared, amounts, clock)
      if (overflowing < options.groups) {
        overflowing += 1
        return enter(OVERFLOW + group, group, subject('group'), amounts, clock)
      }
      const everything = entries.get(EVERYTHING)
      if (everything !== undefined) return add(everything, amounts, clock)
      enter(EVERYTHING, group, subject('all'), amounts, clock)
    },
    take(clock, due) {
      const told: Gathered<Subject>[] = []
      const tell = (entry: Entry<Subject>): void => {
        const { subject, first, last, count, packets, bytes, answeredPackets, answeredBytes } = entry
        told.push({ subject, first, last, count, packets, bytes, answeredPackets, answeredBytes })
        entry.toldAt = clock.monotonicMs
        entry.count = 0
        entry.packets = 0
        entry.bytes = 0
        entry.answeredPackets = 0
        entry.answeredBytes = 0
      }
      for (const entry of fresh) tell(entry)
      fresh = []
      if (due === 'due' && clock.monotonicMs - sweptAt < options.againMs) return told
      sweptAt = clock.monotonicMs
      for (const entry of entries.values()) {
        if (entry.count > 0) tell(entry)
        else if (clock.monotonicMs - entry.toldAt >= options.againMs || due === 'all') remove(entry)
      }
      return told
    },
  }
}

const KIND = ' '
const OVERFLOW = '+'
/** No group is called so: theirs are of other characters. */
const EVERYTHING = '+\u{ffff}'
