/**
 * Generations: a table can hold several compiled rule sets side by side, told apart by a prefix of all names but those
 * of base chains. Base chains are shared, and only say which generation a packet meets; so one is exchanged for another
 * without any packet meeting half of each.
 *
 * Works on compiled text, so that a text kept on a disk can be put beside what is in force. It knows nothing of what is
 * in a kernel.
 */
import { rootOf } from './text.ts'

/**
 * Name space of a rule set in the kernel: one small letter, or the empty text for the names as they are compiled (as
 * `nft -f` of an exported text leaves them).
 */
export type Generation = string

export interface BaseChain {
  readonly name: string
  /** `type filter hook forward priority filter; policy drop;` */
  readonly hook: string
}

/** What a compiled text puts into one table. */
export interface GenerationTable {
  readonly family: string
  readonly base: readonly BaseChain[]
  /** Every other object, written as `nft` reads them inside of `table … { }`, under the names of the generation. */
  readonly text: string
}

/** An object's name in a generation: `a/live`. Names of base chains are in none. */
export function nameIn(generation: Generation, name: string): string {
  return generation === '' ? name : `${generation}/${name}`
}

/** Which generation a name is of, and how it is compiled: `a/live` → `['a', 'live']`. */
export function splitName(name: string): readonly [Generation, string] {
  return /^[a-z]\//.test(name) ? [name.slice(0, 1), name.slice(2)] : ['', name]
}

/** The chain that a base chain goes to for a generation. */
export function rootIn(generation: Generation, base: string): string {
  return nameIn(generation, rootOf(base))
}

/** A compiled text as a generation. Throws on text that this compiler has not written. */
export function inGeneration(text: string, generation: Generation): readonly GenerationTable[] {
  const tables: GenerationTable[] = []
  let at = 0
  for (const opened of text.matchAll(/^table (\w+) \w+ \{\n/gm)) {
    const from = opened.index + opened[0].length
    const end = text.indexOf('\n}\n', from)
    if (end === -1) throw new Error(`table ${opened[1]} has no end`)
    requireNothing(text.slice(at, opened.index), BEFORE_TABLES)
    tables.push(tableIn(text.slice(from, end + 1), opened[1] as string, generation))
    at = end + '\n}\n'.length
  }
  requireNothing(text.slice(at), /^\n*$/)
  if (tables.length === 0) throw new Error('this text has no tables')
  return tables
}

/** A whole table is made anew; a generation is added to what is there. */
const BEFORE_TABLES = /^\n*table (\w+ \w+)\ndelete table \1\n+$/
/** The comment says the digest; a generation says it in a name of its own. */
const BETWEEN_OBJECTS = /^(?:\n|\tcomment "[^"\n]*"\n)*$/
const OBJECT_END = '\n\t}\n'

function tableIn(body: string, family: string, generation: Generation): GenerationTable {
  const base: BaseChain[] = []
  const parts: string[] = []
  const starts = /^\t(?:chain|set|map|counter) /gm
  let at = 0
  for (let start = starts.exec(body); start !== null; start = starts.exec(body)) {
    const end = body.indexOf(OBJECT_END, start.index)
    if (end === -1) throw new Error(`an object of table ${family} has no end`)
    requireNothing(body.slice(at, start.index), BETWEEN_OBJECTS)
    at = end + OBJECT_END.length
    starts.lastIndex = at
    const object = body.slice(start.index, at)
    const hooked = /^\tchain (\S+) \{\n\t\t(type .*)\n/.exec(object)
    if (hooked === null) parts.push(renamed(object, generation))
    else base.push({ name: hooked[1] as string, hook: hooked[2] as string })
  }
  requireNothing(body.slice(at), BETWEEN_OBJECTS)
  return { family, base, text: parts.join('\n') }
}

/** What is not understood must not get lost. */
function requireNothing(text: string, allowed: RegExp): void {
  if (!allowed.test(text))
    throw new Error(`not written by this compiler: ${JSON.stringify(text.slice(0, 80))}`)
}

/** Where a name stands: declared, looked up (`@th,64,128` is no set but payload), gone to, counted by. */
const NAMED = /^\t(?:chain|set|map|counter) |@(?!\w+,)|\b(?:goto|jump) |\bcounter name "/gm

function renamed(object: string, generation: Generation): string {
  if (generation === '') return object
  // Half a million elements need no looking through: only those of verdict maps hold names.
  const elements = /^\t\ttype .* : verdict$/m.test(object) ? -1 : object.indexOf('\n\t\telements = {')
  const head = elements === -1 ? object : object.slice(0, elements)
  const named = head.replace(NAMED, (before) => `${before}${generation}/`)
  return elements === -1 ? named : named + object.slice(elements)
}
