/**
 * Calls as PHP writes them, where all of a value is one: a function by its name, with whatever PHP allows between name and
 * bracket; by a variable; by an expression that yields the name. One pass over the beginning of the text. It
 * deliberately does not look for calls inside prose.
 */
import { isPhp, isPhpToo } from '../words.ts'

/** As much as is looked at from where it begins. */
const longest = 400

interface Gap {
  readonly end: number
  /** More than spaces. */
  readonly odd: boolean
}

/** White space and comments, as PHP skips them. */
function gapAt(text: string, from: number): Gap {
  let at = from
  let odd = false
  for (;;) {
    const code = text.charCodeAt(at)
    if (code === 32) at++
    else if (code >= 9 && code <= 13) {
      odd = true
      at++
    } else if (text.startsWith('/*', at)) {
      const close = text.indexOf('*/', at + 2)
      if (close < 0) return { end: at, odd }
      at = close + 2
      odd = true
    } else if (code === 0x23 || text.startsWith('//', at)) {
      const line = text.indexOf('\n', at)
      if (line < 0) return { end: at, odd }
      at = line + 1
      odd = true
    } else return { end: at, odd }
  }
}

/** Why the text is a call that PHP would run, or null. */
export function phpCall(text: string): string | null {
  const begin = text.search(/[^\s;:.,)}\]'"+&|@!(\\{[-]/)
  const from = begin < 0 || begin > 40 ? 0 : begin
  const piece = text.slice(from, from + longest)
  return (
    named(piece) ??
    variable(text.slice(0, longest).trimStart()) ??
    computed(text.slice(0, longest).trimStart())
  )
}

/** `strrev( )`: all of the text, or left open. */
function named(piece: string): string | null {
  const name = /^\w{2,64}/.exec(piece)?.[0].toLowerCase() ?? ''
  if (name === '' || !isPhpToo(name)) return null
  const gap = gapAt(piece, name.length)
  if (piece[gap.end] !== '(') return null
  if (!isPhp(name) && !(gap.odd && name.length > 1)) return null
  const close = closing(piece, gap.end)
  if (close < 0) return /[\w$'")]\s*$|\(\s*$/.test(piece) ? `a call of ${name}` : null
  const rest = piece.slice(close + 1).trim()
  const ends = /^[;)'"\].#/-]*$/.test(rest) || /^[;.]\s*\S{0,24}$/.test(rest)
  return ends || /^[;)\s]*(?:\/\/|\/\*|#)/.test(rest) ? `a call of ${name}` : null
}

/** `@$f[0](1)`, `$ {x}(1)`: a function by its name in a variable. */
function variable(piece: string): string | null {
  let at = piece.startsWith('@') ? 1 : 0
  const assigned = /^\$\w{1,40}\s*=\s*@?(?=\$)/.exec(piece)?.[0]
  if (assigned !== undefined) at = assigned.length
  if (piece[at] !== '$') return null
  at = gapAt(piece, at + 1).end
  if (piece[at] === '{') {
    const close = closing(piece, at)
    if (close < 0) return null
    if (/^\s*["']/.test(piece.slice(at + 1))) return 'a variable by a computed name'
    at = close + 1
  } else {
    const name = /^[$@]*[A-Za-z_]\w*/.exec(piece.slice(at, at + 80))?.[0]
    if (name === undefined) return null
    at += name.length
  }
  for (;;) {
    const gap = gapAt(piece, at)
    if (piece[gap.end] === '(') {
      const close = closing(piece, gap.end)
      if (close < 0) return null
      const rest = piece.slice(close + 1).trim()
      const code = gap.odd || /^(?:;|\.\s*\$)/.test(rest) || piece[0] === '@' || assigned !== undefined
      return rest === '' || code ? 'a function by a name in a variable' : null
    }
    if (piece[gap.end] !== '[' && piece[gap.end] !== '{') return null
    const close = closing(piece, gap.end)
    if (close < 0) return null
    at = close + 1
  }
}

/** `('sys'.'tem')('id');`, `[system][0](ls);`: a function by what an expression yields, and the statement's end. */
function computed(piece: string): string | null {
  let at = piece.startsWith('return') ? 6 : 0
  let groups = 0
  let strings = 0
  for (let steps = 0; steps < 40; steps++) {
    at = gapAt(piece, at).end
    const char = piece[at]
    if (char === '(' || char === '[' || char === '{') {
      const called = char === '(' && (groups > 0 || strings > 0) && piece[at - 1] !== '.'
      const close = closing(piece, at)
      if (close < 0) return null
      if (
        called &&
        (/^\s*(?:;|\.\w+$)/.test(piece.slice(close + 1)) ||
          (strings === 0 && /^\(\s*["']/.test(piece) && piece.slice(close + 1).trim() === '')) &&
        /\w/.test(piece.slice(0, at)) &&
        isCallee(piece.slice(0, at))
      )
        return 'a function by a computed name'
      at = close + 1
      groups++
    } else if (char === '"' || char === "'") {
      const close = piece.indexOf(char, at + 1)
      if (close < 0) return null
      at = close + 1
      strings++
    } else if (char === '.') at++
    else if (char === ';' && groups > 0) {
      // `define(…);(z)[0](…);`
      at++
      groups = 0
    } else {
      const word = /^\w{1,40}/.exec(piece.slice(at, at + 40))?.[0]
      if (word === undefined || (groups > 0 && piece[at - 1] !== ';' && piece[at - 1] !== '.')) return null
      at += word.length
      if (piece[at] === '(') groups = 0
    }
  }
  return null
}

/** Whether it ends as a callee does: a group or a string, not a word. */
function isCallee(text: string): boolean {
  return /[)\]}'"]\s*(?:\/\*.*\*\/\s*)?$/.test(text)
}

const brackets: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

/** Where the bracket at `open` closes, strings left out; -1 where it does not. */
function closing(piece: string, open: number): number {
  const wanted: string[] = []
  let quote = ''
  for (let at = open; at < piece.length; at++) {
    const char = piece[at] as string
    if (quote !== '') {
      if (char === '\\') at++
      else if (char === quote) quote = ''
      continue
    }
    if (char === '"' || char === "'") quote = char
    else if (brackets[char] !== undefined) wanted.push(brackets[char])
    else if (char === wanted.at(-1)) {
      wanted.pop()
      if (wanted.length === 0) return at
    }
  }
  return -1
}
