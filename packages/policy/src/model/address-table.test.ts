/** The table of addresses, held against a plain `Map`: both families, sets that collide, values put twice. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Address } from './address.ts'
import { ABSENT, addressTable, findAddress, putAddress } from './address-table.ts'

/** Few different words, so that addresses share words, and an IPv4 one the words of an IPv6 one. */
const word = fc.constantFrom(
  '00000000',
  '00000001',
  '0a400001',
  '0a400002',
  '7fffffff',
  '80000000',
  'ffffffff',
)
const wild = fc.nat(0xffff_ffff).map((bits) => bits.toString(16).padStart(8, '0'))
const address = fc
  .oneof(
    fc.array(word, { minLength: 1, maxLength: 1 }),
    fc.array(word, { minLength: 4, maxLength: 4 }),
    fc.array(wild, { minLength: 1, maxLength: 1 }),
    fc.array(wild, { minLength: 4, maxLength: 4 }),
  )
  .map((words) => words.join('') as Address)

const countOf = (addresses: readonly Address[], length: number): number =>
  new Set(addresses.filter((one) => one.length === length)).size

test('it answers as a map does', () => {
  fc.assert(
    fc.property(fc.array(address, { maxLength: 60 }), fc.array(address, { maxLength: 30 }), (put, asked) => {
      // Room for exactly what is put: as full as a table gets.
      const table = addressTable(countOf(put, 8), countOf(put, 32))
      const map = new Map<Address, number>()
      for (const [value, one] of put.entries()) {
        expect(putAddress(table, one, value)).toBe(map.get(one) ?? ABSENT)
        map.set(one, value)
      }
      for (const one of [...put, ...asked]) expect(findAddress(table, one)).toBe(map.get(one) ?? ABSENT)
    }),
    { numRuns: 500 },
  )
})

test('neighbours in great number, and of two families, stay apart', () => {
  const hex = (bits: number): string => bits.toString(16).padStart(8, '0')
  const fours = Array.from({ length: 50_000 }, (_, at) => hex(0x0a40_0000 + at) as Address)
  const sixes = fours.map((four) => `fd200000${'0'.repeat(16)}${four}` as Address)
  const table = addressTable(fours.length, sixes.length)
  const expected = [...fours, ...sixes].map((one, at) => [putAddress(table, one, at), at])
  expect(expected.every(([before]) => before === ABSENT)).toBe(true)
  expect([...fours, ...sixes].every((one, at) => findAddress(table, one) === at)).toBe(true)
  expect(findAddress(table, hex(0x0a40_0000 + 50_000) as Address)).toBe(ABSENT)
})
