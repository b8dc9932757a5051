/**
 * What a store of events is. One contract suite (test/contracts/store.ts) holds every implementation to it.
 *
 * A store never stops the daemon: what it cannot write it counts and says why, what it cannot read it names. Nothing
 * here throws for a full disk, a torn file or a clock that jumps.
 */
import type { Address } from '@thingwall/policy'
import type { EventKind, Happening } from '../events/model.ts'

/** Short, and the same for good: `7k-1f3`. Later events have later ids, whatever the clock did (`compareIds`). */
export type EventId = string & { readonly __event: true }

export type StoredEvent = Happening & { readonly id: EventId }

export interface Appended {
  readonly written: number
  /** Events that could not be written, and why. They are gone. */
  readonly lost: number
  readonly because: string | null
  readonly last: EventId | null
}

export interface EventQuery {
  /** Either end. */
  readonly device?: string
  readonly kinds?: readonly EventKind[]
  readonly rule?: string
  /** Events that lasted into [sinceMs, untilMs), milliseconds since 1970. */
  readonly sinceMs?: number
  readonly untilMs?: number
  /** Only later, or only earlier ones than this. */
  readonly after?: EventId
  readonly before?: EventId
  /** Which come first, and which are left out when there are more than `limit`. Default `newest`. */
  readonly order?: 'newest' | 'oldest'
  /** Default 1000, at most 10,000. */
  readonly limit?: number
}

export interface EventPage {
  readonly events: readonly StoredEvent[]
  /** More match than were given. */
  readonly hasMore: boolean
  /** Parts of the store that could not be read. */
  readonly unreadable: readonly string[]
}

export interface Ranked {
  readonly name: string
  readonly count: number
}

export interface OverviewQuery {
  readonly sinceMs: number
  readonly untilMs: number
  /** How many rules and devices to name. */
  readonly top: number
}

/** Counts of packets (`denied`, `allowed`) or flows (`opened`, `closed`), from roll-ups by the minute. */
export interface Overview {
  /** By kind: the rules, and the devices, with the most. */
  readonly rules: Readonly<Record<CountedKind, readonly Ranked[]>>
  readonly devices: Readonly<Record<CountedKind, readonly Ranked[]>>
  /** One entry for each minute in which anything was, oldest first. */
  readonly minutes: readonly Minute[]
  readonly unreadable: readonly string[]
}

export interface Minute extends Readonly<Record<CountedKind, number>> {
  /** Its begin, milliseconds since 1970. */
  readonly at: number
}

export const countedKinds = ['denied', 'allowed', 'opened', 'closed'] as const
export type CountedKind = (typeof countedKinds)[number]

export interface SeenQuery {
  readonly sinceMs: number
  readonly untilMs: number
  readonly device?: string
  /** How many different ones at most; default 10,000. */
  readonly limit?: number
}

/** A flow that was let in, however often. What is null was not known. */
export interface SeenFlow {
  readonly source: Address
  readonly destination: Address
  readonly sourceDevice: string | null
  readonly destinationDevice: string | null
  readonly destinationName: string | null
  readonly ingress: string | null
  readonly protocol: number | null
  readonly destinationPort: number | null
  readonly icmpType: number | null
  /** The rules that let it in. */
  readonly rules: readonly string[]
  /** How often it was opened, as far as that was seen. */
  readonly count: number
  readonly firstMs: number
  readonly lastMs: number
}

export interface Seen {
  readonly flows: readonly SeenFlow[]
  /** There were more, or some were counted together without their ends. */
  readonly isComplete: boolean
  readonly unreadable: readonly string[]
}

export interface StoreSize {
  readonly bytes: number
  /** Begin of the oldest hour kept, milliseconds since 1970; null when there is none. */
  readonly oldestMs: number | null
}

/** What questions are asked of. Several may read while one writes. */
export interface EventReader {
  readonly find: (id: EventId) => Promise<StoredEvent | null>
  readonly query: (query: EventQuery) => Promise<EventPage>
  readonly overview: (query: OverviewQuery) => Promise<Overview>
  /** Which flows were let in: what `plan` holds a new policy against. */
  readonly seen: (query: SeenQuery) => Promise<Seen>
  readonly size: () => Promise<StoreSize>
  readonly close: () => Promise<void>
}

export interface Store extends EventReader {
  /**
   * Writes events, all or none, and lets go what is beyond the retention. `nowMs` is the wall clock: an event whose
   * time is not within the hour before it has the time of a clock that has since been set, and gets this one.
   */
  readonly append: (events: readonly Happening[], nowMs: number) => Promise<Appended>
}

/** Negative when `a` is earlier. Text order is not the order of ids. */
export function compareIds(a: EventId, b: EventId): number {
  const [left, right] = [partsOf(a), partsOf(b)]
  return (left?.segment ?? 0) - (right?.segment ?? 0) || (left?.row ?? 0) - (right?.row ?? 0)
}

/** Which part of the store, and which row in it. */
export interface IdParts {
  readonly segment: number
  readonly row: number
}

export function idOf({ segment, row }: IdParts): EventId {
  return `${segment.toString(36)}-${row.toString(36)}` as EventId
}

/** Null for what is no event id. */
export function partsOf(id: string): IdParts | null {
  const found = /^([0-9a-z]{1,8})-([0-9a-z]{1,8})$/.exec(id.toLowerCase())
  if (found === null) return null
  return { segment: Number.parseInt(found[1] as string, 36), row: Number.parseInt(found[2] as string, 36) }
}

/** Reads what a person typed; null for what is no event id. */
export function parseEventId(text: string): EventId | null {
  const parts = partsOf(text.trim())
  return parts === null ? null : idOf(parts)
}
