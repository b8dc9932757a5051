/**
 * Whether a piece of a text is one of some words, asked by where it begins and ends: no string is made of it, and nearly
 * all pieces are told by their first letter and length alone. ASCII letters match in either case. It deliberately
 * does not look for words.
 */

type WordSet = (text: string, from: number, end: number) => boolean

/** `words` are lower case and of ASCII. */
export function wordSet(words: readonly string[]): WordSet {
  const buckets: string[][] = [[]]
  const bucketOf = new Uint16Array(128 * width)
  for (const word of words) {
    const slot = word.charCodeAt(0) * width + Math.min(word.length, width - 1)
    if (bucketOf[slot] === 0) bucketOf[slot] = buckets.push([]) - 1
    buckets[bucketOf[slot] ?? 0]?.push(word)
  }
  return (text, from, end) => {
    if (end <= from) return false
    const first = lower(text.charCodeAt(from))
    if (first > 127) return false
    const bucket = bucketOf[first * width + Math.min(end - from, width - 1)] as number
    return bucket !== 0 && (buckets[bucket] as string[]).some((word) => isAt(word, text, from, end))
  }
}

/** Longer words are told apart by their letters only. */
const width = 32

function isAt(word: string, text: string, from: number, end: number): boolean {
  if (word.length !== end - from) return false
  for (let i = 1; i < word.length; i++)
    if (lower(text.charCodeAt(from + i)) !== word.charCodeAt(i)) return false
  return true
}

function lower(code: number): number {
  return code >= 65 && code <= 90 ? code + 32 : code
}
