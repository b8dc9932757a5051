/**
 * What is SQL wherever it stands in a text: unions, queries in brackets, second statements, clauses that write. It
 * deliberately lets a whole query alone that a person may have typed, unless it asks for more than a table.
 */
import type { Work } from '../../model/work.ts'
import { asksMore, atCall } from './calls.ts'
import { type Lot, mayBegin } from './candidates.ts'
import { condition } from './condition.ts'
import { type Context, type Found, found } from './found.ts'
import { comparisonAt, isLogic, isWord, type Sql } from './grammar.ts'
import { selectAt, systemTable } from './select.ts'
import { statementAt } from './statement.ts'
import type { SqlToken } from './tokens.ts'

/** For each place where something may begin. */
const beginSteps = 250

/** What is SQL wherever it stands. `read` makes the tokens ready; most texts do without. */
export function anywhere(lot: Lot, read: () => Sql, work: Work): Found | null {
  const { lexed, context } = lot
  for (let at = 0; at < lexed.count; at++) {
    if (!mayBegin(lot, at)) continue
    if (!work.spend(beginSteps)) return null
    const sql = read()
    const { kind } = sql.tokens[at] as SqlToken
    const hit =
      kind === 'word'
        ? atWord(sql, at, context)
        : kind === 'operator'
          ? condition(sql, at, context)
          : statementAt(sql, at + 1) && plausibleBefore(sql, at, context)
            ? found(at, 'a second statement')
            : null
    if (hit !== null) return hit
  }
  return null
}

/** A second statement follows a value, not a paragraph of code. */
function plausibleBefore({ tokens }: Sql, at: number, context: Context): boolean {
  return context === 'quote' || at <= 6 || tokens.length <= 60
}

function atWord(sql: Sql, at: number, context: Context): Found | null {
  const { tokens } = sql
  const { text } = tokens[at] as SqlToken
  const before = tokens[at - 1]
  switch (text) {
    case 'and':
    case 'or':
    case 'xor':
    case 'having':
    case 'where':
      return condition(sql, at, context)
    case 'union':
    case 'except':
    case 'intersect': {
      let next = at + 1
      while (
        next < at + 12 &&
        (isWord(tokens[next], 'all', 'distinct', 'distinctrow') || tokens[next]?.kind === 'open')
      )
        next++
      if (next > at + 1 && isWord(tokens[next], 'select') && tokens[next + 1] !== undefined)
        return found(at, `${text} joins a second query`)
      return isWord(tokens[next], 'select', 'values', 'table') &&
        !(isWord(tokens[next], 'table') && next === at + 1) &&
        selectAt(sql, next, 'joined') !== 'prose'
        ? found(at, `${text} joins a second query`)
        : null
    }
    case 'select': {
      const what = selectAt(sql, at)
      if (what === 'prose') return null
      const begins =
        at === 0 ||
        before?.kind === 'open' ||
        before?.kind === 'semicolon' ||
        // Behind a sign of equality a query has brackets.
        (before?.kind === 'operator' && before.text !== '=') ||
        before?.kind === 'comma' ||
        isLogic(before)
      // A whole query is nobody's injection by itself: people search for them. It must ask for more than a table.
      if (at === 0 && context === 'none')
        return asksMore(sql, at) || spacedByComments(sql, at)
          ? found(at, 'a query of what the database knows')
          : null
      if (begins && (what === 'code' || before?.kind === 'open'))
        return before?.kind === 'open' && what === 'list' && tokens[at + 1]?.kind !== 'word'
          ? null
          : found(at, 'a query')
      return null
    }
    case 'order':
    case 'group': {
      if (!isWord(tokens[at + 1], 'by')) return null
      const value = tokens[at + 2]
      const end = tokens[at + 3]
      const ends = end?.kind === 'comment' || end === undefined || end.kind === 'comma'
      return value?.kind === 'number' && ends && (at <= 3 || context === 'quote')
        ? found(at, `${text} by a number`)
        : null
    }
    case 'into':
      return isWord(tokens[at + 1], 'outfile', 'dumpfile') ? found(at, 'it writes a file') : null
    case 'waitfor':
    case 'declare':
    case 'shutdown':
    case 'exec':
    case 'execute':
    case 'insert':
    case 'delete':
    case 'update':
    case 'drop':
    case 'truncate':
    case 'create':
    case 'alter':
      return (at === 0 || before?.kind === 'close' || before?.kind === 'number') &&
        statementAt(sql, at) &&
        moreThanTitle(sql, at)
        ? found(at, `${text} begins a statement`)
        : null
    case 'procedure':
      return isWord(tokens[at + 1], 'analyse') && tokens[at + 2]?.kind === 'open'
        ? found(at, 'procedure analyse')
        : null
    case 'from':
    case 'join':
      return tokens[at + 1] !== undefined &&
        systemTable.test(tokens[at + 1]?.text ?? '') &&
        /[._$]/.test(tokens[at + 1]?.text ?? '') &&
        tokens.slice(Math.max(0, at - 60), at).some((token) => isWord(token, 'select'))
        ? found(at, 'it reads what the database knows')
        : null
    case 'case':
      return isWord(tokens[at + 1], 'when') &&
        comparisonAt(sql, at + 2) !== null &&
        tokens.slice(at + 3, at + 40).some((token) => isWord(token, 'then')) &&
        tokens.slice(at + 3, at + 80).some((token) => isWord(token, 'end'))
        ? found(at, 'a case in a query')
        : null
    default:
      return atCall(sql, at, context)
  }
}

/** "drop table" may be a title; with a name and an end, a list or a condition it is not. */
function moreThanTitle({ tokens }: Sql, at: number): boolean {
  const text = tokens[at]?.text
  if (text === 'waitfor' || text === 'declare' || text === 'exec' || text === 'execute') return true
  const rest = tokens.slice(at + 2, at + 14)
  return (
    rest.some(
      (token) =>
        token.kind === 'semicolon' ||
        token.kind === 'open' ||
        token.kind === 'comment' ||
        (token.kind === 'operator' && token.text === '=') ||
        isWord(token, 'where', 'values', 'select', 'add', 'modify', 'rename'),
    ) ||
    (text === 'drop' && tokens.length <= at + 4)
  )
}

/** Comments where spaces would be, around the first two words: they only hide. */
function spacedByComments({ tokens, text }: Sql, from: number): boolean {
  return [from, from + 1].every((at) => {
    const [left, right] = [tokens[at], tokens[at + 1]]
    return (
      left !== undefined &&
      right !== undefined &&
      text.startsWith('/*', left.end) &&
      text[right.at - 1] === '/'
    )
  })
}
