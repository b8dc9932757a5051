/**
 * JSON (RFC 8259) as it flows: text comes in pieces cut anywhere, keys and values go out as soon as they are complete, and
 * a fault is told where it stands. Strict: no comments, no trailing commas, no key twice, no byte order mark. It deliberately
 * judges nothing and builds no value: who wants one makes it of what is told.
 *
 * It is long because a tokenizer that may be interrupted at every character is one machine.
 */
import { copied, type Piece, Windows, windowLength } from './windows.ts'

/** How much a document may hold. */
export interface JsonLimits {
  readonly depth: number
  readonly fields: number
  /** Characters of keys that are open at once: those of the objects that the reader stands in. */
  readonly names: number
}

/** Where the reader is: `data.items[3].name`, told only to who asks, and true only during the call. */
export interface JsonWay {
  name(): string
}

/** Who is told. What returns true stops the reader for good. */
export interface JsonEvents {
  /** A key, before its value; the way is that of the object. */
  key(text: string, way: JsonWay): boolean
  /** A string, or one piece of a long one. */
  text(piece: Piece, way: JsonWay): boolean
  /** A number, true, false or null. */
  scalar(value: number | boolean | null, way: JsonWay): boolean
  /** A list or an object begins. */
  opens?(kind: 'list' | 'object'): void
  /** The innermost of them is over. */
  closes?(): void
}

export interface JsonFault {
  readonly why: string
  /** A few characters before the place, where they are still there. */
  readonly text: string
}

/** What is expected next. */
const VALUE = 0
const VALUE_OR_CLOSE = 1
const KEY_OR_CLOSE = 2
const KEY = 3
const COLON = 4
const COMMA_OR_CLOSE = 5
const DONE = 6
/** Inside a string. */
const IN_KEY = 7
const IN_TEXT = 8
/** Inside a number or a word, which ends where something else begins. */
const IN_WORD = 9

/** Longer ones are read differently by every reader. */
const longestNumber = 1000

/** An object or array that is open. */
interface Frame {
  readonly isList: boolean
  /** The keys so far, for those that are there twice. */
  readonly keys: Set<string> | null
  key: string
  index: number
  /** Characters of its keys. */
  names: number
}

const escaped = '"\\/bfnrt'
/** What these stand for behind a backslash, in the same order. */
const plain = '"\\/\b\f\n\r\t'

/** One document. After a fault, or a stop, it takes nothing more. */
export class JsonStream implements JsonWay {
  readonly #limits: JsonLimits
  readonly #events: JsonEvents
  readonly #frames: Frame[] = []
  #state = VALUE
  /** What of a token came with earlier pieces: a string without its escapes, a number, a word. */
  #begun = ''
  /** An escape that is cut. */
  #cut = ''
  /** A string that is longer than a piece. */
  #windows: Windows | null = null
  #fields = 0
  #names = 0
  #fault: JsonFault | null = null
  #stopped = false

  constructor(limits: JsonLimits, events: JsonEvents) {
    this.#limits = limits
    this.#events = events
  }

  /** Why it cannot go on, or null. */
  get fault(): JsonFault | null {
    return this.#fault
  }

  get stopped(): boolean {
    return this.#stopped || this.#fault !== null
  }

  name(): string {
    let name = ''
    for (const frame of this.#frames) {
      if (frame.isList) name += `[${frame.index}]`
      else if (frame.key !== '') name += name === '' ? frame.key : `.${frame.key}`
    }
    return name
  }

  /** Takes the next piece of the document. */
  write(piece: string): void {
    if (this.stopped || piece === '') return
    const text = this.#cut === '' ? piece : this.#cut + piece
    this.#cut = ''
    let at = 0
    while (at < text.length && !this.stopped) at = this.#step(text, at)
  }

  /** The document is over. */
  end(): void {
    if (this.stopped) return
    if (this.#state === IN_WORD) this.#wordEnds('', 0)
    if (this.stopped) return
    if (this.#state === IN_KEY || this.#state === IN_TEXT) this.#refuse('a string does not end', '', 0)
    else if (this.#state !== DONE)
      this.#refuse(
        this.#frames.length === 0 ? 'a value was expected' : 'it ends before it is complete',
        '',
        0,
      )
  }

  #refuse(why: string, text: string, at: number): number {
    this.#fault ??= { why, text: text.slice(Math.max(0, at - 40), at + 40) }
    return text.length
  }

  #step(text: string, from: number): number {
    switch (this.#state) {
      case IN_KEY:
      case IN_TEXT:
        return this.#inString(text, from)
      case IN_WORD:
        return this.#inWord(text, from)
      default:
    }
    const code = text.charCodeAt(from)
    if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) return from + 1
    switch (this.#state) {
      case VALUE:
        return this.#valueBegins(code, text, from)
      case VALUE_OR_CLOSE:
        return code === 0x5d ? this.#close(from) : this.#valueBegins(code, text, from)
      case KEY_OR_CLOSE:
        if (code === 0x7d) return this.#close(from)
        return this.#keyBegins(code, text, from)
      case KEY:
        return this.#keyBegins(code, text, from)
      case COLON:
        if (code !== 0x3a) return this.#refuse('":" was expected', text, from)
        this.#state = VALUE
        return from + 1
      case COMMA_OR_CLOSE:
        return this.#commaOrClose(code, text, from)
      default:
        return this.#refuse('something follows the value', text, from)
    }
  }

  #keyBegins(code: number, text: string, from: number): number {
    if (code !== 0x22) return this.#refuse('a key was expected', text, from)
    this.#state = IN_KEY
    return from + 1
  }

  #valueBegins(code: number, text: string, from: number): number {
    if (++this.#fields > this.#limits.fields)
      return this.#refuse(`more than ${this.#limits.fields} values`, text, from)
    switch (code) {
      case 0x22:
        this.#state = IN_TEXT
        return from + 1
      case 0x7b:
      case 0x5b:
        return this.#open(code, text, from)
      default:
        this.#state = IN_WORD
        return from
    }
  }

  #open(code: number, text: string, from: number): number {
    if (this.#frames.length >= this.#limits.depth)
      return this.#refuse(`deeper than ${this.#limits.depth}`, text, from)
    const isList = code === 0x5b
    this.#events.opens?.(isList ? 'list' : 'object')
    this.#frames.push({ isList, keys: isList ? null : new Set(), key: '', index: 0, names: 0 })
    this.#state = isList ? VALUE_OR_CLOSE : KEY_OR_CLOSE
    return from + 1
  }

  #commaOrClose(code: number, text: string, from: number): number {
    const frame = this.#frames.at(-1) as Frame
    if (code === 0x2c) {
      if (frame.isList) {
        frame.index++
        this.#state = VALUE
      } else this.#state = KEY
      return from + 1
    }
    if (code === (frame.isList ? 0x5d : 0x7d)) return this.#close(from)
    return this.#refuse(`"," or "${frame.isList ? ']' : '}'}" was expected`, text, from)
  }

  #close(from: number): number {
    const frame = this.#frames.pop() as Frame
    this.#names -= frame.names
    this.#events.closes?.()
    this.#afterValue()
    return from + 1
  }

  #afterValue(): void {
    this.#state = this.#frames.length === 0 ? DONE : COMMA_OR_CLOSE
  }

  #inString(text: string, from: number): number {
    let at = from
    let kept = from
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === 0x22) return this.#stringEnds(text.slice(kept, at), text, at)
      if (code < 0x20) return this.#refuseInString('a control character in a string', text, kept, at)
      if (code !== 0x5c) continue
      const length = text.charCodeAt(at + 1) === 0x75 ? 6 : 2
      if (at + length > text.length) {
        this.#stringGoesOn(text.slice(kept, at))
        this.#cut = text.slice(at)
        return text.length
      }
      const char = escapeAt(text, at + 1)
      if (char === null) return this.#refuseInString('an escape that JSON does not have', text, kept, at)
      this.#begun += kept < at ? text.slice(kept, at) + char : char
      at += length - 1
      kept = at + 1
      if (this.#begun.length > windowLength) this.#stringGoesOn('')
      if (this.stopped) return text.length
    }
    this.#stringGoesOn(text.slice(kept))
    return text.length
  }

  /** What comes before is told first, as it would be had it come in an earlier piece. */
  #refuseInString(why: string, text: string, kept: number, at: number): number {
    this.#stringGoesOn(text.slice(kept, at))
    return this.stopped ? text.length : this.#refuse(why, text, at)
  }

  /** The string is not over with this. */
  #stringGoesOn(text: string): void {
    this.#begun = this.#begun === '' ? copied(text) : this.#begun + text
    if (this.#state === IN_KEY) {
      if (this.#begun.length + this.#names > this.#limits.names)
        this.#refuse(`keys of more than ${this.#limits.names} characters`, this.#begun.slice(0, 40), 0)
      return
    }
    if (this.#begun.length <= windowLength) return
    this.#windows ??= new Windows()
    const pieces = this.#windows.write(this.#begun)
    this.#begun = ''
    for (const piece of pieces) if (this.#tell(piece)) return
  }

  #tell(piece: Piece): boolean {
    if (!this.#events.text(piece, this)) return false
    this.#stopped = true
    return true
  }

  #stringEnds(tail: string, text: string, at: number): number {
    const whole = this.#begun === '' ? tail : this.#begun + tail
    this.#begun = ''
    if (this.#state === IN_KEY) this.#keyEnds(whole, text, at)
    else {
      this.#textEnds(whole)
      this.#afterValue()
    }
    return at + 1
  }

  #textEnds(whole: string): void {
    if (this.#windows === null && whole.length <= windowLength) {
      this.#tell({ text: whole, at: 0, last: true })
      return
    }
    const windows = this.#windows ?? new Windows()
    this.#windows = null
    for (const piece of windows.write(whole)) if (this.#tell(piece)) return
    this.#tell(windows.end())
  }

  #keyEnds(key: string, text: string, at: number): void {
    const frame = this.#frames.at(-1) as Frame
    frame.names += key.length
    this.#names += key.length
    if (this.#names > this.#limits.names) {
      this.#refuse(`keys of more than ${this.#limits.names} characters`, key.slice(0, 40), 0)
      return
    }
    if (key.includes('\0')) {
      this.#refuse('a NUL in a key', text, at)
      return
    }
    if (frame.keys?.has(key)) {
      this.#refuse('a key is there twice', text, at)
      return
    }
    frame.keys?.add(copied(key))
    // The way of the key is that of its object.
    frame.key = ''
    if (this.#events.key(key, this)) this.#stopped = true
    frame.key = key
    this.#state = COLON
  }

  #inWord(text: string, from: number): number {
    let at = from
    while (at < text.length && isOfWord(text.charCodeAt(at))) at++
    if (at < text.length) return this.#wordEnds(text.slice(from, at), at, text)
    this.#begun += text.slice(from)
    if (this.#begun.length > longestNumber) return this.#refuse('a value was expected', text, from)
    return at
  }

  #wordEnds(tail: string, at: number, text = ''): number {
    const word = this.#begun === '' ? tail : this.#begun + tail
    this.#begun = ''
    const value = scalarOf(word)
    if (value === undefined) return this.#refuse('a value was expected', text, at)
    if (this.#events.scalar(value, this)) this.#stopped = true
    this.#afterValue()
    return at
  }
}

/** What `\` and what follows stands for; null where that is no escape. */
function escapeAt(text: string, at: number): string | null {
  if (text.charCodeAt(at) !== 0x75) return plain[escaped.indexOf(text[at] as string)] ?? null
  const digits = text.slice(at + 1, at + 5)
  return /^[0-9a-fA-F]{4}$/.test(digits) ? String.fromCharCode(Number.parseInt(digits, 16)) : null
}

/** Digits, letters, signs and the point: what numbers and words are made of. */
function isOfWord(code: number): boolean {
  const lower = code | 32
  return (
    (code >= 48 && code <= 57) ||
    code === 0x2e ||
    code === 0x2d ||
    code === 0x2b ||
    (lower >= 97 && lower <= 122)
  )
}

const number = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/

/** Undefined where it is none of them. */
function scalarOf(word: string): number | boolean | null | undefined {
  switch (word) {
    case 'true':
      return true
    case 'false':
      return false
    case 'null':
      return null
    default: {
      if (word.length > longestNumber || !number.test(word)) return undefined
      const value = Number(word)
      return Number.isFinite(value) ? value : undefined
    }
  }
}
