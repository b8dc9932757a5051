/** Segments that another version wrote: a later one, which is left alone, and the first, which is read as ever. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { segmentsIn } from './files.ts'
import { countsIn, NOW, notice } from './fixtures/notices.ts'
import { openReader } from './reader.ts'
import { openWriter } from './writer.ts'

const plenty = { keepHours: 168, maxBytes: 1 << 30 }

let root: string
let folder: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'thingwall-store-'))
  folder = join(root, 'events')
})
afterEach(() => rmSync(root, { recursive: true }))

test('a segment of a later version is left alone and named; the writer begins a new one', () => {
  let writer = openWriter({ folder, ...plenty })
  writer.append([notice(1)], NOW)
  writer.close()
  const path = segmentsIn(folder)[0]?.path as string
  const later = new DatabaseSync(path)
  later.exec('pragma user_version = 3')
  later.close()
  const before = readFileSync(path)
  writer = openWriter({ folder, ...plenty })
  const { last } = writer.append([notice(2)], NOW)
  writer.close()
  const { events, unreadable } = openReader(folder).query({})
  expect(events.map(({ count }) => count)).toEqual([2])
  expect(unreadable).toEqual([expect.stringMatching(/000001-\d+\.events: format 3, not 2/)])
  expect(readFileSync(path).equals(before)).toBe(true)
  expect(last).toBe('2-1')
  // Back in the later version's hands it is whole again.
  const back = new DatabaseSync(path)
  back.exec('pragma user_version = 2')
  back.close()
  expect(countsIn(folder)).toEqual([1, 2])
})

test('a segment of the first format is read as ever, by device as well; its hour goes on in a new one', () => {
  let writer = openWriter({ folder, ...plenty })
  writer.append([notice(1), notice(2), notice(8)], NOW)
  writer.close()
  const path = segmentsIn(folder)[0]?.path as string
  const first = new DatabaseSync(path)
  first.exec(`drop table device_event; create index event_device on event(device) where device is not null;
    pragma user_version = 1`)
  first.close()
  const before = readFileSync(path)
  writer = openWriter({ folder, ...plenty })
  expect(writer.append([notice(9), notice(15)], NOW).last).toBe('2-2')
  writer.close()
  expect(countsIn(folder)).toEqual([1, 2, 8, 9, 15])
  expect(readFileSync(path).equals(before)).toBe(true)
  const { events, unreadable } = openReader(folder).query({ device: 'vent-1', order: 'oldest' })
  expect([events.map(({ count }) => count), unreadable]).toEqual([[1, 8, 15], []])
})
