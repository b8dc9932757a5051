/**
 * As much of SQL's grammar as it takes to tell an injected piece from prose: operands, expressions, comparisons. Works on
 * tokens by index; brackets are matched once, so every question is asked in bounded
 * time. It deliberately accepts more than any one database does, and less than English.
 */
import type { SqlToken } from './tokens.ts'

/** Tokens with their brackets matched. */
export interface Sql {
  readonly tokens: readonly SqlToken[]
  /** For each opening bracket the index of the closing one, or the number of tokens; 0 for all else. */
  readonly closing: Int32Array
  /** What the tokens were read from. */
  readonly text: string
  readonly tails: Tails
  /** Up to which token it can be read as SQL from the beginning on; told once, and asked often. */
  readonly reads: () => number
}

export function withBrackets(tokens: readonly SqlToken[], text: string, reads: (sql: Sql) => number): Sql {
  let closing: Int32Array | null = null
  let tails: Tails | null = null
  let known: number | null = null
  const sql: Sql = {
    tokens,
    // Most texts are never asked for their brackets.
    get closing() {
      closing ??= matched(tokens)
      return closing
    },
    text,
    get tails() {
      // An operand may end one behind the last token: its bracket does not close.
      tails ??= { ends: new Int32Array(tokens.length + 2), strengths: new Uint8Array(tokens.length + 2) }
      return tails
    },
    reads: () => (known ??= reads(sql)),
  }
  return sql
}

function matched(tokens: readonly SqlToken[]): Int32Array {
  const closing = new Int32Array(tokens.length)
  const open: number[] = []
  for (let index = 0; index < tokens.length; index++) {
    const { kind } = tokens[index] as SqlToken
    if (kind === 'open') {
      open.push(index)
      closing[index] = tokens.length
    } else if (kind === 'close') {
      const from = open.pop()
      if (from !== undefined) closing[from] = index
    }
  }
  return closing
}

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '))

const logic: ReadonlySet<string> = words('and or xor having where && ||')
const comparing: ReadonlySet<string> = words(
  '= ! == === < > <= >= <> != !== <=> := ~ !~ ~* @> <@ ? ?| ?& @? like rlike regexp ilike glob match is in between similar sounds contains isnull notnull',
)
const prefixes: ReadonlySet<string> = words('+ - ~ ! not binary distinct all exists any some -+ +- --')
const constants: ReadonlySet<string> = words('null true false unknown')
/** Words that never are the name of a column or function in a condition. */
const keywords: ReadonlySet<string> = words(
  'select from where union and or not order group by having limit like in is between case when then else end into as on join values set insert update delete drop create alter exec execute declare table procedure',
)

export const isWord = (token: SqlToken | undefined, ...texts: string[]): boolean =>
  token?.kind === 'word' && texts.includes(token.text)

export const isLogic = (token: SqlToken | undefined): boolean =>
  (token?.kind === 'word' || token?.kind === 'operator') && logic.has(token.text)

export const isComparing = (token: SqlToken | undefined): boolean =>
  (token?.kind === 'word' || token?.kind === 'operator') && comparing.has(token.text)

/** One operand: from which index the rest goes on, and whether it is a constant, a call, a query or just a name. */
export interface Operand {
  readonly end: number
  readonly what: 'constant' | 'string' | 'open-string' | 'call' | 'query' | 'brackets' | 'name'
}

export function operandAt({ tokens, closing }: Sql, from: number): Operand | null {
  let at = from
  while (at < from + 12 && prefixed(tokens[at])) at++
  const token = tokens[at]
  if (token === undefined) return null
  switch (token.kind) {
    case 'number':
      return { end: at + 1, what: 'constant' }
    case 'string':
      return { end: at + 1, what: token.open ? 'open-string' : 'string' }
    case 'variable':
      return { end: at + 1, what: 'constant' }
    case 'open': {
      const close = closing[at] ?? tokens.length
      return { end: close + 1, what: isQuery(tokens, at) ? 'query' : 'brackets' }
    }
    case 'word': {
      if (token.text === 'case') return { end: Math.min(at + 60, tokens.length), what: 'query' }
      if (constants.has(token.text)) return { end: at + 1, what: 'constant' }
      if (keywords.has(token.text)) return null
      if (tokens[at + 1]?.kind !== 'open') return { end: at + 1, what: 'name' }
      return { end: (closing[at + 1] ?? tokens.length) + 1, what: 'call' }
    }
    default:
      return null
  }
}

function prefixed(token: SqlToken | undefined): boolean {
  return (token?.kind === 'word' || token?.kind === 'operator') && prefixes.has(token.text)
}

/** Whether the bracket holds a query: `(select`, `((select`. */
function isQuery(tokens: readonly SqlToken[], open: number): boolean {
  let at = open
  while (tokens[at]?.kind === 'open' && at < open + 20) at++
  return isWord(tokens[at], 'select', 'with', 'case')
}

/** An arithmetic expression: operands with operators between that neither compare nor join conditions. */
export function expressionAt(sql: Sql, from: number): Operand | null {
  const left = operandAt(sql, from)
  return left === null ? null : joined(left, tailAt(sql, left.end))
}

/** Where expressions end that go on at an operator, and how strong what they hold is; 0: not asked yet. */
export interface Tails {
  readonly ends: Int32Array
  readonly strengths: Uint8Array
}

/** What an expression goes on with behind an operand, from its operator on; each place is asked about once. */
function tailAt(sql: Sql, from: number): Operand {
  const { tokens } = sql
  const { ends, strengths } = sql.tails
  // Not by recursion: an expression may be as long as the text.
  const passed: number[] = []
  let at = from
  while (ends[at] === 0) {
    const operator = tokens[at]
    const goes = operator?.kind === 'operator' && arithmetic.has(operator.text)
    const cast = goes && operator.text === '::'
    const right = goes && !cast ? operandAt(sql, at + 1) : null
    if (!cast && right === null) {
      ends[at] = at
      break
    }
    passed.push(at)
    strengths[at] = right === null ? 0 : strength.indexOf(right.what)
    at = right === null ? castEnd(tokens, at + 1) : right.end
  }
  const end = ends[at] as number
  let most = strengths[at] as number
  for (let index = passed.length - 1; index >= 0; index--) {
    const place = passed[index] as number
    most = Math.max(most, strengths[place] as number)
    ends[place] = end
    strengths[place] = most
  }
  return { end, what: strength[most] ?? 'name' }
}

function joined(left: Operand, tail: Operand): Operand {
  return tail.end === left.end ? left : { end: tail.end, what: strongest(left.what, tail.what) }
}

const arithmetic: ReadonlySet<string> = words('+ - * / % ^ & | || << >> :: -> ->> #> #>> #-')

/** Behind `::`: the name of a type, of two words at most, with its size. */
function castEnd(tokens: readonly SqlToken[], from: number): number {
  const at =
    isWord(tokens[from], 'double', 'character', 'bit', 'timestamp') && tokens[from + 1]?.kind === 'word'
      ? from + 2
      : from + 1
  return Math.min(at, tokens.length)
}

const strength = ['name', 'brackets', 'constant', 'string', 'open-string', 'call', 'query'] as const

function strongest(a: Operand['what'], b: Operand['what']): Operand['what'] {
  return strength.indexOf(a) >= strength.indexOf(b) ? a : b
}

export interface Comparison {
  readonly end: number
  readonly left: Operand['what']
  readonly right: Operand['what']
}

/** `1=1`, `'a' like 'a'`, `length(x) > 3`, `x is not null`, `1 in (1)`, `x between 1 and 2`. */
export function comparisonAt(sql: Sql, from: number): Comparison | null {
  const inside = openings(sql, from)
  const left = expressionAt(sql, inside)
  if (left === null) return null
  let at = left.end
  while (sql.tokens[at]?.kind === 'close' && at < left.end + 8) at++
  if (isWord(sql.tokens[at], 'not')) at++
  if (!isComparing(sql.tokens[at])) return null
  if (isWord(sql.tokens[at], 'isnull', 'notnull')) return { end: at + 1, left: left.what, right: 'constant' }
  at++
  while (
    isWord(sql.tokens[at], 'not', 'like', 'to', 'any', 'all') ||
    (sql.tokens[at]?.kind === 'operator' && comparing.has(sql.tokens[at]?.text ?? ''))
  )
    at++
  const right = expressionAt(sql, at)
  return right === null ? null : { end: right.end, left: left.what, right: right.what }
}

/** Past brackets that only enclose: `((1=1` is `1=1`. */
function openings({ tokens, closing }: Sql, from: number): number {
  let at = from
  while (tokens[at]?.kind === 'open' && at < from + 20) {
    const close = closing[at] ?? tokens.length
    // `(1)=1` and `(select …)=1` are operands themselves.
    if (isComparing(tokens[close + 1]) || isQuery(tokens, at)) break
    at++
  }
  return at
}

/** The end of the text, a comment that drops the rest, or the string that the statement goes on with. */
export function closes(tokens: readonly SqlToken[], from: number): boolean {
  let at = from
  while (tokens[at]?.kind === 'operator') at++
  const token = tokens[at]
  return token?.kind === 'comment' || token?.kind === 'semicolon' || (token?.kind === 'string' && token.open)
}

/** Whether nothing but what ends a statement stands from `from` on. */
export function closesNothing(tokens: readonly SqlToken[], from: number): boolean {
  return tokens
    .slice(from, from + 4)
    .every(({ kind, text }) => kind === 'comment' || kind === 'semicolon' || text === '.')
}
