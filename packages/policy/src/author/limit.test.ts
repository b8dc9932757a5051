/** Ceilings as people write them, the unreadable neighbours included. */
import { expect, test } from 'vitest'
import { parseByteRate, parseConnectionRate } from './limit.ts'

const byteRates: readonly [text: string, amount: number | null, perSeconds?: number][] = [
  ['64 kB/s', 64_000, 1],
  ['64kB/s', 64_000, 1],
  ['1.1 MB/min', 1_100_000, 60],
  ['1 KiB/h', 1024, 3600],
  ['2 Mbit/s', 250_000, 1],
  ['1 bit/s', null],
  ['0 kB/s', null],
  ['-1 kB/s', null],
  ['64 kb/s', null],
  ['64/s', null],
  ['64 kB', null],
  ['64 kB/day', null],
  ['999999999999 GB/s', null],
  ['1 toString/s', null],
]

test.each(byteRates)('traffic %s', (text, amount, perSeconds) => {
  expect(parseByteRate(text)).toEqual(amount === null ? null : { amount, perSeconds })
})

const connectionRates: readonly [text: string, amount: number | null, perSeconds?: number][] = [
  ['30/min', 30, 60],
  ['5/s', 5, 1],
  ['1000/h', 1000, 3600],
  ['0/s', null],
  ['1.5/s', null],
  ['30', null],
  ['30 kB/s', null],
]

test.each(connectionRates)('connections %s', (text, amount, perSeconds) => {
  expect(parseConnectionRate(text)).toEqual(amount === null ? null : { amount, perSeconds })
})
