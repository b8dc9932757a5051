/**
 * detector  ldap
 * finds     pieces of LDAP filters (RFC 4515) that close the one they are put into and open another
 * how       the filter's own grammar: a closing bracket, then `(`, an operator or `attribute=`. At each `(` the text is read
 *           on and back, never past another bracket, so that no character is read more than a few times
 * passes    `f(x)(y)`, `:)(:`, "(see a) (see b=c)"
 * does not  judge whole filters: who takes those declares a parameter for them
 */
import type { Detector } from '../model/detector.ts'
import { codeAt, isLetter, isOfWord, isSpace, spacesBegin, spacesEnd } from './characters.ts'

const OPEN = 0x28
const CLOSE = 0x29
const STAR = 0x2a
const AND = 0x26
const OR = 0x7c
const NOT = 0x21
const EQUALS = 0x3d

export const ldap: Detector = {
  id: 'ldap',
  triggers: [')(', ') (', '*)', '(&', '(|', ')\t(', ')\n('],
  detect(text, field) {
    if (field.kind === 'file') return null
    const isWild = codeAt(text, 0) === STAR
    for (let open = 0; open < text.length; open++) {
      if (text.charCodeAt(open) !== OPEN) continue
      const next = spacesEnd(text, open + 1)
      const sign = codeAt(text, next)
      const isList = sign === AND || sign === OR
      if (!isList && sign !== NOT && !isLetter(sign) && !isWild) continue
      const closed = spacesBegin(text, open)
      if (codeAt(text, closed) === CLOSE && opensFilter(text, next, closed)) return evidence(closed)
      if (isList && listAt(text, next)) return evidence(open)
    }
    return null
  },
}

const evidence = (at: number): ReturnType<Detector['detect']> => ({
  at,
  length: 40,
  why: 'a filter is closed and another one opened',
})

/** A letter, a digit, and what else stands in the name of an attribute: `;` before an option, `.` in an object identifier. */
function isOfName(code: number): boolean {
  return isOfWord(code) || code === 0x2d || code === 0x2e || code === 0x3b
}

/** What stands before and behind the two brackets is what a filter has there. */
function opensFilter(text: string, next: number, closed: number): boolean {
  const sign = codeAt(text, next)
  const signed = sign === AND || sign === OR || sign === NOT
  let value = closed
  while (codeAt(text, value - 1) === CLOSE) value--
  const before = codeAt(text, value - 1)
  // `*)(`: a wildcard is nowhere else.
  if (before === STAR && value === 1) return true
  if (value > 0 && !endsValue(before)) return signed && closesAt(text, next)
  return signed || assigns(text, next)
}

/** What the value in front of the bracket may end with, where it is one. */
function endsValue(code: number): boolean {
  return (
    (isOfName(code) && code !== 0x3b) ||
    isSpace(code) ||
    code === STAR ||
    code === EQUALS ||
    code === 0x40 ||
    code === 0xa0
  )
}

const longestName = 41

/** `name=`, `name>=`, `name:=`. */
function assigns(text: string, from: number): boolean {
  if (!isLetter(codeAt(text, from))) return false
  return comparesAt(text, nameEnd(text, from, longestName))
}

function nameEnd(text: string, from: number, longest: number): number {
  let at = from
  while (at - from < longest && isOfName(codeAt(text, at))) at++
  return at
}

const mostSpaces = 8

function comparesAt(text: string, from: number): boolean {
  let at = from
  while (at - from < mostSpaces && isSpace(codeAt(text, at))) at++
  const code = codeAt(text, at)
  if (code === 0x7e || code === 0x3c || code === 0x3e || code === 0x3a) at++
  return codeAt(text, at) === EQUALS
}

/** `(&)` and `(|` at the end. */
function closesAt(text: string, sign: number): boolean {
  const next = spacesEnd(text, sign + 1)
  return next >= text.length || codeAt(text, next) === CLOSE
}

/** `(&(a=b)(`: the beginning of a list of filters; `sign` is where the operator stands. */
function listAt(text: string, sign: number): boolean {
  const open = spacesEnd(text, sign + 1)
  if (codeAt(text, open) !== OPEN) return false
  const name = spacesEnd(text, open + 1)
  const end = nameEnd(text, name, 60)
  if (end === name || !comparesAt(text, end)) return false
  for (let at = end; at < text.length; at++) {
    const code = codeAt(text, at)
    if (code === OPEN) return false
    if (code === CLOSE) return codeAt(text, spacesEnd(text, at + 1)) === OPEN
  }
  return false
}
