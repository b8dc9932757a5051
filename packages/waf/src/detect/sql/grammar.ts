/**
 * As much of SQL's grammar as it takes to tell an injected piece from prose: operands, comparisons, conditions, the
 * beginnings of statements. Works on tokens by index; brackets are matched once, so every question is asked in bounded
 * time. It deliberately accepts more than any one database does, and less than English. Long because it is one grammar.
 */
import type { SqlToken } from './tokens.ts'

/** Tokens with their brackets matched. */
export interface Sql {
  readonly tokens: readonly SqlToken[]
  /** For each opening bracket the index of the closing one, or the number of tokens. */
  readonly closing: ReadonlyMap<number, number>
}

export function withBrackets(tokens: readonly SqlToken[]): Sql {
  const closing = new Map<number, number>()
  const open: number[] = []
  for (const [index, { kind }] of tokens.entries()) {
    if (kind === 'open') {
      open.push(index)
      closing.set(index, tokens.length)
    } else if (kind === 'close') {
      const from = open.pop()
      if (from !== undefined) closing.set(from, index)
    }
  }
  return { tokens, closing }
}

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '))

const logic: ReadonlySet<string> = words('and or xor having where && ||')
const comparing: ReadonlySet<string> = words(
  '= == < > <= >= <> != <=> := ~ !~ ~* like rlike regexp ilike glob match is in between similar sounds contains',
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
      const close = closing.get(at) ?? tokens.length
      return { end: close + 1, what: isQuery(tokens, at) ? 'query' : 'brackets' }
    }
    case 'word': {
      if (token.text === 'case') return { end: Math.min(at + 60, tokens.length), what: 'query' }
      if (constants.has(token.text)) return { end: at + 1, what: 'constant' }
      if (keywords.has(token.text)) return null
      if (tokens[at + 1]?.kind !== 'open') return { end: at + 1, what: 'name' }
      return { end: (closing.get(at + 1) ?? tokens.length) + 1, what: 'call' }
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
  let left = operandAt(sql, from)
  for (let steps = 0; left !== null && steps < 30; steps++) {
    const operator = sql.tokens[left.end]
    if (
      operator?.kind !== 'operator' ||
      comparing.has(operator.text) ||
      !/^(?:[+\-*/%^&|]|\|\||<<|>>)$/.test(operator.text)
    )
      return left
    const right = operandAt(sql, left.end + 1)
    if (right === null) return left
    left = { end: right.end, what: strongest(left.what, right.what) }
  }
  return left
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
    const close = closing.get(at) ?? tokens.length
    // `(1)=1` and `(select …)=1` are operands themselves.
    if (isComparing(tokens[close + 1]) || isQuery(tokens, at)) break
    at++
  }
  return at
}

/** Whether what begins at `from` can only be the beginning of a statement. `strict`: it has to be more complete. */
export function statementAt(sql: Sql, from: number): boolean {
  const { tokens } = sql
  const [first, second, third] = [tokens[from], tokens[from + 1], tokens[from + 2]]
  if (first?.kind !== 'word') return false
  const name = (token: SqlToken | undefined): boolean => token?.kind === 'word' || token?.kind === 'string'
  switch (first.text) {
    case 'select':
      return selectAt(sql, from) !== 'prose'
    case 'insert':
    case 'replace':
    case 'merge':
      return isWord(second, 'into') && name(third)
    case 'delete':
      return isWord(second, 'from') && name(third)
    case 'update':
      return name(second) && isWord(third, 'set')
    case 'drop':
    case 'create':
    case 'alter':
      return (
        isWord(
          second,
          'table',
          'database',
          'view',
          'user',
          'procedure',
          'function',
          'schema',
          'trigger',
          'login',
          'index',
          'column',
          'role',
          'or',
          'temporary',
          'event',
        ) &&
        name(third) &&
        !isWord(third, 'runner', 'lamp', 'top')
      )
    case 'truncate':
      return isWord(second, 'table') && name(third)
    case 'exec':
    case 'execute':
    case 'call':
      return (
        second?.kind === 'open' ||
        second?.kind === 'variable' ||
        second?.kind === 'string' ||
        isWord(second, 'immediate') ||
        (second?.kind === 'word' && /^(?:xp_|sp_|master|sys\.|dbms_)|_/.test(second.text))
      )
    case 'declare':
      return (
        second?.kind === 'variable' ||
        (second?.kind === 'word' && isWord(third, 'varchar', 'varchar2', 'int', 'cursor', 'nvarchar'))
      )
    case 'waitfor':
      return isWord(second, 'delay', 'time')
    case 'shutdown':
      return (
        second === undefined ||
        second.kind === 'comment' ||
        second.kind === 'semicolon' ||
        isWord(second, 'with')
      )
    case 'set':
      return (
        second?.kind === 'variable' ||
        (second?.kind === 'word' && third?.kind === 'operator' && third.text === '=')
      )
    case 'begin':
      return (
        isWord(second, 'try', 'declare', 'goto', 'exec', 'transaction', 'dbms_lock.sleep') ||
        second?.kind === 'semicolon'
      )
    case 'goto':
      return (
        second?.kind === 'word' &&
        (isWord(third, 'select', 'declare', 'insert', 'alter') ||
          third?.kind === 'semicolon' ||
          third?.kind === 'word')
      )
    case 'if':
      return second?.kind === 'open' && comparisonAt(sql, from + 2) !== null
    case 'load':
      return isWord(second, 'data', 'xml')
    case 'do':
      return second?.kind === 'word' && third?.kind === 'open'
    case 'attach':
      return isWord(second, 'database')
    case 'copy':
      return name(second) && isWord(third, 'from', 'to')
    case 'with':
      return name(second) && isWord(third, 'as')
    case 'grant':
    case 'revoke':
      return isWord(second, 'all', 'select', 'insert', 'dba', 'execute')
    default:
      return false
  }
}

/** What follows a `select`: something that only SQL says (`code`), a plain list from a table (`list`), or prose. */
export function selectAt(
  { tokens }: Sql,
  select: number,
  joined: 'joined' | 'alone' = 'alone',
): 'code' | 'list' | 'prose' {
  let at = select + 1
  if (!standsAlone(tokens, select)) return 'prose'
  if (isWord(tokens[at], 'distinct', 'all', 'top', 'sql_calc_found_rows')) at++
  const first = tokens[at]
  if (first === undefined || first.kind === 'comment') return joined === 'joined' ? 'code' : 'prose'
  let code = false
  let plain = 0
  for (let steps = 0; steps < 200 && at < tokens.length; steps++, at++) {
    const token = tokens[at] as SqlToken
    if (token.kind === 'word') {
      if (token.text === 'from') return fromAt(tokens, at, code || plain <= 1)
      if (token.text === 'into' && isWord(tokens[at + 1], 'outfile', 'dumpfile')) return 'code'
      if (isWord(token, 'where', 'union', 'case', 'limit')) return code || plain <= 1 ? 'code' : 'prose'
      if (tokens[at + 1]?.kind === 'open') code = true
      else if (
        tokens[at - 1]?.kind === 'word' &&
        !isWord(tokens[at - 1], 'as', 'distinct', 'all', 'select', 'top')
      )
        plain++
    } else if (token.kind === 'number' || token.kind === 'variable' || token.kind === 'open') code = true
    else if (token.kind === 'operator' && token.text === '*') code = true
    else if (token.kind === 'string') code ||= at === select + 1
    else if (token.kind === 'semicolon' || token.kind === 'close' || token.kind === 'comment') break
    if (plain > 2) return 'prose'
  }
  return code && plain <= 1 ? 'code' : 'prose'
}

/** `rc-select@14.5.2` and `quote-select-7a8e` are names of things, not the word. */
function standsAlone(tokens: readonly SqlToken[], at: number): boolean {
  const [before, token, after] = [tokens[at - 1], tokens[at] as SqlToken, tokens[at + 1]]
  if (before?.kind === 'operator' && before.end === token.at && /[-.:?&@]$/.test(before.text)) return false
  if (after === undefined || after.at > token.end) return true
  return (
    after.kind === 'open' ||
    after.kind === 'string' ||
    (after.kind === 'variable' && after.text.startsWith('@@')) ||
    (after.kind === 'operator' && /^[*+~!]/.test(after.text)) ||
    after.kind === 'comment'
  )
}

function fromAt(tokens: readonly SqlToken[], from: number, plausible: boolean): 'code' | 'list' | 'prose' {
  const table = tokens[from + 1]
  if (!plausible || table === undefined) return plausible ? 'list' : 'prose'
  if (table.kind === 'open' || systemTable.test(table.text)) return 'code'
  if (table.kind !== 'word' && table.kind !== 'string') return 'prose'
  const next = tokens[from + 2]
  if (next === undefined || next.kind !== 'word') return 'code'
  return isWord(
    next,
    'where',
    'limit',
    'order',
    'group',
    'union',
    'join',
    'left',
    'inner',
    'as',
    'having',
    'for',
    'offset',
    'procedure',
    'into',
  )
    ? 'code'
    : 'list'
}

/** Tables in which databases describe themselves. */
export const systemTable: RegExp =
  /^(?:information_schema|mysql\.|pg_|sys\.|sysobjects|syscolumns|sysusers|sysibm|syscat|sqlite_|all_|user_tab|dba_|v\$|rdb\$|msys|master\.|domain\.|dual$)/
