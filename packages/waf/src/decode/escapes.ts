/**
 * Backslash escapes as JavaScript, JSON, Python and C write characters: `\x3c`, `\u003c`, `\u{3c}`, octal `\74`. Only what
 * spells a character by number; it deliberately leaves `\n`, `\'` and a path's `\windows` as they are.
 */
import { hexDigit } from './percent.ts'
import { nextOf, Rewriting } from './rewriting.ts'

/** The text with its escapes resolved; null where there is none. */
export function decodeEscapes(text: string): string | null {
  const out = new Rewriting(text)
  for (let i = text.indexOf('\\'); i >= 0; i = nextOf(text, '\\', i + 1)) {
    const found = escapeAt(text, i + 1)
    if (found === null) continue
    if (found.point < 0x10000) out.put(i, found.end, found.point)
    else out.putText(i, found.end, String.fromCodePoint(found.point))
    i = found.end - 1
  }
  return out.end()
}

/**
 * Escapes as CSS writes them: up to six hexadecimal digits and a space that belongs to them. Only those that spell
 * printable ASCII in two digits, zeros before them or not; null where there is none.
 */
export function decodeCssEscapes(text: string): string | null {
  const out = new Rewriting(text)
  for (let i = text.indexOf('\\'); i >= 0; i = nextOf(text, '\\', i + 1)) {
    let at = i + 1
    let value = 0
    while (at < i + 7 && hexDigit(text.charCodeAt(at)) >= 0)
      value = value * 16 + hexDigit(text.charCodeAt(at++))
    if (at < i + 3 || value < 0x20 || value > 0x7e) continue
    if (text[at] === ' ') at++
    out.put(i, at, value)
    i = at - 1
  }
  return out.end()
}

type Found = { readonly point: number; readonly end: number }

function escapeAt(text: string, at: number): Found | null {
  const kind = text.charCodeAt(at) | 32
  if (kind === 0x78) return hexadecimal(text, at + 1, 2)
  if (kind === 0x75) return text[at + 1] === '{' ? braced(text, at + 2) : hexadecimal(text, at + 1, 4)
  return octal(text, at)
}

function hexadecimal(text: string, from: number, digits: number): Found | null {
  let value = 0
  for (let i = from; i < from + digits; i++) {
    const digit = hexDigit(text.charCodeAt(i))
    if (digit < 0) return null
    value = value * 16 + digit
  }
  return { point: value, end: from + digits }
}

function braced(text: string, from: number): Found | null {
  let value = 0
  let at = from
  for (; at < text.length; at++) {
    const digit = hexDigit(text.charCodeAt(at))
    if (digit < 0) break
    value = Math.min(value * 16 + digit, 0x110000)
  }
  return at === from || text[at] !== '}' || value > 0x10ffff ? null : { point: value, end: at + 1 }
}

/** Two or three octal digits that spell printable ASCII; fewer or other numbers are more often a path or a number. */
function octal(text: string, from: number): Found | null {
  let value = 0
  let at = from
  for (; at < from + 3; at++) {
    const digit = text.charCodeAt(at) - 48
    if (!(digit >= 0 && digit <= 7)) break
    value = value * 8 + digit
  }
  return at - from >= 2 && value >= 0x20 && value < 0x7f ? { point: value, end: at } : null
}
