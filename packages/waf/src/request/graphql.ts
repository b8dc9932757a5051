/**
 * The strings that stand in a GraphQL document (spec, October 2021, 2.9.4): arguments that were written into it, where the
 * application puts them into its own languages. Positions of quotes alone, one pass; it deliberately parses no selection, for that is the
 * server's to refuse.
 */

const begins = /[\s{qmsf]/
/** Operations and the short form `{ field`; objects of JSON have a quote or a bracket there. */
const document =
  /^\s*(?:(?:query|mutation|subscription|fragment)\b[^"]{0,2000}\{|\{\s*[A-Za-z_]\w*\s*[({:@}A-Za-z_.])/

/** A document and the strings in it, each of which is a text of its own. */
export interface GraphqlDocument {
  /** What is left where the strings are empty. */
  readonly skeleton: string
  readonly strings: readonly string[]
}

/** Null where it is no document, or has no strings. */
export function graphqlDocument(text: string): GraphqlDocument | null {
  let open = text.indexOf('"')
  if (open < 0 || !begins.test(text[0] ?? '') || !document.test(text)) return null
  const strings: string[] = []
  let skeleton = ''
  let kept = 0
  while (open >= 0) {
    const quotes = text.startsWith('"""', open) ? 3 : 1
    const from = open + quotes
    const close = quotes === 3 ? blockEnd(text, from) : stringEnd(text, from)
    const inside = text.slice(from, close)
    if (inside !== '') strings.push(quotes === 3 ? inside.replaceAll('\\"""', '"""') : unescaped(inside))
    skeleton += text.slice(kept, from)
    kept = close
    open = text.indexOf('"', close + quotes)
  }
  return { skeleton: skeleton + text.slice(kept), strings }
}

/** Where it closes; the end of the text where it does not. */
function blockEnd(text: string, from: number): number {
  let close = text.indexOf('"""', from)
  while (close > from && text[close - 1] === '\\') close = text.indexOf('"""', close + 3)
  return close < 0 ? text.length : close
}

function stringEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at
  }
  return text.length
}

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

function unescaped(text: string): string {
  return text.includes('\\')
    ? text.replace(/\\(?:u([0-9a-fA-F]{4})|([^u]))/g, (_, unit?: string, char = '') =>
        unit === undefined ? (escapes[char] ?? char) : String.fromCharCode(Number.parseInt(unit, 16)),
      )
    : text
}
