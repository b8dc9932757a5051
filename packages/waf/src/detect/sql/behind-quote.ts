/**
 * The string that the text was put into has ended: what goes on as SQL? A comment, a condition, an operator with an
 * operand, a clause. It deliberately leaves alone what prose has behind a quote: a word, a comma, a number with a unit.
 */
import { waiting } from './calls.ts'
import { condition } from './condition.ts'
import { type Found, found } from './found.ts'
import { closes, expressionAt, isComparing, isLogic, isWord, operandAt, type Sql } from './grammar.ts'
import { statementAt } from './statement.ts'
import type { SqlToken } from './tokens.ts'

/** The string the text was put into has ended: what goes on as SQL? */
export function behindQuote(sql: Sql, text: string, from: number): Found | null {
  const { tokens } = sql
  let at = 0
  while (tokens[at]?.kind === 'close') at++
  const first = tokens[at]
  if (first === undefined) return null
  const before = text.slice(0, from - 1)

  if (first.kind === 'comment') {
    // A lone word, its quote, a comment: a name to log in with, and the rest of the statement dropped.
    const word = /^[\w@.-]{1,40}$/.test(before) && (first.text !== '#' || first.end - first.at < 3)
    return (word && !/^\d+(?:\.\d+)?$/.test(before)) || (at > 0 && first.end - first.at < 4)
      ? found(at, 'a quote ends the string and a comment drops the rest')
      : null
  }
  if (isLogic(first))
    return condition(sql, at, 'quote') ?? leftOpen(tokens, at) ?? glued(tokens, at, before, from)
  if (isWord(first, 'isnull', 'notnull') && closes(tokens, at + 1))
    return found(at, 'a quote ends the string and a comparison follows')
  if (
    isWord(first, 'as') &&
    tokens[at + 1]?.kind === 'word' &&
    isWord(tokens[at + 2], 'from') &&
    tokens.length <= at + 4
  )
    return found(at, 'a quote ends the string and a table follows')
  const negated = isWord(first, 'not') ? 1 : 0
  if (isComparing(tokens[at + negated])) {
    const after = at + negated + 1
    const right = expressionAt(sql, isWord(tokens[after], 'not') ? after + 1 : after)
    if (right === null) return null
    if (right.what === 'name' && dropsRest(tokens, right.end))
      return found(at, 'a quote ends the string and a comment drops the rest')
    const next = tokens[right.end]
    const ends = right.what === 'open-string' || next?.kind === 'comment' || isLogic(next)
    return ends && right.what !== 'name'
      ? found(at, 'a quote ends the string and a comparison follows')
      : null
  }
  if (first.kind === 'operator' && /^(?:\|\||[+\-*/%^&|])$/.test(first.text)) {
    const right = operandAt(sql, at + 1)
    if (right === null) return null
    if (right.what === 'query') return found(at, 'a quote ends the string and a query follows')
    if (first.text === '||' && right.what === 'open-string') return found(at, 'a string is joined again')
    if (right.what === 'name' && dropsRest(tokens, right.end))
      return found(at, 'a quote ends the string and a comment drops the rest')
    return right.what === 'call' && closes(tokens, right.end)
      ? found(at, 'a quote ends the string and a call follows')
      : null
  }
  if (first.kind === 'semicolon') {
    // Only where the quote is the first one: behind a string of code a semicolon and a comment are what code has.
    const word = /^[\w@.+-]{0,40}$/.test(before)
    if (before.length > 1 && word && tokens.length === at + 1)
      return found(at, 'a quote ends the string and a semicolon the statement')
    if (word && dropsRest(tokens, at + 1))
      return found(at, 'a quote ends the string and a comment drops the rest')
    return word &&
      first.at === from &&
      isWord(tokens[at + 1], 'select', 'update', 'insert', 'delete', 'drop', 'alter', 'exec')
      ? found(at, 'a quote ends the string and a second statement begins')
      : null
  }
  if (first.kind === 'word') {
    if (first.text === 'union' && first.at === from && isWord(tokens[at + 1], 'select', 'all'))
      return found(at, 'a quote ends the string and union joins a second query')
    if (waiting.test(first.text) && tokens[at + 1]?.kind === 'open' && tokens[at + 2] !== undefined)
      return found(at, `a quote ends the string and ${first.text} is called`)
    if (
      statementAt(sql, at) &&
      first.text !== 'if' &&
      first.text !== 'with' &&
      first.text !== 'set' &&
      first.text !== 'copy'
    )
      return found(at, `a quote ends the string and ${first.text} begins a statement`)
    if (
      isWord(first, 'order', 'group') &&
      isWord(tokens[at + 1], 'by') &&
      (tokens[at + 2]?.kind === 'number' || closes(tokens, at + 3))
    )
      return found(at, `a quote ends the string and ${first.text} by follows`)
    if (
      isWord(first, 'collate', 'limit', 'offset', 'procedure', 'rlike', 'regexp', 'into') &&
      closes(tokens, at + 2) &&
      tokens[at + 1] !== undefined
    )
      return found(at, `a quote ends the string and ${first.text} follows`)
  }
  return null
}

/** A comment at the end that takes the rest of the statement along, and says nothing itself. */
function dropsRest(tokens: readonly SqlToken[], at: number): boolean {
  const token = tokens[at]
  return token?.kind === 'comment' && at === tokens.length - 1 && token.end - token.at <= 4
}

/** `' or 1=`: the statement goes on with what it is compared with. */
function leftOpen(tokens: readonly SqlToken[], at: number): Found | null {
  const last = tokens.length - 1
  const operator = tokens[last]
  return last >= at + 2 &&
    last <= at + 4 &&
    operator?.kind === 'operator' &&
    isComparing(operator) &&
    operator.text !== '?' &&
    operator.text !== '!'
    ? found(at, 'a quote ends the string and a condition follows')
    : null
}

/** `x'or'y`: the quotes of two strings, with a condition between that has no room for prose. */
function glued(tokens: readonly SqlToken[], at: number, before: string, from: number): Found | null {
  const [logic, string] = [tokens[at], tokens[at + 1]]
  return logic?.at === from && /[\w\\]$/.test(before) && string?.kind === 'string' && string.at === logic.end
    ? found(at, 'a quote ends the string and a condition follows')
    : null
}
