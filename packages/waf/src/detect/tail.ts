/**
 * How code ends that is to be put into other code: brackets and quotes close, then a terminator, a comment, a marker. One
 * pass, one state. It deliberately does not ask how it begins.
 */
import { codeAt, isSpace } from './characters.ts'

const closers: ReadonlySet<string> = new Set(';)}]\'" \t\r\n\f\v')
const terminators: readonly string[] = ['//', '--', ';', '#', '.', '\\', "'", '"']
const longestMarker = 24

/** A bracket or backtick closes, then closers, then nothing but a terminator and a marker glued to it. */
export function endsAsCode(text: string, from: number): boolean {
  let end = text.length
  while (end > from && isSpace(text.charCodeAt(end - 1))) end--
  let solid = end
  while (solid > from && end - solid <= longestMarker + 2 && !isSpace(text.charCodeAt(solid - 1))) solid--
  let closed = false
  for (let at = from; at < end; at++) {
    const char = text[at] as string
    if (closed && at >= solid) {
      const terminator = terminators.find((sign) => text.startsWith(sign, at))
      if (terminator !== undefined && end - at - terminator.length <= longestMarker) return true
      if (end - at <= longestMarker && !closers.has(char) && char !== '`') {
        closed = false
        continue
      }
    }
    closed = char === ')' || char === '`' || (closed && closers.has(char))
  }
  return closed
}

/** A bracket or backtick closes, then closers, then nothing or a comment. */
export function endsAsScript(text: string, from: number): boolean {
  let closed = false
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const kind = code < 128 ? (kinds[code] as number) : OTHER
    if (closed && kind === COMMENTS && isComment(text, at, code)) return true
    closed = kind === CLOSES || (closed && kind === CLOSER)
  }
  return closed
}

/** `//`, `--`, `<!--`. */
function isComment(text: string, at: number, code: number): boolean {
  return code === 0x3c ? text.startsWith('<!--', at) : codeAt(text, at + 1) === code
}

const OTHER = 0
const CLOSES = 1
const CLOSER = 2
const COMMENTS = 3
const kinds: Uint8Array = new Uint8Array(128)
for (const char of closers) kinds[char.charCodeAt(0)] = CLOSER
for (const char of ')`') kinds[char.charCodeAt(0)] = CLOSES
for (const char of '/-<') kinds[char.charCodeAt(0)] = COMMENTS
