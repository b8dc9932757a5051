/** Numbers for texts, so that what is the same in two rule sets is compared as a number. */

/** Gives equal texts equal numbers, from 0 on in the order in which they are first seen. */
export function interner(): (text: string) => number {
  const known = new Map<string, number>()
  return (text) => {
    let number = known.get(text)
    if (number === undefined) {
      number = known.size
      known.set(text, number)
    }
    return number
  }
}
