/**
 * The sets of a compiled text, found without looking at what they hold: for 100,000 devices that is 50 MB, through which
 * one goes by jumps.
 */

/** A set or map as a compiled text declares it. */
export interface CompiledSet {
  /** `inet class/4`. */
  readonly place: string
  /** Where its body begins and ends in the text. */
  readonly from: number
  readonly end: number
}

const OPENS = ' {\n'
const OBJECT_ENDS = '\n\t}\n'

/** In the order of the text. */
export function* compiledSets(text: string): Generator<CompiledSet> {
  let family = ''
  for (let at = text.indexOf(OPENS); at !== -1; ) {
    const line = text.slice(text.lastIndexOf('\n', at) + 1, at)
    let next = at + OPENS.length
    const [, table] = /^table (\S+) \S+$/.exec(line) ?? []
    const [, set] = /^\t(?:set|map) (\S+)$/.exec(line) ?? []
    if (table !== undefined) family = table
    if (set !== undefined) {
      const end = text.indexOf(OBJECT_ENDS, at)
      next = end === -1 ? text.length : end
      yield { place: `${family} ${set}`, from: at, end: next }
    }
    at = text.indexOf(OPENS, next)
  }
}
