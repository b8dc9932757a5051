/**
 * `a=1&b=2` as it flows: pairs are judged as they become complete, and a long value in pieces. The text has one character
 * for each byte, as it came; escapes are resolved once, which is what the application reads. It deliberately keeps every
 * pair, repeated names too.
 */
import { LongValue } from './long-value.ts'
import { readable } from './query.ts'
import { type Reading, Values } from './reading.ts'
import { copied, windowLength } from './windows.ts'

/** One form; `pairs` is where its pairs are kept, or null. */
export class FormStream {
  readonly #reading: Reading
  readonly #values: Values
  readonly #pairs: [string, string][] | null
  /** The name that its value is being read of; null: the name is being read. */
  #name: string | null = null
  /** What is there of the name or the value, as it came. */
  #begun = ''
  #long: LongValue | null = null

  constructor(reading: Reading, pairs: [string, string][] | null) {
    this.#reading = reading
    this.#values = new Values(reading)
    this.#pairs = pairs
  }

  write(text: string): void {
    let at = 0
    while (at < text.length && !this.#reading.stopped) {
      const next = this.#name === null ? firstOf(text, at) : indexOr(text, '&', at)
      this.#take(text.slice(at, next))
      if (this.#reading.stopped || next === text.length) return
      if (text[next] === '=') this.#nameEnds()
      else this.#pairEnds()
      at = next + 1
    }
  }

  end(): void {
    if (this.#reading.stopped) return
    // The line break that many programs send behind a form belongs to nobody.
    this.#begun = this.#begun.trimEnd()
    this.#pairEnds()
  }

  #take(text: string): void {
    if (this.#long !== null) {
      this.#long.write(text)
      return
    }
    this.#begun = this.#begun === '' ? copied(text) : this.#begun + text
    if (this.#name === null) {
      if (this.#begun.length > this.#reading.limits.names)
        this.#reading.refuse('limit-names', 'a name that is longer than any', this.#begun)
      return
    }
    // A form whose pairs are kept is held whole anyway.
    if (this.#pairs !== null || this.#begun.length <= windowLength) return
    this.#long = this.#longValue(this.#name)
    this.#long.write(this.#begun)
    this.#begun = ''
  }

  #longValue(name: string): LongValue {
    return new LongValue('form', (piece) => this.#values.value(name, piece))
  }

  #nameEnds(): void {
    const name = readable(this.#begun, 'space')
    this.#name = name
    this.#begun = ''
    if (!this.#reading.count()) this.#reading.name(name, name)
  }

  #pairEnds(): void {
    if (this.#name === null && this.#begun === '') return
    if (this.#name === null) this.#nameEnds()
    if (this.#reading.stopped) return
    this.#valueEnds(this.#name ?? '')
    this.#long = null
    this.#name = null
    this.#begun = ''
  }

  #valueEnds(name: string): void {
    if (this.#long !== null) {
      this.#long.end()
      return
    }
    const value = readable(this.#begun, 'space')
    this.#pairs?.push([name, value])
    if (this.#begun.length <= windowLength) {
      this.#values.value(name, { text: value, at: 0, last: true })
      return
    }
    const long = this.#longValue(name)
    long.write(this.#begun)
    long.end()
  }
}

function indexOr(text: string, char: string, from: number): number {
  const at = text.indexOf(char, from)
  return at < 0 ? text.length : at
}

function firstOf(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x3d || code === 0x26) return at
  }
  return text.length
}
