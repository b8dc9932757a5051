/**
 * SQL as the lexers of MySQL, PostgreSQL, SQL Server, Oracle and SQLite read it, all at once: where they differ, the
 * reading is taken that lets more code be code (what MySQL marks as conditional is code, `#` and `--` begin comments). One pass, never fails.
 * It deliberately knows no grammar; that is statement.ts.
 */
import { hexDigit } from '../../decode/percent.ts'
import {
  CLOSE,
  COMMA,
  COMMENT,
  LEFT_OPEN,
  Lexed,
  NUMBER,
  OPEN,
  OPERATOR,
  SEMICOLON,
  STRING,
  VARIABLE,
  WORD,
} from './tokens.ts'

const LETTER = 1
const DIGIT = 2
const SPACE = 4
const SIGN = 8
/** What an operator may go on with. */
const GOES_ON = 16

const classes: Uint8Array = new Uint8Array(128)
for (const char of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$')
  classes[char.charCodeAt(0)] = LETTER
for (const char of '0123456789') classes[char.charCodeAt(0)] = DIGIT
for (let i = 0; i <= 32; i++) classes[i] = SPACE
for (const char of '+-/%^!?') classes[char.charCodeAt(0)] = SIGN
for (const char of '=<>|&:~*') classes[char.charCodeAt(0)] = SIGN | GOES_ON

const classAt = (text: string, at: number): number => {
  const code = text.charCodeAt(at)
  return code < 128 ? (classes[code] ?? 0) : Number.isNaN(code) ? 0 : code === 0xa0 ? SPACE : LETTER
}

/** The tokens of `text` that begin from `from` on and before `to`. Comments that end are gone, but for one that nothing follows. */
export function lex(text: string, from: number, to: number): Lexed {
  const stop = Math.min(text.length, to)
  const lexed = new Lexed(text, Math.max(0, stop - from))
  let at = from
  while (at < stop) {
    const kind = classAt(text, at)
    if (kind === SPACE) at++
    else if (kind === LETTER) at = wordAt(text, at, lexed)
    else at = signAt(text, at, kind, lexed)
  }
  return lexed
}

function push(lexed: Lexed, kind: number, at: number, end: number, open = false): number {
  return lexed.push(open ? kind | LEFT_OPEN : kind, at, end)
}

function signAt(text: string, at: number, kind: number, lexed: Lexed): number {
  const code = text.charCodeAt(at)
  switch (code) {
    case 0x27: // '
    case 0x22: // "
      return stringAt(text, at, at, lexed)
    case 0x60: // `
    case 0x5b: // [
      return quotedName(text, at, lexed)
    case 0x28: // (
      return push(lexed, OPEN, at, at + 1)
    case 0x29: // )
      return push(lexed, CLOSE, at, at + 1)
    case 0x2c: // ,
      return push(lexed, COMMA, at, at + 1)
    case 0x3b: // ;
      return push(lexed, SEMICOLON, at, at + 1)
    case 0x40: // @
      if (text[at + 1] === '>' || text[at + 1] === '?') return push(lexed, OPERATOR, at, at + 2)
      return variableAt(text, at, lexed)
    case 0x23: // #
      // PostgreSQL's way into JSON, which goes on with a path in a string.
      if (text[at + 1] === '>' || text[at + 1] === '-') {
        const end = text[at + 2] === '>' ? at + 3 : at + 2
        if (text[end] === "'" || (text[end] === ' ' && text[end + 1] === "'"))
          return push(lexed, OPERATOR, at, end)
      }
      return lineComment(text, at, lexed)
    case 0x2d: // -
      if (text.charCodeAt(at + 1) === 0x2d) return lineComment(text, at, lexed)
      break
    case 0x2f: // /
      if (text.charCodeAt(at + 1) === 0x2a) return blockComment(text, at, lexed)
      break
    case 0x2a: // *
      // The end of code in a comment.
      if (text.charCodeAt(at + 1) === 0x2f) return at + 2
      break
    case 0x5c: // \
    case 0x7b: // {
    case 0x7d: // }
    case 0x5d: // ]
      return at + 1
    default:
  }
  if (kind === DIGIT || (code === 0x2e && classAt(text, at + 1) === DIGIT)) return numberAt(text, at, lexed)
  if ((kind & SIGN) !== 0) return operatorAt(text, at, lexed)
  return push(lexed, OPERATOR, at, at + 1)
}

function operatorAt(text: string, at: number, lexed: Lexed): number {
  let end = at + 1
  while (end < at + 3 && (classAt(text, end) & GOES_ON) !== 0) end++
  // `<@` of PostgreSQL, unless a variable begins there.
  if (
    end === at + 1 &&
    text[at] === '<' &&
    text[end] === '@' &&
    (classAt(text, end + 1) & LETTER) === 0 &&
    text[end + 1] !== '@'
  )
    end++
  return push(lexed, OPERATOR, at, end)
}

/** Where the string closes whose inside begins at `from`: doubled quotes and escaped ones do not. -1: nowhere. */
export function closingQuote(text: string, from: number, quote: string): number {
  for (let at = text.indexOf(quote, from); at >= 0; at = text.indexOf(quote, at + 1)) {
    if (text[at + 1] === quote) at++
    else if (text[at - 1] !== '\\' || at === from) return at
  }
  return -1
}

/** A string that begins at `at`, with a prefix up to its quote. */
function stringAt(text: string, at: number, quote: number, lexed: Lexed): number {
  const close = closingQuote(text, quote + 1, text[quote] as string)
  return close < 0 ? push(lexed, STRING, at, text.length, true) : push(lexed, STRING, at, close + 1)
}

function quotedName(text: string, at: number, lexed: Lexed): number {
  // No further than a name goes: a text of nothing but brackets must not be searched again for each.
  const open = text.charCodeAt(at)
  const end = open === 0x5b ? 0x5d : 0x60
  let close = at + 1
  let code = text.charCodeAt(close)
  while (close < at + 131 && code !== end && code !== open && code !== 10) code = text.charCodeAt(++close)
  return code !== end ? at + 1 : push(lexed, WORD, at, close + 1)
}

function variableAt(text: string, at: number, lexed: Lexed): number {
  let end = at + 1
  while (text.charCodeAt(end) === 0x40) end++
  while ((classAt(text, end) & (LETTER | DIGIT)) !== 0 || text.charCodeAt(end) === 0x2e) end++
  return push(lexed, VARIABLE, at, end)
}

function lineComment(text: string, at: number, lexed: Lexed): number {
  const line = text.indexOf('\n', at)
  return line < 0 ? push(lexed, COMMENT, at, text.length, true) : line + 1
}

function blockComment(text: string, at: number, lexed: Lexed): number {
  // MySQL runs what is in /*! … */, from the version that is named on.
  if (text[at + 2] === '!' || (text[at + 2] === 'M' && text[at + 3] === '!')) {
    let end = at + 3 + (text[at + 2] === 'M' ? 1 : 0)
    while (classAt(text, end) === DIGIT && end < at + 10) end++
    return end
  }
  const close = text.indexOf('*/', at + 2)
  if (close < 0) return push(lexed, COMMENT, at, text.length, true)
  let next = close + 2
  while (next < text.length && classAt(text, next) === SPACE) next++
  return next === text.length ? push(lexed, COMMENT, at, close + 2) : next
}

/** `0x41`, `0b01`, `1.5e+3`, `.5`. */
function numberAt(text: string, at: number, lexed: Lexed): number {
  const kind = text.charCodeAt(at + 1) | 32
  if (text.charCodeAt(at) === 0x30 && (kind === 0x78 || kind === 0x62)) {
    const end = prefixedNumber(text, at + 2, kind)
    if (end > at + 2) return push(lexed, NUMBER, at, end)
  }
  let end = digits(text, at)
  if (text.charCodeAt(end) === 0x2e && (end > at || classAt(text, end + 1) === DIGIT))
    end = digits(text, end + 1)
  if ((text.charCodeAt(end) | 32) === 0x65) {
    const sign = text.charCodeAt(end + 1)
    const from = sign === 0x2b || sign === 0x2d ? end + 2 : end + 1
    const exponent = digits(text, from)
    if (exponent > from) end = exponent
  }
  return push(lexed, NUMBER, at, end)
}

function digits(text: string, from: number): number {
  let end = from
  while (classAt(text, end) === DIGIT) end++
  return end
}

/** Where `0x…` or `0b…` ends whose digits begin at `from`; `from` itself where it is none. */
function prefixedNumber(text: string, from: number, kind: number): number {
  // Only lower case begins one, to all of them.
  if (text.charCodeAt(from - 1) !== kind) return from
  let end = from
  if (kind === 0x78) {
    while (hexDigit(text.charCodeAt(end)) >= 0) end++
    return end
  }
  while (text.charCodeAt(end) === 0x30 || text.charCodeAt(end) === 0x31) end++
  const next = text.charCodeAt(end)
  return (next >= 0x30 && next <= 0x39) || (next >= 0x61 && next <= 0x7a) ? from : end
}

function wordAt(text: string, at: number, lexed: Lexed): number {
  let end = at + 1
  for (;;) {
    while ((classAt(text, end) & (LETTER | DIGIT)) !== 0) end++
    // `a.b`, `a.*` and "a"."b" are one name.
    if (text.charCodeAt(end) !== 0x2e || (classAt(text, end + 1) !== LETTER && text[end + 1] !== '`')) break
    end++
    if (text[end] === '`') {
      const length = text.slice(end + 1, end + 131).indexOf('`')
      if (length < 0) break
      end += length + 2
    }
  }
  // U&'…' is one.
  if (
    end === at + 1 &&
    (text[at] === 'U' || text[at] === 'u') &&
    text[end] === '&' &&
    (text[end + 1] === "'" || text[end + 1] === '"')
  )
    end++
  // N'…', x'…', _utf8'…', q'…' are strings.
  const quote = text.charCodeAt(end)
  if (
    (quote === 0x27 || quote === 0x22) &&
    end - at <= 40 &&
    /^(?:n|x|b|e|u&?|q|_[a-z0-9]+)$/i.test(text.slice(at, end))
  )
    return stringAt(text, at, end, lexed)
  return push(lexed, WORD, at, end)
}
