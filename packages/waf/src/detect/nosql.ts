/**
 * detector  nosql
 * finds     operators of document databases where data belongs (`{"$ne": null}`, `user[$gt]=`, `$where`), and keys that reach
 *           the prototype of all objects (`__proto__`, `constructor.prototype`)
 * how       names are looked at as names: the keys of parsed JSON, the brackets and dots of parameters
 * passes    `$5`, `$ref`, `$schema`, a text that mentions `__proto__`
 * does not  know any database's syntax beyond its operators
 */
import type { Detector, Evidence } from '../model/detector.ts'
import { codeAt, isOfWord, isQuote, matchesAt, spacesBegin, spacesEnd, wordEnd } from './characters.ts'
import { wordSet } from './word-set.ts'

const isOperator = wordSet(
  'eq ne gt gte lt lte in nin and or nor not exists type mod regex text where all elemmatch size expr jsonschema function accumulator lookup match group project sort limit skip unwind out merge unionwith comment options rand near within geowithin bitsallset'.split(
    ' ',
  ),
)
/** Those that stand for a condition wherever they are a key. */
const isCondition = wordSet('where function accumulator regex ne gt lt nin expr'.split(' '))
/** Read at `__` and at `constructor`. */
const prototype = /__(?:proto__|(?:define|lookup)[GS]etter__)(?:[.[\]'"]|$)/y
const constructed = /constructor['"]?\]?[.[]['"]?prototype(?:[.[\]'"]|$)/y
/** Read behind a quote, spaces and an operator: no two runs in it can take the same characters. */
const goesOn = /this\.\w|sleep\s*\(|return\b|db\.\w+\.|['"]?\w*['"]?\s*==/y

export const nosql: Detector = {
  id: 'nosql',
  triggers: [
    ...'$ __proto__ constructor __define __lookup this. sleep( return db. :prototype startswith contains endswith regex __has_key =='.split(
      ' ',
    ),
    'sleep (',
  ],
  detect(text, field) {
    const name = field.part === 'name'
    const reached = prototypeIn(text)
    if (
      reached >= 0 &&
      (name || /^[\w.[\]'"=-]*$/.test(text) || /[?&;,{]\s*['"]?__proto__['"]?\s*[[.:]/.test(text))
    )
      return { at: reached, length: 40, why: 'a key that reaches the prototype' }
    // Each part ends at a colon, which no part holds.
    if (/^\$\w{1,8}:(?:\w{1,40}:)*?(?:__proto__|prototype|constructor)(?::|$)/.test(text))
      return { at: 0, length: 40, why: 'a reference that reaches the prototype' }
    if (
      name &&
      /^\w{1,80}__(?:i?(?:startswith|endswith|contains|regex|exact)|has_keys?|contained_by)$/.test(text) &&
      text.split('__').length > 2
    )
      return { at: 0, length: text.length, why: 'a test that reaches into another table' }
    const found = operatorIn(text, name)
    if (found !== null) return found
    const broken = brokenOut(text)
    return broken < 0 ? null : { at: broken, length: 40, why: 'a quote ends a string of a database function' }
  },
}

/** Where a key begins that reaches the prototype; -1: nowhere. */
function prototypeIn(text: string): number {
  // Between two underscores of a run there is nothing before a word.
  for (let at = text.indexOf('__'); at >= 0; at = text.indexOf('__', wordEnd(text, at)))
    if (standsAlone(text, at) && matchesAt(prototype, text, at)) return at
  for (let at = text.indexOf('constructor'); at >= 0; at = text.indexOf('constructor', at + 1))
    if (standsAlone(text, at) && matchesAt(constructed, text, at)) return at
  return -1
}

/** Behind `.`, `[`, `]` or a quote, which stand around the parts of a path, or at the beginning. */
function standsAlone(text: string, at: number): boolean {
  if (at === 0) return true
  const code = codeAt(text, at - 1)
  return code === 0x2e || code === 0x5b || code === 0x5d || isQuote(code)
}

/** Operators of databases, as a name, in a name, and as a key of JSON in a text. */
function operatorIn(text: string, name: boolean): Evidence | null {
  const first = text.indexOf('$')
  if (first < 0) return null
  // What is one word may be a name as well.
  const asName = name || (text.length < 200 && !/\s/.test(text.trim()))
  for (let at = first; at < text.length; at++) {
    if (codeAt(text, at) !== DOLLAR) continue
    const why = operatorAt(text, at, name, asName)
    if (why !== null) return { at, length: 30, why }
  }
  return null
}

const DOLLAR = 0x24
const COLON = 0x3a

function operatorAt(text: string, at: number, name: boolean, asName: boolean): string | null {
  const end = wordEnd(text, at + 1)
  if (end === at + 1) return null
  const before = codeAt(text, at - 1)
  const open = spacesBegin(text, isQuote(before) ? at - 1 : at)
  const next = spacesEnd(text, isQuote(codeAt(text, end)) ? end + 1 : end)
  const code = codeAt(text, open)
  const isKey = code === 0x7b || code === 0x2c
  if (isKey && codeAt(text, next) === COLON && isCondition(text, at + 1, end))
    return 'an operator of a database in a text'
  if (!asName || !isOperator(text, at + 1, end)) return null
  if (name && open < 0 && next >= text.length) return 'an operator of a database as a name'
  return before === 0x2e || (code === 0x5b && codeAt(text, next) === 0x5d)
    ? 'an operator of a database in a name'
    : null
}

/** Where a quote ends a string and an operator of JavaScript goes on; -1: nowhere. */
function brokenOut(text: string): number {
  for (let at = 0; at < text.length; at++) {
    if (!isQuote(codeAt(text, at))) continue
    // From a quote to the next one: no character is read twice.
    const sign = spacesEnd(text, at + 1)
    const code = codeAt(text, sign)
    const doubled = (code === 0x7c || code === 0x26) && codeAt(text, sign + 1) === code
    if (code !== 0x3b && !doubled) continue
    const next = spacesEnd(text, doubled ? sign + 2 : sign + 1)
    const first = codeAt(text, next)
    if ((isOfWord(first) || isQuote(first) || first === 0x3d) && matchesAt(goesOn, text, next)) return at
  }
  return -1
}
