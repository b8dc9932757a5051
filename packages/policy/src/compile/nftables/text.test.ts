/** Large sets say how large, and sets whose elements end how often they are swept: neither changes what they hold. */
import { expect, test } from 'vitest'
import { type SetDeclaration, type TableDeclaration, writeTable } from './text.ts'

const table = (set: Partial<SetDeclaration>, count: number): TableDeclaration => ({
  family: 'inet',
  name: 'thingwall',
  counters: [],
  chains: [],
  sets: [
    {
      kind: 'set',
      name: 'claimed',
      type: 'type ipv4_addr',
      elements: Array.from({ length: count }, (_, at) => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`),
      isDerived: true,
      ...set,
    },
  ],
})
const textOf = (set: Partial<SetDeclaration>, count: number): string =>
  writeTable(table(set, count)).textWith('x')

test('a large set has room for four times its elements', () => {
  expect(textOf({}, 10_000)).toContain('\t\ttype ipv4_addr\n\t\tsize 40000\n\t\telements = {')
  expect(textOf({ flags: ['timeout'] }, 20_000)).toContain(
    '\t\tflags timeout\n\t\tgc-interval 1m\n\t\tsize 80000\n',
  )
})

test.each<[string, Partial<SetDeclaration>]>([
  ['a set that packets fill, whose room must be free again', { flags: ['dynamic', 'timeout'] }],
  [
    'a map, of which nft 1.0.6 cannot say it',
    { kind: 'map', type: 'type ipv4_addr : mark', flags: ['timeout'] },
  ],
  ['a set without ends', {}],
])('%s is swept as usual', (_, set) => {
  expect(textOf(set, 1)).not.toContain('gc-interval')
})

test.each<[string, Partial<SetDeclaration>, number]>([
  ['a small set', {}, 9999],
  ['an interval set, which is a tree', { flags: ['interval'] }, 10_000],
  ['a set that says its size itself', { extra: ['size 12345'] }, 10_000],
])('%s is not told another size', (_, set, count) => {
  expect(textOf(set, count).match(/size \d+/g) ?? []).toEqual(set.extra ?? [])
})

test('the digest is not taken of it', () => {
  expect(writeTable(table({}, 10_000)).lasting).toBe(writeTable(table({}, 1)).lasting)
})
