/** The store alone: an hour of events written, looked at, and let go. */
import { copyFileSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Happening, openSqliteStore } from '@thingwall/gateway'
import type { Measured } from '../rows.ts'
import { happenings } from './happenings.ts'

const HOUR_MS = 3_600_000
const EVENTS = 500_000
/** The most that the recorder has to write at once: as many kinds as it tells apart. */
const BATCH = 16_384
const LOOKS = 11
const EXPIRED_HOURS = 10
const begin = Math.floor(Date.now() / HOUR_MS) * HOUR_MS

export async function* stored(): AsyncGenerator<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'thingwall-bench-'))
  try {
    yield* hour(folder)
    const [full] = readdirSync(folder)
    yield* expiry(join(folder, full ?? ''))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function* hour(folder: string): AsyncGenerator<Measured> {
  const store = openSqliteStore({ folder, keepHours: 24, maxBytes: Number.MAX_SAFE_INTEGER })
  await store.append([], begin)
  const spent = { cpuMs: 0, wallMs: 0, longestMs: 0 }
  for (const batch of batches(begin)) {
    const [cpu, started] = [process.cpuUsage(), performance.now()]
    const { lost, because } = await store.append(batch, batch.at(-1)?.at ?? begin)
    const tookMs = performance.now() - started
    if (lost > 0) throw new Error(because ?? 'lost')
    spent.cpuMs += cpuMsSince(cpu)
    spent.wallMs += tookMs
    spent.longestMs = Math.max(spent.longestMs, tookMs)
  }
  yield {
    measure: 'inserts',
    value: (EVENTS * 1000) / spent.cpuMs,
    unit: '/s CPU',
    bar: { op: '>=', value: 100_000 },
    note: `${BATCH.toLocaleString('en')} in each transaction; ${Math.round((EVENTS * 1000) / spent.wallMs).toLocaleString('en')}/s by the clock, the longest took ${spent.longestMs.toFixed(0)} ms`,
  }
  const span = { sinceMs: begin, untilMs: begin + HOUR_MS }
  const views: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['overview, top 10', () => store.overview({ ...span, top: 10 })],
    ['newest 1,000', () => store.query({ ...span, limit: 1000 })],
    ['newest 1,000 refused', () => store.query({ ...span, kinds: ['denied'], limit: 1000 })],
    ['one device', () => store.query({ ...span, device: 'sensor-0100', limit: 1000 })],
    ['one rule', () => store.query({ ...span, rule: 'kind-3/rule-1', limit: 1000 })],
  ]
  for (const [name, look] of views) yield await viewed(`last hour: ${name}`, look, 50)
  yield await viewed('last hour: every flow let in', () => store.seen(span), null)
  await store.close()
  const [file] = readdirSync(folder).map((name) => statSync(join(folder, name)).size)
  yield { measure: 'an event', value: (file ?? 0) / EVENTS, unit: 'B', bar: { op: '<=', value: 70 } }
}

async function viewed(
  measure: string,
  look: () => Promise<unknown>,
  barMs: number | null,
): Promise<Measured> {
  const cpu: number[] = []
  const wall: number[] = []
  for (let at = 0; at < LOOKS; at++) {
    const [before, started] = [process.cpuUsage(), performance.now()]
    await look()
    wall.push(performance.now() - started)
    cpu.push(cpuMsSince(before))
  }
  return {
    measure,
    value: median(cpu),
    unit: 'ms CPU, median',
    bar: barMs === null ? null : { op: '<=', value: barMs },
    note: `${median(wall).toFixed(1)} ms by the clock`,
  }
}

/**
 * What the writer is held up when an hour of full size goes: the turn from one small hour to the next, where a full one
 * expires and where none does.
 */
async function* expiry(full: string): AsyncGenerator<Measured> {
  const without = await turns(full, 1000)
  const withOne = await turns(full, EXPIRED_HOURS)
  yield {
    measure: 'an hour expired',
    value: Math.max(0, median(withOne) - median(without)),
    unit: 'ms more',
    bar: { op: '<=', value: 10 },
    note: `by the clock, ${EXPIRED_HOURS} of ${(statSync(full).size / 1e6).toFixed(0)} MB: a turn of the hour takes ${median(withOne).toFixed(1)} ms where one expires, ${median(without).toFixed(1)} ms where none does (medians)`,
  }
}

async function turns(full: string, keepHours: number): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'thingwall-bench-'))
  const took: number[] = []
  try {
    for (let at = 0; at < EXPIRED_HOURS; at++) {
      const hour = begin / HOUR_MS + at
      copyFileSync(full, join(folder, `${String(at + 1).padStart(6, '0')}-${hour}.events`))
    }
    const store = openSqliteStore({ folder, keepHours, maxBytes: Number.MAX_SAFE_INTEGER })
    const few = [...happenings(begin, 100)]
    await store.append(few, begin + EXPIRED_HOURS * HOUR_MS)
    for (let turn = 1; turn <= EXPIRED_HOURS; turn++) {
      const nowMs = begin + (EXPIRED_HOURS + turn) * HOUR_MS
      const files = segmentsIn(folder)
      const started = performance.now()
      await store.append(few, nowMs)
      const tookMs = performance.now() - started
      // One is new; where an hour expired, one is gone.
      const isExpired = segmentsIn(folder) === files
      if (isExpired === keepHours <= EXPIRED_HOURS) took.push(tookMs)
    }
    await store.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
  return took
}

function segmentsIn(folder: string): number {
  return readdirSync(folder).filter((name) => name.endsWith('.events')).length
}

function* batches(hourMs: number): Generator<readonly Happening[]> {
  let batch: Happening[] = []
  for (const event of happenings(hourMs, EVENTS)) {
    batch.push(event)
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
}

function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}
