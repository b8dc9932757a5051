/**
 * Reads elements as nft writes them and puts them down as the kernel keeps them, straight from one buffer into another:
 * half a million pass through here when a large site is loaded.
 *
 * It knows each value in the one form that the compiler writes. Whatever else there may be is for nft to read.
 */
import { type Field, type Layout, SIZES } from './element-layout.ts'

/** Reads a list of elements one after the other. */
export class ElementReader {
  /** Of the element that was read last; 0 for none. */
  timeoutMs = 0
  private at = 0
  private readonly text: Uint8Array
  private readonly layout: Layout

  constructor(text: Uint8Array, layout: Layout) {
    this.text = text
    this.layout = layout
  }

  /** Past white space, whether there is another element. */
  get hasMore(): boolean {
    this.skipSpace()
    return this.at < this.text.length
  }

  /**
   * Writes the next element's key at `keyAt` of a buffer, and its data at `dataAt`; false where the text is not in the form
   * that is known here.
   */
  read(into: Uint8Array, keyAt: number, dataAt: number): boolean {
    const { key, data } = this.layout
    let to = keyAt
    for (let index = 0; index < key.length; index++) {
      if (index > 0 && !this.take(SPACE, DOT, SPACE)) return false
      const field = key[index] as Field
      if (!this.value(field, into, to)) return false
      to += SIZES[field]
    }
    this.timeoutMs = 0
    if (this.peek(SPACE, LETTER_T) && !this.timeout()) return false
    if (data !== null && !(this.take(SPACE, COLON, SPACE) && this.value(data, into, dataAt))) return false
    if (this.text[this.at] !== COMMA) return !this.hasMore
    this.at += 1
    return true
  }

  private value(field: Field, into: Uint8Array, to: number): boolean {
    switch (field) {
      case 'ipv4':
        return this.ipv4(into, to)
      case 'ipv6':
        return this.ipv6(into, to)
      case 'link':
        return this.link(into, to)
      case 'raw128':
        return this.raw(into, to, 16)
      case 'raw48':
        into[to + 6] = 0
        into[to + 7] = 0
        return this.raw(into, to, 6)
      case 'mark':
        return this.mark(into, to)
      case 'class':
        return this.classId(into, to)
      default:
        return field satisfies never
    }
  }

  private ipv4(into: Uint8Array, to: number): boolean {
    const { text } = this
    let at = this.at
    for (let part = 0; part < 4; part++) {
      if (part > 0 && text[at++] !== DOT) return false
      const from = at
      let value = 0
      for (let digit = digitAt(text, at); digit < 10 && at - from < 3; digit = digitAt(text, at)) {
        value = value * 10 + digit
        at += 1
      }
      // `010` is eight to some.
      if (at === from || value > 255 || (text[from] === ZERO && at - from > 1)) return false
      into[to + part] = value
    }
    this.at = at
    return true
  }

  /** As `formatAddress` writes it: no dots, and at most one run of zeros left out. */
  private ipv6(into: Uint8Array, to: number): boolean {
    const { text } = this
    let at = this.at
    /** Where the next group goes, and where zeros are left out. */
    let next = to
    let gap = -1
    if (text[at] === COLON) {
      if (text[at + 1] !== COLON) return false
      gap = next
      at += 2
    }
    for (;;) {
      let digit = digitAt(text, at)
      // After a gap there may be nothing.
      if (digit > 15) {
        if (gap !== next) return false
        break
      }
      if (next === to + 16) return false
      let value = 0
      for (const end = at + 4; digit < 16 && at < end; digit = digitAt(text, at)) {
        value = value * 16 + digit
        at += 1
      }
      into[next] = value >>> 8
      into[next + 1] = value & 255
      next += 2
      if (text[at] !== COLON) break
      at += 1
      if (text[at] === COLON) {
        if (gap !== -1) return false
        gap = next
        at += 1
      }
    }
    this.at = at
    if (gap === -1) return next === to + 16
    if (next === to + 16) return false
    let end = to + 16
    while (next > gap) into[--end] = into[--next] as number
    while (end > gap) into[--end] = 0
    return true
  }

  private link(into: Uint8Array, to: number): boolean {
    const { text } = this
    let at = this.at
    for (let part = 0; part < 6; part++) {
      if (part > 0 && text[at++] !== COLON) return false
      const value = pairAt(text, at)
      if (value > 255) return false
      into[to + part] = value
      at += 2
    }
    into[to + 6] = 0
    into[to + 7] = 0
    this.at = at
    return true
  }

  private raw(into: Uint8Array, to: number, bytes: number): boolean {
    if (!this.take(ZERO, LETTER_X)) return false
    const { text, at } = this
    for (let part = 0; part < bytes; part++) {
      const value = pairAt(text, at + 2 * part)
      if (value > 255) return false
      into[to + part] = value
    }
    this.at = at + 2 * bytes
    return true
  }

  private mark(into: Uint8Array, to: number): boolean {
    if (!this.take(ZERO, LETTER_X)) return false
    const value = this.hex(8)
    if (value < 0) return false
    writeLittle(into, to, value)
    return true
  }

  private classId(into: Uint8Array, to: number): boolean {
    const major = this.hex(4)
    if (major < 0 || !this.take(COLON)) return false
    const minor = this.hex(4)
    if (minor < 0) return false
    writeLittle(into, to, major * 0x10000 + minor)
    return true
  }

  /** ` timeout 1d2h3m4s5ms`. */
  private timeout(): boolean {
    for (let index = 0; index < TIMEOUT.length; index++)
      if (this.text[this.at + index] !== TIMEOUT[index]) return false
    this.at += TIMEOUT.length
    let total = 0
    do {
      let amount = 0
      const from = this.at
      while (this.digit() < 10) {
        amount = amount * 10 + this.digit()
        this.at += 1
      }
      if (this.at === from || this.at - from > 9) return false
      const unit = this.unitMs()
      if (unit === 0) return false
      total += amount * unit
    } while (this.digit() < 10)
    this.timeoutMs = total
    return total > 0
  }

  private unitMs(): number {
    if (this.take(LETTER_M, LETTER_S)) return 1
    for (const [letter, length] of UNITS) if (this.take(letter)) return length
    return 0
  }

  /** Of at most so many digits; −1 where there is none, or one more. */
  private hex(most: number): number {
    let value = 0
    let digits = 0
    for (let digit = this.digit(); digit < 16; digit = this.digit()) {
      if (digits === most) return -1
      value = value * 16 + digit
      digits += 1
      this.at += 1
    }
    return digits === 0 ? -1 : value
  }

  private digit(): number {
    return digitAt(this.text, this.at)
  }

  private peek(first: number, second?: number): boolean {
    return this.text[this.at] === first && (second === undefined || this.text[this.at + 1] === second)
  }

  private take(first: number, second?: number, third?: number): boolean {
    if (!this.peek(first, second) || (third !== undefined && this.text[this.at + 2] !== third)) return false
    this.at += third !== undefined ? 3 : second !== undefined ? 2 : 1
    return true
  }

  private skipSpace(): void {
    for (;;) {
      const code = this.text[this.at]
      if (code !== SPACE && code !== NEWLINE && code !== TAB) return
      this.at += 1
    }
  }
}

/** The value of the digit there, small letters among them; 16 for what is none. */
function digitAt(text: Uint8Array, at: number): number {
  const code = text[at] ?? 0
  if (code >= ZERO && code <= NINE) return code - ZERO
  return code >= LETTER_A && code <= LETTER_F ? code - LETTER_A + 10 : 16
}

/** The value of two digits; more than 255 where there are none. */
function pairAt(text: Uint8Array, at: number): number {
  const low = digitAt(text, at + 1)
  return low > 15 ? 256 : digitAt(text, at) * 16 + low
}

function writeLittle(into: Uint8Array, to: number, value: number): void {
  into[to] = value & 255
  into[to + 1] = (value >>> 8) & 255
  into[to + 2] = (value >>> 16) & 255
  into[to + 3] = value >>> 24
}

const TAB = 9
const NEWLINE = 10
const SPACE = 32
const COMMA = 44
const DOT = 46
const ZERO = 48
const NINE = 57
const COLON = 58
const LETTER_A = 97
const LETTER_F = 102
const LETTER_M = 109
const LETTER_S = 115
const LETTER_T = 116
const LETTER_X = 120
const TIMEOUT: readonly number[] = Array.from(' timeout ', (letter) => letter.charCodeAt(0))
const UNITS: readonly (readonly [letter: number, lengthMs: number])[] = [
  [100, 86_400_000],
  [104, 3_600_000],
  [LETTER_M, 60_000],
  [LETTER_S, 1000],
]
