/**
 * Bytes to characters: strictly, as every present decoder does (RFC 3629), and leniently, as old ones did that took
 * overlong and broken sequences for the characters they spell. It deliberately does not say what is to be done about
 * the difference.
 */
import { Rewriting } from './rewriting.ts'

/** Whether every character stands for one byte and some byte is not ASCII: a text that can still be decoded. */
function isByteText(text: string): boolean {
  let high = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0xff) return false
    if (code > 0x7f) high = true
  }
  return high
}

/** The characters, or null when the bytes are no UTF-8. ASCII comes back as it is. */
export function decodeUtf8(text: string): string | null {
  if (!isByteText(text)) return text
  const out = new Rewriting(text)
  for (let i = 0; i < text.length; i++) {
    const lead = text.charCodeAt(i)
    if (lead < 0x80) continue
    const more =
      lead >= 0xc2 && lead < 0xe0 ? 1 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xf0 && lead < 0xf5 ? 3 : 0
    if (more === 0) return null
    let point = lead & (0x3f >> more)
    for (let j = 1; j <= more; j++) {
      const next = text.charCodeAt(i + j)
      if ((next & 0xc0) !== 0x80 || next > 0xff) return null
      point = point * 64 + (next & 0x3f)
    }
    if ((more === 2 && point < 0x800) || (more === 3 && point < 0x10000)) return null
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return null
    if (point < 0x10000) out.put(i, i + more + 1, point)
    else out.putText(i, i + more + 1, String.fromCodePoint(point))
    i += more
  }
  return out.end() ?? text
}

/**
 * As lenient decoders read it: the length a lead byte announces is believed, and of each further byte only the low six
 * bits count. Only sequences that come out as ASCII are replaced; null where there is none.
 */
export function decodeOverlong(text: string): string | null {
  const out = new Rewriting(text)
  for (let i = 0; i < text.length; i++) {
    const lead = text.charCodeAt(i)
    if (lead < 0xc0 || lead > 0xfd) continue
    const more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf8 ? 3 : lead < 0xfc ? 4 : 5
    if (i + more >= text.length) continue
    let point = lead & (0x3f >> more)
    for (let j = 1; j <= more && point >= 0; j++) {
      const next = text.charCodeAt(i + j)
      point = next > 0xff ? -1 : point * 64 + (next & 0x3f)
    }
    if (point < 0 || point > 0x7f) continue
    out.put(i, i + more + 1, point)
    i += more
  }
  return out.end()
}

/**
 * As decoders read it that drop what is not UTF-8: `c0 5c` is a backslash to them. Null where all is UTF-8. Only for texts
 * that hold a lead byte no UTF-8 has, so that bytes of other charsets do not make a view.
 */
export function decodeDropping(text: string): string | null {
  const out = new Rewriting(text)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0xff) return null
    if (code !== 0xc0 && code !== 0xc1) continue
    const next = text.charCodeAt(i + 1)
    // With `af` behind it, of both only the low six bits count for some: a slash.
    const low = next >= 0x80 && next <= 0xff ? next & 0x3f : -1
    const end = low < 0 ? i + 1 : i + 2
    if (low === 0x2f || low === 0x2e) out.put(i, end, low)
    else out.putText(i, end, '')
    i = end - 1
  }
  return out.end()
}
