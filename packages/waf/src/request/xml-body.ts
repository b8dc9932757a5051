/**
 * XML as it flows: every piece of the document as a text, for what is about documents, and every name, attribute and text
 * in it. Pieces overlap, so that what straddles two is read in one of them. It deliberately resolves no entity and follows no
 * DTD (that is refused elsewhere), and takes only charsets in which ASCII is ASCII.
 */
import type { BodyReader } from './body-reader.ts'
import { byteText } from './bytes.ts'
import { LongValue } from './long-value.ts'
import { type Reading, Values } from './reading.ts'
import { overlapLength, type Piece } from './windows.ts'
import { type XmlToken, xmlTexts, xmlTokens } from './xml-tokens.ts'

export function xmlReader(reading: Reading): BodyReader {
  const document = new XmlPieces(reading)
  const value = new LongValue('none', (piece) => document.piece(piece))
  return {
    write: (chunk) => value.write(byteText(chunk)),
    end: () => value.end(),
  }
}

const declared = /^<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([^"']{0,40})["']/
const asciiCompatible =
  /^(?:utf-8|us-ascii|iso-8859-\d{1,2}|windows-125\d|gbk|gb2312|gb18030|big5|euc-\w{2}|shift_jis)$/i

class XmlPieces {
  readonly #reading: Reading
  readonly #values: Values
  #depth = 0

  constructor(reading: Reading) {
    this.#reading = reading
    this.#values = new Values(reading)
  }

  piece(piece: Piece): boolean {
    const { text, at, last } = piece
    if (at === 0 && this.#headFault(text)) return true
    if (this.#values.value('', piece, 'file')) return true
    // What begins in the part that the next piece has too is read there, where more of it is to be seen.
    const end = last ? text.length : text.length - overlapLength
    for (const token of xmlTokens(text)) {
      if (token.at >= end) break
      if (this.#nested(token) || this.#token(token, text)) return true
    }
    return false
  }

  #headFault(text: string): boolean {
    if (text.startsWith('\xfe\xff') || text.startsWith('\xff\xfe') || text.slice(0, 4).includes('\0'))
      return this.#reading.refuse('xml', 'XML in UTF-16 or UTF-32')
    const encoding = declared.exec(text.replace(/^\ufeff/, ''))?.[1]
    return encoding !== undefined && !asciiCompatible.test(encoding)
      ? this.#reading.refuse('xml', 'XML in a charset that hides what it says', encoding)
      : false
  }

  /** How deep it goes, as far as tags say so. */
  #nested(token: XmlToken): boolean {
    if (token.kind === 'end') this.#depth = Math.max(0, this.#depth - 1)
    if (token.kind !== 'start' || token.selfClosing) return false
    return ++this.#depth > this.#reading.limits.depth
      ? this.#reading.refuse('xml', `deeper than ${this.#reading.limits.depth}`)
      : false
  }

  #token(token: XmlToken, text: string): boolean {
    for (const { name, part, text: inner } of xmlTexts(token, text))
      if (part === 'name' ? this.#reading.name(inner, name) : this.#value(name, inner)) return true
    return false
  }

  #value(name: string, text: string): boolean {
    return this.#reading.count() || this.#values.value(name, { text, at: 0, last: true })
  }
}
