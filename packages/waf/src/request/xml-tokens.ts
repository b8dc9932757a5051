/**
 * The tokens of an XML document, and the names and values in each: HTML's tokenizer, with the CDATA sections that HTML does not
 * have. It deliberately resolves no entity but the characters, and does not care whether tags match.
 */
import { decodeEntities } from '../decode/entities.ts'
import { type HtmlToken, tokensOf } from '../detect/html/tokens.ts'

/** What one token holds, and the way to it. */
export interface XmlText {
  readonly name: string
  readonly part: 'name' | 'value'
  readonly text: string
}

export type XmlToken =
  | HtmlToken
  | { readonly kind: 'cdata'; readonly text: string; readonly at: number; readonly end: number }

const cdata = '<![CDATA['

export function* xmlTokens(text: string): Generator<XmlToken, void> {
  for (let from = 0; from < text.length; ) {
    let next = text.length
    for (const token of tokensOf(text, from)) {
      if (!text.startsWith(cdata, token.at)) {
        yield token
        continue
      }
      const close = text.indexOf(']]>', token.at)
      const stop = close < 0 ? text.length : close
      next = stop + 3
      yield { kind: 'cdata', text: text.slice(token.at + cdata.length, stop), at: token.at, end: next }
      break
    }
    from = next
  }
}

/** What the application reads there: texts, comments, attributes. */
export function* xmlTexts(token: XmlToken, text: string): Generator<XmlText, void> {
  switch (token.kind) {
    case 'text': {
      const inner = text.slice(token.at, token.end)
      if (inner.trim() !== '')
        yield { name: 'text', part: 'value', text: decodeEntities(inner, 'data').trim() }
      return
    }
    case 'start':
      for (const { name, value } of token.attributes) {
        const way = `${token.name}/@${name}`
        yield { name: way, part: 'name', text: name }
        if (value !== null) yield { name: way, part: 'value', text: decodeEntities(value, 'attribute') }
      }
      return
    case 'cdata':
      yield { name: 'text', part: 'value', text: token.text }
      return
    case 'comment':
      yield { name: 'comment', part: 'value', text: token.text }
      return
    case 'end':
    case 'doctype':
      return
    default:
      token satisfies never
  }
}
