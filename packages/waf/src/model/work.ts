/**
 * How much it may take to judge one request, counted in steps: characters that are looked at, and places where something may
 * begin, each with what it costs at most. Never in time: the same request is judged the same on every machine. It
 * deliberately does not say what becomes of a request that takes more.
 */

/** In characters. Texts that are shorter in all have as many steps as this much of them. */
const share = 1_048_576

/** The steps of one request. */
export class Work {
  readonly #each: number
  #left: number
  #seen = 0

  /** `steps`: for each mebibyte of text, and for what is less than one. */
  constructor(steps: number) {
    this.#each = steps / share
    this.#left = steps
  }

  /** A text of this length is to be judged: what is above a mebibyte has steps of its own. */
  text(length: number): void {
    const before = Math.max(this.#seen, share)
    this.#seen += length
    if (this.#seen > before) this.#left += (this.#seen - before) * this.#each
  }

  /** Takes so many; false where there are no more, and what is being done is to be left. */
  spend(steps: number): boolean {
    this.#left -= steps
    return this.#left >= 0
  }

  /** How many there are. */
  get left(): number {
    return this.#left
  }

  /** Whether more was asked for than there was. */
  get isOver(): boolean {
    return this.#left < 0
  }
}
