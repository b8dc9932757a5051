/**
 * What a character is, by its code, and where a run of such ends. Never asked beyond a text: `charCodeAt` becomes slow for
 * good once it has answered NaN. ASCII but for the space that does not break.
 */

/** The code at a place, -1 where the text is not. */
export function codeAt(text: string, at: number): number {
  return at >= 0 && at < text.length ? text.charCodeAt(at) : -1
}

/** As `\s` has it for ASCII, and the space that does not break. */
export function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13) || code === 0xa0
}

export function isLetter(code: number): boolean {
  const lower = code | 32
  return lower >= 0x61 && lower <= 0x7a
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** As `\w` has it. */
export function isOfWord(code: number): boolean {
  return isLetter(code) || isDigit(code) || code === 0x5f
}

export function isQuote(code: number): boolean {
  return code === 0x27 || code === 0x22
}

/** The first place from there on that is no space; the end of the text where there is none. */
export function spacesEnd(text: string, from: number): number {
  let at = from
  while (at < text.length && isSpace(text.charCodeAt(at))) at++
  return at
}

/** The last place before that one that is no space; -1 where there is none. */
export function spacesBegin(text: string, before: number): number {
  let at = before - 1
  while (at >= 0 && isSpace(text.charCodeAt(at))) at--
  return at
}

/** Where the word ends that begins there. */
export function wordEnd(text: string, from: number): number {
  let at = from
  while (at < text.length && isOfWord(text.charCodeAt(at))) at++
  return at
}

/** Whether a sticky expression matches there; `lastIndex` is then where it ends. */
export function matchesAt(pattern: RegExp, text: string, at: number): boolean {
  pattern.lastIndex = at
  return pattern.test(text)
}
