/** Zones and segments, held against the sets and services they are cut by: what shares one is in all the same. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Address, Interval } from './address.ts'
import { wordsOf } from './address-words.ts'
import { contains, EVERYWHERE, searchable, unionOf } from './interval.ts'
import { segmentOf, zoneOf, zonesOf } from './zones.ts'

/** Both ends of either family, and both sides of where a word carries into the one before. */
const SPACE: readonly Address[] = [
  ...['00000000', '00000001', '00000002', '0a400000', '7ffffffe', '7fffffff', '80000000', '80000001'],
  ...['fffffffd', 'fffffffe', 'ffffffff'],
].flatMap((word) => [
  word as Address,
  `${'0'.repeat(24)}${word}` as Address,
  `20010db8${'0'.repeat(8)}${word}ffffffff` as Address,
  `20010db8${word}${'0'.repeat(16)}` as Address,
  `${word}${'f'.repeat(24)}` as Address,
])
const families = [8, 32].map((length) => SPACE.filter((one) => one.length === length).sort())
const interval: fc.Arbitrary<Interval> = fc
  .constantFrom(...families)
  .chain((family) => fc.tuple(fc.constantFrom(...family), fc.constantFrom(...family)))
  .map(([a, b]) => (a < b ? { first: a, last: b } : { first: b, last: a }))
const sets = fc.array(fc.array(interval, { maxLength: 4 }).map(unionOf), { maxLength: 5 })

test('addresses of one zone are in the same sets, and zones are no more than there are bounds', () => {
  let shared = 0
  let apart = 0
  fc.assert(
    fc.property(sets, (all) => {
      const zones = zonesOf(all.map(searchable), [])
      const kindOf = (address: Address): string => all.map((set) => contains(set, address)).join()
      for (const family of families) {
        for (const [at, address] of family.entries()) {
          const before = family[at - 1]
          if (before === undefined) continue
          const [zone, last] = [zoneOf(zones, wordsOf(address)), zoneOf(zones, wordsOf(before))]
          expect(zone).toBeGreaterThanOrEqual(last)
          if (zone === last) {
            expect(kindOf(address)).toBe(kindOf(before))
            shared += 1
          } else apart += 1
        }
      }
      const bounds = all.flat().length * 2
      expect(zones.fours.length + zones.sixes.length / 4).toBeLessThanOrEqual(bounds)
    }),
    { numRuns: 300 },
  )
  expect(Math.min(shared, apart)).toBeGreaterThan(1000)
})

test('the families share no zone, whatever is cut', () => {
  for (const all of [[], [EVERYWHERE]]) {
    const zones = zonesOf(all.map(searchable), [])
    const [four, six] = families.map((family) => new Set(family.map((one) => zoneOf(zones, wordsOf(one)))))
    expect([...(four ?? [])].filter((zone) => six?.has(zone))).toEqual([])
    expect([four?.size, six?.size]).toEqual([1, 1])
  }
})

test('subjects of one segment are in the same services', () => {
  const bound = fc.nat({ max: 40 })
  const services = fc.array(
    fc.tuple(bound, bound).map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]),
    { maxLength: 6 },
  )
  fc.assert(
    fc.property(services, (all) => {
      const zones = zonesOf([], all.flat())
      const kindOf = (subject: number): string =>
        all.map(([first, last]) => subject >= first && subject <= last).join()
      for (let subject = 1; subject <= 42; subject++) {
        if (segmentOf(zones, subject) === segmentOf(zones, subject - 1))
          expect(kindOf(subject)).toBe(kindOf(subject - 1))
      }
    }),
    { numRuns: 300 },
  )
})
