/**
 * Calls of a database's functions: those that wait, read or write, and those that tell what the database knows, where
 * an expression may stand. It deliberately lets calls stand in code: there they are among other words.
 */
import { tellingFunctions } from '../words.ts'
import { type Context, type Found, found } from './found.ts'
import { isLogic, isWord, type Sql } from './grammar.ts'
import { systemTable } from './select.ts'
import type { SqlToken } from './tokens.ts'

/** Functions that wait, read, write or reach out. */
export const waiting: RegExp =
  /^(?:benchmark|pg_sleep|sleep|extractvalue|updatexml|load_file|randomblob|xp_\w+|sp_oacreate|sys_eval|sys_exec|utl_\w+(?:\.\w+)+|dbms_\w+(?:\.\w+)+|ctxsys\.\w+|make_set|elt|gtid_subset|json_keys|exp|procedure|database_to_xml|query_to_xml|lo_import|lo_export|lo_get|pg_read_file|pg_ls_dir|current_setting|openrowset|opendatasource|load_extension|name_const|row_count|xmltype|get_host_address)$/
/** Whether a call of it may be found. */
export function isCalled(name: string): boolean {
  return tellingFunctions.has(name) || waiting.test(name)
}

/** Whether a query asks for more than a table: functions, variables, tables of the system, a union. */
export function asksMore({ tokens }: Sql, from: number): boolean {
  return tokens
    .slice(from, from + 80)
    .some(
      (token, index) =>
        (token.kind === 'variable' && token.text.startsWith('@@')) ||
        (token.kind === 'word' &&
          (tokens[from + index + 1]?.kind === 'open'
            ? waiting.test(token.text) ||
              (tellingFunctions.has(token.text) &&
                !/^(?:count|lower|upper|left|right|replace|floor|length|like|case|if)$/.test(token.text))
            : systemTable.test(token.text) || (index > 0 && token.text === 'union'))),
    )
}

/** A call at `at`, where it is more than a word in front of a bracket. */
export function atCall(sql: Sql, at: number, context: Context): Found | null {
  const { tokens, closing } = sql
  const token = tokens[at] as SqlToken
  const open = tokens[at + 1]
  if (open?.kind !== 'open') return null
  const close = closing[at + 1] ?? tokens.length
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
  if (tellingFunctions.has(token.text) && (at === 0 || isLogic(before)) && tells(sql, at + 2, close))
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
