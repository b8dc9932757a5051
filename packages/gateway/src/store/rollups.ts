/**
 * Roll-ups of a segment: how much of each kind there was in each minute, by rule and by device.
 *
 * They are written when a minute has passed, not with each event: counts of a thousand devices are then one row, a list
 * in JSON, that a reader adds up in less than a tenth of the time that as many rows take. What is not in them yet are the rows of
 * `event` behind `through`, fewer than `MOST_ROWS`; a reader counts those itself, so an answer is always whole
 * and a crash leaves nothing to mend.
 */
import type { DatabaseSync } from 'node:sqlite'
import { type Cell, COLUMNS, GATHERED, KINDS } from './format.ts'

export interface Rollups {
  /** Counts rows as `rowOf` made them, up to row `last`, in this minute of the hour; writes what is due. */
  readonly add: (rows: readonly (readonly Cell[])[], last: number, minute: number) => void
  /** Writes all that has been counted, up to row `last`. */
  readonly write: (last: number) => void
  /** The transaction in which the two were called has failed: counts anew what is in the file. */
  readonly reload: () => void
}

/** Rows that wait to be rolled up: they are what a reader must look at one by one. */
const MOST_ROWS = 4096
const AT = COLUMNS.indexOf('at')
const KIND = COLUMNS.indexOf('kind')
const DEVICE = COLUMNS.indexOf('device')
const PEER = COLUMNS.indexOf('peer')
const RULE = COLUMNS.indexOf('rule')
const COUNT = COLUMNS.indexOf('count')
const NOTICE = KINDS.indexOf('notice')

interface Tally {
  readonly minute: number
  readonly kind: number
  readonly rules: Map<Cell, number>
  readonly devices: Map<Cell, number>
}

/** Goes on where whoever wrote the segment before has ended. */
export function openRollups(database: DatabaseSync): Rollups {
  const insert = database.prepare(
    'insert into rollup(minute, kind, rules, devices, through) values(?, ?, ?, ?, ?)',
  )
  let tallies = new Map<number, Tally>()
  let rows = 0
  let minuteNow: number | null = null

  const count = (cells: readonly Cell[]): void => {
    rows += 1
    const kind = (cells[KIND] as number) & (GATHERED - 1)
    if (kind === NOTICE) return
    const minute = Math.floor((cells[AT] as number) / 60_000)
    const key = minute * GATHERED + kind
    let tally = tallies.get(key)
    if (tally === undefined) {
      tally = { minute, kind, rules: new Map(), devices: new Map() }
      tallies.set(key, tally)
    }
    const amount = cells[COUNT] as number
    addTo(tally.rules, cells[RULE] as Cell, amount)
    if (cells[DEVICE] !== null) addTo(tally.devices, cells[DEVICE] as Cell, amount)
    if (cells[PEER] !== null) addTo(tally.devices, cells[PEER] as Cell, amount)
  }
  const write = (last: number): void => {
    for (const { minute, kind, rules, devices } of tallies.values())
      insert.run(minute, kind, listOf(rules), listOf(devices), last)
    tallies = new Map()
    rows = 0
  }
  const reload = (): void => {
    tallies = new Map()
    rows = 0
    minuteNow = null
    const rest = database.prepare(`select ${COLUMNS.join(', ')} from event where id > ${THROUGH} order by id`)
    rest.setReturnArrays(true)
    for (const cells of rest.iterate()) count(cells as unknown as readonly Cell[])
  }
  reload()
  return {
    write,
    reload,
    add(batch, last, minute) {
      for (const cells of batch) count(cells)
      if (rows >= MOST_ROWS || (minuteNow !== null && minute !== minuteNow)) write(last)
      minuteNow = minute
    },
  }
}

/** The last row that is in the roll-ups. */
const THROUGH = '(select coalesce(max(through), 0) from rollup)'

function addTo(counts: Map<Cell, number>, cell: Cell, count: number): void {
  counts.set(cell, (counts.get(cell) ?? 0) + count)
}

/** `[cell, count, cell, count …]`; null stands for no rule. */
function listOf(counts: ReadonlyMap<Cell, number>): string {
  return JSON.stringify([...counts].flat())
}

/** What there was of one segment, for each kind (index into `KINDS`, notices left out). */
export interface Sums {
  readonly minutes: readonly ReadonlyMap<number, number>[]
  readonly rules: readonly Sum[]
  readonly devices: readonly Sum[]
}

/** Counts by cell. */
export interface Sum {
  readonly each: (take: (cell: Cell, count: number) => void) => void
}

/** What there was in the minutes [first, end) of the segment, of whatever has been committed. */
export function sumRollups(database: DatabaseSync, first: number, end: number): Sums {
  const kinds = KINDS.slice(0, NOTICE)
  const minutes = kinds.map(() => new Map<number, number>())
  const [rules, devices] = [kinds.map(adder), kinds.map(adder)]
  const addMinute = (kind: number, minute: number, count: number): void => {
    const counts = minutes[kind]
    counts?.set(minute, (counts.get(minute) ?? 0) + count)
  }
  // The lists and the rows behind them must be of one moment.
  database.exec('begin')
  try {
    const rolled = database.prepare(
      'select minute, kind, rules, devices from rollup where minute >= ? and minute < ?',
    )
    for (const row of rolled.iterate(first, end)) {
      const kind = Number(row['kind'])
      addMinute(kind, Number(row['minute']), rules[kind]?.addList(String(row['rules'])) ?? 0)
      devices[kind]?.addList(String(row['devices']))
    }
    const rest = database.prepare(
      `select at, kind, device, peer, rule, count from event where id > ${THROUGH} and at >= ? and at < ?`,
    )
    rest.setReturnArrays(true)
    for (const row of rest.iterate(first * 60_000, end * 60_000)) {
      const [at, code, device, peer, rule, count] = row as unknown as readonly [
        number,
        number,
        Cell,
        Cell,
        Cell,
        number,
      ]
      const kind = code & (GATHERED - 1)
      if (kind === NOTICE) continue
      addMinute(kind, Math.floor(at / 60_000), count)
      rules[kind]?.add(rule, count)
      if (device !== null) devices[kind]?.add(device, count)
      if (peer !== null) devices[kind]?.add(peer, count)
    }
  } finally {
    database.exec('commit')
  }
  return { minutes, rules, devices }
}

interface Adder extends Sum {
  readonly add: (cell: Cell, count: number) => void
  /** Returns the sum of the list. */
  readonly addList: (text: string) => number
}

/** Far above any dictionary of ours. */
const DENSE = 1 << 20

/** Most cells are numbers of the dictionary, small and dense: places in an array. */
function adder(): Adder {
  const numbered: number[] = []
  const others = new Map<Cell, number>()
  const add = (cell: Cell, count: number): void => {
    if (typeof cell !== 'number' || cell < 0 || cell >= DENSE) {
      addTo(others, cell, count)
      return
    }
    while (numbered.length <= cell) numbered.push(0)
    numbered[cell] = (numbered[cell] as number) + count
  }
  return {
    add,
    addList(text) {
      const list = JSON.parse(text) as readonly Cell[]
      let total = 0
      for (let at = 0; at < list.length; at += 2) {
        const count = list[at + 1] as number
        add(list[at] as Cell, count)
        total += count
      }
      return total
    },
    each(take) {
      for (const [cell, count] of numbered.entries()) if (count > 0) take(cell, count)
      for (const [cell, count] of others) take(cell, count)
    },
  }
}
