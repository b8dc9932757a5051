/**
 * A text of no declared shape. What it looks like is what a lenient server may take it for: JSON or a form are read as
 * such, everything else is one text. It deliberately trusts that look only as far as it holds: a text that stops being
 * JSON is judged as a text from the piece on in which it stops.
 */
import type { BodyReader } from './body-reader.ts'
import { byteText } from './bytes.ts'
import { FormStream } from './form-stream.ts'
import { graphqlDocument } from './graphql.ts'
import { JsonStream } from './json-stream.ts'
import { LongValue } from './long-value.ts'
import { jsonEvents, type Reading, Values } from './reading.ts'
import type { Piece } from './windows.ts'

const formLike = /^[\w.[\]$%-]{1,64}=/

export function textReader(reading: Reading): BodyReader {
  const text = new LooseText(reading)
  const value = new LongValue('none', (piece) => text.piece(piece))
  return {
    write: (chunk) => value.write(byteText(chunk)),
    end: () => value.end(),
  }
}

/** The pieces of one text. */
class LooseText {
  readonly #reading: Reading
  readonly #values: Values
  #json: JsonStream | null = null
  #form: FormStream | null = null
  /** How much of the text was read as JSON or as a form. */
  #read = 0

  constructor(reading: Reading) {
    this.#reading = reading
    this.#values = new Values(reading, Infinity)
  }

  piece(piece: Piece): boolean {
    if (piece.at === 0) this.#begin(piece)
    const fresh = piece.text.slice(this.#read - piece.at)
    this.#read = piece.at + piece.text.length
    if (this.#json !== null) {
      this.#json.write(fresh)
      if (piece.last) this.#json.end()
      if (this.#reading.stopped) return true
      if (this.#json.fault === null) return false
      this.#json = null
    }
    const document = piece.at === 0 && piece.last ? graphqlDocument(piece.text) : null
    // It has a type that many servers do not ask for.
    for (const text of document?.strings ?? [])
      if (this.#values.value('/string', { text, at: 0, last: true })) return true
    if (this.#values.value('', document === null ? piece : { ...piece, text: document.skeleton })) return true
    this.#form?.write(fresh)
    if (piece.last) this.#form?.end()
    return this.#reading.stopped
  }

  #begin({ text }: Piece): void {
    const begin = text.trimStart()
    const fields = { ...this.#reading.limits, depth: 64, fields: 10_000 }
    if (begin.startsWith('{') || begin.startsWith('['))
      this.#json = new JsonStream(fields, jsonEvents(this.#reading, ''))
    else if (formLike.test(begin)) this.#form = new FormStream(this.#reading, null)
  }
}
