/**
 * The reading side of one segment. Its writer may be at work meanwhile; what it has committed is seen. It throws what
 * SQLite throws: whoever reads many segments says which could not be read.
 */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import type { Address } from '@thingwall/policy'
import {
  APPLICATION,
  type Cell,
  COLUMNS,
  eventOf,
  FORMAT,
  FORMAT_WITH_INDEX,
  GATHERED,
  KINDS,
  type Row,
  type Words,
} from './format.ts'
import { type Sum, sumRollups } from './rollups.ts'
import { Unusable } from './segment.ts'
import { type EventQuery, idOf, type OverviewQuery, type SeenQuery, type StoredEvent } from './store.ts'

export interface SegmentReader {
  readonly find: (row: number) => StoredEvent | null
  /** At most `limit`, in the order asked for; `rows` bounds the rows looked at. */
  readonly query: (query: EventQuery, rows: RowRange, limit: number) => readonly StoredEvent[]
  readonly counted: (query: OverviewQuery) => Counted
  readonly seen: (query: SeenQuery) => Iterable<SeenRow>
  readonly close: () => void
}

/** Rows strictly between these. */
export interface RowRange {
  readonly above: number
  readonly below: number
}

/** Roll-ups, added up over the time asked for. `kind`: index into `countedKinds`. */
export interface Counted {
  readonly minutes: readonly { readonly at: number; readonly kind: number; readonly count: number }[]
  readonly rules: readonly { readonly name: string; readonly kind: number; readonly count: number }[]
  readonly devices: readonly { readonly name: string; readonly kind: number; readonly count: number }[]
}

export interface SeenRow {
  readonly kind: 'allowed' | 'opened'
  readonly source: Address | null
  readonly destination: Address | null
  readonly sourceDevice: string | null
  readonly destinationDevice: string | null
  readonly destinationName: string | null
  readonly ingress: string | null
  readonly protocol: number | null
  readonly destinationPort: number | null
  readonly icmpType: number | null
  readonly rule: string | null
  readonly count: number
  readonly firstMs: number
  readonly lastMs: number
}

export function readSegment(path: string, sequence: number, hourMs: number): SegmentReader {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    if (numberOf(database, 'application_id') !== APPLICATION) throw new Unusable('format', 'no segment')
    const format = numberOf(database, 'user_version')
    if (format !== FORMAT && format !== FORMAT_WITH_INDEX)
      throw new Unusable('format', `format ${format}, not ${FORMAT}`)
    const ofDevice = format === FORMAT ? byTable : byIndex
    return reader(database, { sequence, hourMs, ofDevice })
  } catch (error) {
    database.close()
    throw error
  }
}

function numberOf(database: DatabaseSync, pragma: string): number {
  return Number(Object.values(database.prepare(`pragma ${pragma}`).get() ?? {})[0] ?? 0)
}

/** Where rows of a device are found, in the order of their numbers. Each takes one cell for its name. */
interface OfDevice {
  /** What a query reads from, so that it can end as soon as it has enough; `row` is the number there. */
  readonly from: string
  readonly row: string
  /** The numbers of the rows. */
  readonly rows: string
}
const byTable: OfDevice = {
  from: 'device_event as found cross join event on event.id = found.event where found.device = ?',
  // SQLite sees the order of the table by its own column only.
  row: 'found.event',
  rows: 'select event from device_event where device = ?',
}
/** The first format. */
const byIndex: OfDevice = {
  from: 'event where event.device = ?',
  row: 'event.id',
  rows: 'select id from event where device = ?',
}
/** Of the other end's device; those that are of the device as well are in the other rows. */
const asPeer: OfDevice = {
  from: 'event where peer = ? and (event.device is null or event.device <> peer)',
  row: 'event.id',
  rows: 'select id from event where peer = ?',
}

interface Origin {
  readonly sequence: number
  readonly hourMs: number
  readonly ofDevice: OfDevice
}

function reader(database: DatabaseSync, { sequence, hourMs, ofDevice }: Origin): SegmentReader {
  const words = wordsOf(database)
  /** The two ways a text may stand in a row. */
  const cellsFor = (text: string): readonly SQLInputValue[] => {
    const found = database.prepare('select id from word where value = ?').get(text)
    return [Number(found?.['id'] ?? -1), `=${text}`]
  }
  const event = (row: Row & { readonly id: Cell }): StoredEvent => {
    const id = idOf({ segment: sequence, row: Number(row.id) })
    return { ...eventOf(row, hourMs, words), id }
  }
  return {
    close: () => database.close(),
    find(row) {
      const found = database.prepare('select * from event where id = ?').get(row)
      return found === undefined ? null : event(found as unknown as Row & { readonly id: Cell })
    },
    query(query, rows, limit) {
      const where: string[] = []
      const values: SQLInputValue[] = [rows.above, rows.below]
      if (query.rule !== undefined) {
        where.push(`rule in (?, ?) and kind & 7 <> ${KINDS.indexOf('notice')}`)
        values.push(...cellsFor(query.rule))
      }
      if (query.kinds !== undefined) {
        where.push(`kind & ${GATHERED - 1} in (${query.kinds.map((kind) => KINDS.indexOf(kind)).join()})`)
      }
      if (query.sinceMs !== undefined) {
        where.push('at + lasted >= ?')
        values.push(query.sinceMs - hourMs)
      }
      if (query.untilMs !== undefined) {
        where.push('at < ?')
        values.push(query.untilMs - hourMs)
      }
      const order = query.order === 'oldest' ? 'asc' : 'desc'
      const read = (from: string, row: string): string =>
        `select ${[`${row} as id`, ...COLUMNS.map((name) => `event.${name}`)].join(', ')} from ${from} and
         ${[`${row} > ?`, `${row} < ?`, ...where].join(' and ')}`
      const parts =
        query.device === undefined
          ? [{ sql: read('event where true', 'event.id'), values }]
          : cellsFor(query.device).flatMap((cell) =>
              [ofDevice, asPeer].map(({ from, row }) => ({
                sql: read(from, row),
                values: [cell, ...values],
              })),
            )
      const sql = `${parts.map((part) => part.sql).join(' union all ')} order by id ${order} limit ?`
      const found = database.prepare(sql).all(...parts.flatMap((part) => part.values), limit)
      return found.map((row) => event(row as unknown as Row & { readonly id: Cell }))
    },
    counted(query) {
      const first = Math.floor((query.sinceMs - hourMs) / 60_000)
      const end = Math.ceil((query.untilMs - hourMs) / 60_000)
      const sums = sumRollups(database, first, end)
      const named = (kinds: readonly Sum[]): Counted['rules'] => {
        const all: { name: string; kind: number; count: number }[] = []
        for (const [kind, sum] of kinds.entries())
          sum.each((cell, count) => all.push({ name: words.text(cell) ?? '', kind, count }))
        return all
      }
      const minutes = sums.minutes.flatMap((map, kind) =>
        [...map].map(([minute, count]) => ({ at: hourMs + minute * 60_000, kind, count })),
      )
      return { minutes, rules: named(sums.rules), devices: named(sums.devices) }
    },
    *seen(query) {
      const values: SQLInputValue[] = [query.sinceMs - hourMs, query.untilMs - hourMs]
      let device = ''
      if (query.device !== undefined) {
        const cells = cellsFor(query.device)
        const found = cells.flatMap(() => [ofDevice.rows, asPeer.rows])
        device = `and id in (${found.join(' union ')})`
        values.push(...cells.flatMap((cell) => [cell, cell]))
      }
      const kinds = [KINDS.indexOf('allowed'), KINDS.indexOf('opened')].join()
      const found = database
        .prepare(
          `select *, sum(count) as count, min(at) as first, max(at + lasted) as last from event
           where kind & ${GATHERED - 1} in (${kinds}) and at + lasted >= ? and at < ? ${device}
           group by kind, device, peer, rule, source, destination, port, what, rest`,
        )
        .iterate(...values)
      for (const row of found) yield seenRow(row as unknown as Row & Totals)
    },
  }

  function seenRow(row: Row & Totals): SeenRow {
    const seen = eventOf(row, hourMs, words)
    if (seen.kind !== 'allowed' && seen.kind !== 'opened') throw new Error(`a row of kind ${seen.kind}`)
    return {
      kind: seen.kind,
      source: seen.source.address,
      destination: seen.destination.address,
      sourceDevice: seen.source.device,
      destinationDevice: seen.destination.device,
      destinationName: seen.destination.name,
      ingress: seen.ingress,
      protocol: seen.protocol,
      destinationPort: seen.destination.port,
      icmpType: seen.icmpType,
      rule: seen.rule,
      count: row.count,
      firstMs: hourMs + row.first,
      lastMs: hourMs + row.last,
    }
  }
}

interface Totals {
  readonly count: number
  readonly first: number
  readonly last: number
}

/** Looks words up as they come up, and remembers them. */
function wordsOf(database: DatabaseSync): Words {
  const statement = database.prepare('select value from word where id = ?')
  const known = new Map<number, string | Uint8Array | null>()
  const look = (cell: Cell): string | Uint8Array | null => {
    if (typeof cell === 'string') return cell === '' ? null : cell.slice(1)
    if (typeof cell !== 'number') return cell
    let value = known.get(cell)
    if (value === undefined) {
      value = (statement.get(cell)?.['value'] ?? null) as string | Uint8Array | null
      known.set(cell, value)
    }
    return value
  }
  return {
    text(cell) {
      const value = look(cell)
      return typeof value === 'string' ? value : null
    },
    address(cell) {
      const value = look(cell)
      return value instanceof Uint8Array ? (Buffer.from(value).toString('hex') as Address) : null
    },
  }
}
