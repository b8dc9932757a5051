/**
 * Where a shell begins a command: behind the signs that separate commands, and inside those that substitute one. It
 * deliberately does not look at what stands there.
 */

/** The first character from `from` on that is no space. */
export function nextSolid(text: string, from: number): number {
  let at = from
  while (at < text.length && isBlank(text.charCodeAt(at))) at++
  return at
}

/** A space, as shells take it. */
export function isBlank(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13)
}

/** Whether a command can begin with this character: a letter, a path, a quote, an expansion, a bracket. */
export function begins(text: string, at: number): boolean {
  return (
    /[A-Za-z/'"\\$({~.!@^]/.test(text[at] as string) ||
    (text[at] === '`' && text[at + 1] === '`' && /\w/.test(text[at + 2] ?? ''))
  )
}

/** One of the signs, from `at` to `end`. */
export interface Separator {
  readonly kind: 'semicolon' | 'and' | 'pipe' | 'line' | 'substitution' | 'backtick'
  readonly at: number
  readonly end: number
}

const signs: Uint8Array = new Uint8Array(128)
for (const sign of ';&|\n\r`$<>') signs[sign.charCodeAt(0)] = 1

/** Where the next character stands that may be a sign, from `from` on; the end of the text where there is none. */
export function nextSign(text: string, from: number): number {
  let at = from
  while (at < text.length && signs[text.charCodeAt(at)] !== 1) at++
  return at
}

/** The sign at `at`, or null. */
export function separatorAt(text: string, at: number): Separator | null {
  const char = text[at]
  switch (char) {
    case ';':
      return { kind: 'semicolon', at, end: at + 1 }
    case '&':
      return { kind: 'and', at, end: text[at + 1] === '&' ? at + 2 : at + 1 }
    case '|':
      return { kind: 'pipe', at, end: text[at + 1] === '|' || text[at + 1] === '&' ? at + 2 : at + 1 }
    case '\n':
    case '\r':
      return { kind: 'line', at, end: at + 1 }
    case '`':
      return { kind: 'backtick', at, end: at + 1 }
    case '$':
    case '<':
    case '>':
      return text[at + 1] === '(' && text[at + 2] !== '(' ? { kind: 'substitution', at, end: at + 2 } : null
    default:
      return null
  }
}
