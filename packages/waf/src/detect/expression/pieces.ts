/**
 * The pieces of a text that template engines and expression languages would evaluate: what stands between the delimiters of
 * each of them, in the order in which they begin. One pass for the braces, one for all delimiters: where a piece ends is
 * known when it begins, so that a nested one costs no more than any other. It deliberately judges no piece.
 */
import { codeAt, spacesEnd } from '../characters.ts'

/** What begins a piece: braces behind some sign, or delimiters that have an end of their own. */
export type Opener = '${' | '#{' | '{{' | '<%' | '{%' | '@(' | '{php}' | '$[' | '<#'

/** Asked about what is from `from` to `end`; `at` is where the delimiter begins. */
type Ask<Found> = (open: Opener, at: number, from: number, end: number) => Found | null

/** What is not closed near by counts as far as this, behind the spaces it begins with. */
const longest = 600

const OPENING = 0x7b
const CLOSING = 0x7d
const DOLLAR = 0x24
const PERCENT = 0x25
const BACKSLASH = 0x5c

/** Asks about each piece; the first answer that is not null. */
export function eachPiece<Found>(text: string, ask: Ask<Found>): Found | null {
  const ends = bracesOf(text)
  const piece = (open: Opener, at: number, from: number, closed: number): Found | null => {
    const most = spacesEnd(text, from) + longest
    return ask(open, at, from, Math.min(closed < 0 ? text.length : closed, most, text.length))
  }
  const doubled = new Delimiter('{{', '}}', text)
  const page = new Delimiter('<%', '%>', text)
  const statement = new Delimiter('{%', '%}', text)
  const razor = new Delimiter('@(', ')', text)
  const php = new Delimiter('{php}', '{/php}', text)
  const index = new Delimiter('$[', ']', text)
  const directive = new Delimiter('<#', '>', text)
  const delimited = (by: Delimiter, at: number): Found | null => {
    const from = at + by.open.length
    return by.opens(from) ? piece(by.open, at, from, by.end) : null
  }

  let brace = 0
  // Up to here what is not closed was judged with what began before it, for each sign.
  const unclosed = new Int32Array(128)
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 127 || signs[code] === 0) continue
    const after = codeAt(text, at + 1)
    let found: Found | null = null
    if (code === OPENING) {
      const sign = signBefore(text, at)
      const end = ends[brace++] as number
      if (sign > 0 && (end >= 0 || at >= (unclosed[sign] as number))) {
        found = piece(sign === DOLLAR ? '${' : '#{', at - 1, at + 1, end)
        if (end < 0) unclosed[sign] = at + longest
      }
      if (found !== null) return found
      if (after === OPENING) found = delimited(doubled, at)
      else if (after === PERCENT) found = delimited(statement, at)
      else if (after === 0x70 && text.startsWith('{php}', at)) found = delimited(php, at)
    } else if (code === 0x3c) {
      if (after === PERCENT) found = delimited(page, at)
      else if (after === 0x23) found = delimited(directive, at)
    } else if (code === 0x40 && after === 0x28) found = delimited(razor, at)
    else if (code === DOLLAR && after === 0x5b) found = delimited(index, at)
    if (found !== null) return found
  }
  return null
}

const signs: Uint8Array = new Uint8Array(128)
for (const char of '{<@$') signs[char.charCodeAt(0)] = 1

/** Delimiters that have an end of their own; asked about from left to right. */
class Delimiter {
  readonly open: Opener
  readonly #close: string
  readonly #text: string
  /** Where the piece ends that began last; -1: nowhere. */
  end = -1
  #from = -1
  #isClosed = true

  constructor(open: Opener, close: string, text: string) {
    this.open = open
    this.#close = close
    this.#text = text
  }

  /** Whether a piece begins at `from`: one inside another belongs to that. */
  opens(from: number): boolean {
    if (this.#from >= 0 && from <= (this.#isClosed ? this.end : this.#from + longest)) return false
    this.#from = from
    if (this.#isClosed) this.end = this.#text.indexOf(this.#close, from)
    this.#isClosed = this.end >= 0
    return true
  }
}

/** The sign that makes the brace at `at` a delimiter: `$`, `#`, `%`, `*`, `@`, and `$\A` in some spellings; 0: none does. */
function signBefore(text: string, at: number): number {
  const before = codeAt(text, at - 1)
  if (before === DOLLAR || before === 0x23 || before === PERCENT || before === 0x2a || before === 0x40)
    return before
  if (before === BACKSLASH) return codeAt(text, at - 2) === DOLLAR ? BACKSLASH : 0
  if ((before !== 0x41 && before !== 0x42) || codeAt(text, at - 2) !== BACKSLASH) return 0
  const further = codeAt(text, at - 3) === BACKSLASH ? codeAt(text, at - 4) : codeAt(text, at - 3)
  return further === DOLLAR ? BACKSLASH : 0
}

/** For each opening brace of the text, in order, where it is closed; -1: nowhere. */
function bracesOf(text: string): Int32Array {
  let count = 0
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) === OPENING) count++
  const ends = new Int32Array(count).fill(-1)
  const open = new Int32Array(count)
  let brace = 0
  let depth = 0
  for (let at = 0; at < text.length && count > 0; at++) {
    const code = text.charCodeAt(at)
    if (code === OPENING) open[depth++] = brace++
    else if (code === CLOSING && depth > 0) ends[open[--depth] as number] = at
  }
  return ends
}
