/**
 * Percent escapes, the only decoding that is part of HTTP itself: `%41`, the old `%u0041` of some servers, and `+` in
 * forms. Works on texts with one character for each byte. It deliberately refuses nothing: what is no escape stays.
 */
import { nextOf, Rewriting } from './rewriting.ts'

const PERCENT = 0x25
const PLUS = 0x2b

/** The value of a hexadecimal digit, or -1. */
export function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

/** Digits from a place on, at most so many: what they spell, no more than 0x110000, and where they end. */
export function numberAt(
  text: string,
  from: number,
  most: number,
  base: 8 | 10 | 16,
): { readonly value: number; readonly end: number } {
  let value = 0
  let end = from
  for (; end < from + most; end++) {
    const digit = hexDigit(text.charCodeAt(end))
    if (digit < 0 || digit >= base) break
    value = Math.min(value * base + digit, 0x110000)
  }
  return { value, end }
}

/** As a URL or, with `plus: 'space'`, as a form is decoded. The same text where there is nothing to decode. */
export function decodePercent(text: string, plus: 'space' | 'plus'): string {
  const out = new Rewriting(text)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === PLUS && plus === 'space') {
      out.put(i, i + 1, 0x20)
    } else if (code === PERCENT) {
      const high = hexDigit(text.charCodeAt(i + 1))
      const low = high < 0 ? -1 : hexDigit(text.charCodeAt(i + 2))
      if (low < 0) continue
      out.put(i, i + 3, high * 16 + low)
      i += 2
    }
  }
  return out.end() ?? text
}

/** `%u2215` and its like; the same text where there is none. */
export function decodePercentU(text: string): string {
  const out = new Rewriting(text)
  for (let i = text.indexOf('%'); i >= 0; i = nextOf(text, '%', i + 1)) {
    if ((text.charCodeAt(i + 1) | 32) !== 0x75) continue
    const { value, end } = numberAt(text, i + 2, 4, 16)
    if (end < i + 6) continue
    out.put(i, end, value)
    i += 5
  }
  return out.end() ?? text
}

/**
 * Escapes as decoders read them that take any letter for a digit: `%qf` is 0xAF to them. Null where every escape is a
 * proper one, so that this view exists only for texts that aim at such decoders.
 */
export function decodeSloppyPercent(text: string): string | null {
  const out = new Rewriting(text)
  let sloppy = false
  for (let i = text.indexOf('%'); i >= 0; i = nextOf(text, '%', i + 1)) {
    const high = anyDigit(text.charCodeAt(i + 1))
    const low = anyDigit(text.charCodeAt(i + 2))
    if (high < 0 || low < 0) continue
    if (high > 15 || low > 15) sloppy = true
    out.put(i, i + 3, (high * 16 + low) & 0xff)
    i += 2
  }
  return sloppy ? out.end() : null
}

function anyDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  return lower >= 97 && lower <= 122 ? lower - 87 : -1
}
