/**
 * What SQL is made of: tokens, and tokens as numbers, which is all that most texts are looked at as. It deliberately reads no
 * text; that is lexer.ts.
 */

export type SqlKind =
  | 'number'
  | 'string'
  | 'word'
  | 'variable'
  | 'operator'
  | 'open'
  | 'close'
  | 'comma'
  | 'semicolon'
  | 'comment'

export interface SqlToken {
  readonly kind: SqlKind
  /** Lower case; for strings what is inside, for comments how they begin. */
  readonly text: string
  readonly at: number
  readonly end: number
  /** A string or comment that the text leaves open. */
  readonly open: boolean
}

/** Most words are never asked for their text: it is cut out when it is. */
class Token implements SqlToken {
  readonly kind: SqlKind
  readonly at: number
  readonly end: number
  readonly open: boolean
  readonly source: string
  cut: string | null

  constructor(kind: SqlKind, source: string, at: number, end: number, open: boolean) {
    this.kind = kind
    this.at = at
    this.end = end
    this.open = open
    this.source = source
    this.cut = null
  }

  get text(): string {
    this.cut ??= this.said()
    return this.cut
  }

  private said(): string {
    const { kind, source, at, end, open } = this
    switch (kind) {
      case 'string': {
        let quote = at
        while (source[quote] !== "'" && source[quote] !== '"') quote++
        return source.slice(quote + 1, open ? end : end - 1)
      }
      case 'comment':
        return source[at] === '#' ? '#' : source.slice(at, at + 2)
      case 'word':
        return source[at] === '`' || source[at] === '['
          ? source.slice(at + 1, end - 1).toLowerCase()
          : source.slice(at, end).toLowerCase()
      case 'variable':
        return source.slice(at, end).toLowerCase()
      default:
        return end === at + 1 ? (source[at] as string) : source.slice(at, end)
    }
  }
}

/** The kinds as numbers. */
const kinds = 'number string word variable operator open close comma semicolon comment'.split(
  ' ',
) as readonly SqlKind[]
export const NUMBER: number = 0
export const STRING: number = 1
export const WORD: number = 2
export const VARIABLE: number = 3
export const OPERATOR: number = 4
export const OPEN: number = 5
export const CLOSE: number = 6
export const COMMA: number = 7
export const SEMICOLON: number = 8
export const COMMENT: number = 9
/** Added to the kind of what the text leaves open. */
export const LEFT_OPEN: number = 16

/** Tokens as numbers. Most texts hold nothing, and are looked at like this and no further. */
export class Lexed {
  readonly text: string
  /** Three for each token: its kind, where it begins, where it ends. */
  #numbers: Int32Array
  count = 0

  /** For a piece of `length` characters. */
  constructor(text: string, length: number) {
    this.text = text
    this.#numbers = new Int32Array(3 * (8 + (length >> 2)))
  }

  push(kind: number, at: number, end: number): number {
    const from = 3 * this.count++
    if (from === this.#numbers.length) this.#grow()
    this.#numbers[from] = kind
    this.#numbers[from + 1] = at
    this.#numbers[from + 2] = end
    return end
  }

  #grow(): void {
    const numbers = new Int32Array(2 * this.#numbers.length)
    numbers.set(this.#numbers)
    this.#numbers = numbers
  }

  /** -1 behind the last, and before the first. */
  kind(index: number): number {
    return index >= 0 && index < this.count ? (this.#numbers[3 * index] as number) & 15 : -1
  }

  at(index: number): number {
    return this.#numbers[3 * index + 1] as number
  }

  end(index: number): number {
    return this.#numbers[3 * index + 2] as number
  }

  tokens(): SqlToken[] {
    const tokens: SqlToken[] = []
    for (let from = 0; from < 3 * this.count; from += 3) {
      const kind = this.#numbers[from] as number
      const [at, end] = [this.#numbers[from + 1] as number, this.#numbers[from + 2] as number]
      tokens.push(new Token(kinds[kind & 15] as SqlKind, this.text, at, end, kind >= LEFT_OPEN))
    }
    return tokens
  }
}
