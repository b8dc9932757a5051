/**
 * detector  shell
 * finds     commands for a Unix shell or for cmd and PowerShell: behind `;`, `|`, `&`, a line break, in `$(…)` and
 *           backticks, hidden by quotes, `$IFS`, carets or patterns; Shellshock; server-side includes
 * how       at each place where a shell would begin a command the words are read as it would read them; a word that is
 *           only a command is enough there, one that is also English needs an argument that only a shell would get
 * passes    "bread; cut the cheese", "cat & dog", `a && b`, Markdown's `code`, `x | y` tables, CSS
 * does not  judge a command alone at the beginning, unless its arguments leave no doubt
 */
import type { Detector, Evidence } from '../model/detector.ts'
import type { Field } from '../model/request.ts'
import { doubtful, leading, subcommands, sure } from './shell/commands.ts'
import { begins, nextSolid, type Separator, separatorAt } from './shell/separators.ts'
import { isGlob, type Words, wordsAt } from './shell/words.ts'

export const shell: Detector = {
  id: 'shell',
  triggers: [
    ';',
    '|',
    '&',
    '`',
    '$(',
    '${',
    '$ifs',
    '\n',
    '\r',
    '() {',
    '(){',
    '<!--#',
    '<(',
    '>(',
    '/bin/',
    ' /',
    ' -',
    '\\windows\\',
    'cmd',
    'powershell',
    '.exe',
    '%comspec',
    '$@',
    '/?',
    '/*',
    '<<<',
    'echo',
    'ping',
    'sleep',
    '$env:',
    '^',
    'invoke-',
    'for ',
    'if ',
  ],
  detect(text, field) {
    if (field.kind === 'file') return null
    return (
      functionDefinition(text) ?? include(text) ?? batch(text) ?? alone(text, field) ?? separated(text, field)
    )
  },
}

/** `() { :; };`: bash once ran what follows. */
function functionDefinition(text: string): Evidence | null {
  const found = /^\s*\(\s*\)\s*\{/.exec(text)
  return found === null
    ? null
    : {
        at: found.index,
        length: Math.min(text.length, 80),
        why: 'a function definition where bash once ran what follows it',
      }
}

function include(text: string): Evidence | null {
  const at = text.search(/<!--#\s*(?:exec|include|echo|config|printenv|set)\b/i)
  return at < 0 ? null : { at, length: 60, why: 'a server-side include' }
}

/** `for /f … %a in (…) do` and `if … == … command`, as cmd has them; a sentence has no percent sign there. */
function batch(text: string): Evidence | null {
  const at = text.search(
    /\bfor\s+(?:\/[dflr]\s[^%]{0,60})?%{1,2}\w+\s+in\s*\(|\bif\s+(?:\/i\s+)?(?:not\s+)?(?:exist\s+[\w.:\\%*"]+|defined\s+[\w%]+|(?:errorlevel|cmdextversion)\s+\d+)\s+(?:\w|\(|@)|\bif\s+(?:\/i\s+)?(?:not\s+)?(?:["'([]?%?[^\s="']{0,30}%?["')\]]?\s*==\s*["'([]?[^\s"')\]]{0,30}["')\]]?|[^\s]{1,20}\s+(?:equ|neq|lss|leq|gtr|geq)\s+\S+)\s+@?(?:goto|echo|cmd|set|exit|call|del|start|copy|type|dir|ping|net|powershell)\b/i,
  )
  return at < 0 || /[;{]\s*$/.test(text) || text.includes('\n')
    ? null
    : evidence(at, text, 'a condition or loop of cmd')
}

/** The whole value is a command line. */
function alone(text: string, field: Field): Evidence | null {
  if (text.length > 2000 || field.place === 'path') return null
  const from = text.length - text.trimStart().length
  const words = wordsAt(text, from)
  if (words === null) return null
  const given = argument(words)
  const known = sure.has(words.command) || doubtful.has(words.command)
  if (known && words.path && /^\/(?:usr\/)?(?:local\/)?s?bin\//.test(text.slice(from)))
    return evidence(from, text, `the command ${words.command}`)
  if (
    sure.has(words.command) &&
    (given === 'certain' || (given === 'likely' && /[|;&>`]|\$\(/.test(words.rest)))
  )
    return evidence(from, text, `the command ${words.command} and what it is to do`)
  if (
    doubtful.has(words.command) &&
    given === 'certain' &&
    (/^\s+(?:[^\s]+\s+)*(?:\/(?:etc|bin|tmp|dev|var|home|root|usr|proc)\b|-[ce]\s+\S)/.test(words.rest) ||
      /[|;&>`]|\$\(/.test(words.rest))
  )
    return evidence(from, text, `the command ${words.command} and what it is to do`)
  if (
    isGlob(text.slice(from).split(/\s/, 1)[0] ?? '') &&
    /^\/[^\s]*[?*[][^\s]*\//.test(text.slice(from)) &&
    /[a-z]/.test(text)
  )
    return evidence(from, text, 'a pattern that finds a command')
  return null
}

/** Every place where a shell would begin a command. */
function separated(text: string, field: Field): Evidence | null {
  const url = /^(?:[a-z][a-z0-9+.-]{1,20}:)?\/\/|^\/[^\s]*\?/i.test(text)
  for (let at = 0; at < text.length; at++) {
    const how = separatorAt(text, at)
    if (how === null) continue
    at = how.end - 1
    const next = nextSolid(text, how.end)
    if (next >= text.length) break
    // Of a run of separators and spaces only the last can begin a command.
    if (!begins(text, next)) {
      at = Math.max(at, next - 1)
      continue
    }
    if (url && how.kind === 'and' && !/\s/.test(text.slice(0, at))) continue
    const found = commandAt(text, how, field)
    if (found !== null) return found
  }
  return null
}

function commandAt(text: string, separator: Separator, field: Field): Evidence | null {
  let from = separator.end
  for (let words = 0; words < 4; words++) {
    while (
      from < text.length &&
      (/[\s(]/.test(text[from] as string) || (text[from] === '{' && /\s/.test(text[from + 1] ?? '')))
    )
      from++
    const assignment = /^(?:\$?IFS|\w{1,20})=(?:\$\([^)]{0,80}\)|[^\s;|&]{0,60})[;\s]+/.exec(
      text.slice(from, from + 120),
    )?.[0]
    const first = /^[a-z!]+(?=\s)/.exec(text.slice(from, from + 12))?.[0]
    if (assignment !== undefined && separator.kind !== 'and') from += assignment.length
    else if (first !== undefined && leading.has(first) && !(words > 0 && first === 'time'))
      from += first.length
    else break
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
  // Among bytes that are no text nothing is a command.
  if (/[^\t\n\r\x20-\x7e\u00a0-\uffff]/.test(text.slice(Math.max(0, separator.at - 20), from + 20)))
    return false
  // A parameter or an attribute of that name.
  if (next === '=' || next === ':' || words.rest.startsWith('\\=') || (next === '(' && !words.hidden))
    return false
  const given = argument(words)
  const tight = from === separator.end
  // Unix knows commands in lower case only; a prompt, a name or the beginning of a sentence is not one.
  const known =
    sure.has(command) ||
    (doubtful.has(command) &&
      (written(text, from, command) ||
        /^(?:cmd|dir|type|net|ping|copy|del|start|call|ver|vol|set|echo|find|more|sort|reg|sc|query|ftp|telnet)$/.test(
          command,
        )))
  if (!known) {
    const first = text.slice(from).split(/[\s;|&`)"']/, 1)[0] ?? ''
    return isGlob(first) && first.split('/').length > 2 && /[a-z]/.test(first) && separator.kind !== 'line'
  }
  if (words.hidden && next !== '"' && next !== "'" && command.length > 1)
    return sure.has(command) || given !== 'none'
  if (words.path) return true
  if (separator.kind === 'substitution') return sure.has(command) || given !== 'none'
  if (separator.kind === 'backtick') return quotedCommand(words, separator, text)
  // A lone value, a line break, a lone command: a host and what else is to be done there.
  if (
    separator.kind === 'line' &&
    sure.has(command) &&
    given === 'none' &&
    /^[\w.:-]*$/.test(text.slice(0, separator.at).trim()) &&
    !/\w/.test(words.rest)
  )
    return true
  if (separator.kind === 'line')
    return field.place !== 'body' || text.length < 300
      ? (sure.has(command) && given !== 'none') || given === 'certain'
      : false
  if (sure.has(command)) return given !== 'prose'
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
  return (
    (glued || whole) &&
    (sure.has(command) ||
      argument({ command, rest, hidden: false, path: false, next: rest[0] ?? '' }) === 'certain')
  )
}

/**
 * What stands behind a command: nothing more (`none`), what only a shell gets (`certain`: an option, a path, a variable, a
 * redirection), what it may get (`likely`), or words of a sentence (`prose`).
 */
function argument({
  command,
  rest,
  hidden,
}: {
  readonly command: string
  readonly rest: string
  readonly hidden: boolean
  readonly path: boolean
  readonly next: string
}): 'none' | 'certain' | 'likely' | 'prose' {
  if (rest === '' || /^[\s]*(?:[;|&`)\n\r}#"'\\]|$)/.test(rest)) return 'none'
  if (/^\s*(?:\$\{?IFS|\d?[<>]{1,3}\s*(?:[/&$(]|\.{0,2}\/|[\w-]+\.\w|\w+\s*$)|%0)/.test(rest))
    return 'certain'
  if (/^\$\(|^\$[@*\d]|^\$IFS/.test(rest) || (hidden && rest.startsWith(','))) return 'certain'
  const spaced = /^[\s+]+(.*)/s.exec(rest)
  if (spaced === null) return 'prose'
  const first = spaced[1] ?? ''
  if (subcommands.get(command)?.test(first) === true) return 'certain'
  if (
    /^(?:-{1,2}[a-zA-Z0-9]|\/[\w*?.]|~\/|\.{1,2}\/|\$[({\w@]|[<>]|\*(?:\s|$|\.)|[a-zA-Z]:\\|%\w+%|\|\s*\w)/.test(
      first,
    )
  )
    return 'certain'
  if (
    /^(?:https?:\/\/|ftp:\/\/|\d{1,3}(?:\.\d{1,3}){3}\b|[\w-]+\.(?:txt|sh|php|py|pl|conf|cfg|ini|log|js|rb|exe|bat|ps1|yml|yaml|json|xml|c|o|so|db|sql|gz|zip|tar)\b|\d+(?:\s*(?:$|[;|&`)\n]))|[^\s]*[*?\\$`]|[\w.-]+\/[\w.-])/.test(
      first,
    )
  )
    return 'certain'
  return /^[\w"'.{[-]+\s*(?:$|[;|&`)\n"'#\\$])/.test(first) ? 'likely' : 'prose'
}

function evidence(at: number, text: string, why: string): Evidence {
  return { at, length: Math.min(text.length - at, 80), why }
}
