/**
 * The writing side of the store on node:sqlite: a segment for each hour, and retention by age and size. It is
 * synchronous, for a thread that has nothing else to wait for, and it never throws: what cannot be written is lost,
 * counted, and told in an event as soon as something can be written again.
 */
import { mkdirSync } from 'node:fs'
import { basename } from 'node:path'
import type { Happening, NoticeEvent } from '../events/model.ts'
import {
  removeLeftovers,
  removeSegment,
  removeSegmentNow,
  type SegmentFile,
  segmentPath,
  segmentsIn,
  setAside,
  wasInterrupted,
} from './files.ts'
import { HOUR_MS } from './format.ts'
import { openSegment, type Segment, Unusable } from './segment.ts'
import { type Appended, idOf } from './store.ts'

export interface WriterOptions {
  readonly folder: string
  /** Hours after which events are let go. */
  readonly keepHours: number
  /** Bytes beyond which the oldest hour is let go; the current hour is never. */
  readonly maxBytes: number
  /** Texts and addresses each segment may have in its dictionary; beyond, they stand in the rows. */
  readonly words?: number
}

export interface StoreWriter {
  readonly append: (events: readonly Happening[], nowMs: number) => Appended
  readonly close: () => void
}

const USUAL_WORDS = 50_000
/**
 * A clock that jumps ahead makes everything look old. So age is believed only when the hour before tells the same, and
 * even then only this many are let go at each change of the hour: one more than comes, and not all there is.
 */
const AGED_AT_ONCE = 2
/** A clock that keeps jumping makes many small segments. */
const SEGMENTS_PER_HOUR = 2

export function openWriter(options: WriterOptions): StoreWriter {
  const { folder, keepHours, maxBytes } = options
  const words = options.words ?? USUAL_WORDS
  let current: { readonly segment: Segment; readonly sequence: number; readonly path: string } | null = null
  let untold = { lost: 0, because: '' }
  let notices: NoticeEvent[] = []

  const notice = (nowMs: number, topic: string, text: string, count: number): NoticeEvent => {
    return { kind: 'notice', at: nowMs, until: nowMs, topic, text, device: null, count }
  }
  const leave = (): void => {
    const { segment } = current ?? {}
    current = null
    try {
      segment?.close()
    } catch {
      // The next start recovers it: what was committed is in its log.
    }
  }
  const open = (path: string, sequence: number, hourMs: number): boolean => {
    current = { segment: openSegment({ path, hourMs, words }), sequence, path }
    return true
  }
  /** False where the file is not for us: torn (then it is set aside), or of another format. */
  const tryOpen = (file: SegmentFile, nowMs: number): boolean => {
    try {
      return open(file.path, file.sequence, file.hourMs)
    } catch (error) {
      if (error instanceof Unusable && error.kind === 'format') return false
      if (!isTorn(error)) throw error
      putAside(file.path, error, nowMs)
      return false
    }
  }
  const putAside = (path: string, error: unknown, nowMs: number): void => {
    setAside(path)
    const why = error instanceof Error ? error.message : String(error)
    notices.push(notice(nowMs, 'store-set-aside', `${basename(path)} was torn and is set aside: ${why}`, 1))
  }
  /** Segments whose writer was killed become whole files again; all but the one we go on with. */
  const recover = (nowMs: number): void => {
    removeLeftovers(folder)
    for (const file of segmentsIn(folder)) {
      if (file.isTorn || !wasInterrupted(file.path)) continue
      if (tryOpen(file, nowMs)) leave()
    }
  }
  const letGo = (nowMs: number): void => {
    const past = segmentsIn(folder).filter(({ path }) => path !== current?.path)
    let bytes = segmentsIn(folder).reduce((sum, file) => sum + file.bytes, 0)
    let aged = 0
    let left = past.length
    const before = (past.at(-1)?.hourMs ?? nowMs) + HOUR_MS
    for (const file of past) {
      const end = file.hourMs + HOUR_MS
      const isOld = [nowMs, before].every((then) => Math.abs(then - end) >= keepHours * HOUR_MS)
      const goesByAge = isOld && aged < AGED_AT_ONCE
      if (!goesByAge && bytes <= maxBytes && left < keepHours * SEGMENTS_PER_HOUR) break
      removeSegment(file.path)
      if (goesByAge) aged += 1
      bytes -= file.bytes
      left -= 1
    }
  }
  /**
   * A full disk lets no hour begin, and without a new one none would ever look old enough: then the clock is believed
   * alone, for one hour, which makes the room. False where none is beyond its time.
   */
  const makeRoom = (nowMs: number): boolean => {
    const [oldest] = segmentsIn(folder)
    if (oldest === undefined || Math.abs(nowMs - oldest.hourMs - HOUR_MS) < keepHours * HOUR_MS) return false
    removeSegmentNow(oldest.path)
    return true
  }
  let hasRecovered = false
  const turnTo = (nowMs: number): Segment => {
    const hourMs = Math.floor(Math.max(0, nowMs) / HOUR_MS) * HOUR_MS
    if (current?.segment.hourMs === hourMs) return current.segment
    leave()
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (!hasRecovered) recover(nowMs)
    hasRecovered = true
    const last = segmentsIn(folder).at(-1)
    const goesOn = last !== undefined && !last.isTorn && last.hourMs === hourMs && tryOpen(last, nowMs)
    if (!goesOn) {
      const sequence = (last?.sequence ?? 0) + 1
      const path = segmentPath(folder, sequence, hourMs)
      try {
        open(path, sequence, hourMs)
      } catch (error) {
        // What there is of it is no segment, and would stand in the way of the next try.
        removeSegmentNow(path)
        if (!isFull(error) || !makeRoom(nowMs)) throw error
        open(path, sequence, hourMs)
      }
    }
    letGo(nowMs)
    return (current as unknown as { readonly segment: Segment }).segment
  }
  let checkedAt = 0
  const write = (events: readonly Happening[], nowMs: number): Appended => {
    const segment = turnTo(nowMs)
    // Sizes are looked at now and then, not with every batch.
    checkedAt += events.length
    if (checkedAt > 100_000) {
      checkedAt = 0
      letGo(nowMs)
    }
    const told = untold.lost === 0 ? [] : [notice(nowMs, 'events-lost', untold.because, untold.lost)]
    const row = segment.append([...notices, ...told, ...events], nowMs)
    notices = []
    untold = { lost: 0, because: '' }
    const last = idOf({ segment: current?.sequence ?? 0, row })
    return { written: events.length, lost: 0, because: null, last }
  }
  const refuse = (events: readonly Happening[], error: unknown): Appended => {
    const because = wordsFor(error)
    untold = { lost: untold.lost + events.length, because: `the store could not be written: ${because}` }
    // A full disk leaves the segment as it was. After anything else it is opened, and looked at, anew.
    if (!isFull(error)) leave()
    return { written: 0, lost: events.length, because, last: null }
  }

  return {
    append(events, nowMs) {
      try {
        return write(events, nowMs)
      } catch (error) {
        if (!isTorn(error)) return refuse(events, error)
        // Torn under our hands: the rest of the hour goes into a new segment.
        const path = current?.path
        leave()
        try {
          if (path !== undefined) putAside(path, error, nowMs)
          return write(events, nowMs)
        } catch (again) {
          return refuse(events, again)
        }
      }
    },
    close: leave,
  }
}

/** Result codes of SQLite: CORRUPT, NOTADB. */
function isTorn(error: unknown): boolean {
  if (error instanceof Unusable) return error.kind === 'torn'
  return [11, 26].includes(codeOf(error) & 0xff)
}

/** FULL; and what the file system says while a segment is being made. */
function isFull(error: unknown): boolean {
  return (codeOf(error) & 0xff) === 13 || (error as NodeJS.ErrnoException | null)?.code === 'ENOSPC'
}

function codeOf(error: unknown): number {
  return Number((error as { readonly errcode?: number } | null)?.errcode ?? 0)
}

function wordsFor(error: unknown): string {
  if (isFull(error)) return 'the disk is full'
  return error instanceof Error ? error.message : String(error)
}
