/**
 * A table from addresses to small numbers: what a `Map` of texts does, but in one flat array of numbers.
 *
 * Every flow asks twice whose an address is. At 100,000 devices a `Map` answers with several trips to main memory (bucket,
 * entry, key, digits); this one with one, and mostly from the processor's cache. It keeps the size it was
 * made for: no growth, no removal, no iteration.
 */
import type { Address } from './address.ts'
import { type AddressWords, wordsOf } from './address-words.ts'

/** Made by `addressTable`, filled by `putAddress`, read by `findAddress`. Plain data. */
export interface AddressTable {
  readonly four: FamilyTable
  readonly six: FamilyTable
}

/** Open addressing with linear probing, a power of two of slots, at most half of them taken. */
interface FamilyTable {
  /** For each slot the value plus one (0: free), then the address in 32-bit words. Empty where there is room for none. */
  readonly slots: Int32Array
  /** Number of slots less one. */
  readonly mask: number
}

/** What `findAddress` and `putAddress` answer for an address that is not in the table. */
export const ABSENT = -1

/** An empty table with room for so many addresses of each family. */
export function addressTable(four: number, six: number): AddressTable {
  return { four: familyTable(four, 1), six: familyTable(six, 4) }
}

function familyTable(count: number, words: number): FamilyTable {
  if (count === 0) return { slots: new Int32Array(0), mask: 0 }
  let size = 2
  while (size < count * 2) size *= 2
  return { slots: new Int32Array(size * (words + 1)), mask: size - 1 }
}

/** Sets the value (from 0) of an address and returns the one it had. */
export function putAddress(table: AddressTable, address: Address, value: number): number {
  const words = wordsOf(address)
  const { a, b, c, d } = words
  if (words.isFour) {
    const { slots } = table.four
    const slot = slotOfFour(table.four, a)
    const before = (slots[slot] as number) - 1
    slots[slot] = value + 1
    slots[slot + 1] = a
    return before
  }
  const { slots } = table.six
  const slot = slotOfSix(table.six, words)
  const before = (slots[slot] as number) - 1
  slots[slot] = value + 1
  slots[slot + 1] = a
  slots[slot + 2] = b
  slots[slot + 3] = c
  slots[slot + 4] = d
  return before
}

/** The value of an address, or `ABSENT`. */
export function findAddress(table: AddressTable, address: Address): number {
  return findWords(table, wordsOf(address))
}

/** As `findAddress`, for an address whose numbers are known already. */
export function findWords({ four, six }: AddressTable, words: AddressWords): number {
  if (words.isFour)
    return four.slots.length === 0 ? ABSENT : (four.slots[slotOfFour(four, words.a)] as number) - 1
  return six.slots.length === 0 ? ABSENT : (six.slots[slotOfSix(six, words)] as number) - 1
}

/** Where an address is in the slots of its family, or the free slot where it would be. */
function slotOfFour({ slots, mask }: FamilyTable, a: number): number {
  let at = scatter(a) & mask
  while (slots[at * 2] !== 0 && slots[at * 2 + 1] !== a) at = (at + 1) & mask
  return at * 2
}

function slotOfSix({ slots, mask }: FamilyTable, { a, b, c, d }: AddressWords): number {
  let at = scatter(a ^ scatter(b ^ scatter(c ^ scatter(d)))) & mask
  while (
    slots[at * 5] !== 0 &&
    (slots[at * 5 + 4] !== d || slots[at * 5 + 3] !== c || slots[at * 5 + 2] !== b || slots[at * 5 + 1] !== a)
  )
    at = (at + 1) & mask
  return at * 5
}

/** Spreads neighbouring numbers over a table. */
export function scatter(word: number): number {
  const mixed = Math.imul(word ^ (word >>> 16), 0x45d9f3b)
  return mixed ^ (mixed >>> 16)
}
