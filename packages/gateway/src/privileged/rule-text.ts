/**
 * Which rule-set texts the privileged process hands to libnftables: those that change our own tables, and nothing else.
 *
 * nft's language can read files (`include`), run on (`monitor`), empty the whole machine (`flush ruleset`) and touch other
 * programs' tables. So every statement must begin with one of a few verbs and name a table of ours, braces and strings
 * must close where nft closes them, and what nft's scanner could read otherwise than this one (comments, continued
 * lines, a string over two lines, anything that is not ASCII) is refused. Linear in the text, which may be 50 MB.
 */
import { Refused } from './checked.ts'

/** All tables that are ours begin with this. */
const OURS = 'thingwall'
const TABLE_NAME = new RegExp(`^${OURS}(?:[-_][A-Za-z0-9_-]{1,60})?$`)

const FAMILY = '(?:inet|arp|netdev|bridge|ip|ip6)'
const KIND = '(?:table|chain|set|map|element|rule|counter|quota|limit|flowtable)'
const STATEMENT = new RegExp(
  `(?:table|(?:add|create|delete|destroy|flush|insert|replace) ${KIND}) ${FAMILY} (${OURS}[A-Za-z0-9_-]*)(?=[ \\n]|$)`,
  'y',
)
/** What the scan has to look at; all other characters are passed over. */
const TOKEN = /["{};#\\\n$]/g
const FOREIGN = /[^\t\n\x20-\x7e]/
const WORD = /[A-Za-z0-9_./-]*include[A-Za-z0-9_./-]*/g

export function isOurTable(name: string): boolean {
  return TABLE_NAME.test(name)
}

/** Throws `Refused` unless the text does nothing but change tables of ours. The text is read as Latin-1. */
export function requireRuleText(text: string): void {
  if (FOREIGN.test(text)) throw new Refused('the rule set has characters that do not belong there')
  requireNoInclude(text)
  let at = 0
  while (at < text.length) at = text.charCodeAt(at) === NEWLINE ? at + 1 : statementEnd(text, at)
}

const NEWLINE = 10

/** Where the line after this statement begins. */
function statementEnd(text: string, from: number): number {
  STATEMENT.lastIndex = from
  const table = STATEMENT.exec(text)?.[1]
  if (table === undefined || !isOurTable(table))
    throw refusedAt(text, from, 'is no change of a table of ours')
  let depth = 0
  TOKEN.lastIndex = STATEMENT.lastIndex
  for (let found = TOKEN.exec(text); found !== null; found = TOKEN.exec(text)) {
    const at = found.index
    switch (found[0]) {
      case '\n':
        if (depth === 0) return at + 1
        break
      case '"': {
        const end = text.indexOf('"', at + 1)
        if (end === -1 || text.slice(at, end).includes('\n')) throw refusedAt(text, at, 'has an open string')
        TOKEN.lastIndex = end + 1
        break
      }
      case '{':
        depth += 1
        break
      case '}':
        depth -= 1
        if (depth < 0) throw refusedAt(text, at, 'closes what was not open')
        break
      case ';':
        if (depth === 0) throw refusedAt(text, at, 'holds two statements')
        break
      default:
        throw refusedAt(text, at, 'has a comment, a variable or a continued line')
    }
  }
  if (depth > 0) throw new Refused('the rule set ends inside braces')
  return text.length
}

/**
 * nft reads a word that begins with a letter whole, so `deny/cam/include-x` is a name. `include` alone, or what only
 * begins to be a word there, is refused wherever it stands outside a string.
 */
function requireNoInclude(text: string): void {
  if (!text.includes('include')) return
  for (const [word] of text.replace(/"[^"\n]*"/g, '""').matchAll(WORD)) {
    if (word === 'include' || !/^[A-Za-z]/.test(word))
      throw new Refused('the rule set wants to include a file')
  }
}

function refusedAt(text: string, at: number, what: string): Refused {
  let line = 1
  for (let next = text.indexOf('\n'); next !== -1 && next < at; next = text.indexOf('\n', next + 1)) line += 1
  return new Refused(`line ${line} of the rule set ${what}`)
}
