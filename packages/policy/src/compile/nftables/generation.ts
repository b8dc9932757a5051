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
  /** What the large sets hold, which `text` only declares. */
  readonly large: readonly LargeSet[]
}

/** Elements of a set that grows with devices. */
export interface LargeSet {
  readonly name: string
  /** As `nft` reads them between braces. */
  readonly elements: string
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
  const setLimit = text.length < LARGE_TEXT ? Number.POSITIVE_INFINITY : LARGE_SET
  let at = 0
  for (const opened of text.matchAll(/^table (\w+) \w+ \{\n/gm)) {
    const from = opened.index + opened[0].length
    const end = text.indexOf('\n}\n', from)
    if (end === -1) throw new Error(`table ${opened[1]} has no end`)
    requireNothing(text.slice(at, opened.index), BEFORE_TABLES)
    tables.push(tableIn(text.slice(from, end + 1), opened[1] as string, generation, setLimit))
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

function tableIn(body: string, family: string, generation: Generation, setLimit: number): GenerationTable {
  const base: BaseChain[] = []
  const large: LargeSet[] = []
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
    if (hooked === null)
      parts.push(object.length < setLimit ? renamed(object, generation) : declared(object, generation, large))
    else base.push({ name: hooked[1] as string, hook: hooked[2] as string })
  }
  requireNothing(body.slice(at), BETWEEN_OBJECTS)
  return { family, base, text: parts.join('\n'), large }
}

/** A text of fewer characters, some thousands of devices, is loaded with the least work in one piece. */
const LARGE_TEXT = 2_000_000
/** Of a larger one, a set of fewer characters. */
const LARGE_SET = 20_000
const ELEMENTS = '\n\t\telements = {'
const ELEMENTS_END = '\n\t\t}\n\t}\n'

/** An object under its name in the generation. What a large set holds is put among `large`, unless it is intervals. */
function declared(object: string, generation: Generation, large: LargeSet[]): string {
  const elements = object.indexOf(ELEMENTS)
  if (elements === -1 || !object.endsWith(ELEMENTS_END)) return renamed(object, generation)
  const head = object.slice(0, elements)
  const name = /^\t(?:set|map) (\S+) \{\n/.exec(head)?.[1]
  // Verdicts name chains, and intervals are checked against each other: both are for `nft`, in one piece.
  if (name === undefined || VERDICTS.test(head) || /^\t\tflags .*\binterval\b/m.test(head))
    return renamed(object, generation)
  const held = object.slice(elements + ELEMENTS.length, -ELEMENTS_END.length)
  large.push({ name: nameIn(generation, name), elements: held })
  return renamed(`${head}\n\t}\n`, generation)
}

/** What is not understood must not get lost. */
function requireNothing(text: string, allowed: RegExp): void {
  if (!allowed.test(text))
    throw new Error(`not written by this compiler: ${JSON.stringify(text.slice(0, 80))}`)
}

/** Where a name stands: declared, looked up (`@th,64,128` is no set but payload), gone to, counted by. */
const NAMED = /^\t(?:chain|set|map|counter) |@(?!\w+,)|\b(?:goto|jump) |\bcounter name "/gm

const VERDICTS = /^\t\ttype .* : verdict$/m

function renamed(object: string, generation: Generation): string {
  if (generation === '') return object
  // Half a million elements need no looking through: only those of verdict maps hold names.
  const elements = VERDICTS.test(object) ? -1 : object.indexOf(ELEMENTS)
  const head = elements === -1 ? object : object.slice(0, elements)
  const named = head.replace(NAMED, (before) => `${before}${generation}/`)
  return elements === -1 ? named : named + object.slice(elements)
}
