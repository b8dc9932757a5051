/**
 * Stack traces and the error messages of databases and interpreters: what tells an attacker the paths, the names and the
 * statements of the server. One frame alone is prose about code; two, or one below its heading, are a trace.
 */
import type { LeakRule } from './leak.ts'
import { linesOf } from './lines.ts'

/** One line of a trace, for each language. Each has one way to read any line. */
const frames: readonly RegExp[] = [
  // Node, Deno, Bun: only paths of a server, not what a browser was sent.
  /^(?:\s|&nbsp;){0,16}at (?:[^()]{1,160} \()?(?:file:\/\/\/|\/|[A-Za-z]:\\{1,2}|node:)[^():]{1,250}:\d{1,7}:\d{1,7}(?:[)"'<\s,&\\]|$)/,
  // Java, Kotlin, Scala.
  /^\s{0,16}at [\w$.<>/@-]{3,250}\((?:[\w$-]{1,100}\.(?:java|kt|kts|scala|groovy|clj):\d{1,7}|Native Method|Unknown Source)\)/,
  // .NET
  /^\s{0,16}at [\w.`<>[\],+]{3,200}\([^()]{0,200}\) in [^:]{0,3}:?[^:]{1,250}:line \d{1,7}/,
  // Python
  /^\s{0,16}File "[^"]{1,250}", line \d{1,7}(?:, in |\s*$)/,
  // PHP
  /^\s{0,8}#\d{1,3} \/[^()]{1,250}\(\d{1,7}\): /,
  // Ruby
  /^\s{0,8}(?:from )?\/[^:]{1,250}\.rb:\d{1,7}:in [`']/,
  // Go
  /^\s{0,8}\/[^:]{1,250}\.go:\d{1,7}(?: \+0x[0-9a-f]{1,16})?\s*$/,
]

/** Lines that need nothing below them: they name a place in a file of the server. */
const statements: readonly RegExp[] = [
  /^\s{0,8}thread '[^']{1,100}' (?:\(\d{1,10}\) )?panicked at [^\n]{0,200}\.rs:\d{1,7}:\d{1,7}/,
  /(?:Fatal error|Parse error|Warning|Notice)(?:<\/b>)?: [^\n]{1,250} in (?:<b>)?(?:\/|[A-Z]:\\)[^\n<]{1,120}\.php(?:<\/b>)? on line (?:<b>)?\d/,
]

const headings =
  /^\s{0,8}(?:Traceback \(most recent call last\):|goroutine \d{1,10} \[[a-z ]{3,30}\]:|Exception in thread ")/

export const stackTraces: LeakRule = {
  id: 'leak/stack-trace',
  triggers: [
    'node:',
    'file:///',
    ...[
      'js',
      'mjs',
      'cjs',
      'ts',
      'mts',
      'tsx',
      'jsx',
      'java',
      'kt',
      'kts',
      'scala',
      'groovy',
      'clj',
      'rb',
      'go',
      'rs',
    ].map((name) => `.${name}:`),
    'native method)',
    'unknown source)',
    ':line ',
    '", line ',
    '.php(',
    ' on line ',
    ' on line <b>',
  ],
  find(text) {
    // How many lines back the last frame or heading was.
    let since = Infinity
    for (const { at, line } of linesOf(text)) {
      since++
      if (statements.some((one) => one.test(line)))
        return { at, excerpt: line.trim().slice(0, 80), why: 'an error message with a path of the server' }
      if (frames.some((one) => one.test(line))) {
        if (since <= 3) return { at, excerpt: line.trim().slice(0, 80), why: 'a stack trace' }
        since = 0
      } else if (headings.test(line)) since = 0
    }
    return null
  },
}

const messages: readonly RegExp[] = [
  /You have an error in your SQL syntax; check the manual that corresponds to your/,
  /\bORA-\d{5}: /,
  /\bSQLSTATE\[[0-9A-Z]{5}\]/,
  /\bPG::[A-Z][A-Za-z]{3,40}: ERROR/,
  /\b(?:unterminated quoted string|syntax error) at or near "/,
  /\bMicrosoft OLE DB Provider for (?:SQL Server|ODBC Drivers)\b/,
  /\bUnclosed quotation mark after the character string\b/,
  /\bSQLITE_ERROR: /,
  /\bMySqlException\b|\bcom\.mysql\.(?:cj\.)?jdbc\.exceptions\b|\borg\.postgresql\.util\.PSQLException: /,
]

export const databaseErrors: LeakRule = {
  id: 'leak/database-error',
  triggers: [
    'in your sql syntax',
    'ora-0',
    'ora-1',
    'ora-2',
    'sqlstate[',
    'pg::',
    'at or near "',
    'ole db provider',
    'unclosed quotation mark',
    'sqlite_error',
    'mysqlexception',
    'jdbc.exceptions',
    'psqlexception',
  ],
  find(text) {
    for (const message of messages) {
      const found = message.exec(text)
      if (found !== null)
        return { at: found.index, excerpt: found[0].slice(0, 80), why: 'an error message of a database' }
    }
    return null
  },
}
