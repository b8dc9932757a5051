/**
 * detector  sqli
 * finds     pieces of SQL that change the statement they are put into: conditions, unions, second statements, queries in
 *           brackets, calls that wait, read or write, a quote that ends the string and a comment that drops the rest
 * how       the text is tokenised in each place a statement may put it in (as it is, in '…', in "…"), to its end, and
 *           what follows is held to the grammar of an expression or a statement
 * passes    `O'Brien`, `rock 'n' roll`, "having friends over is nice", `1/4" - 1/2"`, "select a few friends from"
 * does not  look for words: `union` and `select` are English
 */
import type { Detector, Evidence } from '../model/detector.ts'
import type { Work } from '../model/work.ts'
import { anywhere } from './sql/anywhere.ts'
import { behindQuote } from './sql/behind-quote.ts'
import { readsUntil } from './sql/condition.ts'
import type { Context, Found } from './sql/found.ts'
import { fragment, onlyOperators } from './sql/fragment.ts'
import { type Sql, withBrackets } from './sql/grammar.ts'
import { closingQuote, lex } from './sql/lexer.ts'
import type { Lexed } from './sql/tokens.ts'

export const sqli: Detector = {
  id: 'sqli',
  triggers: [
    ...'\' " ( :: notnull xor -> >> <> != == >= pg_ sys sp_ utl_ mysql. _name except intersect union select )or )and || && /* -- # ; having sleep benchmark waitfor exec concat load_file xp_ randomblob declare insert delete update drop information_schema between like regexp substr extractvalue dbms_ outfile dumpfile @@ alter create current_ procedure'.split(
      ' ',
    ),
    'when ',
    ' from',
    ' or',
    ' and',
    'or ',
    'and ',
    'order by',
    'group by',
    ' is ',
    ' div ',
    'case ',
    ...Array.from('0123456789', (digit) => [`${digit}=`, `${digit}<=`, `${digit} =`]).flat(),
  ],
  detect(text, field, work) {
    // A file is put into no statement, and what is still escaped is judged once it is not.
    if (field.kind === 'file' || /%[0-9a-f]{2}%[0-9a-f]{2}/i.test(text)) return null
    // The name of a pair, not a key in JSON: rules of devices have operators there.
    const isPair = field.part === 'name' && field.name === text
    const alone = inContext(text, 0, 'none', { work, begun: new Set(), isName: isPair })
    if (alone !== null) return alone
    const reading: Reading = { work, begun: new Set(), isName: false }
    for (const quote of ["'", '"', '`']) {
      const first = text.indexOf(quote)
      if (first < 0 || (quote === '"' && opensJson(text, first))) continue
      const found = inContext(text, first + 1, 'quote', reading)
      if (found !== null) return found
      const close = closingQuote(text, 0, quote)
      const other = close > first ? inContext(text, close + 1, 'quote', reading) : null
      if (other !== null) return other
    }
    return null
  },
}

/** Whether the first quote opens a string of JSON: it ends no other one. What is in the JSON is judged by itself. */
function opensJson(text: string, quote: number): boolean {
  return quote <= 40 && /^\s*[{[][\s{[]*$/.test(text.slice(0, quote))
}

/** So many characters are read at once; where a lot begins depends on the text more than on where the reading began. */
const lot = 16_384
/** What two lots share, so that nothing is cut in two. */
const overlap = 2048

/** For each character that is read, for each token, and for each of those that are to be asked about. */
const [characterSteps, tokenSteps, askedSteps] = [4, 15, 60]

interface Reading {
  readonly work: Work
  /** Where lots began that were read in the same context before; from there on all is the same. */
  readonly begun: Set<number>
  /** Whether the text is the name of a pair. */
  readonly isName: boolean
}

function inContext(
  text: string,
  from: number,
  context: Context,
  { work, begun, isName }: Reading,
): Evidence | null {
  for (let start = from; start < text.length && !begun.has(start); ) {
    if (start !== from) begun.add(start)
    const next = start - (start % lot) + lot
    const lexed = lex(text, start, next + overlap)
    const length = Math.min(next + overlap, text.length) - start
    if (!work.spend(length * characterSteps + lexed.count * tokenSteps)) return null
    let known: Sql | null = null
    const read = (): Sql => {
      if (known === null) work.spend(lexed.count * askedSteps)
      known ??= withBrackets(lexed.tokens(), text, readsUntil)
      return known
    }
    const isFirst = start === from && lexed.count > 0
    const found =
      (isFirst ? atBegin(read(), text, from, context, isName) : null) ??
      anywhere({ lexed, context, isFirst }, read, work)
    if (found !== null) {
      const at = lexed.at(Math.min(found.index, lexed.count - 1))
      return { at, length: Math.min(Math.max(lexed.end(lexed.count - 1) - at, 1), 80), why: found.why }
    }
    start = lexed.count === 0 ? next + overlap : nextOf(lexed, next)
  }
  return null
}

/** Where the next lot begins: with the first token that begins at `least` or later, or behind the last. */
function nextOf(lexed: Lexed, least: number): number {
  let index = lexed.count
  while (index > 0 && lexed.at(index - 1) >= least) index--
  return index < lexed.count ? lexed.at(index) : Math.max(lexed.end(lexed.count - 1), least + overlap)
}

function atBegin(sql: Sql, text: string, from: number, context: Context, isName: boolean): Found | null {
  if (context === 'quote') return behindQuote(sql, text, from)
  return fragment(sql) ?? (isName ? onlyOperators(sql) : null)
}
