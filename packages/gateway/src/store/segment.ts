/**
 * One segment: the events of an hour in a database file of its own, so that letting an hour go is removing a file,
 * also on a full disk, and a torn file takes nothing but its hour with it.
 *
 * This is the writing side of one file. It throws what SQLite throws; what becomes of that is the store's business.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Happening } from '../events/model.ts'
import {
  APPLICATION,
  type Cell,
  COLUMNS,
  type Dictionary,
  FORMAT,
  GATHERED,
  HOUR_MS,
  KINDS,
  rowOf,
  SCHEMA,
} from './format.ts'

export interface SegmentOptions {
  readonly path: string
  /** Begin of its hour, milliseconds since 1970. */
  readonly hourMs: number
  /** Entries the dictionary may have. */
  readonly words: number
}

export interface Segment {
  readonly hourMs: number
  /** Writes all or throws. Returns the row of the last one. */
  readonly append: (events: readonly Happening[], nowMs: number) => number
  readonly lastRow: () => number
  /** Leaves one file behind that needs no recovery. */
  readonly close: () => void
}

/** Opens or makes the file. Throws `Unusable` where it is of another format or torn. */
export function openSegment(options: SegmentOptions): Segment {
  const database = new DatabaseSync(options.path)
  try {
    prepare(database)
    return writer(database, options)
  } catch (error) {
    try {
      database.close()
    } catch {
      // It never opened.
    }
    throw error
  }
}

/** The file is not what we write: of another format, or torn. */
export class Unusable extends Error {
  readonly kind: 'format' | 'torn'
  constructor(kind: 'format' | 'torn', message: string) {
    super(message)
    this.kind = kind
  }
}

function prepare(database: DatabaseSync): void {
  // Looked at before anything is set: the file of another version is not ours to change.
  const format = numberOf(database, 'user_version')
  const application = numberOf(database, 'application_id')
  const isNew = format === 0 && application === 0 && numberOf(database, 'page_count') <= 1
  if (!isNew && (application !== APPLICATION || format !== FORMAT)) {
    throw new Unusable('format', `format ${format}, not ${FORMAT}`)
  }
  database.exec('pragma page_size = 4096; pragma journal_mode = wal; pragma synchronous = normal')
  // Written back in large steps; the log never stays larger than this.
  database.exec(
    'pragma wal_autocheckpoint = 2000; pragma journal_size_limit = 16777216; pragma cache_size = -8000',
  )
  if (isNew) {
    database.exec(
      `begin; ${SCHEMA} pragma user_version = ${FORMAT}; pragma application_id = ${APPLICATION}; commit`,
    )
    return
  }
  const [found] = database.prepare('pragma quick_check(1)').all()
  const verdict = String(Object.values(found ?? {})[0])
  if (verdict !== 'ok') throw new Unusable('torn', verdict)
  const tables = database.prepare("select name from sqlite_schema where type = 'table'").all()
  for (const table of ['word', 'event', 'minute_rule', 'minute_device']) {
    if (!tables.some(({ name }) => name === table)) throw new Unusable('torn', `it has no table ${table}`)
  }
}

function numberOf(database: DatabaseSync, pragma: string): number {
  return Number(Object.values(database.prepare(`pragma ${pragma}`).get() ?? {})[0] ?? 0)
}

function writer(database: DatabaseSync, { hourMs, words }: SegmentOptions): Segment {
  const insert = database.prepare(
    `insert into event(id, ${COLUMNS.join(', ')}) values(?, ${COLUMNS.map(() => '?').join(', ')})`,
  )
  const addTo = (table: string, column: string): StatementSync =>
    database.prepare(
      `insert into ${table}(minute, kind, ${column}, count) values(?, ?, ?, ?)
       on conflict do update set count = count + excluded.count`,
    )
  const [byRule, byDevice] = [addTo('minute_rule', 'rule'), addTo('minute_device', 'device')]
  const dictionary = openDictionary(database, words)
  const last = database.prepare('select max(id) as id from event').get()
  let lastRow = typeof last?.['id'] === 'number' ? last['id'] : 0

  const write = (events: readonly Happening[], nowMs: number): number => {
    let row = lastRow
    const [rules, devices] = [counts(), counts()]
    const rows = events.map((event) => rowOf(event, timeOf(event, nowMs), hourMs, dictionary))
    for (const cells of rows) {
      row += 1
      insert.run(row, ...cells)
      const [at, , kind, device, peer, rule] = cells
      const code = (kind as number) & (GATHERED - 1)
      if (code === KINDS.indexOf('notice')) continue
      const minute = Math.floor((at as number) / 60_000)
      const count = cells[COUNT] as number
      rules.add(minute, code, rule ?? null, count)
      for (const one of [device, peer])
        if (one !== null && one !== undefined) devices.add(minute, code, one, count)
    }
    // The empty text stands for none: the columns of a primary key cannot be null.
    rules.each((minute, kind, rule, count) => byRule.run(minute, kind, rule ?? '', count))
    devices.each((minute, kind, device, count) => byDevice.run(minute, kind, device ?? '', count))
    return row
  }

  return {
    hourMs,
    lastRow: () => lastRow,
    append(events, nowMs) {
      database.exec('begin immediate')
      try {
        const row = write(events, nowMs)
        database.exec('commit')
        dictionary.keep()
        lastRow = row
        return row
      } catch (error) {
        dictionary.forget()
        if (database.isTransaction) database.exec('rollback')
        throw error
      }
    },
    close() {
      try {
        database.exec('pragma journal_mode = delete')
      } finally {
        database.close()
      }
    },
  }
}

const COUNT = COLUMNS.indexOf('count')
/** Within the hour before now; what is not was dated by a clock that has since been set. */
function timeOf(event: Happening, nowMs: number): number {
  return event.at > nowMs - HOUR_MS && event.at <= nowMs ? event.at : nowMs
}

interface Counts {
  readonly add: (minute: number, kind: number, of: Cell, count: number) => void
  readonly each: (write: (minute: number, kind: number, of: Cell, count: number) => void) => void
}

/** Adds up before anything is written: a batch touches each row of a roll-up once. */
function counts(): Counts {
  const all = new Map<string, [minute: number, kind: number, of: Cell, count: number]>()
  return {
    add(minute, kind, of, count) {
      const key = `${minute} ${kind} ${typeof of} ${of}`
      const known = all.get(key)
      if (known === undefined) all.set(key, [minute, kind, of, count])
      else known[3] += count
    },
    each(write) {
      for (const entry of all.values()) write(...entry)
    },
  }
}

interface OpenDictionary extends Dictionary {
  /** What was added is on the disk; or it is not. */
  readonly keep: () => void
  readonly forget: () => void
}

function openDictionary(database: DatabaseSync, limit: number): OpenDictionary {
  const insert = database.prepare('insert into word(id, value) values(?, ?)')
  const known = new Map<string, number>()
  let added: string[] = []
  for (const { id, value } of database.prepare('select id, value from word').iterate()) {
    known.set(
      value instanceof Uint8Array ? addressKey(Buffer.from(value).toString('hex')) : textKey(String(value)),
      Number(id),
    )
  }
  const cell = (key: string, value: () => string | Uint8Array): Cell => {
    const id = known.get(key)
    if (id !== undefined) return id
    if (known.size >= limit) return value()
    const next = known.size + 1
    insert.run(next, value())
    known.set(key, next)
    added.push(key)
    return next
  }
  return {
    text: (text) => inRow(cell(textKey(text), () => text)),
    address: (hex) => cell(addressKey(hex), () => Buffer.from(hex, 'hex')),
    keep() {
      added = []
    },
    forget() {
      for (const key of added) known.delete(key)
      added = []
    },
  }
}

/** A text in the row itself: one of digits alone would become a number there. */
function inRow(cell: Cell): Cell {
  return typeof cell === 'string' ? `=${cell}` : cell
}

function textKey(text: string): string {
  return `t${text}`
}

function addressKey(hex: string): string {
  return `a${hex}`
}
