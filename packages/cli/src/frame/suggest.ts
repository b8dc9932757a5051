/** "Did you mean": asked, and what it takes imported, only when a word was wrong. */

/** The closest of some words, its letters swapped or its end left out; null where none is close. */
export async function suggest(word: string, candidates: Iterable<string>): Promise<string | null> {
  const { didYouMean } = await import('@thingwall/policy')
  const words = [...candidates]
  const letters = (text: string): string => [...text].sort().join('')
  return (
    didYouMean(word, words) ??
    words.find((one) => letters(one) === letters(word) || (word.length > 1 && one.startsWith(word))) ??
    null
  )
}
