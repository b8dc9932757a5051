/**
 * Text written as hexadecimal digits, two for each character: `3c62`, `0x3c62`, as databases and dumps write it. All of a
 * value has to be it and has to come out as printable ASCII, which no digest and no firmware does.
 */
import { hexDigit } from './percent.ts'

/** In digits. */
const shortest = 16

/** What a value spells in digits; null where it spells no text. */
export function decodeHex(text: string): string | null {
  const from = text.startsWith('0x') || text.startsWith('0X') ? 2 : 0
  const digits = text.length - from
  if (digits < shortest || digits % 2 !== 0) return null
  let out = ''
  for (let at = from; at < text.length; at += 2) {
    const [high, low] = [hexDigit(text.charCodeAt(at)), hexDigit(text.charCodeAt(at + 1))]
    const code = high < 0 || low < 0 ? -1 : high * 16 + low
    const isText = (code >= 0x20 && code < 0x7f) || code === 9 || code === 10 || code === 13
    if (!isText) return null
    out += String.fromCharCode(code)
  }
  return out
}
