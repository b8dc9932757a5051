/**
 * Sets of code points, as sorted ranges that neither touch nor overlap: what one character of a pattern may be. It deliberately
 * knows no case folding; patterns here have no flags.
 */

/** Inclusive at both ends. */
export type Range = readonly [first: number, last: number]
export type CodePoints = readonly Range[]

export const lastCodePoint = 0x10ffff

/** The ranges in order, joined where they touch. */
export function setOf(ranges: readonly Range[]): CodePoints {
  const set: [number, number][] = []
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const before = set.at(-1)
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else set.push([first, last])
  }
  return set
}

/** Every code point that is not in it. */
export function complement(set: CodePoints): CodePoints {
  const rest: Range[] = []
  let next = 0
  for (const [first, last] of set) {
    if (first > next) rest.push([next, first - 1])
    next = last + 1
  }
  if (next <= lastCodePoint) rest.push([next, lastCodePoint])
  return rest
}

export function includes(set: CodePoints, code: number): boolean {
  let low = 0
  let high = set.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const [first, last] = set[middle] as Range
    if (code < first) high = middle - 1
    else if (code > last) low = middle + 1
    else return true
  }
  return false
}

export const digits: CodePoints = [[0x30, 0x39]]
export const words: CodePoints = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
]
/** ECMA-262 12.2 and 12.3: white space and line terminators. */
export const spaces: CodePoints = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
]
const lineEnds: CodePoints = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
]
/** `.` without the flag `s`. */
export const anyButLineEnds: CodePoints = complement(lineEnds)

/** `\p{L}` and its like, as the runtime knows them; null where it knows no such property. Asks about each code point once. */
export function property(name: string): CodePoints | null {
  if (!/^[A-Za-z_]{1,40}(?:=[A-Za-z0-9_]{1,40})?$/.test(name)) return null
  let one: RegExp
  try {
    one = new RegExp(`^\\p{${name}}$`, 'u')
  } catch {
    // Not a property of this runtime's Unicode.
    return null
  }
  const ranges: [number, number][] = []
  for (let code = 0; code <= lastCodePoint; code++) {
    if (!one.test(String.fromCodePoint(code))) continue
    const before = ranges.at(-1)
    if (before !== undefined && before[1] === code - 1) before[1] = code
    else ranges.push([code, code])
  }
  return ranges
}
