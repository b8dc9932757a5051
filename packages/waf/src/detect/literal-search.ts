/**
 * Where one of many words stands in a text: one pass, in which each two characters say at one look whether any word begins
 * with them. Only a word's own letters are compared then, so the work is at most the text times the longest word that shares
 * its beginning with others. It deliberately tells places one by one: who asks says at each whether it is the one.
 */

/** The first place that `accepts` says true to, -1 where there is none; `word` is the number of the word that stands there. */
type Search = (text: string, accepts: (at: number, word: number) => boolean) => number

const ascii = 128

/** Words of at least two characters of ASCII. In `any` case they are lower case, and found however their letters are written. */
export function searchFor(words: readonly string[], letters: 'exact' | 'any'): Search {
  const buckets: number[][] = [[]]
  const bucketOf = new Uint8Array(ascii * ascii)
  const variants = (char: string): readonly string[] =>
    letters === 'any' && char.toUpperCase() !== char ? [char, char.toUpperCase()] : [char]
  for (const [index, word] of words.entries()) {
    for (const first of variants(word.charAt(0)))
      for (const second of variants(word.charAt(1))) {
        const slot = first.charCodeAt(0) * ascii + second.charCodeAt(0)
        if (bucketOf[slot] === 0) bucketOf[slot] = buckets.push([]) - 1
        buckets[bucketOf[slot] ?? 0]?.push(index)
      }
  }
  if (buckets.length > 256) throw new Error('too many beginnings of words')
  const isAny = letters === 'any'
  // Most of those that share two characters differ in the third; 0: there is none.
  const thirds = words.map((word) => (word.length > 2 ? word.charCodeAt(2) : 0))
  const stands = letters === 'any' ? standsLower : standsExact
  return (text, accepts) => {
    let before = ascii
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      const bucket = before < ascii && code < ascii ? (bucketOf[before * ascii + code] as number) : 0
      before = code
      if (bucket === 0) continue
      const next = at + 1 < text.length ? text.charCodeAt(at + 1) : 0
      for (const index of buckets[bucket] as number[]) {
        const third = thirds[index] as number
        if (third !== next && third !== 0 && !(isAny && third === (next | 32))) continue
        if (stands(text, words[index] as string, at - 1) && accepts(at - 1, index)) return at - 1
      }
    }
    return -1
  }
}

function standsExact(text: string, word: string, at: number): boolean {
  if (at + word.length > text.length) return false
  for (let i = 2; i < word.length; i++) if (text.charCodeAt(at + i) !== word.charCodeAt(i)) return false
  return true
}

function standsLower(text: string, word: string, at: number): boolean {
  if (at + word.length > text.length) return false
  for (let i = 2; i < word.length; i++) {
    const code = text.charCodeAt(at + i)
    if ((code >= 65 && code <= 90 ? code + 32 : code) !== word.charCodeAt(i)) return false
  }
  return true
}
