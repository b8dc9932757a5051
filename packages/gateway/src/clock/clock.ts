/**
 * What this machine knows of the time. Gateways without a battery clock start in the past, so the clock alone is not
 * believed: somebody must have set it (the kernel says so, whoever it was), or a battery clock must agree with it and be
 * past what was seen last (`policy.md` 5).
 *
 * What was seen last is kept in a file of the state folder, written only while the clock is believed.
 */
import { join } from 'node:path'
import type { Disk } from '../disk/disk.ts'
import { thisDisk } from '../disk/disk.ts'
import type { Machine } from '../machine/machine.ts'
import { libc } from '../netlink/libc.ts'

export interface Clock {
  /** Milliseconds since 1970, as the clock says. */
  readonly now: number
  /** The latest instant that was seen while the clock was believed; 0 where there was none. */
  readonly lastSeen: number
  /** `max(now, lastSeen)`: it is this late at least, where the clock has not been set to the future. */
  readonly atLeast: number
  readonly isTrusted: boolean
  /** For people: why it is believed or not. */
  readonly because: string
}

export interface ClockOptions {
  readonly machine: Machine
  /** The state folder. */
  readonly state: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Whether the kernel's clock is kept in step with another. This machine's where nothing is said. */
  readonly isSynchronised?: () => boolean
  readonly disk?: Disk
}

const LAST_SEEN = 'clock'
/** What sets the clock by the battery clock takes a moment; both drift until something keeps them in step. */
const AGREE_MS = 120_000

/** Looks at the clock. Changes nothing. */
export async function readClock(options: ClockOptions): Promise<Clock> {
  const { machine, isSynchronised = kernelIsSynchronised } = options
  const now = options.now()
  const seen = Number((await machine.read(join(options.state, LAST_SEEN)))?.trim())
  const lastSeen = Number.isSafeInteger(seen) && seen > 0 ? seen : 0
  const known = { now, lastSeen, atLeast: Math.max(now, lastSeen) }
  if (isSynchronised()) return { ...known, isTrusted: true, because: 'it is kept in step with a time server' }
  const battery = await batteryClock(machine)
  if (now < lastSeen) return { ...known, isTrusted: false, because: `it was ${isoOf(lastSeen)} before` }
  if (battery === null)
    return { ...known, isTrusted: false, because: 'nobody has set it, and there is no battery clock' }
  if (Math.abs(battery - now) > AGREE_MS)
    return { ...known, isTrusted: false, because: `the battery clock says ${isoOf(battery)}` }
  return { ...known, isTrusted: true, because: 'the battery clock agrees' }
}

/** Keeps the time for the next start, where the clock is believed. Never throws: without it less is known. */
export async function noteClock(
  { state, disk = thisDisk }: Pick<ClockOptions, 'state' | 'disk'>,
  clock: Clock,
): Promise<void> {
  if (!clock.isTrusted) return
  const path = join(state, LAST_SEEN)
  try {
    await disk.makeFolder(state)
    await disk.write(`${path}.new`, `${clock.now}\n`)
    await disk.rename(`${path}.new`, path)
  } catch {
    // A full disk keeps nobody from going on.
  }
}

/** Milliseconds since 1970; null where there is none. */
async function batteryClock(machine: Machine): Promise<number | null> {
  const text = (await machine.read('/sys/class/rtc/rtc0/since_epoch'))?.trim() ?? ''
  return /^\d+$/.test(text) ? Number(text) * 1000 : null
}

/** `struct timex` is 208 bytes on 64-bit machines, fewer on others; all zero, it asks and changes nothing. */
const TIMEX_BYTES = 256
/** What adjtimex(2) answers while nothing keeps the clock in step; less than 0 is a failure. */
const TIME_ERROR = 5

function kernelIsSynchronised(): boolean {
  try {
    const state = libc().adjtimex(new Uint8Array(TIMEX_BYTES))
    return state >= 0 && state !== TIME_ERROR
  } catch {
    return false
  }
}

function isoOf(at: number): string {
  const date = new Date(at)
  return Number.isNaN(date.getTime()) ? 'no time at all' : date.toISOString()
}
