/**
 * Whether what stands behind a separator is a command: a word that is nothing else is enough there, one that is also
 * English needs an argument that only a shell would get. It deliberately asks for the words only where it has to.
 */
import type { Evidence } from '../../model/detector.ts'
import type { Field } from '../../model/request.ts'
import { isDoubtful, isSure, leading } from '../words.ts'
import { argument } from './argument.ts'
import { isBlank, type Separator } from './separators.ts'
import { isGlob, type Words, wordsAt } from './words.ts'

/** The command that begins behind a separator, or null where what stands there is none. */
export function commandAt(text: string, separator: Separator, field: Field): Evidence | null {
  let from = separator.end
  for (let words = 0; words < 4; words++) {
    while (from < text.length && opens(text, from)) from++
    const skipped = assignmentAt(text, from, separator) ?? leadingAt(text, from, words)
    if (skipped === null) break
    from = skipped
  }
  const variable = text[from] === '$' ? /^\$(\w{1,20})\s/.exec(text.slice(from, from + 24)) : null
  if (variable !== null) {
    // Run by its name where the text itself has set it; where it has not, it is empty.
    if (isAssigned(text, variable[1] ?? '', separator.at))
      return evidence(separator.at, text, 'a variable that is run')
    if (/[a-z_]/.test(variable[1] ?? '')) from += variable[0].length
  }
  const words = wordsAt(text, from)
  if (words === null) return null
  if (!isCommand(words, separator, text, from, field)) return null
  return evidence(
    separator.at,
    text,
    `the command ${words.command.slice(0, 20)} behind ${said[separator.kind]}`,
  )
}

/** A space, a bracket of a subshell, a brace of a group. */
function opens(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return isBlank(code) || code === 0x28 || (code === 0x7b && isBlank(text.charCodeAt(at + 1)))
}

/** Where an assignment in front of a command ends; null where there is none. */
function assignmentAt(text: string, from: number, { kind }: Separator): number | null {
  const equals = text.slice(from, from + 24).indexOf('=')
  if (equals < 1 || kind === 'and') return null
  const piece = text.slice(from, from + 120)
  // A quote that ends no string of the shell's ends the one that the text stands in.
  const found =
    /^(?:\$?IFS|\w{1,20})=(?:\$\([^)]{0,80}\)|"[^"]{0,60}"|'[^']{0,60}'|[^\s;|&"'()]{0,60})[;\s]+/.exec(
      piece,
    )?.[0]
  return found === undefined ? null : from + found.length
}

/** Where a word ends that a command may follow; null where there is none. */
function leadingAt(text: string, from: number, words: number): number | null {
  let end = from
  while (end < from + 9 && isLead(text.charCodeAt(end))) end++
  if (end === from || !isBlank(text.charCodeAt(end))) return null
  const word = text.slice(from, end)
  return leading.has(word) && !(words > 0 && word === 'time') ? end : null
}

function isLead(code: number): boolean {
  return (code >= 97 && code <= 122) || code === 0x21
}

/** Whether `name=…` stands before `to`, where an assignment would. At most the 400 characters before are looked at. */
function isAssigned(text: string, name: string, to: number): boolean {
  const before = text.slice(Math.max(0, to - 400), to)
  const at = before.indexOf(`${name}=`)
  return at === 0 || (at > 0 && /[\s;&|(]/.test(before[at - 1] as string))
}

const said: Readonly<Record<Separator['kind'], string>> = {
  semicolon: 'a semicolon',
  and: 'an ampersand',
  pipe: 'a pipe',
  line: 'a line break',
  substitution: 'a substitution',
  backtick: 'a backtick',
}

function isCommand(words: Words, separator: Separator, text: string, from: number, field: Field): boolean {
  const { command, next } = words
  // A parameter or an attribute of that name.
  if (next === '=' || next === ':' || words.rest.startsWith('\\=') || (next === '(' && !words.hidden))
    return false
  const tight = from === separator.end
  // Unix knows commands in lower case only; a prompt, a name or the beginning of a sentence is not one.
  const known =
    isSure(command) ||
    (isDoubtful(command) &&
      (written(text, from, command) ||
        /^(?:cmd|dir|type|net|ping|copy|del|start|call|ver|vol|set|echo|find|more|sort|reg|sc|query|ftp|telnet)$/.test(
          command,
        )))
  // Among bytes that are no text nothing is a command.
  if (/[^\t\n\r\x20-\x7e\u00a0-\uffff]/.test(text.slice(Math.max(0, separator.at - 20), from + 20)))
    return false
  if (!known) {
    const first = /^[^\s;|&`)"']*/.exec(text.slice(from, from + 120))?.[0] ?? ''
    return isGlob(first) && first.split('/').length > 2 && /[a-z]/.test(first) && separator.kind !== 'line'
  }
  const given = argument(words)
  // "it&apos;s", `&quot;id&quot;`: the semicolon of a character reference, unless a command's arguments follow.
  const isApart = isBlank(words.rest.charCodeAt(0)) && given !== 'prose' && given !== 'none'
  if (separator.kind === 'semicolon' && !isApart && endsReference(text, separator)) return false
  if (words.broken && given !== 'prose') return true
  if (words.hidden && next !== '"' && next !== "'" && command.length > 1)
    return isSure(command) || given !== 'none'
  if (words.path) return true
  if (separator.kind === 'substitution') return isSure(command) || given !== 'none'
  if (separator.kind === 'backtick') return quotedCommand(words, separator, text)
  // A lone value, a line break, a lone command: a host and what else is to be done there.
  if (
    separator.kind === 'line' &&
    isSure(command) &&
    given === 'none' &&
    /^[\w.:-]*$/.test(text.slice(0, separator.at).trim()) &&
    !/\w/.test(words.rest)
  )
    return true
  if (separator.kind === 'line')
    return field.place !== 'body' || text.length < 300
      ? (isSure(command) && given !== 'none') || given === 'certain'
      : false
  if (isSure(command)) return given !== 'prose'
  const piped =
    separator.kind === 'pipe' &&
    text[separator.at + 1] !== '|' &&
    /^(?:bash|sh|zsh|ksh|csh|dash|python[23]?|perl|ruby|php|node|tee|sort|wc|more|less|head|tail|cat)$/.test(
      command,
    )
  if (given === 'certain') return true
  return (
    given === 'none' &&
    (tight || piped) &&
    /^(?:bash|sh|zsh|ksh|csh|dash|cmd|dir|cat|id|w|env|set|ver|hostname|date|reboot|halt|df|du|ss|telnet|ftp)$/.test(
      command,
    ) &&
    (piped || /[;|&`\n]/.test(next) || separator.kind !== 'and')
  )
}

function endsReference(text: string, { at, end }: Separator): boolean {
  const before = text.slice(Math.max(0, at - 10), end)
  return /&(?:[a-zA-Z]{2,8}|#\d{1,7}|#x[0-9a-fA-F]{1,6});$/.test(before)
}

/** Whether it stands there in lower case, hidden or not. */
function written(text: string, from: number, command: string): boolean {
  return !/[A-Z]/.test(text.slice(from, from + command.length))
}

/** A backtick in Markdown has a space or nothing before it; in an injection it is glued to what it is to change. */
function quotedCommand({ command, rest }: Words, { at }: Separator, text: string): boolean {
  const close = rest.indexOf('`')
  if (close < 0) return false
  const whole = at === 0 && /`\s*$/.test(text) && text.indexOf('`', 1) === text.trimEnd().length - 1
  const glued = at > 0 && /[^\s([{]/.test(text[at - 1] as string) && text[at - 1] !== '`'
  return (glued || whole) && (isSure(command) || argument({ command, rest, hidden: false }) === 'certain')
}

/** What is told of it: at most 80 characters. */
export function evidence(at: number, text: string, why: string): Evidence {
  return { at, length: Math.min(text.length - at, 80), why }
}
