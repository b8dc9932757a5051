/**
 * A long value in pieces that overlap, so that nothing has to be held whole: what is in a piece is found, and what
 * straddles the end of one is found in the next. Where the pieces are cut depends on the value alone, never on how it came.
 * It deliberately gives a value that fits in one piece as it is.
 */

/** In characters. Values up to this length are always judged whole. */
export const windowLength = 131_072
/** What two pieces share: an attack up to this length stands whole in one of them. A multiple of four, for base64. */
export const overlapLength = 16_384

const step = windowLength - overlapLength

/** A piece of a value: where it begins in it, and whether it is the last. */
export interface Piece {
  readonly text: string
  readonly at: number
  readonly last: boolean
}

/** Takes a value as it comes and gives its pieces, each as soon as it is full. Holds less than two. */
export class Windows {
  #held = ''
  #at = 0

  /** The pieces that are full now; none of them is the last. */
  write(text: string): readonly Piece[] {
    this.#held += text
    if (this.#held.length <= windowLength) return none
    const pieces: Piece[] = []
    while (this.#held.length > windowLength) {
      pieces.push({ text: this.#held.slice(0, windowLength), at: this.#at, last: false })
      this.#held = this.#held.slice(step)
      this.#at += step
    }
    this.#held = copied(this.#held)
    return pieces
  }

  /** What is left: the last piece, or the whole value. */
  end(): Piece {
    const piece = { text: this.#held, at: this.#at, last: true }
    this.#held = ''
    this.#at = 0
    return piece
  }
}

const none: readonly Piece[] = []

/** The same text, that keeps nothing alive of the longer one it was cut from. */
export function copied(text: string): string {
  return ` ${text}`.slice(1)
}
