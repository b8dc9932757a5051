/**
 * A text as its reader sees lines: broken at line ends, at `\n` written out as JSON does, and at `<br>`. Each line is cut at a
 * length at which everything that is looked for has shown, so that a text of one long line costs no more than others.
 */

const longest = 400
const breaks = /\r?\n|\\r\\n|\\n|<br\s?\/?>/gi

/** The lines with where they begin. */
export function* linesOf(text: string): Iterable<{ readonly at: number; readonly line: string }> {
  let at = 0
  for (const found of text.matchAll(breaks)) {
    yield { at, line: text.slice(at, Math.min(found.index, at + longest)) }
    at = found.index + found[0].length
  }
  yield { at, line: text.slice(at, at + longest) }
}
