/**
 * The strings that stand in a GraphQL document (spec, October 2021, 2.9.4): arguments that were written into it, where the
 * application puts them into its own languages. Positions of quotes alone, one pass; it deliberately parses no selection, for that is the
 * server's to refuse.
 */

/** Operations and the short form `{ field`; objects of JSON have a quote or a bracket there. */
const document =
  /^\s*(?:(?:query|mutation|subscription|fragment)\b[^"]{0,2000}\{|\{\s*[A-Za-z_]\w*\s*[({:@}A-Za-z_.])/

/** None where it is no document. */
export function* graphqlStrings(text: string): Generator<string, void> {
  if (!document.test(text)) return
  for (let open = text.indexOf('"'); open >= 0; ) {
    const isBlock = text.startsWith('"""', open)
    const from = open + (isBlock ? 3 : 1)
    const close = isBlock ? blockEnd(text, from) : stringEnd(text, from)
    const inside = text.slice(from, close)
    if (inside !== '') yield isBlock ? inside.replaceAll('\\"""', '"""') : unescaped(inside)
    open = text.indexOf('"', close + (isBlock ? 3 : 1))
  }
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
