/**
 * Lookups of Log4j, `${…}`: folded from the inside out to what they yield (`${lower:j}` is `j`), and whatever then begins
 * with `jndi:` is one. One pass: of each lookup that is open only its beginning is kept, and of those that are nested too
 * deep the outermost are forgotten. It deliberately looks nothing up.
 */
import { spacesEnd } from '../characters.ts'

/** So many are told at least. */
const deepest = 48
/** As much of a lookup as says what it is, and what it yields. */
const kept = 64
const DOLLAR = 0x24
const OPENING = 0x7b
const CLOSING = 0x7d

/** Whether some lookup is one of JNDI. */
export function hasJndiLookup(text: string): boolean {
  const open: Lookup[] = []
  const fallbacks = new Fallbacks(text)
  let bottom = 0
  let run = Math.max(0, text.indexOf('$'))
  let top: Lookup | undefined
  for (let at = run; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code !== DOLLAR && code !== OPENING && code !== CLOSING) continue
    // `{` behind a `$` that a lookup has yielded opens one as well.
    const opens =
      code === DOLLAR
        ? at + 1 < text.length && text.charCodeAt(at + 1) === OPENING
        : code === OPENING && at === run && (top === undefined ? bottom : top.last) === DOLLAR
    if (!opens && code !== CLOSING) continue
    if (at > run) {
      if (top === undefined) bottom = text.charCodeAt(at - 1)
      else top.run(text, run, at, fallbacks)
    }
    if (opens) {
      if (open.length === 2 * deepest) open.splice(0, deepest)
      top = new Lookup()
      open.push(top)
      if (code === DOLLAR) at++
    } else if (top !== undefined) {
      open.pop()
      const value = top.value()
      if (value === null && top.isJndi) return true
      const folded: string = value ?? `\${${top.begins}}`
      top = open.at(-1)
      if (top !== undefined) top.take(folded)
      else if (folded !== '') bottom = folded.charCodeAt(folded.length - 1)
    }
    run = at + 1
  }
  return isUnclosed(open, text, run, fallbacks)
}

/** What is not closed is read as far as it goes. */
function isUnclosed(open: Lookup[], text: string, run: number, fallbacks: Fallbacks): boolean {
  open.at(-1)?.run(text, run, text.length, fallbacks)
  for (let top = open.pop(); top !== undefined; top = open.pop()) {
    if (top.isJndi) return true
    open.at(-1)?.take(`\${${top.begins}`)
  }
  return false
}

/** Where `:-` comes next; asked from left to right. */
class Fallbacks {
  readonly #text: string
  #at = -2

  constructor(text: string) {
    this.#text = text
  }

  from(from: number): number {
    if (this.#at !== -1 && this.#at < from) this.#at = this.#text.indexOf(':-', from)
    return this.#at
  }
}

class Lookup {
  /** The beginning of what is in it, without the spaces in front. */
  begins = ''
  /** The last character that came. */
  last = 0
  /** What stands behind the first `:-`, as far as it is kept. */
  #fallback: string | null = null

  get isJndi(): boolean {
    return /^jndi\s{0,40}:|^[^}]{0,40}jndi:/i.test(this.begins)
  }

  /** A piece of the text as it stands. */
  run(text: string, from: number, end: number, fallbacks: Fallbacks): void {
    if (from >= end) return
    const begin = this.begins === '' ? Math.min(end, spacesEnd(text, from)) : from
    const last = this.last
    if (this.begins.length < kept)
      this.begins += text.slice(begin, Math.min(end, begin + kept - this.begins.length))
    this.last = text.charCodeAt(end - 1)
    if (this.#fallback !== null) {
      if (this.#fallback.length < kept) this.#fallback += text.slice(from, Math.min(end, from + kept))
      return
    }
    const isSplit = last === 0x3a && text.charCodeAt(from) === 0x2d
    const at = isSplit ? from - 1 : fallbacks.from(from)
    if (at >= 0 ? at + 1 < end : isSplit) this.#fallback = text.slice(at + 2, Math.min(end, at + 2 + kept))
  }

  /** What a lookup inside has yielded: no more than is kept of it. */
  take(piece: string): void {
    this.run(piece, 0, piece.length, new Fallbacks(piece))
  }

  /** `lower:J` yields `j`, `x:-y` yields `y`, `date:'j'` yields `j`; null for what cannot be known. */
  value(): string | null {
    if (/^jndi\s{0,40}:/i.test(this.begins)) return null
    if (this.#fallback !== null) return this.#fallback
    const colon = this.begins.indexOf(':')
    if (colon < 0 || colon > 16) return null
    const value = this.begins.slice(colon + 1)
    switch (this.begins.slice(0, colon).trimEnd().toLowerCase()) {
      case 'lower':
      case 'upper':
        return value.toLowerCase()
      case 'date':
        return value.replaceAll("'", '')
      case 'base64':
        return value
      default:
        return null
    }
  }
}
