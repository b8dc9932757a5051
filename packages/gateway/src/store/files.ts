/**
 * The files of a store: which segments there are, in their order, and letting them go. All that must be known of a
 * segment without opening it is in its name, so there is no list that could be torn.
 */
import { readdirSync, renameSync, rmSync, statSync, unlink } from 'node:fs'
import { join } from 'node:path'
import { HOUR_MS } from './format.ts'

export interface SegmentFile {
  readonly path: string
  /** Counts up by one with each segment, whatever the clock does. */
  readonly sequence: number
  /** Begin of its hour, milliseconds since 1970. */
  readonly hourMs: number
  /** Set aside because it could not be read. */
  readonly isTorn: boolean
  /** With its log; 0 when it has just gone. */
  readonly bytes: number
}

const NAME = /^(\d{6,10})-(\d{1,8})\.events(\.torn)?$/

/** Oldest first. Empty when there is no folder. */
export function segmentsIn(folder: string): readonly SegmentFile[] {
  let names: readonly string[]
  try {
    names = readdirSync(folder)
  } catch {
    return []
  }
  return names
    .flatMap((name): readonly SegmentFile[] => {
      const found = NAME.exec(name)
      if (found === null) return []
      const path = join(folder, name)
      const bytes = sizeOf(path) + sizeOf(`${path}-wal`)
      const [sequence, hour] = [Number(found[1]), Number(found[2])]
      return [{ path, sequence, hourMs: hour * HOUR_MS, isTorn: found[3] !== undefined, bytes }]
    })
    .sort((a, b) => a.sequence - b.sequence)
}

export function segmentPath(folder: string, sequence: number, hourMs: number): string {
  return join(folder, `${String(sequence).padStart(6, '0')}-${Math.floor(hourMs / HOUR_MS)}.events`)
}

/** Whether its last writer ended without closing it. */
export function wasInterrupted(path: string): boolean {
  return statSync(`${path}-wal`, { throwIfNoEntry: false }) !== undefined
}

const PARTS = ['-wal', '-shm', '-journal', ''] as const
const GONE = '.gone'

/**
 * Lets a segment go. It is out of sight when this returns, and its room comes back soon after: a file of an hour takes
 * the file system 10 to 60 ms, which a thread of Node's pool waits for and not the caller.
 */
export function removeSegment(path: string): void {
  for (const part of PARTS) {
    const file = `${path}${part}`
    try {
      renameSync(file, `${file}${GONE}`)
    } catch {
      // There is none, or it cannot be renamed: then it costs what it costs.
      rmSync(file, { force: true })
      continue
    }
    // Handed to the pool now, also where this thread never comes back to its loop. What fails is left for the next start.
    unlink(`${file}${GONE}`, () => undefined)
  }
}

/** As `removeSegment`, and waits until its room is free. */
export function removeSegmentNow(path: string): void {
  for (const part of PARTS) rmSync(`${path}${part}`, { force: true })
}

/** Removes what was on its way out when the process ended. */
export function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.endsWith(GONE)) rmSync(join(folder, name), { force: true })
  }
}

/** Keeps the file for whoever wants to look at it, out of the way. */
export function setAside(path: string): void {
  renameSync(path, `${path}.torn`)
  for (const suffix of ['-wal', '-shm', '-journal']) rmSync(`${path}${suffix}`, { force: true })
}

function sizeOf(path: string): number {
  try {
    return statSync(path, { throwIfNoEntry: false })?.size ?? 0
  } catch {
    return 0
  }
}
