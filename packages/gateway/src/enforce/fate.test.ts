/** What became of applications: the records as they were left, put right by what the kernel holds. */
import { describe, expect, test } from 'vitest'
import type { Resident, Standing } from '../nft/standing.ts'
import { applicationOf, endsAt, pastOf, truthOf } from './fate.ts'
import type { Application, Story } from './state.ts'

const [first, second] = ['1'.repeat(32), '2'.repeat(32)]
const by = { by: 'ada', at: 500 }

function application(sequence: number, digest: string, story: Story | null): Application {
  const record = {
    ...{ sequence, digest, at: 1000 * sequence, by: 'bob', why: null, bindings: '', log: null, again: null },
    policy: { name: 'site', file: null, digest: null },
    confirmWithinMs: story?.until == null ? null : story.until - 1000 * sequence,
    bootDigest: null,
  }
  return { record, coverage: 'all', observation: null, story, prepared: null, restored: [] }
}
function resident(generation: string, digest: string | null, sequence: number | null): Resident {
  return { generation, digest, sequence }
}
function standing(settled: Resident | null, trial: Standing['trial'] = null): Standing {
  const rest = { isClosed: false, halted: null, odd: [], objects: new Map(), families: [] } as const
  return { residents: [], settled, trial, ...rest }
}

const lasting = application(1, first, { until: null, confirmed: by, ended: null })
const trying = application(2, second, { until: 2120, confirmed: null, ended: null })
const all = [trying, lasting]
const stands = resident('a', first, 1)
const runs = { ...resident('b', second, 2), leftMs: 90 }

describe('whose a generation is', () => {
  test.each([
    ['of the number it bears', stands, lasting],
    ['nobody’s, where that number has another digest', resident('a', first, 2), null],
    ['nobody’s, where no record has its digest', resident('a', '3'.repeat(32), 1), null],
    ['nobody’s, where it does not say', resident('a', null, null), null],
    ['the confirmed one, where it bears no number as after a restart', resident('', first, null), lasting],
  ])('%s', (_, one, whose) => {
    expect(applicationOf(one, all)).toBe(whose)
  })
  test('after a restart, of two that are alike, the one that was confirmed', () => {
    const replaced = application(1, first, {
      until: null,
      confirmed: by,
      ended: { how: 'replaced', at: 1, by: 2 },
    })
    const later = application(3, first, { until: null, confirmed: by, ended: null })
    expect(applicationOf(resident('', first, null), [trying, later, replaced])).toBe(later)
  })
})

describe('what became of it', () => {
  const fate = (one: Application, kernel: Standing, now: number) =>
    pastOf(one, [one, lasting], kernel, now).fate

  test.each([
    ['while its timer runs', trying, standing(stands, runs), 2030, { kind: 'on trial', until: 2120 }],
    [
      'never told of by the kernel, but on trial there',
      application(2, second, null),
      standing(stands, runs),
      2030,
      { kind: 'on trial', until: 2120 },
    ],
    [
      'the clock put forth meanwhile',
      trying,
      standing(stands, runs),
      9_000_000,
      { kind: 'on trial', until: 9_000_090 },
    ],
    [
      'its timer has ended, its chains are there yet',
      trying,
      standing(stands, { ...runs, leftMs: null }),
      5000,
      { kind: 'reverted', at: 2120 },
    ],
    ['taken out meanwhile', trying, standing(stands), 5000, { kind: 'reverted', at: 2120 }],
    [
      'ended before its time, by somebody’s flush',
      trying,
      standing(null),
      2050,
      { kind: 'reverted', at: 2050 },
    ],
    [
      'ended long before its time',
      application(2, second, { until: 122_000, confirmed: null, ended: null }),
      standing(stands),
      60_000,
      { kind: 'reverted', at: 60_000, isEarly: true },
    ],
    [
      'its timer taken away long before its time',
      application(2, second, { until: 122_000, confirmed: null, ended: null }),
      standing(stands, { ...runs, leftMs: null }),
      60_000,
      { kind: 'reverted', at: 60_000, isEarly: true },
    ],
    [
      'told so before',
      application(2, second, {
        until: 122_000,
        confirmed: null,
        ended: { how: 'reverted', at: 60_000, isEarly: true },
      }),
      standing(stands),
      500_000,
      { kind: 'reverted', at: 60_000, isEarly: true },
    ],
    ['the clock put back before it began', trying, standing(stands), 7, { kind: 'reverted', at: 2000 }],
    [
      'it stands, though nobody wrote that down',
      trying,
      standing(resident('b', second, 2)),
      2100,
      { kind: 'in force' },
    ],
    ['the kernel never had it', application(2, second, null), standing(stands), 5000, { kind: 'unfinished' }],
    [
      'ended by hand',
      {
        ...trying,
        story: { until: 2120, confirmed: null, ended: { how: 'abandoned', at: 2050, by: 'eve' } },
      },
      standing(stands),
      5000,
      { kind: 'abandoned', at: 2050, by: 'eve' },
    ],
  ] as const)('%s', (_, one, kernel, now, expected) => {
    expect(fate(one, kernel, now)).toEqual(expected)
  })
  test('confirmed, and not there: gone; replaced where a later one stands', () => {
    expect(pastOf(lasting, all, standing(null), 9000).fate).toEqual({ kind: 'gone' })
    expect(pastOf(lasting, all, standing(resident('b', second, 2)), 9000).fate).toEqual({
      kind: 'replaced',
      at: 9000,
      by: 2,
    })
  })
  describe('whoever did it was ended before the last record', () => {
    const kernel = standing(resident('b', second, 2))
    const eve = { by: 'eve', at: 2040 }
    const ended = { how: 'abandoned', ...eve } as const
    const confirming = { ...trying, prepared: { until: 2120, confirmed: eve, ended: null } }
    const abandoning = { ...trying, prepared: { until: 2120, confirmed: null, ended } }

    test('a confirmation is of who got ready to write it, not of who applied', () => {
      expect(truthOf(confirming, [confirming, lasting], kernel, 9000)?.confirmed).toEqual(eve)
      expect(fate(confirming, kernel, 9000)).toEqual({ kind: 'in force' })
    })
    test('one that nobody got ready to write is of somebody, no later than now', () => {
      const by = 'somebody who was not written down'
      expect(truthOf(trying, all, kernel, 2050)?.confirmed).toEqual({ by, at: 2050 })
      expect(truthOf(trying, all, kernel, 9000)?.confirmed).toEqual({ by, at: 2120 })
    })
    test('an apply for good was confirmed by who applied', () => {
      const forGood = application(2, second, null)
      expect(truthOf(forGood, [forGood, lasting], kernel, 9000)?.confirmed).toEqual({ by: 'bob', at: 2000 })
    })
    test('a rollback is of who got ready to write it, once the kernel has gone back', () => {
      expect(fate(abandoning, standing(stands), 9000)).toEqual({ kind: 'abandoned', at: 2040, by: 'eve' })
    })
    test('what was only got ready did not happen', () => {
      const over = standing(stands, { ...runs, leftMs: null })
      for (const one of [confirming, abandoning]) {
        expect(fate(one, standing(stands, runs), 2030)).toEqual({ kind: 'on trial', until: 2120 })
        expect(fate(one, over, 9000)).toEqual({ kind: 'reverted', at: 2120 })
      }
      expect(fate(confirming, standing(stands), 9000)).toEqual({ kind: 'reverted', at: 2120 })
    })
  })
  describe('when a trial ends is the same at each look', () => {
    test.each([
      ['as written', 61_000, 60_000, 1000, 61_000],
      ['a moment before the kernel looked', 61_000, 60_000, 1180, 61_000],
      ['loaded for seconds: told early rather than late', 61_000, 60_000, 9000, 61_000],
      ['the clock put forth', 61_000, 60_000, 99_000, 159_000],
      ['the clock put back', 61_000, 50_000, 1000, 51_000],
      ['never written', null, 60_000, 1000, 61_000],
    ])('%s', (_, written, leftMs, now, expected) => {
      expect(endsAt(written, leftMs, now)).toBe(expected)
    })
  })
  test('what is true once is true again', () => {
    for (const kernel of [
      standing(stands, runs),
      standing(stands),
      standing(null),
      standing(resident('b', second, 2)),
    ]) {
      const told = { ...trying, story: truthOf(trying, all, kernel, 3000) }
      expect(truthOf(told, [told, lasting], kernel, 3000)).toEqual(told.story)
    }
  })
})
