/**
 * The reading side of the store on node:sqlite: questions over many segments, put together. Synchronous, for a thread
 * of its own; a segment that cannot be read is named and the others are read all the same.
 */
import { basename } from 'node:path'
import type { Address } from '@thingwall/policy'
import { type SegmentFile, segmentsIn } from './files.ts'
import { HOUR_MS } from './format.ts'
import { readSegment, type SeenRow, type SegmentReader } from './segment-reader.ts'
import {
  type CountedKind,
  countedKinds,
  type EventId,
  type EventPage,
  type EventQuery,
  type Minute,
  type Overview,
  type OverviewQuery,
  partsOf,
  type Ranked,
  type Seen,
  type SeenFlow,
  type SeenQuery,
  type StoredEvent,
  type StoreSize,
} from './store.ts'

export interface StoreReader {
  readonly find: (id: EventId) => StoredEvent | null
  readonly query: (query: EventQuery) => EventPage
  readonly overview: (query: OverviewQuery) => Overview
  readonly seen: (query: SeenQuery) => Seen
  readonly size: () => StoreSize
}

const USUAL_LIMIT = 1000
const LARGEST_LIMIT = 10_000
const MOST_FLOWS = 10_000

export function openReader(folder: string): StoreReader {
  /** Asks each segment in turn until told to stop; names those that cannot be read. */
  const ask = (
    files: readonly SegmentFile[],
    act: (segment: SegmentReader, file: SegmentFile) => 'go on' | 'stop',
  ): string[] => {
    const unreadable: string[] = []
    for (const file of files) {
      if (file.isTorn) continue
      let segment: SegmentReader | null = null
      try {
        segment = readSegment(file.path, file.sequence, file.hourMs)
        if (act(segment, file) === 'stop') return unreadable
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        // Let go since the folder was listed: nothing is missing.
        if (segmentsIn(folder).some(({ path }) => path === file.path)) {
          unreadable.push(`${basename(file.path)}: ${why}`)
        }
      } finally {
        segment?.close()
      }
    }
    return unreadable
  }

  return {
    find(id) {
      const parts = partsOf(id)
      let found: StoredEvent | null = null
      const files = segmentsIn(folder).filter(({ sequence }) => sequence === parts?.segment)
      ask(files, (segment) => {
        found = segment.find(parts?.row ?? 0)
        return 'stop'
      })
      return found
    },
    query(query) {
      const limit = Math.max(1, Math.min(query.limit ?? USUAL_LIMIT, LARGEST_LIMIT))
      const after = query.after === undefined ? null : partsOf(query.after)
      const before = query.before === undefined ? null : partsOf(query.before)
      const files = segmentsIn(folder).filter(
        ({ sequence, hourMs }) =>
          sequence >= (after?.segment ?? 0) &&
          sequence <= (before?.segment ?? Number.POSITIVE_INFINITY) &&
          overlaps(hourMs, query.sinceMs, query.untilMs),
      )
      const events: StoredEvent[] = []
      const ordered = query.order === 'oldest' ? files : files.toReversed()
      const unreadable = ask(ordered, (segment, { sequence }) => {
        const above = sequence === after?.segment ? after.row : 0
        const below = sequence === before?.segment ? before.row : Number.MAX_SAFE_INTEGER
        // One more than asked for tells whether there is more.
        events.push(...segment.query(query, { above, below }, limit + 1 - events.length))
        return events.length > limit ? 'stop' : 'go on'
      })
      return { events: events.slice(0, limit), hasMore: events.length > limit, unreadable }
    },
    overview(query) {
      const rules = new Tables()
      const devices = new Tables()
      const minutes = new Map<number, Record<CountedKind, number>>()
      const files = segmentsIn(folder).filter(({ hourMs }) => overlaps(hourMs, query.sinceMs, query.untilMs))
      const unreadable = ask(files, (segment) => {
        const counted = segment.counted(query)
        for (const { at, kind, count } of counted.minutes) {
          const minute = minutes.get(at) ?? { denied: 0, allowed: 0, opened: 0, closed: 0 }
          minute[countedKinds[kind] as CountedKind] += count
          minutes.set(at, minute)
        }
        for (const { name, kind, count } of counted.rules) rules.add(kind, name, count)
        for (const { name, kind, count } of counted.devices) devices.add(kind, name, count)
        return 'go on'
      })
      const sorted = [...minutes].sort(([a], [b]) => a - b)
      return {
        rules: rules.top(query.top),
        devices: devices.top(query.top),
        minutes: sorted.map(([at, counts]): Minute => ({ at, ...counts })),
        unreadable,
      }
    },
    seen(query) {
      const limit = query.limit ?? MOST_FLOWS
      const flows = new Map<string, Gathering>()
      let isComplete = true
      const files = segmentsIn(folder).filter(({ hourMs }) => overlaps(hourMs, query.sinceMs, query.untilMs))
      // The newest first: if there are too many, it is the old ones that are left out.
      const unreadable = ask(files.toReversed(), (segment) => {
        for (const row of segment.seen(query)) {
          if (!addTo(flows, row, limit)) isComplete = false
        }
        return 'go on'
      })
      return {
        flows: [...flows.values()].map(flowOf),
        isComplete: isComplete && unreadable.length === 0,
        unreadable,
      }
    },
    size() {
      const files = segmentsIn(folder)
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
      return { bytes, oldestMs: files[0]?.hourMs ?? null }
    },
  }
}

/** An event's time lies within the hour before it was written, so up to an hour before its segment's. */
function overlaps(hourMs: number, sinceMs: number | undefined, untilMs: number | undefined): boolean {
  return (
    hourMs + HOUR_MS > (sinceMs ?? Number.NEGATIVE_INFINITY) &&
    hourMs - HOUR_MS < (untilMs ?? Number.POSITIVE_INFINITY)
  )
}

/** Counts by name, for each kind. */
class Tables {
  readonly #kinds = countedKinds.map(() => new Map<string, number>())

  add(kind: number, name: string, count: number): void {
    const table = this.#kinds[kind]
    table?.set(name, (table.get(name) ?? 0) + count)
  }

  /** Without what has no name. */
  top(limit: number): Record<CountedKind, readonly Ranked[]> {
    const ranked = (table: ReadonlyMap<string, number> | undefined): readonly Ranked[] =>
      [...(table ?? [])]
        .filter(([name]) => name !== '')
        .map(([name, count]) => ({ name, count }))
        .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
        .slice(0, limit)
    const [denied, allowed, opened, closed] = this.#kinds
    return {
      denied: ranked(denied),
      allowed: ranked(allowed),
      opened: ranked(opened),
      closed: ranked(closed),
    }
  }
}

interface Gathering {
  readonly row: SeenRow & { readonly source: Address; readonly destination: Address }
  readonly rules: Set<string>
  ingress: string | null
  destinationName: string | null
  allowed: number
  opened: number
  firstMs: number
  lastMs: number
}

/** False where the flow's ends are not known, or it is one too many. */
function addTo(flows: Map<string, Gathering>, row: SeenRow, limit: number): boolean {
  const { source, destination } = row
  if (source === null || destination === null) return false
  const { protocol, destinationPort, icmpType, sourceDevice, destinationDevice } = row
  const key = [
    source,
    destination,
    protocol,
    destinationPort,
    icmpType,
    sourceDevice,
    destinationDevice,
  ].join(' ')
  let flow = flows.get(key)
  if (flow === undefined) {
    if (flows.size >= limit) return false
    const { ingress, destinationName, firstMs, lastMs } = row
    const whole = { ...row, source, destination }
    flow = { row: whole, rules: new Set(), ingress, destinationName, allowed: 0, opened: 0, firstMs, lastMs }
    flows.set(key, flow)
  }
  if (row.rule !== null) flow.rules.add(row.rule)
  flow[row.kind] += row.count
  flow.ingress ??= row.ingress
  flow.destinationName ??= row.destinationName
  flow.firstMs = Math.min(flow.firstMs, row.firstMs)
  flow.lastMs = Math.max(flow.lastMs, row.lastMs)
  return true
}

function flowOf({ row, ...flow }: Gathering): SeenFlow {
  return {
    source: row.source,
    destination: row.destination,
    sourceDevice: row.sourceDevice,
    destinationDevice: row.destinationDevice,
    destinationName: flow.destinationName,
    ingress: flow.ingress,
    protocol: row.protocol,
    destinationPort: row.destinationPort,
    icmpType: row.icmpType,
    rules: [...flow.rules].sort(),
    // The packet log and the connection table both see an opening.
    count: Math.max(flow.allowed, flow.opened),
    firstMs: flow.firstMs,
    lastMs: flow.lastMs,
  }
}
