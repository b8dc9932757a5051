/**
 * A pattern as ECMA-262 writes it (with the flag `u`, as JSON Schema reads it) to a tree, for the part of the language that is
 * regular: what needs memory or a look around (backreferences, lookahead, lookbehind) is refused by name. It deliberately
 * has none of Annex B's leniency, so that a pattern means the same here and in every engine.
 *
 * It is long because the grammar is one.
 */
import {
  anyButLineEnds,
  type CodePoints,
  complement,
  digits,
  property,
  type Range,
  setOf,
  spaces,
  words,
} from './code-points.ts'

export type Assertion = 'start' | 'end' | 'boundary' | 'no-boundary'

export type Tree =
  | { readonly kind: 'empty' }
  | { readonly kind: 'one'; readonly of: CodePoints }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Tree[] }
  /** `most` is infinite for `*` and `+`. */
  | { readonly kind: 'repeat'; readonly part: Tree; readonly least: number; readonly most: number }

/** Why a text is no pattern, or none that can be run. */
class Refused extends Error {}

const longest = 4096
const deepest = 100

/** The tree, or why there is none. */
export function parsePattern(source: string): Tree | string {
  if (source.length > longest) return `longer than ${longest} characters`
  try {
    return new Parser(source).whole()
  } catch (error) {
    if (error instanceof Refused) return error.message
    throw error
  }
}

const syntax = '^$\\.*+?()[]{}|/-'
const controls: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13 }
const classes: Readonly<Record<string, CodePoints>> = {
  d: digits,
  D: complement(digits),
  w: words,
  W: complement(words),
  s: spaces,
  S: complement(spaces),
}

/** The place in one pattern; it lives for one call of `parsePattern`. */
class Parser {
  /** By code point. */
  readonly #chars: readonly string[]
  readonly #properties: Map<string, CodePoints> = new Map()
  #at = 0
  #depth = 0

  constructor(source: string) {
    this.#chars = [...source]
  }

  whole(): Tree {
    const tree = this.#choice()
    if (this.#at < this.#chars.length) throw new Refused(`a \`${this.#chars[this.#at]}\` that closes nothing`)
    return tree
  }

  #choice(): Tree {
    if (++this.#depth > deepest) throw new Refused(`groups nested deeper than ${deepest}`)
    const parts = [this.#sequence()]
    while (this.#take('|')) parts.push(this.#sequence())
    this.#depth--
    return parts.length === 1 ? (parts[0] as Tree) : { kind: 'choice', parts }
  }

  #sequence(): Tree {
    const parts: Tree[] = []
    for (;;) {
      const char = this.#chars[this.#at]
      if (char === undefined || char === '|' || char === ')') break
      parts.push(this.#term(char))
    }
    return parts.length === 0
      ? { kind: 'empty' }
      : parts.length === 1
        ? (parts[0] as Tree)
        : { kind: 'sequence', parts }
  }

  #term(char: string): Tree {
    const assertion = this.#assertion(char)
    if (assertion !== null) {
      if (/^[*+?{]$/.test(this.#chars[this.#at] ?? ''))
        throw new Refused('a repetition of what has no length')
      return { kind: 'assert', what: assertion }
    }
    return this.#repeated(this.#atom(char))
  }

  #assertion(char: string): Assertion | null {
    if (char === '^' || char === '$') {
      this.#at++
      return char === '^' ? 'start' : 'end'
    }
    const next = this.#chars[this.#at + 1]
    if (char !== '\\' || (next !== 'b' && next !== 'B')) return null
    this.#at += 2
    return next === 'b' ? 'boundary' : 'no-boundary'
  }

  #atom(char: string): Tree {
    this.#at++
    switch (char) {
      case '(':
        return this.#group()
      case '[':
        return { kind: 'one', of: this.#class() }
      case '.':
        return { kind: 'one', of: anyButLineEnds }
      case '\\':
        return { kind: 'one', of: this.#escape('outside') }
      case '*':
      case '+':
      case '?':
      case '{':
        throw new Refused(`a \`${char}\` with nothing before it: write \`\\${char}\` for the character`)
      case '}':
      case ']':
        throw new Refused(`a \`${char}\` that closes nothing: write \`\\${char}\` for the character`)
      default:
        return { kind: 'one', of: single(char) }
    }
  }

  #group(): Tree {
    if (this.#take('?')) {
      const kind = this.#chars[this.#at]
      const after = this.#chars[this.#at + 1]
      if (kind === '=' || kind === '!')
        throw new Refused('it looks ahead, which cannot be run in linear time')
      if (kind === '<' && (after === '=' || after === '!'))
        throw new Refused('it looks behind, which cannot be run in linear time')
      if (kind === '<') this.#name()
      else if (!this.#take(':')) throw new Refused('a group with flags: write both cases out')
    }
    const tree = this.#choice()
    if (!this.#take(')')) throw new Refused('a group that does not end')
    return tree
  }

  /** `<name>`; the name means nothing here. */
  #name(): void {
    const from = ++this.#at
    while (this.#at < this.#chars.length && this.#chars[this.#at] !== '>') this.#at++
    const name = this.#chars.slice(from, this.#at).join('')
    if (!/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) || !this.#take('>'))
      throw new Refused('a group whose name is none')
  }

  #repeated(part: Tree): Tree {
    const bounds = this.#bounds()
    if (bounds === null) return part
    // Fewest or most first: whether there is a match at all does not depend on it.
    this.#take('?')
    if (/^[*+?{]$/.test(this.#chars[this.#at] ?? ''))
      throw new Refused('a repetition of a repetition: use a group')
    return { kind: 'repeat', part, least: bounds[0], most: bounds[1] }
  }

  #bounds(): readonly [least: number, most: number] | null {
    if (this.#take('*')) return [0, Infinity]
    if (this.#take('+')) return [1, Infinity]
    if (this.#take('?')) return [0, 1]
    if (this.#chars[this.#at] !== '{') return null
    const end = this.#chars.indexOf('}', this.#at)
    const text = end < 0 ? '' : this.#chars.slice(this.#at, end + 1).join('')
    const [, least, comma, most] = /^\{(\d{1,6})(,?)(\d{0,6})\}$/.exec(text) ?? []
    if (least === undefined || (comma === '' && most !== ''))
      throw new Refused('a `{` that begins no repetition: write `\\{`')
    this.#at = end + 1
    const from = Number(least)
    const to = comma === '' ? from : most === '' ? Infinity : Number(most)
    if (to < from) throw new Refused(`a repetition of at least ${from} and at most ${to}`)
    return [from, to]
  }

  /** What stands between `[` and `]`. */
  #class(): CodePoints {
    const isNegated = this.#take('^')
    const ranges: Range[] = []
    for (;;) {
      const char = this.#chars[this.#at++]
      if (char === undefined) throw new Refused('a class that does not end')
      if (char === ']') break
      const first = this.#classAtom(char)
      if (this.#chars[this.#at] !== '-' || this.#chars[this.#at + 1] === ']') {
        ranges.push(...first)
        continue
      }
      this.#at++
      const next = this.#chars[this.#at++]
      if (next === undefined) throw new Refused('a class that does not end')
      const [low, high] = [onlyOf(first), onlyOf(this.#classAtom(next))]
      if (low === null || high === null) throw new Refused('a range of which one end is a class: write `\\-`')
      if (high < low) throw new Refused('a range that ends before it begins')
      ranges.push([low, high])
    }
    const set = setOf(ranges)
    return isNegated ? complement(set) : set
  }

  #classAtom(char: string): CodePoints {
    return char === '\\' ? this.#escape('class') : single(char)
  }

  #escape(where: 'class' | 'outside'): CodePoints {
    const char = this.#chars[this.#at++]
    if (char === undefined) throw new Refused('a `\\` at the end')
    const known = Object.hasOwn(classes, char) ? classes[char] : undefined
    if (known !== undefined) return known
    const control = Object.hasOwn(controls, char) ? controls[char] : undefined
    if (control !== undefined) return [[control, control]]
    if (syntax.includes(char)) return single(char)
    if (char === 'b' && where === 'class') return [[8, 8]]
    if (char === 'p' || char === 'P') return this.#property(char)
    if (char === 'k' || /[1-9]/.test(char))
      throw new Refused('it refers back to a group, which cannot be run in linear time')
    const code = this.#code(char)
    if (code === null) throw new Refused(`\`\\${char}\` is no escape of ECMA-262`)
    return [[code, code]]
  }

  #code(char: string): number | null {
    switch (char) {
      case '0':
        return /\d/.test(this.#chars[this.#at] ?? '') ? null : 0
      case 'c': {
        const letter = this.#chars[this.#at++] ?? ''
        return /^[A-Za-z]$/.test(letter) ? letter.charCodeAt(0) & 31 : null
      }
      case 'x':
        return this.#hex(2)
      case 'u': {
        if (this.#take('{')) {
          const end = this.#chars.indexOf('}', this.#at)
          const text = end < 0 ? '' : this.#chars.slice(this.#at, end).join('')
          this.#at = end + 1
          const code = /^[0-9a-fA-F]{1,8}$/.test(text) ? Number.parseInt(text, 16) : Number.NaN
          return code <= 0x10ffff ? code : null
        }
        const high = this.#hex(4)
        if (high === null || (high & 0xfc00) !== 0xd800) return high
        const at = this.#at
        const low = this.#take('\\') && this.#take('u') ? this.#hex(4) : null
        if (low !== null && (low & 0xfc00) === 0xdc00) return 0x10000 + ((high & 0x3ff) << 10) + (low & 0x3ff)
        this.#at = at
        return high
      }
      default:
        return null
    }
  }

  #hex(length: number): number | null {
    const text = this.#chars.slice(this.#at, this.#at + length).join('')
    if (text.length !== length || !/^[0-9a-fA-F]+$/.test(text)) return null
    this.#at += length
    return Number.parseInt(text, 16)
  }

  #property(letter: string): CodePoints {
    const end = this.#take('{') ? this.#chars.indexOf('}', this.#at) : -1
    const name = end < 0 ? '' : this.#chars.slice(this.#at, end).join('')
    this.#at = end + 1
    const known = this.#properties.get(name) ?? property(name)
    if (known === null) throw new Refused(`\`\\${letter}{${name.slice(0, 40)}}\` is no property of Unicode`)
    this.#properties.set(name, known)
    return letter === 'p' ? known : complement(known)
  }

  #take(char: string): boolean {
    if (this.#chars[this.#at] !== char) return false
    this.#at++
    return true
  }
}

function single(char: string): CodePoints {
  const code = char.codePointAt(0) as number
  return [[code, code]]
}

/** The one code point of a set, or null. */
function onlyOf(set: CodePoints): number | null {
  const [range, ...more] = set
  return range !== undefined && more.length === 0 && range[0] === range[1] ? range[0] : null
}
