/**
 * The beginnings of SQL's statements, complete enough to tell `drop table readings` from "drop table runner". It
 * deliberately parses none to its end.
 */
import { comparisonAt, isWord, type Sql } from './grammar.ts'
import { selectAt } from './select.ts'
import type { SqlToken } from './tokens.ts'

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
      return (isWord(second, 'into') && name(third)) || (name(second) && third?.kind === 'open')
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
