/**
 * detector  shell
 * finds     commands for a Unix shell or for cmd and PowerShell: behind `;`, `|`, `&`, a line break, in `$(…)` and
 *           backticks, hidden by quotes, `$IFS`, carets or patterns; Shellshock; server-side includes
 * how       at each place where a shell would begin a command the words are read as it would read them; a word that is
 *           only a command is enough there, one that is also English needs an argument that only a shell would get
 * passes    "bread; cut the cheese", "cat & dog", `a && b`, Markdown's `code`, `x | y` tables, CSS
 * does not  judge a command alone at the beginning, unless its arguments leave no doubt
 */
import { isLine } from '../decode/base64.ts'
import type { Detector, Evidence } from '../model/detector.ts'
import type { Field } from '../model/request.ts'
import type { Work } from '../model/work.ts'
import { aloneAt } from './shell/alone.ts'
import { batchAt } from './shell/batch.ts'
import { commandAt, evidence } from './shell/command.ts'
import { begins, nextSign, nextSolid, separatorAt } from './shell/separators.ts'
import { plainWordAt } from './shell/words.ts'
import { isDoubtful, isSure, leading } from './words.ts'

export const shell: Detector = {
  id: 'shell',
  triggers: [
    ...'; | & ` (){ <!--# <( >( cmd powershell .exe %comspec /? /* <<< echo ping sleep ^ invoke- \\ \' " {, ,} bin/ /etc/ /usr/ nohup strace sudo lsof tasklist systeminfo printenv ansible chef cscli alias whoami ifconfig netstat $'.split(
      ' ',
    ),
    '\n',
    '\r',
    ' /',
    ' -',
    'for ',
    'if ',
    ' {',
    'time ',
    'install ',
  ],
  detect(text, field, work) {
    if (field.kind === 'file') return null
    return (
      functionDefinition(text) ??
      include(text) ??
      batch(text, work) ??
      // A parameter may be named `systemInfo`.
      (field.place === 'path' || (field.part === 'name' && /^\w*$/.test(text)) ? null : aloneAt(text)) ??
      separated(text, field, work)
    )
  },
}

/** `() { :; };`: bash once ran what follows. `f(){ f|f& };f`: it calls itself until nothing else runs. */
function functionDefinition(text: string): Evidence | null {
  const bomb = /^\s*([\w.:]{1,20})\s?\(\)\s?\{\s?\1(?:\(\))?\s?\|\s?\1/.exec(text.slice(0, 120))
  const found = bomb ?? /^\s*\(\s*\)\s*\{/.exec(text)
  return found === null
    ? null
    : {
        at: found.index,
        length: Math.min(text.length, 80),
        why: 'a function definition that bash runs on from',
      }
}

function include(text: string): Evidence | null {
  const at = text.search(/<!--#\s*(?:exec|include|echo|config|printenv|set)\b/i)
  return at < 0 ? null : { at, length: 60, why: 'a server-side include' }
}

function batch(text: string, work: Work): Evidence | null {
  const at = batchAt(text, work)
  return at < 0 ? null : evidence(at, text, 'a condition or loop of cmd')
}

/** For each sign behind which a command may begin, and for each command. */
const [signSteps, commandSteps] = [150, 700]

const longestSpan = 200

/**
 * Where code ends that a sentence shows: Markdown's backticks with words before and behind, as in "Run `a && b` and wait". 0 where they
 * are none. What Markdown shows alone, or beside a value, is what a shell would run.
 */
function spanEnd(text: string, open: number): number {
  if (!/(?:^|[\s(])[A-Za-z][a-z']{1,20},? $/.test(text.slice(Math.max(0, open - 26), open))) return 0
  const length = text.slice(open + 1, open + longestSpan).search(/[`\n]/)
  const close = open + 1 + length
  if (length < 1 || text[close] !== '`') return 0
  return /^(?:[.,:;!?)]? (?:[a-z]{2,20}|I|a)[ .,;:!?)]|[.,:;!?)]? ?(?:[a-z]{2,20})?[.!?)]?$)/.test(
    text.slice(close + 1, close + 28),
  ) && /^[A-Za-z][A-Za-z ,.:;!?'"()-]*$/.test(text.slice(Math.max(0, open - 60), open).trim())
    ? close
    : 0
}

/** Every place where a shell would begin a command. */
function separated(text: string, field: Field, work: Work): Evidence | null {
  const url = /^(?:[a-z][a-z0-9+.-]{1,20}:)?\/\/|^\/[^\s]*\?/i.test(text)
  let space = 0
  while (url && space < text.length && text.charCodeAt(space) > 32) space++
  for (let at = nextSign(text, 0); at < text.length; at = nextSign(text, at + 1)) {
    const how = separatorAt(text, at)
    if (how === null) continue
    if (how.kind === 'backtick') {
      const end = spanEnd(text, at)
      if (end > 0) {
        at = end
        continue
      }
    }
    if (!work.spend(signSteps)) return null
    // Two backticks are nothing.
    if (how.kind === 'backtick' && text[at + 1] === '`') {
      at++
      continue
    }
    at = how.end - 1
    const next = nextSolid(text, how.end)
    if (next >= text.length) break
    // Of a run of separators and spaces only the last can begin a command.
    if (!begins(text, next)) {
      at = Math.max(at, next - 1)
      continue
    }
    if (url && how.kind === 'and' && at < space) continue
    if (how.kind === 'line' && isLine(text, next)) continue
    const word = plainWordAt(text, next)
    if (
      word !== null &&
      !isSure(word) &&
      !isDoubtful(word) &&
      !leading.has(word) &&
      text[next + word.length] !== '='
    )
      continue
    if (!work.spend(commandSteps)) return null
    const found = commandAt(text, how, field)
    if (found !== null) return found
  }
  return null
}
