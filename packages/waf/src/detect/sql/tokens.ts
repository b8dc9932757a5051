/**
 * SQL as the lexers of MySQL, PostgreSQL, SQL Server, Oracle and SQLite read it, all at once: where they differ, the
 * reading is taken that lets more code be code (what MySQL marks as conditional is code, `#` and `--` begin comments). One pass, never fails.
 * It deliberately knows no grammar; that is statement.ts.
 */

export type SqlKind =
  | 'number'
  | 'string'
  | 'word'
  | 'variable'
  | 'operator'
  | 'open'
  | 'close'
  | 'comma'
  | 'semicolon'
  | 'comment'

export interface SqlToken {
  readonly kind: SqlKind
  /** Lower case; for strings what is inside, for comments how they begin. */
  readonly text: string
  readonly at: number
  readonly end: number
  /** A string or comment that the text leaves open. */
  readonly open: boolean
}

const WORD = 1
const DIGIT = 2
const SPACE = 4
const OPERATOR = 8

const classes: Uint8Array = new Uint8Array(128)
for (const char of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$')
  classes[char.charCodeAt(0)] = WORD
for (const char of '0123456789') classes[char.charCodeAt(0)] = DIGIT
for (let i = 0; i <= 32; i++) classes[i] = SPACE
for (const char of '+-*/%&|^~!=<>:?') classes[char.charCodeAt(0)] = OPERATOR

const classAt = (text: string, at: number): number => {
  const code = text.charCodeAt(at)
  return code < 128 ? (classes[code] ?? 0) : Number.isNaN(code) ? 0 : code === 0xa0 ? SPACE : WORD
}

/** So many are read at once; whoever asks for the rest begins where these end. */
export const mostTokens = 2000

/** The tokens of `text` from `from` on. Comments that end are gone, but for one that nothing follows. */
export function sqlTokens(text: string, from: number): SqlToken[] {
  const tokens: SqlToken[] = []
  let at = from
  while (at < text.length && tokens.length < mostTokens) {
    const kind = classAt(text, at)
    if (kind === SPACE) at++
    else at = tokenAt(text, at, kind, tokens)
  }
  return tokens
}

function tokenAt(text: string, at: number, kind: number, tokens: SqlToken[]): number {
  const push = (kind: SqlKind, end: number, value: string, open = false): number => {
    tokens.push({ kind, text: value, at, end, open })
    return end
  }
  const char = text[at] as string
  switch (char) {
    case "'":
    case '"':
      return stringAt(text, at, char, push)
    case '`':
    case '[':
      return quotedName(text, at, char, push)
    case '(':
      return push('open', at + 1, char)
    case ')':
      return push('close', at + 1, char)
    case ',':
      return push('comma', at + 1, char)
    case ';':
      return push('semicolon', at + 1, char)
    case '@':
      if (text[at + 1] === '>' || text[at + 1] === '?')
        return push('operator', at + 2, text.slice(at, at + 2))
      return variableAt(text, at, push)
    case '#':
      // PostgreSQL's way into JSON, which goes on with a path in a string.
      if (text[at + 1] === '>' || text[at + 1] === '-') {
        const end = text[at + 2] === '>' ? at + 3 : at + 2
        if (text[end] === "'" || (text[end] === ' ' && text[end + 1] === "'"))
          return push('operator', end, text.slice(at, end))
      }
      return lineComment(text, at, char, push)
    case '-':
      if (text[at + 1] === '-') return lineComment(text, at, '--', push)
      break
    case '/':
      if (text[at + 1] === '*') return blockComment(text, at, push)
      break
    case '*':
      // The end of code in a comment.
      if (text[at + 1] === '/') return at + 2
      break
    case '\\':
    case '{':
    case '}':
    case ']':
      return at + 1
    default:
  }
  if (kind === DIGIT || (char === '.' && classAt(text, at + 1) === DIGIT)) return numberAt(text, at, push)
  if (kind === WORD) return wordAt(text, at, push)
  if (kind === OPERATOR) {
    let end = at + 1
    while (
      end < at + 3 &&
      classAt(text, end) === OPERATOR &&
      '=<>|&:~*'.includes(text[end] as string) &&
      !text.startsWith('/*', end)
    )
      end++
    // `<@` of PostgreSQL, unless a variable begins there.
    if (
      char === '<' &&
      end === at + 1 &&
      text[end] === '@' &&
      (classAt(text, end + 1) & WORD) === 0 &&
      text[end + 1] !== '@'
    )
      end++
    return push('operator', end, text.slice(at, end))
  }
  return push('operator', at + 1, char)
}

type Push = (kind: SqlKind, end: number, value: string, open?: boolean) => number

/** Where the string closes whose inside begins at `from`: doubled quotes and escaped ones do not. -1: nowhere. */
export function closingQuote(text: string, from: number, quote: string): number {
  for (let at = text.indexOf(quote, from); at >= 0; at = text.indexOf(quote, at + 1)) {
    if (text[at + 1] === quote) at++
    else if (text[at - 1] !== '\\' || at === from) return at
  }
  return -1
}

function stringAt(text: string, at: number, quote: string, push: Push): number {
  const close = closingQuote(text, at + 1, quote)
  return close < 0
    ? push('string', text.length, text.slice(at + 1), true)
    : push('string', close + 1, text.slice(at + 1, close))
}

function quotedName(text: string, at: number, open: string, push: Push): number {
  // No further than a name goes: a text of nothing but brackets must not be searched again for each.
  const end = open === '[' ? ']' : '`'
  let close = at + 1
  while (close < at + 131 && text[close] !== end && text[close] !== open && text[close] !== '\n') close++
  return text[close] !== end ? at + 1 : push('word', close + 1, text.slice(at + 1, close).toLowerCase())
}

function variableAt(text: string, at: number, push: Push): number {
  let end = at + 1
  while (text[end] === '@') end++
  while ((classAt(text, end) & (WORD | DIGIT)) !== 0 || text[end] === '.') end++
  return push('variable', end, text.slice(at, end).toLowerCase())
}

function lineComment(text: string, at: number, how: string, push: Push): number {
  const line = text.indexOf('\n', at)
  return line < 0 ? push('comment', text.length, how, true) : line + 1
}

function blockComment(text: string, at: number, push: Push): number {
  // MySQL runs what is in /*! … */, from the version that is named on.
  if (text[at + 2] === '!' || (text[at + 2] === 'M' && text[at + 3] === '!')) {
    let end = at + 3 + (text[at + 2] === 'M' ? 1 : 0)
    while (classAt(text, end) === DIGIT && end < at + 10) end++
    return end
  }
  const close = text.indexOf('*/', at + 2)
  if (close < 0) return push('comment', text.length, '/*', true)
  let next = close + 2
  while (next < text.length && classAt(text, next) === SPACE) next++
  return next === text.length ? push('comment', close + 2, '/*') : next
}

function numberAt(text: string, at: number, push: Push): number {
  const hex = /0x[0-9a-fA-F]+|0b[01]+(?![0-9a-z])/y
  hex.lastIndex = at
  const found = hex.exec(text)?.[0]
  if (found !== undefined) return push('number', at + found.length, found)
  const decimal = /(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?/iy
  decimal.lastIndex = at
  const number = decimal.exec(text)?.[0] ?? text[at] ?? ''
  return push('number', at + number.length, number)
}

function wordAt(text: string, at: number, push: Push): number {
  let end = at
  for (;;) {
    while ((classAt(text, end) & (WORD | DIGIT)) !== 0) end++
    // `a.b`, `a.*` and "a"."b" are one name.
    if (text[end] !== '.' || (classAt(text, end + 1) !== WORD && text[end + 1] !== '`')) break
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
  const word = text.slice(at, end).toLowerCase()
  const quote = text[end]
  // N'…', x'…', _utf8'…', q'…' are strings.
  if ((quote === "'" || quote === '"') && /^(?:n|x|b|e|u&?|q|_[a-z0-9]+)$/.test(word)) {
    const close = closingQuote(text, end + 1, quote)
    return close < 0
      ? push('string', text.length, text.slice(end + 1), true)
      : push('string', close + 1, text.slice(end + 1, close))
  }
  return push('word', end, word)
}
