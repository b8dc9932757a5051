/**
 * All the ways in which software behind us may read one text: every decoding applied to every result, down to a bounded
 * fixpoint. At most five layers and twelve views, no view longer than the text it came from; a text in which nothing
 * can be decoded costs one look at its characters. It deliberately judges nothing: every view is judged by others.
 */
import { Work } from '../model/work.ts'
import { decodeBase64, decodeUtf7, isInLines, shortest } from './base64.ts'
import { dropComments } from './comments.ts'
import { decodeEntities } from './entities.ts'
import { decodeCssEscapes, decodeEscapes } from './escapes.ts'
import { foldCharacters } from './fold.ts'
import { decodeHex } from './hex.ts'
import { decodePercent, decodePercentU, decodeSloppyPercent } from './percent.ts'
import { nextOf, Rewriting } from './rewriting.ts'
import { decodeDropping, decodeOverlong, decodeUtf8 } from './utf8.ts'

/** One reading of a text, and what was decoded to get there, outermost first. */
export interface View {
  readonly text: string
  readonly layers: readonly string[]
}

const mostLayers = 5
const mostViews = 12

/** What a text holds that some decoder works on; bits, because it is asked for every value of every request. */
const PERCENT = 1
const AMPERSAND = 2
const BACKSLASH = 4
const PLUS = 8
const HIGH = 16
const CONTROL = 32
const NOT_BASE64 = 64
const INVISIBLE = 128
const COMMENT = 256

const classes: Uint16Array = new Uint16Array(128).fill(NOT_BASE64)
for (let i = 0; i < 32; i++) classes[i] = NOT_BASE64 | (i === 9 || i === 10 || i === 13 ? 0 : CONTROL)
classes[127] = NOT_BASE64 | CONTROL
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-_=')
  classes[char.charCodeAt(0)] = 0
classes[0x2b] = PLUS
classes[0x25] = PERCENT | NOT_BASE64
classes[0x26] = AMPERSAND | NOT_BASE64
classes[0x5c] = BACKSLASH | NOT_BASE64
classes[0x2a] = COMMENT | NOT_BASE64

function contentsOf(text: string): number {
  let mask = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 128) mask |= classes[code] ?? 0
    else mask |= HIGH | NOT_BASE64 | (isInvisible(code) ? INVISIBLE : 0)
  }
  // A star alone is no comment; most texts that have one have no more.
  return (mask & COMMENT) !== 0 && !text.includes('/*') ? mask & ~COMMENT : mask
}

/** Characters that show nothing and that filters and parsers drop: soft hyphen, zero width, directions, BOM. */
function isInvisible(code: number): boolean {
  return (
    code === 0xad ||
    (code >= 0x200b && code <= 0x200f) ||
    (code >= 0x202a && code <= 0x202e) ||
    code === 0xfeff
  )
}

interface Decoder {
  readonly layer: string
  /** It can only change a text that holds one of these. */
  readonly works: number
  /** Null, or the same text, where there is nothing to decode. */
  readonly decode: (text: string) => string | null
  /** Nobody decodes it twice. */
  readonly once?: true
}

const decoders: readonly Decoder[] = [
  { layer: 'percent', works: PERCENT, decode: (text) => decodePercent(text, 'plus') },
  { layer: 'percent-u', works: PERCENT, decode: decodePercentU },
  { layer: 'percent-sloppy', works: PERCENT, decode: decodeSloppyPercent },
  { layer: 'utf-8', works: HIGH, decode: decodeUtf8 },
  { layer: 'overlong', works: HIGH, decode: decodeOverlong },
  { layer: 'utf-8-dropping', works: HIGH, decode: decodeDropping },
  { layer: 'folded', works: HIGH, decode: foldCharacters },
  { layer: 'entities', works: AMPERSAND, decode: (text) => decodeEntities(text, 'data') },
  { layer: 'escapes', works: BACKSLASH, decode: decodeEscapes },
  { layer: 'css-escapes', works: BACKSLASH, decode: decodeCssEscapes, once: true },
  { layer: 'utf-7', works: PLUS, decode: decodeUtf7, once: true },
  { layer: 'plus', works: PLUS, decode: decodePlus, once: true },
  { layer: 'controls', works: CONTROL | INVISIBLE, decode: dropControls },
  { layer: 'comments', works: COMMENT, decode: dropComments, once: true },
]

/** `+` for a space, where there is no other space: a form that was encoded twice. One alone is a sign, but not in a tag. */
function decodePlus(text: string): string | null {
  const first = text.indexOf('+')
  if (first < 0 || text.includes(' ')) return null
  if ((text.indexOf('+', first + 1) < 0 && !text.includes('<')) || isInLines(text)) return null
  const out = new Rewriting(text)
  for (let at = first; at >= 0; at = nextOf(text, '+', at + 1)) out.put(at, at + 1, 0x20)
  return out.end()
}

function dropControls(text: string): string {
  const out = new Rewriting(text)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 128 ? ((classes[code] ?? 0) & CONTROL) === 0 : !isInvisible(code)) continue
    out.putText(i, i + 1, '')
  }
  return out.end() ?? text
}

const works = PERCENT | AMPERSAND | BACKSLASH | PLUS | HIGH | CONTROL | INVISIBLE | COMMENT

/** Whether the text has no view but itself. Most have none, and this is one look at their characters. */
export function isPlain(text: string): boolean {
  const contents = contentsOf(text)
  return (contents & works) === 0 && ((contents & NOT_BASE64) !== 0 || text.length < shortest)
}

/** The text itself, then what decodes from it, nearest first. */
export function viewsOf(text: string): View[] {
  const all = new Views(text, new Work(Infinity))
  const views: View[] = []
  for (let view = all.next(); view !== null; view = all.next()) views.push(view)
  return views
}

/** For each character that a decoder looks at, and for each that it gives. */
const lookSteps = 2
const giveSteps = 4

/** The views of a text one after the other; a view is decoded when it is asked for. */
export class Views {
  readonly #work: Work
  readonly #views: View[]
  /** The next that is given, and the next that others are decoded from. */
  #next = 0
  #from = 0

  constructor(text: string, work: Work) {
    this.#work = work
    this.#views = [{ text, layers: [] }]
  }

  /** Null where there are no more, or where it would take too much work. */
  next(): View | null {
    while (this.#next >= this.#views.length && this.#views.length < mostViews) {
      const from = this.#views[this.#from++]
      if (from === undefined) return null
      if (from.layers.length < mostLayers) this.#expand(from)
    }
    return this.#work.isOver ? null : (this.#views[this.#next++] ?? null)
  }

  #expand(view: View): void {
    const { text } = view
    const contents = contentsOf(text)
    if ((contents & NOT_BASE64) === 0) {
      if (!this.#work.spend(text.length * lookSteps)) return
      this.#add(view, 'base64', decodeBase64(text))
      this.#add(view, 'hex', decodeHex(text))
      if ((contents & PLUS) === 0) return
    }
    for (const { layer, works, decode, once } of decoders) {
      if ((contents & works) === 0 || (once === true && view.layers.includes(layer))) continue
      if (this.#views.length >= mostViews || !this.#work.spend(text.length * lookSteps)) return
      this.#add(view, layer, decode(text))
    }
  }

  #add(from: View, layer: string, text: string | null): void {
    if (text === null || text === '' || this.#views.length >= mostViews) return
    if (!this.#work.spend(text.length * giveSteps)) return
    if (this.#views.some((view) => view.text === text)) return
    this.#views.push({ text, layers: [...from.layers, layer] })
  }
}
