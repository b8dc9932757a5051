/**
 * Characters that software takes for ASCII ones: full-width forms (their compatibility mapping in Unicode), slashes and
 * brackets that "best fit" tables of old code pages map, and two private-use characters that IIS once decoded to
 * slashes. It deliberately leaves typographic quotes alone: people write them.
 */
import { Rewriting } from './rewriting.ts'

const bestFit: Readonly<Record<number, string>> = {
  8260: '/',
  8725: '/',
  10744: '/',
  61477: '/',
  8726: '\\',
  10741: '\\',
  61384: '\\',
  8228: '.',
  12290: '.',
  65377: '.',
  65124: '<',
  65125: '>',
  8249: '<',
  8250: '>',
  697: "'",
  700: "'",
  8242: "'",
  12288: ' ',
}

/** What is left of these when the highest bit is dropped, as some did with US-ASCII. */
const lowBits: Readonly<Record<number, string>> = { 188: '<', 190: '>', 162: '"' }

const plains: ReadonlyMap<number, number> = new Map(
  Object.entries({ ...lowBits, ...bestFit }).map(([code, plain]) => [Number(code), plain.charCodeAt(0)]),
)

/** Most characters are in blocks where none is. */
function plainOf(code: number): number | undefined {
  return code >= 0x3100 && code < 0xefc8 ? undefined : plains.get(code)
}

/** The text as such software reads it; null where nothing changes. */
export function foldCharacters(text: string): string | null {
  const out = new Rewriting(text)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x80 || (code < 0x2b0 && code !== 188 && code !== 190 && code !== 162)) continue
    const plain = code >= 0xff01 && code <= 0xff5e ? code - 0xfee0 : plainOf(code)
    if (plain !== undefined) out.put(i, i + 1, plain)
  }
  return out.end()
}
