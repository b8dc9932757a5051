/** Dates, hours and weeks, the days that do not exist included. */
import { expect, test } from 'vitest'
import type { When } from '../model/policy.ts'
import { parseDate, parseHours, weekRangesOf } from './time.ts'

const dates: readonly [text: string, iso: string | null][] = [
  ['2027-03-02', '2027-03-02T00:00:00.000Z'],
  ['2026-03-02T18:00:05Z', '2026-03-02T18:00:05.000Z'],
  ['2028-02-29', '2028-02-29T00:00:00.000Z'],
  ['2027-02-29', null],
  ['2026-13-01', null],
  ['2026-00-10', null],
  ['2026-04-31', null],
  ['2026-03-02T24:00:00Z', null],
  ['2026-03-02T18:00:05', null],
  ['2026-03-02 18:00:05Z', null],
  ['2026-3-2', null],
  ['1969-12-31', null],
  ['tomorrow', null],
  ['', null],
]

test.each(dates)('date %s', (text, iso) => {
  expect(parseDate(text)).toBe(iso === null ? null : Date.parse(iso))
})

const hours: readonly [text: string, read: readonly [number, number] | null][] = [
  ['08:00-18:30', [480, 1110]],
  ['22:00-06:00', [1320, 1800]],
  ['00:00-24:00', [0, 1440]],
  ['22:00-00:00', [1320, 1440]],
  ['08:00-08:00', null],
  ['24:00-08:00', null],
  ['8:00-18:00', null],
  ['08:00-18:60', null],
  ['08:00', null],
]

test.each(hours)('hours %s', (text, read) => {
  expect(parseHours(text)).toEqual(read === null ? null : { first: read[0], end: read[1] })
})

const weeks: readonly [when: When, ranges: readonly (readonly [number, number])[]][] = [
  [{}, [[0, 10_080]]],
  [{ days: ['mon'] }, [[0, 1440]]],
  [{ days: ['tue', 'mon'] }, [[0, 2880]]],
  [
    { days: ['mon', 'wed', 'mon'], hours: '08:00-09:00' },
    [
      [480, 540],
      [3360, 3420],
    ],
  ],
  [{ days: ['mon'], hours: '22:00-06:00' }, [[1320, 1800]]],
  [
    { days: ['sun'], hours: '22:00-06:00' },
    [
      [0, 360],
      [9960, 10_080],
    ],
  ],
  [{ hours: '00:00-24:00' }, [[0, 10_080]]],
  [{ days: ['sun'], hours: 'never' }, []],
]

test.each(weeks)('week of %j', (when, ranges) => {
  expect(weekRangesOf(when)).toEqual(ranges)
})
