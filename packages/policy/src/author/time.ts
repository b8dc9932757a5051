/**
 * Dates, hours and days as text, read into milliseconds and minutes. All in UTC: a kernel has no time zones.
 *
 * No clock is read here; whether a date has passed is for whoever knows the time.
 */

import type { Weekday, When } from '../model/policy.ts'
import type { WeekRanges } from '../model/ruleset.ts'

/** The days, Monday first, as `WeekRanges` counts them. */
export const weekdays: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

const DAY = 24 * 60
const WEEK = 7 * DAY

/**
 * Reads `2026-03-02` or `2026-03-02T18:00:00Z` as milliseconds since 1970; null when it is no day of the calendar.
 * Fractions of a second are read and dropped. A day alone means its first instant: what `expires: '2027-03-02'` is over from 2027-03-02T00:00:00Z on.
 */
export function parseDate(text: string): number | null {
  const parts =
    /^(19[7-9]\d|[2-9]\d{3})-(\d\d)-(\d\d)(?:T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.\d{1,9})?Z)?$/.exec(
      text,
    )
  if (parts === null) return null
  const [year, month, day, hour, minute, second] = parts.slice(1).map((digits) => Number(digits ?? 0))
  const first = Date.UTC(year as number, (month as number) - 1, day)
  const real = new Date(first).toISOString().slice(0, 10) === text.slice(0, 10)
  return real ? first + (((hour as number) * 60 + (minute as number)) * 60 + (second as number)) * 1000 : null
}

/** Minutes of a day, [first, end). `end` runs past 1440 where the hours wrap midnight. */
export interface Hours {
  readonly first: number
  readonly end: number
}

/** Reads `08:00-18:30`, `22:00-06:00` (into the next day) or `00:00-24:00`; null for anything else. */
export function parseHours(text: string): Hours | null {
  const parts = /^([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)$/.exec(text)
  if (parts === null) return null
  const first = Number(parts[1]) * 60 + Number(parts[2])
  const end = parts[3] === undefined ? DAY : Number(parts[3]) * 60 + Number(parts[4])
  if (first === end) return null
  return { first, end: end > first ? end : end + DAY }
}

/**
 * The minutes of the week a rule is in force: sorted, disjoint, within one week. Hours that wrap midnight belong to
 * the day they begin on; Sunday's run into Monday. Hours that do not read match nothing: `validate` refuses them.
 */
export function weekRangesOf(when: When): WeekRanges {
  const hours = when.hours === undefined ? { first: 0, end: DAY } : parseHours(when.hours)
  if (hours === null) return []
  const ranges: [number, number][] = []
  for (const day of new Set(when.days ?? weekdays)) {
    const first = weekdays.indexOf(day) * DAY + hours.first
    const end = first + hours.end - hours.first
    if (end <= WEEK) ranges.push([first, end])
    else ranges.push([first, WEEK], [0, end - WEEK])
  }
  return merge(ranges)
}

function merge(ranges: [number, number][]): WeekRanges {
  const merged: [number, number][] = []
  for (const [first, end] of ranges.sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1)
    if (last !== undefined && first <= last[1]) last[1] = Math.max(last[1], end)
    else merged.push([first, end])
  }
  return merged
}
