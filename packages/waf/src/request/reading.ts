/**
 * What all readers of bodies share: who judges, what it found, how many fields there were, and what a value carries
 * inside. The first finding or fault ends the reading. It deliberately knows no format.
 */
import type { Finding } from '../model/decision.ts'
import type { Field, Place } from '../model/request.ts'
import { innerTexts, mayBeJson, mayCarry } from './carried.ts'
import { graphqlDocument } from './graphql.ts'
import { type JsonEvents, JsonStream, type JsonWay } from './json-stream.ts'
import type { Fault, Limits } from './limits.ts'
import { copied, type Piece } from './windows.ts'

/** Says what is wrong with what stands in a body, as soon as it is complete. */
export interface Judge {
  /** A name, a value, or one piece of a long value. */
  text(field: Field): Finding | null
  /** A number, true, false or null in JSON; `name` tells the way to it to who asks. */
  scalar?(value: number | boolean | null, name: () => string): Finding | null
}

/** Names that were judged are remembered up to this many, and none that is longer than that. */
const mostNames = 1024
const longestName = 64

/** One body, or one other text, that is being read. */
export class Reading {
  readonly limits: Limits
  readonly place: Place
  readonly #judge: Judge
  readonly #names: Set<string> = new Set()
  #fields = 0
  #judged = 0
  #finding: Finding | null = null
  #fault: Fault | null = null

  constructor(judge: Judge, limits: Limits, place: Place = 'body') {
    this.#judge = judge
    this.limits = limits
    this.place = place
  }

  get finding(): Finding | null {
    return this.#finding
  }

  get fault(): Fault | null {
    return this.#fault
  }

  get stopped(): boolean {
    return this.#finding !== null || this.#fault !== null
  }

  /** How many names and values were judged. What came before the last of them is judged. */
  get judged(): number {
    return this.#judged
  }

  /** Ends the reading. Always true, as what stops a reader is. */
  refuse(rule: string, why: string, text = ''): true {
    if (!this.stopped) this.#fault = { rule, why, text: copied(text.slice(0, 80)) }
    return true
  }

  /** Judges one text; true when it ended the reading. */
  judge(field: Field): boolean {
    if (this.stopped) return true
    this.#judged++
    this.#finding = this.#judge.text(field)
    return this.#finding !== null
  }

  /** Judges a name, once for all the places where it stands: the keys of a long list are the same few. */
  name(text: string, name: string | (() => string)): boolean {
    if (this.#names.has(text)) {
      this.#judged++
      return this.stopped
    }
    if (text.length <= longestName && this.#names.size < mostNames) this.#names.add(copied(text))
    return this.judge(new BodyField(this.place, name, 'name', text))
  }

  scalar(value: number | boolean | null, name: () => string): boolean {
    if (this.stopped) return true
    this.#judged++
    this.#finding = this.#judge.scalar?.(value, name) ?? null
    return this.#finding !== null
  }

  /** One field more; true when that was one too many. */
  count(): boolean {
    if (++this.#fields <= this.limits.fields) return false
    return this.refuse('limit-fields', `more than ${this.limits.fields} fields`)
  }
}

/** A field whose name is put together only for who asks. */
class BodyField implements Field {
  readonly place: Place
  readonly part: 'name' | 'value'
  readonly text: string
  readonly kind?: 'file' | 'file-name' | 'text'
  readonly piece?: { readonly at: number; readonly last: boolean }
  readonly #name: string | (() => string)

  constructor(
    place: Place,
    name: string | (() => string),
    part: 'name' | 'value',
    text: string,
    kind?: Field['kind'],
    piece?: Field['piece'],
  ) {
    this.place = place
    this.#name = name
    this.part = part
    this.text = text
    if (kind !== undefined) this.kind = kind
    if (piece !== undefined) this.piece = piece
  }

  get name(): string {
    return typeof this.#name === 'string' ? this.#name : this.#name()
  }
}

/** JSON in a string in JSON in a string: so many deep. */
const mostLevels = 3

/** Judges values, one after the other, and what they carry when they are JSON. */
export class Values {
  readonly #reading: Reading
  readonly #level: number
  /** What a value that came in pieces carries. */
  #inner: Carried | null = null

  constructor(reading: Reading, level = 0) {
    this.#reading = reading
    this.#level = level
  }

  /** A value, or the next piece of one; true when it ended the reading. */
  value(name: string | (() => string), { text, at, last }: Piece, kind?: Field['kind']): boolean {
    const reading = this.#reading
    const piece = at === 0 && last ? undefined : { at, last }
    // The strings of a document are judged by themselves, so that what surrounds them makes no attack of prose.
    const document = piece === undefined && kind !== 'file' ? graphqlDocument(text) : null
    const judged = document?.skeleton ?? text
    if (reading.judge(new BodyField(reading.place, name, 'value', judged, kind, piece))) return true
    if (this.#level >= mostLevels || kind === 'file') return false
    if (at === 0) this.#inner = mayBeJson(text) ? new Carried(reading, name, this.#level + 1) : null
    if (this.#inner === null) return piece === undefined && mayCarry(text) && this.#carried(name, text)
    this.#inner.write(text, at)
    if (last) {
      this.#inner.end()
      this.#inner = null
    }
    if (reading.stopped) return true
    return piece === undefined && mayCarry(text) && this.#carried(name, text)
  }

  /** What stands inside, one level further in. */
  #carried(name: string | (() => string), text: string): boolean {
    const values = new Values(this.#reading, this.#level + 1)
    for (const inner of innerTexts(text)) {
      const way = (): string => (typeof name === 'string' ? name : name()) + inner.name
      const ends =
        inner.part === 'name'
          ? this.#reading.judge(new BodyField(this.#reading.place, way, 'name', inner.text))
          : values.value(way, { text: inner.text, at: 0, last: true })
      if (ends) return true
    }
    return false
  }
}

/** JSON inside a value. That it is none is no fault: much prose begins with a bracket. */
class Carried {
  readonly #stream: JsonStream
  #written = 0

  constructor(reading: Reading, within: string | (() => string), level: number) {
    // The outer way does not change while its value is read, but is only true then.
    this.#stream = new JsonStream(reading.limits, jsonEvents(reading, within, level))
  }

  write(text: string, at: number): void {
    this.#stream.write(text.slice(this.#written - at))
    this.#written = at + text.length
  }

  end(): void {
    this.#stream.end()
  }
}

/** Tells a reading what one JSON document holds; `within` is the way to the document. */
export function jsonEvents(reading: Reading, within: string | (() => string), level = 0): JsonEvents {
  const values = new Values(reading, level)
  // One document has one reader, which is the way: the function is made once.
  let name: (() => string) | null = null
  const named = (way: JsonWay): (() => string) => {
    name ??= () => {
      const [outer, inner] = [typeof within === 'string' ? within : within(), way.name()]
      return outer === '' || inner === '' || inner.startsWith('[') ? outer + inner : `${outer}.${inner}`
    }
    return name
  }
  return {
    key: (text, way) => reading.name(text, named(way)),
    text: (piece, way) => values.value(named(way), piece),
    scalar: (value, way) => reading.scalar(value, named(way)),
  }
}
