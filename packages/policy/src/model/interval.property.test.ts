/** The algebra of address sets, held against plain sets of numbers on a space small enough to count out. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Address, Interval } from './address.ts'
import { type AddressSet, contains, differenceOf, EVERYWHERE, includes, unionOf } from './interval.ts'

/** Both ends of either family and a stretch in the middle: where carries and edges are. */
const SPACE: readonly Address[] = [8, 32].flatMap((width) =>
  ['', 'f', '7'].flatMap((head) =>
    Array.from({ length: 20 }, (_, at) => {
      const low = head === 'f' ? 236 + at : head === '7' ? 246 + at : at
      const fill = head === 'f' ? 'f' : head === '7' ? '7' : '0'
      return (BigInt(`0x${fill.repeat(width - 2)}00`) + BigInt(low))
        .toString(16)
        .padStart(width, '0') as Address
    }),
  ),
)
const families = [8, 32].map((width) => SPACE.filter((one) => one.length === width))

const interval: fc.Arbitrary<Interval> = fc
  .tuple(fc.constantFrom(...families), fc.nat(59), fc.nat(59))
  .map(([family, a, b]) => ({
    first: family[Math.min(a, b)] as Address,
    last: family[Math.max(a, b)] as Address,
  }))
  // Within one stretch, so that what is counted out is all there is.
  .filter(({ first, last }) => Math.floor(SPACE.indexOf(first) / 20) === Math.floor(SPACE.indexOf(last) / 20))
const intervals = fc.array(interval, { maxLength: 8 })
const membersOf = (all: readonly Interval[]): Set<Address> =>
  new Set(
    SPACE.filter((one) =>
      all.some(({ first, last }) => one.length === first.length && one >= first && one <= last),
    ),
  )

function expectNormal(set: AddressSet): void {
  for (const [at, { first, last }] of set.entries()) {
    expect(first <= last && first.length === last.length).toBe(true)
    const before = set[at - 1]
    if (before === undefined) continue
    const isSameFamily = before.last.length === first.length
    if (!isSameFamily) expect(before.last.length).toBeLessThan(first.length)
    else expect(BigInt(`0x${first}`) - BigInt(`0x${before.last}`)).toBeGreaterThan(1n)
  }
}

describe('sets of addresses', () => {
  test('union, difference, containment and inclusion are those of plain sets', () => {
    fc.assert(
      fc.property(intervals, intervals, (a, b) => {
        const [one, other] = [unionOf(a), unionOf(b)]
        const [plainOne, plainOther] = [membersOf(a), membersOf(b)]
        expect(membersOf(unionOf([...a, ...b]))).toEqual(new Set([...plainOne, ...plainOther]))
        expect(membersOf(differenceOf(one, other))).toEqual(
          new Set([...plainOne].filter((one) => !plainOther.has(one))),
        )
        expect(includes(one, other)).toBe([...plainOther].every((one) => plainOne.has(one)))
        for (const address of SPACE) expect(contains(one, address)).toBe(plainOne.has(address))
      }),
      { numRuns: 500 },
    )
  })
  test('every result is in the one normal form', () => {
    fc.assert(
      fc.property(intervals, intervals, (a, b) => {
        const [one, other] = [unionOf(a), unionOf(b)]
        for (const set of [one, other, differenceOf(one, other), unionOf([...one, ...other])])
          expectNormal(set)
        // Equal sets are equal data.
        expect(unionOf([...a].reverse())).toEqual(one)
        expect(unionOf(one)).toEqual(one)
        expect(
          unionOf([...differenceOf(one, other), ...differenceOf(one, differenceOf(one, other))]),
        ).toEqual(one)
      }),
      { numRuns: 500 },
    )
  })
  test('nothing, everything, and the edges of a family', () => {
    const [four, six] = EVERYWHERE as readonly [Interval, Interval]
    expect(unionOf([])).toEqual([])
    expect(includes([], [])).toBe(true)
    expect(contains([], '00000000' as Address)).toBe(false)
    expect(differenceOf(EVERYWHERE, EVERYWHERE)).toEqual([])
    expect(differenceOf(EVERYWHERE, [four])).toEqual([six])
    // The last of IPv4 and the first of IPv6 do not touch.
    expect(unionOf([six, four])).toEqual([four, six])
    expect(differenceOf([four], [{ first: four.last, last: four.last }])).toEqual([
      { first: four.first, last: 'fffffffe' },
    ])
    expect(differenceOf([four], [{ first: four.first, last: four.first }])).toEqual([
      { first: '00000001', last: four.last },
    ])
  })
})
