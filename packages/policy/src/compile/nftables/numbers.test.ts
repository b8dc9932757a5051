/** Numbers of rules whose digests meet in the bits that a mark has room for. Forced here; rare in a real policy. */
import { describe, expect, test } from 'vitest'
import { digestOf, numbersFor } from './numbers.ts'
import { FIRST_LIVE } from './options.ts'

describe('where the digests of two rules meet', () => {
  /** Two digests that differ, and not in what numbers are taken from. */
  const [one, two, three] = ['0', '1', '2'].map((end) => `00abcdef${'0'.repeat(55)}${end}`) as [
    string,
    string,
    string,
  ]
  const far = 'f'.repeat(64)

  test('both get other numbers than either alone, and neither stands in for the other when one goes', () => {
    const alone = numbersFor([one])[0]
    expect(numbersFor([two])[0]).toBe(alone)
    const [first, second] = numbersFor([one, two])
    expect(new Set([alone, first, second]).size).toBe(3)
    expect(numbersFor([two, far])).toEqual([alone, numbersFor([far])[0]])
  })
  test('a third partner moves all three, and a stranger none', () => {
    const pair = numbersFor([one, two])
    const all = numbersFor([one, two, three])
    expect(new Set([...pair, ...all]).size).toBe(5)
    expect(numbersFor([one, far, two])).toEqual([pair[0], numbersFor([far])[0], pair[1]])
  })
  test('the order of rules tells nothing', () => {
    const [first, second, third] = numbersFor([one, two, three])
    expect(numbersFor([three, one, two])).toEqual([third, first, second])
  })
  test('however often they meet, each has its own, in range; and where there are none left it says so', () => {
    const digests = Array.from({ length: 60 }, (_, at) => digestOf(`${at}`))
    const given = numbersFor(digests, 300)
    expect(new Set(given).size).toBe(60)
    for (const number of given) expect(number - FIRST_LIVE).toBeLessThan(300)
    expect(numbersFor(digests.toReversed(), 300)).toEqual(given.toReversed())
    expect(() => numbersFor(digests, 59)).toThrow('59 numbers')
    expect(() => numbersFor([one, one])).toThrow('2 digests')
  })
})
