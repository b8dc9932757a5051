/**
 * Characters that software takes for ASCII ones: full-width forms (their compatibility mapping in Unicode), slashes and
 * brackets that "best fit" tables of old code pages map, and two private-use characters that IIS once decoded to
 * slashes. It deliberately leaves typographic quotes alone: people write them.
 */

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

/** The text as such software reads it; null where nothing changes. */
export function foldCharacters(text: string): string | null {
  let out = ''
  let kept = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x2b0 && !(code in lowBits)) continue
    const plain =
      code >= 0xff01 && code <= 0xff5e ? String.fromCharCode(code - 0xfee0) : (lowBits[code] ?? bestFit[code])
    if (plain === undefined) continue
    out += text.slice(kept, i) + plain
    kept = i + 1
  }
  return kept === 0 ? null : out + text.slice(kept)
}
