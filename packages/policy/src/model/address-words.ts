/**
 * An address as 32-bit numbers: what is asked of it for every flow (whose is it, is it in this set, is it an answer) is
 * asked in these, several times for one reading of its digits.
 *
 * They never leave this package. Text is the form in which addresses are kept, compared and told.
 */
import type { Address } from './address.ts'

/** Of IPv4 the address is `a` and the others are 0. Signed: such numbers need no memory of their own. */
export interface AddressWords {
  readonly isFour: boolean
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
}

/** The numbers of an address. */
export function wordsOf(address: Address): AddressWords {
  const a = wordAt(address, 0)
  if (address.length === 8) return { isFour: true, a, b: 0, c: 0, d: 0 }
  return { isFour: false, a, b: wordAt(address, 8), c: wordAt(address, 16), d: wordAt(address, 24) }
}

function wordAt(address: Address, from: number): number {
  let bits = 0
  for (let at = from; at < from + 8; at++) {
    const code = address.charCodeAt(at)
    bits = (bits << 4) | ((code & 15) + 9 * (code >> 6))
  }
  return bits
}

/** Signed numbers in the order of unsigned ones, so that words compare as the addresses do. */
export function inOrder(word: number): number {
  return word ^ -(2 ** 31)
}
