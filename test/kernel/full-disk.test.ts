/**
 * A disk that is really full: the store says so, counts what it could not take, keeps what it has, and goes on when
 * there is room. On a small file system in memory, filled by somebody else's file.
 */
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type NoticeEvent, openSqliteStore, type Store } from '@thingwall/gateway'
import { afterEach, beforeEach, expect, test } from 'vitest'

const HOUR = 3_600_000
const NOW = Date.parse('2026-11-22T10:30:00Z')
const SIZE = 4 << 20

let disk: string
beforeEach(() => {
  disk = mkdtempSync('/run/disk-')
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'small', disk])
})
afterEach(() => {
  execFileSync('umount', [disk])
  rmSync(disk, { recursive: true })
})

function notice(count: number, at = NOW): NoticeEvent {
  return {
    kind: 'notice',
    at,
    until: at,
    topic: 'test',
    text: `${count} ${'x'.repeat(200)} ${count}`,
    device: null,
    count,
  }
}

/** Takes all the room there is. */
function fill(): void {
  const { bavail, bsize } = statfsSync(disk)
  writeFileSync(join(disk, 'ballast'), new Uint8Array(bavail * bsize))
}

/** And what has become free since. */
function fillAgain(): void {
  const { bavail, bsize } = statfsSync(disk)
  if (bavail > 0) appendFileSync(join(disk, 'ballast'), new Uint8Array(bavail * bsize))
}

async function countsIn(store: Store): Promise<readonly number[]> {
  const { events, unreadable } = await store.query({ order: 'oldest', limit: 10_000 })
  expect(unreadable).toEqual([])
  return events.flatMap((event) => (event.kind === 'notice' && event.topic === 'test' ? [event.count] : []))
}

test('until it is full everything is kept, then each loss is counted, and told once there is room', async () => {
  const folder = join(disk, 'events')
  let store = openSqliteStore({ folder, keepHours: 24, maxBytes: 1 << 30 })
  const kept: number[] = []
  const append = async (from: number): Promise<number> => {
    const batch = Array.from({ length: 50 }, (_, at) => notice(from + at))
    const { written, lost, because } = await store.append(batch, NOW)
    expect(written + lost).toBe(50)
    if (lost === 0) kept.push(...batch.map(({ count }) => count))
    else expect(because).toBe('the disk is full')
    return lost
  }
  for (let batch = 0; batch < 20; batch++) expect(await append(batch * 50)).toBe(0)
  fill()
  let lost = 0
  // What is allocated already is used up first.
  for (let batch = 20; batch < 120; batch++) lost += await append(batch * 50)
  expect(lost).toBeGreaterThan(0)
  expect(await countsIn(store)).toEqual(kept)
  rmSync(join(disk, 'ballast'))
  expect(await append(100_000)).toBe(0)
  expect(await countsIn(store)).toEqual(kept)
  const { events } = await store.query({ kinds: ['notice'], limit: 10_000 })
  expect(events).toContainEqual(expect.objectContaining({ topic: 'events-lost', count: lost }))
  await store.close()
  // And on the disk it is whole.
  store = openSqliteStore({ folder, keepHours: 24, maxBytes: 1 << 30 })
  expect(await append(200_000)).toBe(0)
  expect(await countsIn(store)).toEqual(kept)
  await store.close()
})

test('an hour that cannot begin is lost and counted, until one beyond its time has made room', async () => {
  const folder = join(disk, 'events')
  const store = openSqliteStore({ folder, keepHours: 4, maxBytes: 1 << 30 })
  for (let hour = 0; hour < 3; hour++) {
    const at = NOW + hour * HOUR
    // Each with a text of its own: an hour that takes more room than an empty one.
    const batch = Array.from({ length: 500 }, (_, of) => ({
      ...notice(hour, at),
      text: `${of} ${'x'.repeat(300)}`,
    }))
    expect(await store.append(batch, at)).toMatchObject({ lost: 0 })
  }
  const hours = async (): Promise<readonly number[]> => [...new Set(await countsIn(store))]
  // Nothing is left of the current hour's room, nor for another file.
  await store.append([notice(2, NOW + 2 * HOUR)], NOW + 2 * HOUR)
  fill()
  let lost = 0
  // Half past each hour: of the first the end is 3.5 hours ago, then 4.5.
  for (const hour of [3, 4]) {
    const at = NOW + hour * HOUR
    const appended = await store.append([notice(hour, at)], at)
    expect(appended).toMatchObject({ written: 0, lost: 1, because: 'the disk is full' })
    lost += 1
    fillAgain()
    expect(await hours()).toEqual([0, 1, 2])
  }
  const at = NOW + 5 * HOUR
  expect(await store.append([notice(5, at)], at)).toMatchObject({ written: 1, lost: 0, because: null })
  expect(await hours()).toEqual([1, 2, 5])
  const { events } = await store.query({ kinds: ['notice'], limit: 10_000 })
  expect(events).toContainEqual(expect.objectContaining({ topic: 'events-lost', count: lost }))
  await store.close()
})
