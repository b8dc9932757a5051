/**
 * Pieces that cannot stand by themselves: the rest of the statement is where they are put. A call left open, a condition
 * without its right side, a list behind `in`, a comparison that is always true, the name of a system table. All of the
 * text has to be it; it deliberately does not look for them inside of a longer one.
 */
import { sqlFunctions } from '../words.ts'
import { type Found, found } from './found.ts'
import { closesNothing, comparisonAt, isComparing, isLogic, isWord, type Sql } from './grammar.ts'
import { systemTable } from './select.ts'
import type { SqlToken } from './tokens.ts'

const longest = 60

/** All of a short text, read as the piece of a statement that it would become. */
export function fragment(sql: Sql): Found | null {
  const { tokens } = sql
  if (tokens.length === 0 || tokens.length > longest) return null
  return (
    openCall(tokens) ??
    openQuery(sql) ??
    cast(sql) ??
    quirk(sql) ??
    openCondition(tokens) ??
    listOnly(tokens) ??
    alwaysTrue(sql) ??
    alias(tokens) ??
    systemName(tokens)
  )
}

/** `database(`: the bracket closes in the statement, not in the text. */
function openCall(tokens: readonly SqlToken[]): Found | null {
  const last = tokens.length - 1
  const name = tokens[last - 1]
  if (tokens[last]?.kind !== 'open' || name?.kind !== 'word' || !sqlFunctions.has(name.text)) return null
  const query = isWord(tokens[0], 'select', 'union', 'values')
  return last === 1 || (last <= 3 && tokens[last - 2]?.kind !== 'word') || query
    ? found(last - 1, `a call of ${name.text} that the text leaves open`)
    : null
}

/** `and uid != (`, `xor 2 <`: what it is compared with stands in the statement. */
function openCondition(tokens: readonly SqlToken[]): Found | null {
  let first = 0
  while (tokens[first]?.kind === 'close') first++
  if (!isLogic(tokens[first]) || tokens.length - first < 3 || tokens.length > 12) return null
  let last = tokens.length - 1
  while (tokens[last]?.kind === 'open' || (tokens[last]?.kind === 'string' && tokens[last]?.open)) last--
  const operator = tokens[last]
  return last > first + 1 && last <= first + 4 && operator?.kind === 'operator' && isComparing(operator)
    ? found(first, 'a condition that the text leaves open')
    : null
}

/** `in (1, 2)`, `) like (`, `) when 1 then`: the middle of a condition. */
function listOnly(tokens: readonly SqlToken[]): Found | null {
  if (tokens[0]?.kind === 'close' && isWord(tokens[1], 'when') && isWord(tokens[3], 'then'))
    return found(1, 'the middle of a case')
  if (tokens[0]?.kind === 'close' && isComparing(tokens[1]) && tokens[2]?.kind === 'open')
    return found(1, 'the middle of a condition')
  if (!isWord(tokens[0], 'in', 'values') || tokens[1]?.kind !== 'open') return null
  if (isWord(tokens[2], 'select')) return found(0, 'a query in brackets')
  const inside = tokens.slice(2, -1)
  return tokens.at(-1)?.kind === 'close' &&
    inside.some(({ kind }) => kind === 'comma') &&
    inside.every(
      ({ kind, text }) => kind === 'number' || kind === 'string' || kind === 'comma' || text === '-',
    )
    ? found(0, 'a list of constants in brackets')
    : null
}

/** `1=1`, `11 != 1`, `1 is not 2`; "1 < 2" is a sentence. */
function alwaysTrue(sql: Sql): Found | null {
  const { tokens } = sql
  const whole = comparisonAt(sql, 0)
  if (whole === null || whole.left !== 'constant' || whole.right !== 'constant' || whole.end < tokens.length)
    return null
  const [left, operator, right] = [tokens[0], tokens[1], tokens.at(-1)]
  const same = left?.text === right?.text
  const says =
    (isWord(operator, 'is') ||
      operator?.text === '=' ||
      operator?.text === '==' ||
      operator?.text === '<=>') &&
    !isWord(tokens[2], 'not')
      ? same
      : (operator?.text === '!=' || operator?.text === '<>' || isWord(tokens[2], 'not')) && !same
  return says ? found(0, 'a comparison of constants that is always true') : null
}

/** `) as total from`: the end of a list that is asked for. */
function alias(tokens: readonly SqlToken[]): Found | null {
  const [before, as, name, from] = tokens
  return (before?.kind === 'close' || before?.kind === 'number') &&
    isWord(as, 'as') &&
    (name?.kind === 'word' || name?.kind === 'string') &&
    (isWord(from, 'from') || (name.open && /^\s*from\b/i.test(name.text.slice(0, 20))))
    ? found(1, 'the end of a list of columns')
    : null
}

/** Names that only a database has, as all there is. */
function systemName(tokens: readonly SqlToken[]): Found | null {
  const at = isWord(tokens[0], 'from', 'join') ? 1 : 0
  if (at === 1 && isWord(tokens[2], 'limit', 'where') && tokens.length <= 4)
    return found(0, 'the end of a query')
  const token = tokens[at]
  const only = tokens.length - at === 1 || closesNothing(tokens, at + 1)
  return token?.kind === 'word' &&
    only &&
    (/^(?:information_schema|pg_catalog|pg_shadow|pg_user|sysobjects|syscolumns|sysusers|sqlite_master|sqlite_schema|mysql\.(?:db|user|host)|msys\w{4,}|xp_\w{4,}|sp_(?:password|executesql|oacreate|makewebtask)|utl_(?:http|file|inaddr)|schema_name|table_name|column_name)(?:\.|$)/.test(
      token.text,
    ) ||
      (at === 1 && systemTable.test(token.text)))
    ? found(at, 'the name of what only a database has')
    : null
}

/** `select if(x`: a query, or what is compared in a call, whose brackets the text leaves open. */
function openQuery({ tokens, closing }: Sql): Found | null {
  const open = closing.indexOf(tokens.length)
  if (open < 0) return null
  const last = tokens.at(-1)
  const operator = tokens.at(-2)
  if (
    isWord(tokens[0], 'select') &&
    open > 0 &&
    tokens.length > 2 &&
    (isWord(tokens[open + 1], 'case') || sqlFunctions.has(tokens[open - 1]?.text ?? ''))
  )
    return found(0, 'a query that the text leaves open')
  // `if(2=`, `month=(`.
  const compared = last?.kind === 'operator' && isComparing(last) && open === 1
  const joined = open === tokens.length - 1 && operator?.kind === 'operator' && tokens.length === 3
  return (compared || joined) && tokens.length <= 5 && sqlFunctions.has(tokens[0]?.text ?? '')
    ? found(0, 'an expression that the text leaves open')
    : null
}

const types =
  /^(?:int[248]?|integer|bigint|smallint|text|varchar|char|bool|boolean|jsonb?|numeric|decimal|real|double|float[48]?|date|time|timestamptz?|bytea|xml|uuid|regclass|regproc|money|inet|name|oid)$/

/** `f(x)::int`, `'{}'::jsonb -> 'a'`: casts, as PostgreSQL writes them. */
function cast({ tokens, closing }: Sql): Found | null {
  const end = tokens[0]?.kind === 'word' && tokens[1]?.kind === 'open' ? (closing[1] ?? tokens.length) + 1 : 1
  if (tokens[0]?.kind !== 'string' && end === 1) return null
  const [operator, type] = [tokens[end], tokens[end + 1]]
  return operator?.text === '::' && type?.kind === 'word' && types.test(type.text)
    ? found(0, `a value that is cast to ${type.text}`)
    : null
}

/** What MySQL alone takes for code: `1.e(…)`, and a comment that is one from a version on. */
function quirk({ tokens, text }: Sql): Found | null {
  if (/^\s*\d{1,9}\.e[(.]/i.test(text.slice(0, 40))) return found(0, 'a number that only MySQL reads')
  const comment = text.indexOf('/*!')
  return comment >= 0 &&
    /^\/\*!M?\d{4,6}\s{0,8}\w/i.test(text.slice(comment, comment + 24)) &&
    tokens.some((token) => isWord(token, 'select', 'union', 'from', 'where', 'or', 'and', 'if', 'sleep'))
    ? found(0, 'a comment that MySQL runs')
    : null
}

/** A name that is nothing but operators: no form has such a one. */
export function onlyOperators({ tokens }: Sql): Found | null {
  const operators = tokens.every(
    (token) => isLogic(token) || isComparing(token) || (token.kind === 'operator' && token.text.length > 1),
  )
  return operators &&
    tokens.length <= 2 &&
    !isWord(
      tokens[0],
      'where',
      'is',
      'match',
      'in',
      'between',
      'similar',
      'contains',
      'like',
      'having',
      'and',
      'or',
      'sounds',
    )
    ? found(0, 'an operator as a name')
    : null
}
