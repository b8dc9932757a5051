/**
 * A text of which pieces are replaced, from left to right: what every decoder makes. Short pieces are gathered as numbers,
 * long ones are kept as they are, so that a text costs the same whether much of it is replaced or little. It deliberately knows no code.
 */

/** In characters: gathered at once. */
const most = 1024
/** A piece that is kept and longer than this is not worth gathering. */
const long = 48

/**
 * Where the character stands next, `from` on; -1: nowhere. As `indexOf`, which takes longer where there is one after the
 * other.
 */
export function nextOf(text: string, char: string, from: number): number {
  const code = char.charCodeAt(0)
  const near = Math.min(from + 12, text.length)
  for (let at = from; at < near; at++) if (text.charCodeAt(at) === code) return at
  return text.indexOf(char, near)
}

/** The characters of these codes. */
export function textOf(units: Uint8Array | Uint16Array): string {
  let out = ''
  // So many arguments are few enough for every runtime.
  for (let at = 0; at < units.length; at += 8192) out += String.fromCharCode(...units.subarray(at, at + 8192))
  return out
}

/** Takes what is to be replaced, in order. */
export class Rewriting {
  readonly #text: string
  /** Made with the first piece: most texts have none. */
  #units: Uint16Array | null = null
  #gathered = 0
  #out = ''
  #kept = 0

  constructor(text: string) {
    this.#text = text
  }

  /** Puts a character where the text from `from` to `to` was. */
  put(from: number, to: number, unit: number): void {
    const units = this.#keep(from)
    if (this.#gathered === units.length) this.#flush()
    units[this.#gathered++] = unit
    this.#kept = to
  }

  /** Puts a text of any length there, an empty one too. */
  putText(from: number, to: number, text: string): void {
    this.#keep(from)
    if (text.length > 0) {
      this.#flush()
      this.#out += text
    }
    this.#kept = to
  }

  /** The text as it is now, or null where nothing was replaced. */
  end(): string | null {
    if (this.#kept === 0) return null
    this.#flush()
    return this.#out + this.#text.slice(this.#kept)
  }

  #keep(to: number): Uint16Array {
    this.#units ??= new Uint16Array(Math.min(most, this.#text.length + 1))
    const units = this.#units
    const length = to - this.#kept
    if (length > long) {
      this.#flush()
      this.#out += this.#text.slice(this.#kept, to)
      return units
    }
    if (this.#gathered + length > units.length) this.#flush()
    for (let at = this.#kept; at < to; at++) units[this.#gathered++] = this.#text.charCodeAt(at)
    return units
  }

  #flush(): void {
    if (this.#units === null || this.#gathered === 0) return
    const units = this.#units.subarray(0, this.#gathered)
    this.#out += String.fromCharCode.apply(null, units as unknown as number[])
    this.#gathered = 0
  }
}
