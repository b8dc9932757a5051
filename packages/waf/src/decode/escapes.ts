/**
 * Backslash escapes as JavaScript, JSON, Python and C write characters: `\x3c`, `\u003c`, `\u{3c}`, octal `\74`. Only what
 * spells a character by number; it deliberately leaves `\n`, `\'` and a path's `\windows` as they are.
 */
import { numberAt } from './percent.ts'
import { nextOf, Rewriting } from './rewriting.ts'

/** The text with its escapes resolved; null where there is none. */
export function decodeEscapes(text: string): string | null {
  const out = new Rewriting(text)
  for (let i = text.indexOf('\\'); i >= 0; i = nextOf(text, '\\', i + 1)) {
    const found = escapeAt(text, i + 1)
    if (found === null) continue
    if (found.value < 0x10000) out.put(i, found.end, found.value)
    else out.putText(i, found.end, String.fromCodePoint(found.value))
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
    const { value, end } = numberAt(text, i + 1, 6, 16)
    if (end < i + 3 || value < 0x20 || value > 0x7e) continue
    const next = text[end] === ' ' ? end + 1 : end
    out.put(i, next, value)
    i = next - 1
  }
  return out.end()
}

type Found = ReturnType<typeof numberAt>

function escapeAt(text: string, at: number): Found | null {
  const kind = text.charCodeAt(at) | 32
  if (kind === 0x78) return hexadecimal(text, at + 1, 2)
  if (kind === 0x75) return text[at + 1] === '{' ? braced(text, at + 2) : hexadecimal(text, at + 1, 4)
  return octal(text, at)
}

function hexadecimal(text: string, from: number, digits: number): Found | null {
  const found = numberAt(text, from, digits, 16)
  return found.end === from + digits ? found : null
}

function braced(text: string, from: number): Found | null {
  const { value, end } = numberAt(text, from, Infinity, 16)
  return end === from || text[end] !== '}' || value > 0x10ffff ? null : { value, end: end + 1 }
}

/** Two or three octal digits that spell printable ASCII; fewer or other numbers are more often a path or a number. */
function octal(text: string, from: number): Found | null {
  const found = numberAt(text, from, 3, 8)
  return found.end - from >= 2 && found.value >= 0x20 && found.value < 0x7f ? found : null
}
