/**
 * A value that is longer than a piece: unescaped, decoded and told in pieces, as it comes. It deliberately holds no more
 * than the piece it is at.
 */
import { decodePercent } from '../decode/percent.ts'
import { LenientUtf8 } from './bytes.ts'
import { type Piece, Windows } from './windows.ts'

/** Takes a value with one character for each byte; `tell` says true when that was enough. */
export class LongValue {
  readonly #escapes: 'form' | 'none'
  readonly #tell: (piece: Piece) => boolean
  readonly #windows = new Windows()
  readonly #utf8 = new LenientUtf8()
  /** An escape that is cut. */
  #cut = ''
  #over = false

  /** `form`: percent escapes and `+` are resolved first. */
  constructor(escapes: 'form' | 'none', tell: (piece: Piece) => boolean) {
    this.#escapes = escapes
    this.#tell = tell
  }

  write(text: string): void {
    if (this.#over) return
    this.#give(this.#utf8.write(this.#unescaped(text)))
  }

  end(): void {
    if (this.#over) return
    const rest = decodePercent(this.#cut, 'space')
    this.#give(this.#utf8.write(rest) + this.#utf8.end())
    if (!this.#over) this.#tell(this.#windows.end())
    this.#over = true
  }

  #unescaped(text: string): string {
    if (this.#escapes === 'none') return text
    const whole = this.#cut + text
    const percent = whole.indexOf('%', whole.length - 2)
    const end = percent < 0 ? whole.length : percent
    this.#cut = whole.slice(end)
    return decodePercent(whole.slice(0, end), 'space')
  }

  #give(text: string): void {
    for (const piece of this.#windows.write(text)) {
      this.#over ||= this.#tell(piece)
      if (this.#over) return
    }
  }
}
