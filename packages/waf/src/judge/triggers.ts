/**
 * One pass over a text that says which of several sets of words occur in it: an automaton after Aho and Corasick, its
 * table in one typed array. Case of ASCII letters does not matter. It deliberately finds no places: whoever is
 * triggered parses the text anyway.
 */

/** Bit `i` of the answer is set when a word of `sets[i]` is in the text; at most 31 sets. */
export type Scan = (text: string) => number

/** Builds the automaton; linear in the length of all words. */
export function scanFor(sets: readonly (readonly string[])[]): Scan {
  if (sets.length > 31) throw new Error('at most 31 sets of words')
  const classOf = new Uint8Array(128)
  let classes = 1
  for (const word of sets.flat()) {
    for (let i = 0; i < word.length; i++) {
      const code = word.charCodeAt(i)
      if (code > 127 || word === '') throw new Error(`${JSON.stringify(word)} is not an ASCII word`)
      if (classOf[code] === 0) classOf[code] = classes++
    }
  }
  for (let upper = 65; upper <= 90; upper++) classOf[upper] = classOf[upper + 32] ?? 0

  const { table, found } = automaton(sets, classOf, classes)
  return (text) => {
    let state = 0
    let mask = 0
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      state = table[state + (code < 128 ? (classOf[code] as number) : 0)] as number
      mask |= found[state] as number
    }
    return mask
  }
}

/** States are offsets into the table, so that a step is one addition and one load. */
function automaton(
  sets: readonly (readonly string[])[],
  classOf: Uint8Array,
  classes: number,
): { readonly table: Int32Array; readonly found: Int32Array } {
  const states = 1 + sets.flat().reduce((sum, word) => sum + word.length, 0)
  const table = new Int32Array(states * classes)
  const found = new Int32Array(states * classes)
  let used = classes
  for (const [set, words] of sets.entries()) {
    for (const word of words) {
      let state = 0
      for (let i = 0; i < word.length; i++) {
        const slot = state + (classOf[word.charCodeAt(i)] ?? 0)
        if (table[slot] === 0) {
          table[slot] = used
          used += classes
        }
        state = table[slot] ?? 0
      }
      found[state] = (found[state] ?? 0) | (1 << set)
    }
  }

  // Breadth first: a missing edge goes where the longest proper suffix goes.
  const fallback = new Int32Array(states * classes)
  const queue: number[] = []
  for (let c = 0; c < classes; c++) if (table[c] !== 0) queue.push(table[c] ?? 0)
  for (let next = 0; next < queue.length; next++) {
    const state = queue[next] ?? 0
    const back = fallback[state] ?? 0
    found[state] = (found[state] ?? 0) | (found[back] ?? 0)
    for (let c = 0; c < classes; c++) {
      const target = table[state + c] ?? 0
      if (target === 0) table[state + c] = table[back + c] ?? 0
      else {
        fallback[target] = table[back + c] ?? 0
        queue.push(target)
      }
    }
  }
  return { table: table.slice(0, used), found: found.slice(0, used) }
}
