/**
 * Conditions put behind what stands in a statement: `and 1=1`, `or true --`, `|| sleep(5)`. What stands before has to be
 * an expression and what follows has to be what SQL has there; prose is neither. It deliberately knows no statements.
 */
import { type Context, type Found, found } from './found.ts'
import { closes, comparisonAt, expressionAt, isComparing, isLogic, isWord, type Sql } from './grammar.ts'
import type { SqlToken } from './tokens.ts'

/** `and 1=1`, `or true --`, `|| sleep(5)`: from a logical operator at `at`. */
export function condition(sql: Sql, at: number, context: Context): Found | null {
  const { tokens } = sql
  if (at > sql.reads()) return null
  const comparison = comparisonAt(sql, at + 1)
  if (comparison !== null) {
    const { left, right } = comparison
    const end =
      isWord(tokens[comparison.end], 'escape') && tokens[comparison.end + 1]?.kind === 'string'
        ? comparison.end + 2
        : comparison.end
    if (!goesOn(tokens[end])) return null
    const names = (left === 'name' ? 1 : 0) + (right === 'name' ? 1 : 0)
    if (names === 0)
      return context === 'none' && isArithmetic(tokens) ? null : found(at, 'a condition with a comparison')
    if (tokens[at]?.text === '&&' && tokens[at + 1]?.at === tokens[at]?.end) return null
    if (names === 1 && (context === 'quote' || beginsAsValue(sql, at)))
      return found(at, 'a condition on a column')
    if (context === 'quote' && names === 2 && (closes(tokens, end) || end > comparison.end))
      return found(at, 'a condition on columns')
    return null
  }
  const operand = expressionAt(sql, at + 1)
  if (operand === null) return null
  const next = tokens[operand.end]
  const dropped = next?.kind === 'comment' && next.end - next.at < 12
  if (operand.what === 'query') return found(at, 'a condition that asks a query')
  if (isWord(tokens[at + 1], 'true', 'false') && next === undefined && beginsAsValue(sql, at))
    return found(at, 'a constant condition')
  if (operand.what === 'constant' && dropped && tokens[at]?.text !== 'div')
    return found(at, 'a constant condition and a comment drops the rest')
  if (operand.what === 'call' && (dropped || (context === 'quote' && next?.kind === 'string' && next.open)))
    return found(at, 'a condition that calls a function')
  if (
    context === 'quote' &&
    operand.what === 'call' &&
    (isLogic(next) || (next?.kind === 'semicolon' && operand.end === tokens.length - 1))
  )
    return found(at, 'a condition that calls a function')
  return null
}

const mostOfSum = 60

/**
 * "1 < 2 and 3 > 2", "1 + 1 = 2 and 2 + 2 = 4": all of it compares numbers, from the beginning on. It says no more than its first
 * comparison does, which is a sentence; `1 and 2 > 1` and `1 = 1 or 2 = 2` are none.
 */
function isArithmetic(tokens: Sql['tokens']): boolean {
  if (tokens.length > mostOfSum) return false
  let [left, right, equals, compares] = ['', '', false, false]
  for (const token of [...tokens, null]) {
    if (token === null || isWord(token, 'and', 'or')) {
      if (right === '' || left === right || (equals && !/[-+*/%]/.test(left + right))) return false
      left = right = ''
      equals = compares = false
    } else if (token.kind === 'operator' && /^(?:[<>]=?|=|!=|<>)$/.test(token.text)) {
      if (compares || left === '') return false
      compares = true
      equals = !/^[<>]=?$/.test(token.text)
    } else if (token.kind !== 'number' && !(token.kind === 'operator' && /^[-+*/%]$/.test(token.text)))
      return false
    else if (compares) right += token.text
    else left += token.text
  }
  return true
}

const between: ReadonlySet<string> = new Set(
  'select from where union all having by order group limit not case when then else end as on join insert into values set update delete'.split(
    ' ',
  ),
)
const signs: ReadonlySet<string> = new Set(
  '+ - * / % = < > | & ^ ~ ! ? : <= >= <> != <=> := :: -> ->> || && << >> @> <@'.split(' '),
)
const mostSteps = 60

/**
 * Up to which token a text is what SQL has before a logical operator: expressions, comparisons, other conditions, from the
 * beginning on. Prose is not: two names with nothing between them are two words.
 */
export function readsUntil(sql: Sql): number {
  const { tokens } = sql
  let from = 0
  for (let steps = 0; from < tokens.length && steps < mostSteps; steps++) {
    const token = tokens[from] as SqlToken
    if (
      token.kind === 'close' ||
      token.kind === 'open' ||
      token.kind === 'semicolon' ||
      token.kind === 'comma' ||
      isLogic(token) ||
      isComparing(token) ||
      (token.kind === 'word' && between.has(token.text))
    ) {
      from++
      continue
    }
    const operand = expressionAt(sql, from)
    if (operand === null) {
      if (token.kind !== 'operator' || !signs.has(token.text)) return from
      from++
      continue
    }
    const next = tokens[operand.end]
    if (
      operand.what === 'name' &&
      next?.kind === 'word' &&
      !isLogic(next) &&
      !isComparing(next) &&
      expressionAt(sql, operand.end)?.what === 'name' &&
      !isWord(tokens[from - 1], 'from', 'as', 'join')
    )
      return operand.end
    from = operand.end
  }
  return Infinity
}

/** What a condition may be followed by; prose goes on with a word or a comma. */
function goesOn(next: SqlToken | undefined): boolean {
  if (next === undefined) return true
  if (next.kind !== 'word') return next.kind !== 'comma' && next.kind !== 'number'
  return (
    isLogic(next) ||
    isWord(
      next,
      'order',
      'group',
      'limit',
      'union',
      'into',
      'procedure',
      'for',
      'then',
      'collate',
      'escape',
      'offset',
      'having',
      'as',
    )
  )
}

/** Whether what stands before `at` is one value: `1`, `-1`, `(1)`, `admin`. */
function beginsAsValue(sql: Sql, at: number): boolean {
  const first = expressionAt(sql, 0)
  return first !== null && first.end === at && (first.what === 'constant' || first.what === 'brackets')
}
