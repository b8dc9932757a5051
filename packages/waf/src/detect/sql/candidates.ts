/**
 * Where anything that is SQL wherever it stands may begin, told from a few tokens as numbers. Accepts more than there is, and never
 * less: prose has an "and" in every line, and nearly none of them needs the grammar. It deliberately finds nothing.
 */
import { isCalled } from './calls.ts'
import type { Context } from './found.ts'
import { systemTable } from './select.ts'
import { CLOSE, COMMA, COMMENT, type Lexed, NUMBER, OPEN, OPERATOR, SEMICOLON, WORD } from './tokens.ts'

/** Where the tokens come from. */
export interface Lot {
  readonly lexed: Lexed
  readonly context: Context
  /** Whether the text begins with them. */
  readonly isFirst: boolean
}

const set = (list: string): ReadonlySet<string> => new Set(list.split(' '))

const joining = set('and or xor having where')
const statements = set(
  'select insert replace merge delete update drop create alter truncate exec execute call declare waitfor shutdown set begin goto if load do attach copy with grant revoke',
)
/** Begin a statement at the beginning, or behind a bracket or a number. */
const openers = set('waitfor declare shutdown exec execute insert delete update drop truncate create alter')
/** What has to stand behind a word. */
const behind: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ...['union', 'except', 'intersect'].map(
    (word) => [word, set('all distinct distinctrow select values table')] as const,
  ),
  ['order', set('by')],
  ['group', set('by')],
  ['into', set('outfile dumpfile')],
  ['procedure', set('analyse')],
  ['case', set('when')],
])
/** As operands these are more than a name. */
const special = set('case true false null unknown not binary distinct all exists any some')
/** Words that compare, or stand before one that does. */
const comparing = set(
  'not like rlike regexp ilike glob match is in between similar sounds contains isnull notnull',
)
const signs = set('= < > <= >= <> != ==')

const words = [...joining, ...openers, ...behind.keys(), 'select', 'from', 'join']
/** For each first letter a bit for each length of the words that begin something. */
const lengths: Uint32Array = new Uint32Array(26)
for (const word of words) {
  const letter = word.charCodeAt(0) - 97
  lengths[letter] = (lengths[letter] ?? 0) | (1 << word.length)
}

/** Whether anything may begin at the token. */
export function mayBegin(lot: Lot, index: number): boolean {
  const { lexed, context } = lot
  switch (lexed.kind(index)) {
    case WORD:
      return wordMayBegin(lot, index)
    case OPERATOR:
      return isJoin(lexed, index) && mayBeCondition(lot, index + 1)
    case SEMICOLON:
      // Deep in a long text a second statement is code.
      return (
        (context === 'quote' || index <= 6 || lexed.count <= 60) &&
        lexed.kind(index + 1) === WORD &&
        statements.has(textOf(lexed, index + 1))
      )
    default:
      return false
  }
}

/** `&&` and `||`. */
function isJoin(lexed: Lexed, index: number): boolean {
  const at = lexed.at(index)
  if (lexed.end(index) !== at + 2) return false
  const code = lexed.text.charCodeAt(at)
  return (code === 0x26 || code === 0x7c) && lexed.text.charCodeAt(at + 1) === code
}

function wordMayBegin(lot: Lot, index: number): boolean {
  const { lexed } = lot
  const isCall = lexed.kind(index + 1) === OPEN
  if (!isCall && !hasLength(lexed, index)) return false
  const text = textOf(lexed, index)
  if (isCall && isCalled(text)) return true
  if (joining.has(text)) return mayBeCondition(lot, index + 1)
  if (text === 'select') return true
  const next = behind.get(text)
  if (next !== undefined)
    return isCall ? next.has('select') : lexed.kind(index + 1) === WORD && next.has(textOf(lexed, index + 1))
  if (text === 'from' || text === 'join') return systemTable.test(textOf(lexed, index + 1))
  if (!openers.has(text)) return false
  const before = lexed.kind(index - 1)
  return before === -1 || before === CLOSE || before === NUMBER
}

/** Whether a word that is not quoted has the first letter and the length of one that begins something. */
function hasLength(lexed: Lexed, index: number): boolean {
  const at = lexed.at(index)
  const length = lexed.end(index) - at
  const letter = (lexed.text.charCodeAt(at) | 32) - 97
  return letter < 0 || letter >= 26 || (length < 32 && (((lengths[letter] ?? 0) >> length) & 1) === 1)
}

/** Whether a comparison, a query or a call may stand at the token, where only prose has two words. */
function mayBeCondition({ lexed, context, isFirst }: Lot, index: number): boolean {
  switch (lexed.kind(index)) {
    case -1:
    case CLOSE:
    case COMMA:
    case SEMICOLON:
    case COMMENT:
      return false
    case WORD:
      break
    default:
      return true
  }
  if (special.has(textOf(lexed, index))) return true
  // What a name is compared with counts behind a quote, and behind what the text begins with.
  const counts = context === 'quote' || isFirst
  switch (lexed.kind(index + 1)) {
    case WORD:
      return counts && comparing.has(textOf(lexed, index + 1))
    case OPERATOR:
      return counts || !signs.has(textOf(lexed, index + 1))
    case OPEN:
      return true
    case CLOSE:
      return counts
    default:
      return false
  }
}

function textOf(lexed: Lexed, index: number): string {
  if (index >= lexed.count) return ''
  const [at, end] = [lexed.at(index), lexed.end(index)]
  const first = lexed.text.charCodeAt(at)
  const isQuoted = first === 0x60 || first === 0x5b
  return (isQuoted ? lexed.text.slice(at + 1, end - 1) : lexed.text.slice(at, end)).toLowerCase()
}
