/**
 * One segment: the events of an hour in a database file of its own, so that letting an hour go is removing a file,
 * also on a full disk, and a torn file takes nothing but its hour with it.
 *
 * This is the writing side of one file. It throws what SQLite throws; what becomes of that is the store's business.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Happening } from '../events/model.ts'
import { APPLICATION, type Cell, COLUMNS, type Dictionary, FORMAT, HOUR_MS, rowOf, SCHEMA } from './format.ts'
import { openRollups } from './rollups.ts'

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
  for (const table of ['word', 'event', 'device_event', 'rollup']) {
    if (!tables.some(({ name }) => name === table)) throw new Unusable('torn', `it has no table ${table}`)
  }
}

function numberOf(database: DatabaseSync, pragma: string): number {
  return Number(Object.values(database.prepare(`pragma ${pragma}`).get() ?? {})[0] ?? 0)
}

/** Rows that one statement inserts: what a call costs is then shared. */
const ROWS_AT_ONCE = 32

function writer(database: DatabaseSync, { hourMs, words }: SegmentOptions): Segment {
  const places = `(?${', ?'.repeat(COLUMNS.length)})`
  const insertOf = (rows: number): StatementSync =>
    database.prepare(
      `insert into event(id, ${COLUMNS.join(', ')}) values ${Array(rows).fill(places).join(', ')}`,
    )
  const [insertMany, insertOne] = [insertOf(ROWS_AT_ONCE), insertOf(1)]
  const insertDevices = database.prepare(
    'insert into device_event select device, id from event where id > ? and device is not null order by 1, 2',
  )
  const dictionary = openDictionary(database, words)
  const rollups = openRollups(database)
  const last = database.prepare('select max(id) as id from event').get()
  let lastRow = typeof last?.['id'] === 'number' ? last['id'] : 0

  const insert = (rows: readonly (readonly Cell[])[]): void => {
    let at = 0
    for (; at + ROWS_AT_ONCE <= rows.length; at += ROWS_AT_ONCE) {
      const cells: Cell[] = []
      for (let next = at; next < at + ROWS_AT_ONCE; next++)
        cells.push(lastRow + next + 1, ...(rows[next] as readonly Cell[]))
      insertMany.run(...cells)
    }
    for (; at < rows.length; at++) insertOne.run(lastRow + at + 1, ...(rows[at] as readonly Cell[]))
  }
  const commit = (act: () => void): void => {
    database.exec('begin immediate')
    try {
      act()
      database.exec('commit')
    } catch (error) {
      if (database.isTransaction) database.exec('rollback')
      throw error
    }
  }

  return {
    hourMs,
    lastRow: () => lastRow,
    append(events, nowMs) {
      try {
        commit(() => {
          const rows = events.map((event) => rowOf(event, timeOf(event, nowMs), hourMs, dictionary))
          insert(rows)
          insertDevices.run(lastRow)
          rollups.add(rows, lastRow + rows.length, Math.floor((nowMs - hourMs) / 60_000))
        })
      } catch (error) {
        dictionary.forget()
        rollups.reload()
        throw error
      }
      dictionary.keep()
      lastRow += events.length
      return lastRow
    },
    close() {
      try {
        commit(() => rollups.write(lastRow))
        database.exec('pragma journal_mode = delete')
      } finally {
        database.close()
      }
    },
  }
}

/** Within the hour before now; what is not was dated by a clock that has since been set. */
function timeOf(event: Happening, nowMs: number): number {
  return event.at > nowMs - HOUR_MS && event.at <= nowMs ? event.at : nowMs
}

interface OpenDictionary extends Dictionary {
  /** What was added is on the disk; or it is not. */
  readonly keep: () => void
  readonly forget: () => void
}

function openDictionary(database: DatabaseSync, limit: number): OpenDictionary {
  const insert = database.prepare('insert into word(id, value) values(?, ?)')
  const texts = new Map<string, number>()
  const addresses = new Map<string, number>()
  let size = 0
  let added: { readonly to: Map<string, number>; readonly key: string }[] = []
  for (const { id, value } of database.prepare('select id, value from word').iterate()) {
    if (value instanceof Uint8Array) addresses.set(Buffer.from(value).toString('hex'), Number(id))
    else texts.set(String(value), Number(id))
    size = Math.max(size, Number(id))
  }
  /** Undefined where the dictionary is full. */
  const enter = (to: Map<string, number>, key: string, value: string | Uint8Array): number | undefined => {
    if (size >= limit) return undefined
    insert.run(size + 1, value)
    size += 1
    to.set(key, size)
    added.push({ to, key })
    return size
  }
  return {
    // A text in the row itself has a sign before it: one of digits alone would become a number there.
    text: (text) => texts.get(text) ?? enter(texts, text, text) ?? `=${text}`,
    address(hex) {
      const id = addresses.get(hex)
      if (id !== undefined) return id
      const bytes = Buffer.from(hex, 'hex')
      return enter(addresses, hex, bytes) ?? bytes
    },
    keep() {
      added = []
    },
    forget() {
      for (const { to, key } of added) to.delete(key)
      size -= added.length
      added = []
    },
  }
}
