/**
 * What follows a `select`: a list and a table as only SQL has them, or English. It deliberately accepts more than any one
 * database does, and less than English.
 */
import { isWord, type Sql } from './grammar.ts'
import type { SqlToken } from './tokens.ts'

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
  let code = joined === 'joined' && isWord(first, 'null', 'default')
  let plain = 0
  for (let steps = 0; steps < 200 && at < tokens.length; steps++, at++) {
    const token = tokens[at] as SqlToken
    if (token.kind === 'word') {
      // Another one begins.
      if (token.text === 'select') break
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
