/** When a clock is believed, and what is remembered of it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { thisMachine } from '../machine/machine.ts'
import { noteClock, readClock } from './clock.ts'

const NOW = Date.parse('2026-11-22T12:00:00Z')
const YEAR = 365 * 86_400_000
const folder = mkdtempSync(join(tmpdir(), 'thingwall-clock-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Given {
  readonly now: number
  readonly seen: string | null
  readonly battery: string | null
  readonly synchronised: 'yes' | 'no'
}

function clockOf({ now, seen, battery, synchronised }: Given) {
  const files: Readonly<Record<string, string | null>> = {
    '/state/clock': seen,
    '/sys/class/rtc/rtc0/since_epoch': battery,
  }
  const machine = { ...thisMachine, read: async (path: string) => files[path] ?? null }
  return readClock({ machine, state: '/state', now: () => now, isSynchronised: () => synchronised === 'yes' })
}

const seconds = (at: number): string => `${Math.floor(at / 1000)}\n`

describe('a clock is believed', () => {
  test.each<[string, Given, boolean]>([
    ['a time server', { now: NOW, seen: null, battery: null, synchronised: 'yes' }, true],
    [
      'a time server, though it was later once',
      { now: NOW, seen: `${NOW + YEAR}`, battery: null, synchronised: 'yes' },
      true,
    ],
    [
      'a battery clock that agrees',
      { now: NOW, seen: `${NOW - 1}`, battery: seconds(NOW - 30_000), synchronised: 'no' },
      true,
    ],
    [
      'one that does not',
      { now: NOW, seen: `${NOW - 1}`, battery: seconds(NOW - YEAR), synchronised: 'no' },
      false,
    ],
    [
      'one with an empty battery',
      { now: 20_000, seen: `${NOW}`, battery: seconds(20_000), synchronised: 'no' },
      false,
    ],
    ['nothing but itself', { now: NOW, seen: `${NOW - 1}`, battery: null, synchronised: 'no' }, false],
    ['1970', { now: 5000, seen: `${NOW}`, battery: null, synchronised: 'no' }, false],
    ['a file that says nothing', { now: NOW, seen: 'soon', battery: seconds(NOW), synchronised: 'no' }, true],
    [
      'a battery clock that says nothing',
      { now: NOW, seen: null, battery: '-1\n', synchronised: 'no' },
      false,
    ],
  ])('%s', async (_, given, isTrusted) => {
    expect((await clockOf(given)).isTrusted).toBe(isTrusted)
  })
})

test('it is as late as ever seen at least', async () => {
  const clock = await clockOf({ now: 5000, seen: `${NOW}`, battery: null, synchronised: 'no' })
  expect(clock).toMatchObject({ now: 5000, lastSeen: NOW, atLeast: NOW })
})

test('what is seen is kept only where it is believed', async () => {
  const state = join(folder, 'state')
  const look = (now: number, synchronised: Given['synchronised']) =>
    readClock({ machine: thisMachine, state, now: () => now, isSynchronised: () => synchronised === 'yes' })
  await noteClock({ state }, await look(NOW, 'yes'))
  expect(readFileSync(join(state, 'clock'), 'utf8')).toBe(`${NOW}\n`)
  const early = await look(5000, 'no')
  await noteClock({ state }, early)
  expect(early).toMatchObject({ isTrusted: false, lastSeen: NOW })
  expect(readFileSync(join(state, 'clock'), 'utf8')).toBe(`${NOW}\n`)
})

test('the kernel of this machine can be asked', async () => {
  const clock = await readClock({ machine: thisMachine, state: folder, now: Date.now })
  expect(clock.because).not.toBe('')
})
