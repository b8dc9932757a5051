/**
 * What only the store on node:sqlite can suffer: files torn by a power cut at any byte, a folder that cannot be written.
 * Whatever happens it opens, tells, and goes on.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { nowhere, type TrafficEvent } from '../events/model.ts'
import { segmentsIn } from './files.ts'
import { countsIn, NOW, notice } from './fixtures/notices.ts'
import { openReader } from './reader.ts'
import { openWriter, type StoreWriter } from './writer.ts'

const HOUR = 3_600_000
const plenty = { keepHours: 168, maxBytes: 1 << 30 }

// Each of these opens many stores, on disks that may be slow.
vi.setConfig({ testTimeout: 60_000 })

let root: string
let folder: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'thingwall-store-'))
  folder = join(root, 'events')
})
afterEach(() => rmSync(root, { recursive: true }))

function topicsIn(where: string): string[] {
  const { events } = openReader(where).query({ order: 'oldest', limit: 10_000 })
  return events.flatMap((event) => (event.kind === 'notice' && event.topic !== 'test' ? [event.topic] : []))
}

/** What a power cut at this moment leaves: what the files hold, without whoever has them open. */
function cut(to: string): void {
  mkdirSync(to)
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('-shm')) cpSync(join(folder, name), join(to, name))
  }
}

test('after a power cut, with the log cut off anywhere, whole batches are there and none in part', () => {
  const writer = openWriter({ folder, ...plenty })
  for (let batch = 0; batch < 30; batch++) {
    writer.append(
      Array.from({ length: 10 }, (_, at) => notice(batch * 10 + at)),
      NOW,
    )
  }
  const whole = join(root, 'whole')
  cut(whole)
  const log = readdirSync(whole).find((name) => name.endsWith('-wal')) as string
  const bytes = readFileSync(join(whole, log))
  expect(bytes.length).toBeGreaterThan(50_000)
  let run = 0
  const kept = new Set<number>()
  fc.assert(
    fc.property(fc.nat(bytes.length), fc.boolean(), (length, isScribbled) => {
      const there = join(root, `cut-${run++}`)
      cpSync(whole, there, { recursive: true })
      const torn = Buffer.from(bytes.subarray(0, length))
      // The last sector may hold anything.
      if (isScribbled) torn.fill(0xa5, Math.max(0, length - 512))
      writeFileSync(join(there, log), torn)
      const again = openWriter({ folder: there, ...plenty })
      expect(again.append([notice(9999)], NOW)).toMatchObject({ written: 1, lost: 0 })
      again.close()
      const counts = countsIn(there)
      const before = counts.slice(0, -1)
      expect(counts.at(-1)).toBe(9999)
      expect(before.length % 10).toBe(0)
      expect(before).toEqual(Array.from({ length: before.length }, (_, at) => at))
      expect(topicsIn(there)).toEqual([])
      kept.add(before.length)
      rmSync(there, { recursive: true })
    }),
    { numRuns: 25 },
  )
  // It was cut in many places.
  expect(kept.size).toBeGreaterThan(5)
  writer.close()
})

test('a file torn in the middle is set aside with an event, and the others are still read', () => {
  let writer = openWriter({ folder, ...plenty })
  writer.append([notice(1)], NOW - HOUR)
  const many = Array.from({ length: 3000 }, (_, at) => notice(at))
  writer.append(many, NOW)
  writer.close()
  const path = segmentsIn(folder).at(-1)?.path as string
  const bytes = readFileSync(path)
  bytes.fill(0xa5, 4096 * 3, 4096 * 12)
  writeFileSync(path, bytes)
  writer = openWriter({ folder, ...plenty })
  expect(writer.append([notice(2)], NOW)).toMatchObject({ written: 1, lost: 0 })
  expect(countsIn(folder)).toEqual([1, 2])
  expect(topicsIn(folder)).toEqual(['store-set-aside'])
  expect(segmentsIn(folder).map(({ isTorn }) => isTorn)).toEqual([false, true, false])
  writer.close()
})

test('any file in the place of a segment is no obstacle', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), fc.boolean(), (noise, hasMagic) => {
      rmSync(folder, { recursive: true, force: true })
      mkdirSync(folder)
      const magic = Buffer.from('SQLite format 3\0')
      const name = `000001-${Math.floor(NOW / HOUR)}.events`
      writeFileSync(join(folder, name), hasMagic ? Buffer.concat([magic, noise]) : noise)
      const writer = openWriter({ folder, ...plenty })
      expect(writer.append([notice(1)], NOW)).toMatchObject({ written: 1, lost: 0 })
      expect(openReader(folder).find(writer.append([notice(2)], NOW).last as never)).toMatchObject({
        count: 2,
      })
      writer.close()
    }),
    { numRuns: 15 },
  )
})

test('torn under the hands of the writer, the rest of the hour goes into a new segment', () => {
  const writer = openWriter({ folder, ...plenty })
  writer.append(
    Array.from({ length: 5000 }, (_, at) => notice(at)),
    NOW,
  )
  writer.append([notice(1)], NOW + HOUR)
  writer.append([notice(2)], NOW)
  const path = segmentsIn(folder)[2]?.path as string
  const other = new DatabaseSync(path)
  other.exec('drop table event; drop table word')
  other.close()
  const first = writer.append([notice(3)], NOW)
  const second = writer.append([notice(4)], NOW)
  // What the torn file took may be lost with it; it is counted, and it goes on.
  expect(second).toMatchObject({ written: 1, lost: 0 })
  expect(first).toMatchObject({ written: 0, lost: 1 })
  expect(topicsIn(folder)).toEqual(['store-set-aside', 'events-lost'])
  expect(countsIn(folder).at(-1)).toBe(4)
  writer.close()
})

test('what cannot be written is counted, and told once it can', () => {
  writeFileSync(folder, 'a file where the folder should be')
  const writer = openWriter({ folder, ...plenty })
  for (let at = 0; at < 3; at++) {
    const appended = writer.append([notice(at), notice(at)], NOW)
    expect(appended).toMatchObject({ written: 0, lost: 2, last: null })
    expect(appended.because).toMatch(/EEXIST|ENOTDIR/)
  }
  rmSync(folder)
  expect(writer.append([notice(7)], NOW)).toMatchObject({ written: 1, lost: 0 })
  const { events } = openReader(folder).query({ order: 'oldest' })
  expect(events).toMatchObject([{ topic: 'events-lost', count: 6 }, { count: 7 }])
  writer.close()
})

test('a writer that was killed in an earlier hour leaves a whole file at the next start', () => {
  const killed = openWriter({ folder, ...plenty })
  killed.append([notice(1)], NOW)
  const there = join(root, 'after')
  cut(there)
  killed.close()
  const writer: StoreWriter = openWriter({ folder: there, ...plenty })
  writer.append([notice(2)], NOW + HOUR)
  expect(readdirSync(there).filter((name) => name.startsWith('000001'))).toEqual([
    expect.stringMatching(/^000001-\d+\.events$/),
  ])
  writer.close()
  expect(countsIn(there)).toEqual([1, 2])
  expect(readdirSync(there).length).toBe(2)
})

test('what was on its way out when the process ended goes at the next start, and was out of sight before', () => {
  let writer = openWriter({ folder, keepHours: 2, maxBytes: 1 << 30 })
  for (let hour = 0; hour < 6; hour++) writer.append([notice(hour, NOW + hour * HOUR)], NOW + hour * HOUR)
  writer.close()
  const before = countsIn(folder)
  expect(before.length).toBeLessThan(6)
  // As if the pool had not come to them: what is left is whole files under another name.
  const [kept] = segmentsIn(folder)
  const left = join(folder, '000001-400000.events.gone')
  cpSync((kept as { readonly path: string }).path, left)
  expect(countsIn(folder)).toEqual(before)
  writer = openWriter({ folder, keepHours: 2, maxBytes: 1 << 30 })
  writer.append([notice(9, NOW + 5 * HOUR)], NOW + 5 * HOUR)
  expect(existsSync(left)).toBe(false)
  expect(countsIn(folder)).toEqual([...before, 9])
  writer.close()
})

test('the overview is whole at any moment: before a minute is rolled up, after, and after a power cut', () => {
  const traffic = (at: number, count: number): TrafficEvent => ({
    kind: 'denied',
    at,
    until: at,
    rule: `rule-${count % 3}`,
    source: { ...nowhere, device: `vent-${count % 5}` },
    destination: { ...nowhere, device: count % 2 === 0 ? 'logger' : null },
    translated: { source: null, destination: null },
    etherType: 0x0800,
    protocol: 6,
    icmpType: null,
    link: null,
    ingress: null,
    count,
    sent: { packets: count, bytes: 0 },
    answered: { packets: 0, bytes: 0 },
    isGathered: false,
  })
  const begin = NOW - (NOW % HOUR)
  const writer = openWriter({ folder, ...plenty })
  let total = 0
  let received = 0
  const check = (where: string): void => {
    const overview = openReader(where).overview({ sinceMs: begin, untilMs: begin + HOUR, top: 100 })
    const sum = (counts: readonly { readonly count: number }[]): number =>
      counts.reduce((all, { count }) => all + count, 0)
    expect(overview.unreadable).toEqual([])
    expect(sum(overview.rules.denied)).toBe(total)
    expect(sum(overview.devices.denied)).toBe(total + received)
    expect(overview.minutes.reduce((all, { denied }) => all + denied, 0)).toBe(total)
  }
  // Batches small and large, within a minute and beyond it.
  for (let batch = 0; batch < 12; batch++) {
    const at = begin + batch * 25_000
    const events = Array.from({ length: batch % 4 === 3 ? 3000 : 20 }, (_, index) => traffic(at, 1 + index))
    writer.append([...events, notice(5, at)], at)
    for (const { count } of events) {
      total += count
      if (count % 2 === 0) received += count
    }
    check(folder)
  }
  const there = join(root, 'after')
  cut(there)
  check(there)
  const again = openWriter({ folder: there, ...plenty })
  again.append([traffic(begin + HOUR - 1, 7)], begin + HOUR - 1)
  total += 7
  check(there)
  again.close()
  check(there)
  writer.close()
})
