/**
 * `a=1&b=2` as queries, forms and the cookies' cousins write it (WHATWG URL 5.1): pairs with their escapes resolved
 * once, which is what the application reads. It deliberately keeps every pair, repeated names too.
 */
import { decodePercent } from '../decode/percent.ts'
import { decodeUtf8 } from '../decode/utf8.ts'

/** Names and values, in order, repeated ones too. */
export type Pairs = readonly (readonly [name: string, value: string])[]

/** The pairs in order; a part without `=` is a name with an empty value. */
export function pairsOf(text: string): Pairs {
  const pairs: (readonly [string, string])[] = []
  for (const part of text.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    pairs.push(
      equals < 0
        ? [readable(part, 'space'), '']
        : [readable(part.slice(0, equals), 'space'), readable(part.slice(equals + 1), 'space')],
    )
  }
  return pairs
}

/** A text as the application reads it: escapes resolved once, and as UTF-8 where it is. */
export function readable(text: string, plus: 'space' | 'plus'): string {
  const bytes = decodePercent(text, plus)
  return decodeUtf8(bytes) ?? bytes
}
