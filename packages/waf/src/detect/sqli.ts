/**
 * detector  sqli
 * finds     pieces of SQL that change the statement they are put into: conditions, unions, second statements, queries in
 *           brackets, calls that wait, read or write, a quote that ends the string and a comment that drops the rest
 * how       the text is tokenised in each place a statement may put it in (as it is, in '…', in "…"), to its end, and
 *           what follows is held to the grammar of an expression or a statement
 * passes    `O'Brien`, `rock 'n' roll`, "having friends over is nice", `1/4" - 1/2"`, "select a few friends from"
 * does not  look for words: `union` and `select` are English
 *
 * It is long because its rules ask each other, and are read best in one place.
 */
import type { Detector, Evidence } from '../model/detector.ts'
import {
  comparisonAt,
  expressionAt,
  isComparing,
  isLogic,
  isWord,
  operandAt,
  type Sql,
  selectAt,
  statementAt,
  systemTable,
  withBrackets,
} from './sql/grammar.ts'
import { closingQuote, type SqlToken, sqlTokens } from './sql/tokens.ts'

export const sqli: Detector = {
  id: 'sqli',
  triggers: [
    "'",
    '"',
    'union',
    'select',
    ' or',
    ' and',
    'or ',
    'and ',
    ')or',
    ')and',
    '||',
    '&&',
    '/*',
    '--',
    '#',
    ';',
    'order by',
    'group by',
    'having',
    'sleep',
    'benchmark',
    'waitfor',
    'exec',
    'char(',
    'concat',
    'version(',
    'database(',
    'load_file',
    'xp_',
    'randomblob',
    'declare',
    'insert',
    'delete',
    'update',
    'drop',
    'information_schema',
    'between',
    'like',
    'regexp',
    'substr',
    'ascii(',
    'extractvalue',
    'updatexml',
    'dbms_',
    'utl_',
    'outfile',
    'dumpfile',
    ' xor',
    ' is ',
    ' div ',
    'case ',
    '@@',
    'hex(',
    'alter',
    'create',
    'current_',
    'procedure',
    'iif(',
  ],
  detect(text, field) {
    // A file is put into no statement, and what is still escaped is judged once it is not.
    if (field.kind === 'file' || /%[0-9a-f]{2}%[0-9a-f]{2}/i.test(text)) return null
    const alone = inContext(text, 0, 'none')
    if (alone !== null) return alone
    for (const quote of ["'", '"', '`']) {
      const first = text.indexOf(quote)
      if (first < 0) continue
      const found = inContext(text, first + 1, 'quote')
      if (found !== null) return found
      const close = closingQuote(text, 0, quote)
      const other = close > first ? inContext(text, close + 1, 'quote') : null
      if (other !== null) return other
    }
    return null
  },
}

function inContext(text: string, from: number, context: 'none' | 'quote'): Evidence | null {
  const tokens = sqlTokens(text, from)
  if (tokens.length === 0) return null
  const sql = withBrackets(tokens)
  const found = (context === 'quote' ? behindQuote(sql, text, from) : null) ?? anywhere(sql, context)
  if (found === null) return null
  const token = tokens[Math.min(found.index, tokens.length - 1)] as SqlToken
  return {
    at: token.at,
    length: Math.min(Math.max((tokens.at(-1) as SqlToken).end - token.at, 1), 80),
    why: found.why,
  }
}

interface Found {
  readonly index: number
  readonly why: string
}

const found = (index: number, why: string): Found => ({ index, why })

/** The string the text was put into has ended: what goes on as SQL? */
function behindQuote(sql: Sql, text: string, from: number): Found | null {
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
      ? found(at, 'a quote ends the string and a comment drops the rest of the statement')
      : null
  }
  if (isLogic(first)) return condition(sql, at, 'quote')
  if (isComparing(first)) {
    const right = expressionAt(sql, at + 1)
    if (right === null) return null
    const next = tokens[right.end]
    const ends = right.what === 'open-string' || next?.kind === 'comment' || isLogic(next)
    return ends && right.what !== 'name'
      ? found(at, 'a quote ends the string and a comparison follows')
      : null
  }
  if (first.kind === 'operator' && /^(?:\|\||[+\-*/%^&|])$/.test(first.text)) {
    const right = operandAt(sql, at + 1)
    if (right === null) return null
    if (right.what === 'query') return found(at, 'a quote ends the string and a query is joined to it')
    if (first.text === '||' && right.what === 'open-string')
      return found(at, 'a string is taken apart and joined again')
    return right.what === 'call' && closes(tokens, right.end)
      ? found(at, 'a quote ends the string and a call is joined to it')
      : null
  }
  if (first.kind === 'semicolon') return null
  if (first.kind === 'word') {
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

/** The end of the text, a comment that drops the rest, or the string that the statement goes on with. */
function closes(tokens: readonly SqlToken[], at: number): boolean {
  const token = tokens[at]
  return token === undefined
    ? false
    : token.kind === 'comment' ||
        (token.kind === 'string' && token.open) ||
        token.kind === 'semicolon' ||
        (token.kind === 'operator' && closes(tokens, at + 1))
}

/** `and 1=1`, `or true --`, `|| sleep(5)`: from a logical operator at `at`. */
function condition(sql: Sql, at: number, context: 'none' | 'quote'): Found | null {
  const { tokens } = sql
  if (!follows(sql, at)) return null
  const comparison = comparisonAt(sql, at + 1)
  if (comparison !== null) {
    const { left, right, end } = comparison
    if (!goesOn(tokens[end])) return null
    const names = (left === 'name' ? 1 : 0) + (right === 'name' ? 1 : 0)
    if (names === 0) return found(at, 'a condition with a comparison of its own')
    if (tokens[at]?.text === '&&' && tokens[at + 1]?.at === tokens[at]?.end) return null
    if (names === 1 && (context === 'quote' || beginsAsValue(sql, at)))
      return found(at, 'a condition on a column')
    if (context === 'quote' && names === 2 && closes(tokens, comparison.end))
      return found(at, 'a condition on columns')
    return null
  }
  const operand = expressionAt(sql, at + 1)
  if (operand === null) return null
  const next = tokens[operand.end]
  const dropped = next?.kind === 'comment' && next.end - next.at < 12
  if (operand.what === 'query') return found(at, 'a condition that asks a query')
  if (operand.what === 'constant' && dropped && tokens[at]?.text !== 'div')
    return found(at, 'a constant condition, and a comment that drops the rest')
  if (operand.what === 'call' && (dropped || (context === 'quote' && next?.kind === 'string' && next.open)))
    return found(at, 'a condition that calls a function')
  if (context === 'quote' && operand.what === 'call' && isLogic(next))
    return found(at, 'a condition that calls a function')
  return null
}

/**
 * Whether what stands before a logical operator is what SQL has there: expressions, comparisons, other conditions, from the
 * beginning on. Prose is not.
 */
function follows(sql: Sql, at: number): boolean {
  let from = 0
  for (let steps = 0; from < at && steps < 60; steps++) {
    const token = sql.tokens[from]
    if (
      token?.kind === 'close' ||
      token?.kind === 'open' ||
      token?.kind === 'semicolon' ||
      token?.kind === 'comma' ||
      isLogic(token) ||
      isComparing(token)
    ) {
      from++
      continue
    }
    if (
      isWord(
        token,
        'select',
        'from',
        'where',
        'union',
        'all',
        'having',
        'by',
        'order',
        'group',
        'limit',
        'not',
        'case',
        'when',
        'then',
        'else',
        'end',
        'as',
        'on',
        'join',
        'insert',
        'into',
        'values',
        'set',
        'update',
        'delete',
      )
    ) {
      from++
      continue
    }
    const operand = expressionAt(sql, from)
    if (operand === null) {
      if (
        token?.kind !== 'operator' ||
        !/^(?:[+\-*/%=<>|&^~!?:]|<=|>=|<>|!=|<=>|:=|::|->>?|\|\||&&|<<|>>|@>|<@)$/.test(token.text)
      )
        return false
      from++
      continue
    }
    const next = sql.tokens[operand.end]
    // Two names without anything between them are two words.
    if (
      operand.end < at &&
      operand.what === 'name' &&
      next?.kind === 'word' &&
      !isLogic(next) &&
      !isComparing(next) &&
      expressionAt(sql, operand.end)?.what === 'name' &&
      operand.end + 1 <= at &&
      !isWord(sql.tokens[from - 1], 'from', 'as', 'join')
    )
      return false
    from = operand.end
  }
  return true
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

const waiting =
  /^(?:benchmark|pg_sleep|sleep|extractvalue|updatexml|load_file|randomblob|xp_\w+|sp_oacreate|sys_eval|sys_exec|utl_\w+(?:\.\w+)+|dbms_\w+(?:\.\w+)+|ctxsys\.\w+|make_set|elt|gtid_subset|json_keys|exp|procedure|database_to_xml|query_to_xml|lo_import|lo_export|pg_read_file|pg_ls_dir|current_setting|openrowset|opendatasource|load_extension|name_const|row_count|xmltype|get_host_address)$/
const telling =
  /^(?:ascii|ord|substr|substring|mid|length|char|chr|concat|concat_ws|group_concat|version|database|hex|unhex|conv|cast|convert|if|iif|ifnull|nullif|coalesce|load_file|user|current_user|system_user|session_user|schema|md5|sha1|aes_decrypt|compress|uncompress|xmlagg|count|lower|upper|left|right|bin|db_name|host_name|strcmp|field|like|case|pi|cos|sin|rand|floor|json_extract|to_base64|from_base64|bit_length|char_length|nvl|decode|instr|locate|position|quote|reverse|space|repeat|replace|rpad|lpad|trim|isnull)$/

/** What is SQL wherever it stands. */
function anywhere(sql: Sql, context: 'none' | 'quote'): Found | null {
  const { tokens } = sql
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as SqlToken
    const hit =
      token.kind === 'word'
        ? atWord(sql, at, context)
        : isLogic(token)
          ? condition(sql, at, context)
          : token.kind === 'semicolon' && statementAt(sql, at + 1) && plausibleBefore(sql, at, context)
            ? found(at, 'a second statement')
            : null
    if (hit !== null) return hit
  }
  return null
}

/** A second statement follows a value, not a paragraph of code. */
function plausibleBefore({ tokens }: Sql, at: number, context: 'none' | 'quote'): boolean {
  return context === 'quote' || at <= 6 || tokens.length <= 60
}

function atWord(sql: Sql, at: number, context: 'none' | 'quote'): Found | null {
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
        before?.kind === 'operator' ||
        before?.kind === 'comma' ||
        isLogic(before)
      // A whole query is nobody's injection by itself: people search for them. It must ask for more than a table.
      if (at === 0 && context === 'none')
        return asksMore(sql, at) ? found(at, 'a query of what the database knows') : null
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
        ? found(at, 'it reads what the database knows of itself')
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

function asksMore({ tokens }: Sql, from: number): boolean {
  return tokens
    .slice(from, from + 80)
    .some(
      (token, index) =>
        (token.kind === 'variable' && token.text.startsWith('@@')) ||
        (token.kind === 'word' &&
          (tokens[from + index + 1]?.kind === 'open'
            ? waiting.test(token.text) ||
              (telling.test(token.text) &&
                !/^(?:count|lower|upper|left|right|replace|floor|length|like|case|if)$/.test(token.text))
            : systemTable.test(token.text) || (index > 0 && token.text === 'union'))),
    )
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
        isWord(token, 'where', 'values', 'select'),
    ) ||
    (text === 'drop' && tokens.length <= at + 4)
  )
}

function atCall(sql: Sql, at: number, context: 'none' | 'quote'): Found | null {
  const { tokens, closing } = sql
  const token = tokens[at] as SqlToken
  const open = tokens[at + 1]
  if (open?.kind !== 'open') return null
  const close = closing.get(at + 1) ?? tokens.length
  const before = tokens[at - 1]
  const joined =
    before?.kind === 'operator' ||
    before?.kind === 'comma' ||
    before?.kind === 'open' ||
    isLogic(before) ||
    isWord(before, 'select', 'by', 'when', 'then', 'not', 'like')
  if (waiting.test(token.text) && close > at + 2) {
    // sleep(5), with a number in it and nothing around: in code it stands among other words.
    const whole =
      (at === 0 || (at === 1 && before?.kind === 'semicolon')) &&
      (close >= tokens.length - 1 ||
        tokens[close + 1]?.kind === 'comment' ||
        tokens[close + 1]?.kind === 'operator' ||
        isLogic(tokens[close + 1]))
    const constant =
      tokens[at + 2]?.kind === 'number' ||
      tokens[at + 2]?.kind === 'open' ||
      tokens[at + 2]?.kind === 'string' ||
      (tokens[at + 2]?.kind === 'word' && tokens[at + 3]?.kind === 'open')
    const plain = /^(?:exp|elt|make_set|procedure)$/.test(token.text)
    if (
      (whole || (joined && !plain && (isLogic(before) || context === 'quote' || isWord(before, 'select')))) &&
      constant &&
      !(plain && !whole)
    )
      return found(at, `a call of ${token.text}`)
  }
  if (telling.test(token.text) && (at === 0 || isLogic(before)) && tells(sql, at + 2, close))
    return found(at, `a call of ${token.text} on what the database knows`)
  return null
}

/** Whether the arguments call another telling function or hold a query: `length(version())`, `ascii(substr((select`. */
function tells({ tokens }: Sql, from: number, to: number): boolean {
  for (let at = from; at < Math.min(to, from + 24); at++) {
    const token = tokens[at]
    if (isWord(token, 'select')) return true
    if (token?.kind === 'variable' && token.text.startsWith('@@')) return true
    if (
      token?.kind === 'word' &&
      tokens[at + 1]?.kind === 'open' &&
      /^(?:version|database|user|current_user|system_user|substr|substring|mid|schema|load_file|pi|now|hex|char|compress|db_name)$/.test(
        token.text,
      )
    )
      return true
  }
  return false
}
