/** Spans of time, read and written. */
import { expect, test } from 'vitest'
import { formatDuration, parseDuration } from './duration.ts'

test.each([
  ['120s', 120_000],
  ['2m', 120_000],
  ['1h', 3_600_000],
  ['1d', 86_400_000],
  ['1h30m', 5_400_000],
  ['0s', 0],
])('%s is %i ms', (text, durationMs) => {
  expect(parseDuration(text)).toBe(durationMs)
})

test.each(['', '2', 'm', '2 m', '-2m', '1.5h', '30m1h', '2M', '2ms', '9999999s', '2m\n'])(
  '%j is none',
  (text) => {
    expect(parseDuration(text)).toBeNull()
  },
)

test.each([
  [0, '0s'],
  [1, '1s'],
  [119_001, '2m'],
  [118_000, '1m 58s'],
  [90_061_000, '1d 1h 1m 1s'],
])('%i ms is written %s', (durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text)
})
