/**
 * A global object of a page that is indexed by an expression: `window['al'+'ert'](1)`. Finds the bracket that closes each
 * one that may be such an index, strings left out, however far away it stands.
 *
 * One pass. A bracket is read as code, and whether what follows is code or a string depends on where one began to read:
 * there are four such readings at most (code, and within each kind of quote), and those that have come to the same go on as
 * one, with the brackets that either has open, in a list of which each bracket is part once. They never part again, so each
 * bracket is opened and closed once. It deliberately does not parse what is between the brackets.
 */
import { codeAt, isDigit, isLetter, isOfWord, spacesBegin, spacesEnd } from '../characters.ts'
import { wordSet } from '../word-set.ts'

const isGlobal = wordSet('window self top this frames parent globalthis document content opener'.split(' '))
const longestGlobal = 10

/** One after the other, those that a closing bracket closes all at once: each reading has its own. */
interface Tops {
  readonly first: Open
  last: Open
}

interface Open {
  readonly at: number
  /** An index of a global object, not just any bracket. */
  readonly isIndex: boolean
  readonly below: Tops | null
  next: Open | null
  /** Brackets of no interest that are open on top of it. */
  more: number
}

const BACKSLASH = 0x5c
const OPENING = 0x5b
const CLOSING = 0x5d
const quotes: readonly number[] = [0x27, 0x22, 0x60]

/** What is looked at; everything else is passed over. */
const signs: Uint8Array = new Uint8Array(128)
for (const char of '[]\'"`\\+/') signs[char.charCodeAt(0)] = 1

/** Where the bracket stands behind a global object that is indexed by an expression, and then called or set; -1: nowhere. */
export function indexedGlobal(text: string): number {
  // As it is read in code, and in a string of each kind of quote.
  const readings: (Tops | null)[] = [null, null, null, null]
  let escaped = -1
  let operator = -1
  for (let at = Math.max(0, text.indexOf('[')); at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 127 || signs[code] === 0) continue
    if (code === OPENING) readings[0] = opened(readings[0] ?? null, text, at)
    else if (code === CLOSING) {
      const tops = readings[0] ?? null
      if (tops === null) continue
      const used = usedBy(tops, text, at, operator)
      if (used >= 0) return used
      readings[0] = closed(tops)
    } else if (code === 0x2b || code === 0x2f) operator = at
    else if (code === BACKSLASH) {
      operator = at
      if (escaped !== at) escaped = at + 1
    } else {
      const quote = quotes.indexOf(code) + 1
      const [outside, inside] = [readings[0] ?? null, readings[quote] ?? null]
      // An escaped quote begins a string for who reads code, and ends none.
      readings[0] = escaped === at ? null : inside
      readings[quote] = escaped === at ? joined(inside, outside) : outside
    }
  }
  return -1
}

function joined(some: Tops | null, others: Tops | null): Tops | null {
  if (some === null || others === null) return some ?? others
  some.last.next = others.first
  some.last = others.last
  return some
}

function opened(tops: Tops | null, text: string, at: number): Tops | null {
  const isIndex = isIndexOfGlobal(text, at)
  if (tops === null && !isIndex) return null
  if (tops !== null && !isIndex && tops.first.next === null) {
    tops.first.more++
    return tops
  }
  const top: Open = { at, isIndex, below: tops, next: null, more: 0 }
  return { first: top, last: top }
}

/** Takes the topmost bracket off each. */
function closed(tops: Tops): Tops | null {
  let left: Tops | null = null
  for (let top: Open | null = tops.first; top !== null; ) {
    const next: Open | null = top.next
    top.next = null
    if (top.more > 0) {
      top.more--
      left = joined(left, { first: top, last: top })
    } else left = joined(left, top.below)
    top = next
  }
  return left
}

/** Where the index begins that is closed here and then called or set; -1: none is. */
function usedBy(tops: Tops, text: string, close: number, operator: number): number {
  const at = spacesEnd(text, close + 1)
  for (let top: Open | null = tops.first; top !== null; top = top.next)
    if (top.more === 0 && top.isIndex && isUsed(text, top.at, at, operator)) return top.at
  return -1
}

/** The name of a global object before the bracket, and behind it what is no plain index and no plain name. */
function isIndexOfGlobal(text: string, open: number): boolean {
  const optional = codeAt(text, open - 1) === 0x2e && codeAt(text, open - 2) === 0x3f
  let end = spacesBegin(text, optional ? open - 2 : open)
  if (codeAt(text, end) === 0x29) end--
  if (!isLetter(codeAt(text, end))) return false
  let from = end
  while (end - from < longestGlobal && isOfWord(codeAt(text, from))) from--
  const before = codeAt(text, from)
  if (isOfWord(before) || before === 0x24 || before === 0x2e || !isGlobal(text, from + 1, end + 1))
    return false
  let inside = spacesEnd(text, open + 1)
  const first = codeAt(text, inside)
  if (!isDigit(first)) return first > 0 && first < 128 && begins[first] === 1
  while (isDigit(codeAt(text, inside))) inside++
  return codeAt(text, inside) === 0x2e
}

/** What an index begins with that is put together. */
const begins: Uint8Array = new Uint8Array(128)
for (const char of '\'"`/(+![\\{') begins[char.charCodeAt(0)] = 1

/** What stands behind the closing bracket calls it, or sets it where the name is put together. */
function isUsed(text: string, open: number, at: number, operator: number): boolean {
  const code = codeAt(text, at)
  if (code === 0x28 || code === 0x60 || code === OPENING) return true
  if (code === 0x2e) return text.startsWith('.call', at) || text.startsWith('.apply', at)
  if (code === 0x3f) return text.startsWith('?.(', at)
  if (code !== 0x3d || codeAt(text, at + 1) === 0x3d) return false
  return operator > open || '([{!'.includes(text.charAt(spacesEnd(text, open + 1)))
}
