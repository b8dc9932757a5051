/**
 * One line of the journal: what was bound or let go, with the instant it ends and the clocks it was written by. Reading
 * takes nothing for granted: the file may be torn, old, or written by somebody else.
 */
import { type Address, type LinkAddress, parseDnsName, parseLinkAddress } from '@thingwall/policy'
import type { BindingClock } from './clock.ts'

/** Where an address was learnt. */
export type LeaseSource = 'dnsmasq' | 'kea' | 'wire' | 'first-come'

/** An address of a device, known by its link address. */
export interface Lease {
  readonly kind: 'lease'
  readonly link: LinkAddress
  readonly address: Address
  readonly source: LeaseSource
}

/** A lease as a file says it: how long it lasts yet, by the clock that the server reads too. */
export interface FileLease {
  readonly link: LinkAddress
  readonly address: Address
  readonly forMs: number
}

/** What one device, by its name in the policy, was told for a name it asked. */
export interface Answer {
  readonly kind: 'answer'
  readonly device: string
  readonly name: string
  readonly address: Address
}

export type Fact = Lease | Answer

export interface Stamp {
  /** Milliseconds since 1970 by the clock that wrote it; null for no end. */
  readonly until: number | null
  readonly now: number
  readonly sinceBootMs: number
  readonly boot: string
  readonly isTrusted: boolean
}

/** `lasts` is false where the fact was let go. */
export interface Entry {
  readonly fact: Fact
  readonly lasts: boolean
  readonly stamp: Stamp
}

const FORMAT = 1

/** One line, its end included. */
export function writeEntry({ fact, lasts, stamp }: Entry): string {
  const { until, now, sinceBootMs, boot, isTrusted } = stamp
  const what =
    fact.kind === 'lease'
      ? ['lease', fact.link, fact.address, fact.source]
      : ['answer', fact.device, fact.name, fact.address]
  const times = [lasts ? until : 0, Math.round(now), Math.round(sinceBootMs), boot, isTrusted ? 1 : 0]
  return `${JSON.stringify([FORMAT, lasts ? 1 : 0, ...what, ...times])}\n`
}

/** Null for a line that is torn, or not of this format. */
export function readEntry(line: string): Entry | null {
  let fields: unknown
  try {
    fields = JSON.parse(line)
  } catch {
    return null
  }
  if (!Array.isArray(fields) || fields.length !== 11 || fields[0] !== FORMAT) return null
  const [, lasts, kind, a, b, c, until, now, sinceBootMs, boot, isTrusted] = fields as readonly unknown[]
  const fact = factOf(kind, a, b, c)
  if (fact === null || !isTime(now) || !isTime(sinceBootMs) || typeof boot !== 'string') return null
  if (until !== null && !isTime(until)) return null
  return { fact, lasts: lasts === 1, stamp: { until, now, sinceBootMs, boot, isTrusted: isTrusted === 1 } }
}

function factOf(kind: unknown, a: unknown, b: unknown, c: unknown): Fact | null {
  if (typeof a !== 'string' || typeof b !== 'string' || typeof c !== 'string') return null
  if (kind === 'lease') {
    const link = parseLinkAddress(a)
    if (link === null || !isAddress(b) || !SOURCES.has(c)) return null
    return { kind, link, address: b, source: c as LeaseSource }
  }
  if (kind !== 'answer' || !isAddress(c)) return null
  const name = parseDnsName(b)
  return name === null || a === '' ? null : { kind, device: a, name, address: c }
}

const SOURCES: ReadonlySet<string> = new Set<LeaseSource>(['dnsmasq', 'kea', 'wire', 'first-come'])

function isAddress(text: string): text is Address {
  return /^(?:[0-9a-f]{8}|[0-9a-f]{32})$/.test(text)
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

/**
 * How long a fact lasts yet, in milliseconds; not above 0 when it has ended. In the boot that wrote it the time since boot
 * decides, so the wall clock may jump as it likes. In a later one the wall clocks decide, and never for longer than it was
 * given. Written while the clock was not believed, its time is counted anew: nobody knows how long the machine was off,
 * and a device would otherwise be cut off by every restart of a gateway without a battery.
 */
export function leftMs({ until, ...written }: Stamp, clock: BindingClock): number {
  if (until === null) return Number.POSITIVE_INFINITY
  const given = until - written.now
  if (written.boot === clock.boot) return given - (clock.sinceBootMs() - written.sinceBootMs)
  return written.isTrusted ? Math.min(until - clock.now(), given) : given
}
