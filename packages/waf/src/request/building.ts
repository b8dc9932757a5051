/**
 * The value of a body, made of what is told while it is judged: the application gets the very one that was judged. It
 * deliberately reads nothing itself, and is made only for bodies whose value is wanted and that are small enough to be held.
 */
import type { BodyBuild, BodyValue, JsonValue } from './body-reader.ts'
import type { JsonEvents } from './json-stream.ts'

/** Builds the value of one body. */
export class Building implements BodyBuild {
  #value: () => BodyValue = () => ({ kind: 'bytes' })

  /** Only behind an end that found nothing. */
  value(): BodyValue {
    return this.#value()
  }

  pairs(): [string, string][] {
    const pairs: [string, string][] = []
    this.#value = () => ({ kind: 'pairs', pairs })
    return pairs
  }

  json(events: JsonEvents): JsonEvents {
    const building = new JsonBuilding(events)
    this.#value = () => ({ kind: 'json', value: building.value })
    return building
  }
}

/** A list or an object that is open; `key` is the one whose value comes next. */
type Open =
  | { readonly kind: 'list'; readonly list: JsonValue[] }
  | { readonly kind: 'object'; readonly object: { [key: string]: JsonValue }; key: string }

/** Tells on what it is told. */
class JsonBuilding implements JsonEvents {
  readonly #events: JsonEvents
  readonly #open: Open[] = []
  /** A long string that is not over. */
  #text = ''
  value: JsonValue = null

  constructor(events: JsonEvents) {
    this.#events = events
  }

  opens(kind: 'list' | 'object'): void {
    const open: Open = kind === 'list' ? { kind, list: [] } : { kind, object: {}, key: '' }
    this.#place(open.kind === 'list' ? open.list : open.object)
    this.#open.push(open)
  }

  closes(): void {
    this.#open.pop()
  }

  key(...[text, way]: Parameters<JsonEvents['key']>): boolean {
    const open = this.#open.at(-1)
    if (open?.kind === 'object') open.key = text
    return this.#events.key(text, way)
  }

  text(...[piece, way]: Parameters<JsonEvents['text']>): boolean {
    // Pieces share what stands at their ends.
    this.#text += piece.text.slice(this.#text.length - piece.at)
    if (piece.last) {
      this.#place(this.#text)
      this.#text = ''
    }
    return this.#events.text(piece, way)
  }

  scalar(...[value, way]: Parameters<JsonEvents['scalar']>): boolean {
    this.#place(value)
    return this.#events.scalar(value, way)
  }

  /** Puts a value where it belongs. Never through the setter: `__proto__` is a key like any other here. */
  #place(value: JsonValue): void {
    const open = this.#open.at(-1)
    if (open === undefined) this.value = value
    else if (open.kind === 'list') open.list.push(value)
    else if (open.key === '__proto__')
      Object.defineProperty(open.object, open.key, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      })
    else open.object[open.key] = value
  }
}
