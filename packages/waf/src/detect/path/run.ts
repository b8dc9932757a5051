/**
 * A run of path characters, taken in one by one and told of segment by segment: how deep it leads, how often it climbs, and
 * which well-known secret it passes. Its characters come lower case and without disguise. It deliberately judges nothing.
 */
import { isLetter, isOfWord } from '../characters.ts'
import { secretFiles } from '../words.ts'

const SEMICOLON = 0x3b
const DOT = 0x2e
const QUESTION = 0x3f
const TILDE = 0x7e

/** Every name that a secret is made of has a number; the secrets are told by the number of their last name. */
const names: readonly string[] = [...new Set(secretFiles.flat())]
interface Secret {
  readonly path: string
  /** The numbers of its names, the last one first. */
  readonly numbers: readonly number[]
}
const secretsByLast: ReadonlyMap<number, readonly Secret[]> = Map.groupBy(
  secretFiles.map((segments) => ({
    path: segments.join('/'),
    numbers: segments.map((name) => names.indexOf(name)).toReversed(),
  })),
  ({ numbers }) => numbers[0] ?? -1,
)

/** The names that begin with a letter and have a length, at `letter * width + length`. */
const width = 32
const numbersOf: (readonly number[] | undefined)[] = []
for (const [number, name] of names.entries()) {
  const slot = name.charCodeAt(0) * width + name.length
  numbersOf[slot] = [...(numbersOf[slot] ?? []), number]
}

export class PathRun {
  /** Segments, also empty ones. */
  segments = 1
  /** How many of them are `.`. */
  still = 0
  climbs = 0
  lowest = 0
  /** Whether some segment is made of dots. */
  dotted = false
  /** Whether it passes `.git`, not `.well-known`; told of the path of a request only. */
  hidden = false
  /** Whether it passes what editors, databases and people in a hurry leave beside a file; likewise. */
  leftover = false
  readonly #codes: Uint16Array
  #length = 0
  #begin = 0
  /** Where the parameters of the segment begin, -1: it has none. */
  #parameters = -1
  #depth = 0
  #solid = 0
  #secret: Secret | null = null
  /** A secret of one name at the very beginning: one only where the run is not made of names alone. */
  #bare: Secret | null = null
  /** The numbers of the last two names. */
  #last = -1
  #lastButOne = -1

  readonly #isTarget: boolean

  /** Runs up to so many characters; only the path of a request has names that count for themselves. */
  constructor({ longest, isTarget }: { readonly longest: number; readonly isTarget: boolean }) {
    this.#codes = new Uint16Array(longest)
    this.#isTarget = isTarget
  }

  reset(): void {
    this.segments = 1
    this.still = 0
    this.climbs = 0
    this.lowest = 0
    this.dotted = false
    this.hidden = false
    this.leftover = false
    this.#length = 0
    this.#begin = 0
    this.#parameters = -1
    this.#depth = 0
    this.#solid = 0
    this.#secret = null
    this.#bare = null
    this.#last = -1
    this.#lastButOne = -1
  }

  /** One more character, lower case. */
  put(code: number): void {
    this.#codes[this.#length++] = code
  }

  /** The same, where the name of a segment ends: what follows are its parameters. */
  putEnd(code: number): void {
    if (this.#parameters < 0) this.#parameters = this.#length
    this.put(code)
  }

  separate(): void {
    this.#finish()
    this.segments++
    this.#begin = this.#length
    this.#parameters = -1
  }

  /** The run is over; one without a separator leads nowhere. */
  end(): void {
    if (this.segments > 1) this.#finish()
  }

  /** The first secret that it leads to, a separator before it. */
  get secret(): string | null {
    const made = this.#solid === this.segments ? this.#secret : (this.#bare ?? this.#secret)
    return made === null ? null : made.path
  }

  #finish(): void {
    const [codes, begin, end] = [this.#codes, this.#begin, this.#length]
    const first = begin < end ? (codes[begin] as number) : -1
    if (first < 0) return
    if (first === DOT && end === begin + 1) {
      this.still++
      return
    }
    if (first !== DOT && first !== QUESTION) this.#depth++
    else this.#walk()
    const nameEnd = this.#parameters < 0 ? end : this.#parameters
    const number = this.#numberOf(begin, nameEnd)
    if (number >= 0) this.#pass(number)
    this.#lastButOne = this.#last
    this.#last = number
    this.#solid++
    if (!this.#isTarget) return
    this.hidden ||= first === DOT && this.#isHidden()
    this.leftover ||= this.#isLeftover()
  }

  /** A segment that begins with a dot; `...` and `..;x` climb for somebody. */
  #walk(): void {
    const [codes, begin, end] = [this.#codes, this.#begin, this.#length]
    let dots = 0
    while (dots < 6 && begin + dots < end && isDot(codes[begin + dots] as number)) dots++
    if (dots < 2 || dots > 5 || (begin + dots < end && codes[begin + dots] !== SEMICOLON)) {
      this.#depth++
      return
    }
    this.dotted = true
    const isEllipsis = dots === 3 && end === begin + 3 && codes[begin + 2] === DOT
    if (codes[begin] !== DOT || codes[begin + 1] !== DOT || isEllipsis) return
    this.climbs++
    this.#depth--
    this.lowest = Math.min(this.lowest, this.#depth)
  }

  #numberOf(begin: number, end: number): number {
    const first = this.#codes[begin] as number
    if (first > 127 || end - begin >= width) return -1
    const numbers = numbersOf[first * width + end - begin]
    if (numbers === undefined) return -1
    for (const number of numbers) if (this.#is(names[number] as string, begin)) return number
    return -1
  }

  #is(name: string, begin: number): boolean {
    for (let i = 1; i < name.length; i++) if (this.#codes[begin + i] !== name.charCodeAt(i)) return false
    return true
  }

  #pass(number: number): void {
    if (this.#secret !== null) return
    for (const secret of secretsByLast.get(number) ?? []) {
      const [, before, first] = secret.numbers
      if (before !== undefined && before !== this.#last) continue
      if (first !== undefined && first !== this.#lastButOne) continue
      if (before !== undefined || this.#solid > 0) {
        this.#secret = secret
        return
      }
      this.#bare = secret
    }
  }

  #isHidden(): boolean {
    const [codes, begin, end] = [this.#codes, this.#begin, this.#length]
    const next = begin + 1 < end ? (codes[begin + 1] as number) : -1
    return (isLetter(next) || next === 0x5f) && !(end - begin === 11 && this.#is('.well-known', begin))
  }

  #isLeftover(): boolean {
    const [codes, begin, end] = [this.#codes, this.#begin, this.#length]
    if (codes[end - 1] === TILDE) {
      let from = end - 2
      while (from > begin && isOfWord(codes[from] as number)) from--
      return from >= begin && from < end - 2 && codes[from] === DOT
    }
    let dot = end - 1
    while (dot > begin && end - dot <= 8 && codes[dot] !== DOT) dot--
    if (codes[dot] !== DOT || end - dot > 8 || end - dot < 3) return false
    if (!beginnings.has(codes[dot + 1] as number)) return false
    return leftovers.has(String.fromCharCode(...codes.subarray(dot + 1, end)))
  }
}

const leftovers: ReadonlySet<string> = new Set(
  'bak backup old orig save swp swo sql rdb mdb sqlite sqlite3 dump db'.split(' '),
)
const beginnings: ReadonlySet<number> = new Set([...leftovers].map((name) => name.charCodeAt(0)))

function isDot(code: number): boolean {
  return code === DOT || code === QUESTION
}
