/**
 * detector  ldap
 * finds     pieces of LDAP filters (RFC 4515) that close the one they are put into and open another
 * how       the filter's own grammar: a closing bracket, then `(`, an operator or `attribute=`
 * passes    `f(x)(y)`, `:)(:`, "(see a) (see b=c)"
 * does not  judge whole filters: who takes those declares a parameter for them
 */
import type { Detector } from '../model/detector.ts'

export const ldap: Detector = {
  id: 'ldap',
  triggers: [')(', ') (', '*)', '(&', '(|', ')\t(', ')\n('],
  detect(text, field) {
    if (field.kind === 'file') return null
    for (let open = text.indexOf('('); open >= 0; open = text.indexOf('(', open + 1)) {
      const closed = closesBefore(text, open)
      if (closed >= 0 && opensFilter(text, open, closed)) return evidence(closed)
      const list = listAt(text, open)
      if (list) return evidence(open)
    }
    return null
  },
}

const evidence = (at: number): ReturnType<Detector['detect']> => ({
  at,
  length: 40,
  why: 'a filter is closed and another one opened',
})

function skip(text: string, from: number): number {
  let at = from
  while (at < text.length && at < from + 40 && isSpace(text.charCodeAt(at))) at++
  return at
}

function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13)
}

/** Where the closing bracket stands that has nothing but spaces between it and the one at `open`; -1: none. */
function closesBefore(text: string, open: number): number {
  let at = open - 1
  while (at >= 0 && at > open - 40 && isSpace(text.charCodeAt(at))) at--
  return text[at] === ')' ? at : -1
}

/** What stands before and behind the two brackets is what a filter has there. */
function opensFilter(text: string, open: number, closed: number): boolean {
  const next = skip(text, open + 1)
  const sign = text[next]
  let value = closed
  while (value > 0 && value > closed - 40 && text[value - 1] === ')') value--
  const before = value === 0 ? '' : (text[value - 1] as string)
  // `*)(`: a wildcard is nowhere else.
  if (before === '*' && value === closed && (sign === '&' || sign === '|')) return true
  if (value === 1 && before === '*') return true
  if (before !== '' && !/[\w*\s=.@-]/.test(before))
    return (sign === '&' || sign === '|' || sign === '!') && closesAt(text, next)
  if (sign === '&' || sign === '|' || sign === '!') return true
  const name = /^[a-zA-Z][\w;.-]{0,40}\s{0,8}[~<>:]?=/.exec(text.slice(next, next + 60))
  return name !== null
}

/** `(&)` and `(|` at the end. */
function closesAt(text: string, sign: number): boolean {
  const next = skip(text, sign + 1)
  return next >= text.length || text[next] === ')'
}

/** `(&(a=b)(`: the beginning of a list of filters. */
function listAt(text: string, open: number): boolean {
  const sign = text[skip(text, open + 1)]
  if (sign !== '&' && sign !== '|') return false
  return /^\(\s{0,8}[&|]\s{0,8}\(\s{0,8}[\w-]{1,60}\s{0,8}[~<>]?=[^()]{0,200}\)\s{0,8}\(/.test(
    text.slice(open, open + 320),
  )
}
