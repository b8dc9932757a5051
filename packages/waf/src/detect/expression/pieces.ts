/**
 * The pieces of a text that template engines and expression languages would evaluate: what stands between the delimiters of
 * each of them, in the order in which they begin. One pass for the braces, one for all delimiters: where a piece ends is
 * known when it begins, so that a nested one costs no more than any other. It deliberately judges no piece.
 */
import { codeAt, spacesEnd } from '../characters.ts'

export interface Piece {
  readonly open: string
  /** Where the delimiter begins. */
  readonly at: number
  /** What is between the delimiters. */
  readonly from: number
  readonly end: number
}

/** What is not closed near by counts as far as this, behind the spaces it begins with. */
const longest = 600

const closers: Readonly<Record<string, string>> = {
  '{{': '}}',
  '<%': '%>',
  '{%': '%}',
  '@(': ')',
  '{php}': '{/php}',
  '$[': ']',
  '<#': '>',
}

const OPENING = 0x7b
const CLOSING = 0x7d
const DOLLAR = 0x24
const PERCENT = 0x25
const BACKSLASH = 0x5c

/** Asks about each piece; the first answer that is not null. */
export function eachPiece<Found>(text: string, ask: (piece: Piece) => Found | null): Found | null {
  const ends = bracesOf(text)
  const next = new Map<string, number>()
  /** Where the delimiter stands next; asked from left to right. */
  const closerAfter = (closer: string, from: number): number => {
    const known = next.get(closer) ?? -2
    if (known === -1 || known >= from) return known
    const at = text.indexOf(closer, from)
    next.set(closer, at)
    return at
  }
  const piece = (open: string, at: number, from: number, closed: number): Found | null => {
    const most = Math.min(text.length, spacesEnd(text, from) + longest)
    return ask({ open, at, from, end: closed < from ? most : Math.min(closed, most) })
  }
  const delimited = (open: string, at: number): Found | null =>
    piece(open, at, at + open.length, closerAfter(closers[open] as string, at + open.length))

  let brace = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 127 || signs[code] === 0) continue
    let found: Found | null = null
    if (code === OPENING) {
      const before = openerBefore(text, at)
      if (before !== null) found = piece(before, at + 1 - before.length, at + 1, ends[brace] ?? -1)
      brace++
      const after = codeAt(text, at + 1)
      if (found === null && after === OPENING) found = delimited('{{', at)
      else if (found === null && after === PERCENT) found = delimited('{%', at)
      else if (found === null && after === 0x70 && text.startsWith('{php}', at))
        found = delimited('{php}', at)
    } else {
      const after = codeAt(text, at + 1)
      if (code === 0x3c && after === PERCENT) found = delimited('<%', at)
      else if (code === 0x3c && after === 0x23) found = delimited('<#', at)
      else if (code === 0x40 && after === 0x28) found = delimited('@(', at)
      else if (code === DOLLAR && after === 0x5b) found = delimited('$[', at)
    }
    if (found !== null) return found
  }
  return null
}

const signs: Uint8Array = new Uint8Array(128)
for (const char of '{<@$') signs[char.charCodeAt(0)] = 1

/** What makes the brace at `at` a delimiter: `$`, `#`, `%`, `*`, `@`, and `$\A` in some spellings; null: nothing does. */
function openerBefore(text: string, at: number): string | null {
  switch (codeAt(text, at - 1)) {
    case DOLLAR:
      return '${'
    case 0x23:
      return '#{'
    case PERCENT:
      return '%{'
    case 0x2a:
      return '*{'
    case 0x40:
      return '@{'
    case BACKSLASH:
      return codeAt(text, at - 2) === DOLLAR ? '$\\{' : null
    case 0x41:
    case 0x42: {
      const slash = codeAt(text, at - 2) === BACKSLASH
      if (slash && codeAt(text, at - 3) === DOLLAR) return '$\\A{'
      return slash && codeAt(text, at - 3) === BACKSLASH && codeAt(text, at - 4) === DOLLAR ? '$\\\\A{' : null
    }
    default:
      return null
  }
}

/** For each opening brace of the text, in order, where it is closed; -1: nowhere. */
function bracesOf(text: string): number[] {
  const ends: number[] = []
  const open: number[] = []
  for (let at = text.indexOf('{'); at >= 0 && at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === OPENING) open.push(ends.push(-1) - 1)
    else if (code === CLOSING) {
      const brace = open.pop()
      if (brace !== undefined) ends[brace] = at
    }
  }
  return ends
}
