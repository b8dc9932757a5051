/**
 * Base64 and its URL form (RFC 4648), and UTF-7 (RFC 2152), where a whole value is it and what comes out can be read.
 * It deliberately leaves short values alone, for many words are base64, and binary ones, for firmware is.
 */
import { Rewriting, textOf } from './rewriting.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const values: Int8Array = new Int8Array(128).fill(-1)
for (let i = 0; i < 64; i++) values[alphabet.charCodeAt(i)] = i
values[0x2d] = 62
values[0x5f] = 63

/** In characters, its padding not counted. */
export const shortest = 10
/** A value that decodes to text hides it in its first part as well; the rest is not decoded. */
const longest = 1_048_576

/** In characters: no tool writes shorter lines, but for the last. */
const shortestLine = 40

/** Whether a text is base64 in lines, as mail, PEM and `base64` write it: all of one length. Of the first and the last a part will do. */
export function isInLines(text: string): boolean {
  const first = text.indexOf('\n') + 1
  if (first === 0 || !/^[A-Za-z0-9+/=\r\n]*$/.test(text)) return false
  const second = text.indexOf('\n', first) + 1
  const width = second === 0 ? first : second - first
  if (width <= shortestLine || first > width) return false
  for (let at = first; text.length - at > width; at += width)
    if (text.indexOf('\n', at) !== at + width - 1) return false
  return true
}

/** Whether a line of base64 begins there, and nothing else is on it. */
export function isLine(text: string, at: number): boolean {
  line.lastIndex = at
  return line.test(text)
}
const line = new RegExp(`[A-Za-z0-9+/]{${shortestLine},}={0,2}(?=[\\r\\n]|$)`, 'y')

/** What a value hides in base64, when all of it is base64 and what comes out is text; else null. */
export function decodeBase64(text: string): string | null {
  let end = text.length
  while (end > 0 && text.charCodeAt(end - 1) === 0x3d && text.length - end < 2) end--
  if (end < shortest || end > longest || end % 4 === 1) return null
  const out = new Uint16Array(Math.floor((end * 3) / 4))
  let length = 0
  let odd = 0
  // Bytes of a character of UTF-8 that are still to come.
  let more = 0
  for (let i = 0; i < end; i += 4) {
    let bits = 0
    let count = 0
    for (let j = i; j < i + 4 && j < end; j++, count++) {
      const code = text.charCodeAt(j)
      const value = code < 128 ? (values[code] ?? -1) : -1
      if (value < 0) return null
      bits = (bits << 6) | value
    }
    bits <<= (4 - count) * 6
    for (let k = 0; k < count - 1; k++) {
      const byte = (bits >> (16 - 8 * k)) & 0xff
      if (byte >= 0x80 && byte < 0xc0 && more > 0) more--
      else {
        if (more > 0 || byte < 9 || (byte > 13 && byte < 32) || (byte > 126 && byte < 0xc2) || byte > 0xf4)
          odd++
        more = byte < 0xc2 || byte > 0xf4 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3
      }
      out[length++] = byte
    }
    // Firmware shows itself in its first bytes.
    if (odd * 10 > length + 10) return null
  }
  return odd * 20 > length ? null : textOf(out.subarray(0, length))
}

/** `+ADw-script+AD4-` as UTF-7 has it; null where there is none that comes out as ASCII. */
export function decodeUtf7(text: string): string | null {
  const out = new Rewriting(text)
  for (let i = text.indexOf('+A'); i >= 0; i = text.indexOf('+A', i + 1)) {
    const shifted = shiftedAt(text, i + 1)
    if (shifted === null) continue
    out.putText(i, shifted.end, shifted.text)
    i = shifted.end - 1
  }
  return out.end()
}

function shiftedAt(text: string, from: number): { readonly text: string; readonly end: number } | null {
  let bits = 0
  let held = 0
  let out = ''
  let at = from
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const value = code < 128 && code !== 0x2d && code !== 0x5f ? (values[code] ?? -1) : -1
    if (value < 0) break
    bits = ((bits << 6) | value) & 0x3fffff
    held += 6
    if (held < 16) continue
    held -= 16
    const unit = (bits >> held) & 0xffff
    if (unit > 0x7e || (unit < 0x20 && unit !== 9 && unit !== 10 && unit !== 13)) return null
    out += String.fromCharCode(unit)
  }
  return out === '' ? null : { text: out, end: text[at] === '-' ? at + 1 : at }
}
