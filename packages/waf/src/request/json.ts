/**
 * JSON (RFC 8259) read strictly, with what `JSON.parse` does not tell: a key that is there twice, and how deep it goes.
 * The value it returns is the one that the application is handed. Its recursion is bounded by `depth`. It deliberately
 * has no extensions: no comments, no trailing commas, no NaN.
 */

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue }

export type JsonResult =
  | { readonly kind: 'value'; readonly value: JsonValue }
  | { readonly kind: 'fault'; readonly at: number; readonly why: string }

class Stop extends Error {
  readonly at: number
  constructor(at: number, why: string) {
    super(why)
    this.at = at
  }
}

/** The value, or where and why it is none. Never throws. */
export function readJson(
  text: string,
  limits: { readonly depth: number; readonly fields: number },
): JsonResult {
  const reader = new Reader(text, limits)
  try {
    return { kind: 'value', value: reader.whole() }
  } catch (error) {
    if (error instanceof Stop) return { kind: 'fault', at: error.at, why: error.message }
    throw error
  }
}

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

/** The place in one text; it lives for one call of `readJson`. */
class Reader {
  readonly #text: string
  readonly #limits: { readonly depth: number; readonly fields: number }
  #at = 0
  #fields = 0

  constructor(text: string, limits: { readonly depth: number; readonly fields: number }) {
    this.#text = text
    this.#limits = limits
  }

  whole(): JsonValue {
    const value = this.#value(0)
    this.#space()
    if (this.#at < this.#text.length) throw new Stop(this.#at, 'something follows the value')
    return value
  }

  #value(depth: number): JsonValue {
    if (depth > this.#limits.depth) throw new Stop(this.#at, `deeper than ${this.#limits.depth}`)
    if (++this.#fields > this.#limits.fields)
      throw new Stop(this.#at, `more than ${this.#limits.fields} values`)
    this.#space()
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(depth)
      case '[':
        return this.#array(depth)
      case '"':
        return this.#string()
      case 't':
        return this.#word('true', true)
      case 'f':
        return this.#word('false', false)
      case 'n':
        return this.#word('null', null)
      default:
        return this.#number()
    }
  }

  #object(depth: number): JsonValue {
    const object: { [key: string]: JsonValue } = {}
    this.#at++
    this.#space()
    if (this.#take('}')) return object
    for (;;) {
      this.#space()
      const from = this.#at
      if (this.#text[from] !== '"') throw new Stop(from, 'a key was expected')
      const key = this.#string()
      if (Object.hasOwn(object, key)) throw new Stop(from, 'a key is there twice')
      this.#space()
      if (!this.#take(':')) throw new Stop(this.#at, '":" was expected')
      const value = this.#value(depth + 1)
      // Never through the setter: `__proto__` is a key like any other here.
      if (key === '__proto__')
        Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
      else object[key] = value
      this.#space()
      if (this.#take('}')) return object
      if (!this.#take(',')) throw new Stop(this.#at, '"," or "}" was expected')
    }
  }

  #array(depth: number): JsonValue {
    const array: JsonValue[] = []
    this.#at++
    this.#space()
    if (this.#take(']')) return array
    for (;;) {
      array.push(this.#value(depth + 1))
      this.#space()
      if (this.#take(']')) return array
      if (!this.#take(',')) throw new Stop(this.#at, '"," or "]" was expected')
    }
  }

  #string(): string {
    const text = this.#text
    let from = ++this.#at
    let out = ''
    for (;;) {
      const code = text.charCodeAt(this.#at)
      if (code === 0x22) {
        out += text.slice(from, this.#at++)
        return out
      }
      if (!(code >= 0x20))
        throw new Stop(
          this.#at,
          Number.isNaN(code) ? 'a string does not end' : 'a control character in a string',
        )
      if (code !== 0x5c) {
        this.#at++
        continue
      }
      out += text.slice(from, this.#at) + this.#escape()
      from = this.#at
    }
  }

  #escape(): string {
    const kind = this.#text[this.#at + 1] ?? ''
    if (kind !== 'u') {
      const plain = escapes[kind]
      if (plain === undefined) throw new Stop(this.#at, 'an escape that JSON does not have')
      this.#at += 2
      return plain
    }
    const digits = this.#text.slice(this.#at + 2, this.#at + 6)
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new Stop(this.#at, 'an escape that JSON does not have')
    this.#at += 6
    return String.fromCharCode(Number.parseInt(digits, 16))
  }

  #number(): number {
    const shape = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
    shape.lastIndex = this.#at
    const found = shape.exec(this.#text)?.[0]
    if (found === undefined) throw new Stop(this.#at, 'a value was expected')
    this.#at += found.length
    return Number(found)
  }

  #word<T extends JsonValue>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw new Stop(this.#at, 'a value was expected')
    this.#at += word.length
    return value
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false
    this.#at++
    return true
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.#at++
    }
  }
}
