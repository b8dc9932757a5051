/**
 * Whether a piece of a text is one of some words, asked by where it begins and ends: what is longer than all of them is told
 * without a look. ASCII letters match in either case. It deliberately does not look for words.
 */

type WordSet = (text: string, from: number, end: number) => boolean

/** `words` are lower case and of ASCII. */
export function wordSet(words: readonly string[]): WordSet {
  const known: ReadonlySet<string> = new Set(words)
  const longest = Math.max(...words.map(({ length }) => length))
  return (text, from, end) => end - from <= longest && known.has(text.slice(from, end).toLowerCase())
}
