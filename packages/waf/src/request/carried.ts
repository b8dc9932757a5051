/**
 * What a value carries inside when it is written in a format of its own: the query of a URL, a form, XML, the strings of a GraphQL
 * document, a token's claims, JSON in base64 or still escaped. Detectors judge a text from its beginning, as what stands in a
 * statement or in an attribute; in the middle of another text the same attack looks like prose. JSON itself is read elsewhere.
 * It deliberately refuses nothing: what is not of the format has no inner values.
 */
import { decodeBase64 } from '../decode/base64.ts'
import { graphqlDocument } from './graphql.ts'
import { pairsOf, readable } from './query.ts'
import { type XmlText, xmlTexts, xmlTokens } from './xml-tokens.ts'

/** A name or value inside a value. `name` is the way from the outer one: `?q`, `/note/@text`, empty. */
export type Inner = XmlText

/** Whether a text may be JSON that is worth a look: it begins like an object or an array. */
export function mayBeJson(text: string): boolean {
  const first = text.charCodeAt(0)
  return (first === 0x7b || first === 0x5b) && text.length > 1
}

/** How base64 begins that is JSON inside: `{"`, `{ `, a brace and a line break, `[{`, `["`. */
const base64Json = /^(?:ey[A-Z]|ew|W3|Wy)[\w+/-]+/

/** Whether it is worth to ask for what is inside; most values hold none of these signs. */
export function mayCarry(text: string): boolean {
  if (text.length < shortest) return false
  switch (text.charCodeAt(0)) {
    case 0x7b:
    case 0x5b:
    case 0x3c:
      return true
    default:
      return (
        text.includes('=') ||
        text.includes('%') ||
        text.includes('"') ||
        (text.length >= shortestToken && base64Json.test(text))
      )
  }
}

/** `a=b` could be the shortest; nothing that short is an attack. */
const shortest = 5
const shortestToken = 16

/** The names and values inside, in order. */
export function* innerTexts(text: string): Generator<Inner, void> {
  if (text.charCodeAt(0) === 0x3c) {
    yield* inXml(text)
    return
  }
  if (text.includes('%')) {
    const plain = readable(text, 'plus')
    if (mayBeJson(plain) && !mayBeJson(text)) yield { name: '', part: 'value', text: plain }
  }
  if (text.includes('=')) yield* inPairs(text)
  for (const string of graphqlDocument(text)?.strings ?? [])
    yield { name: '/string', part: 'value', text: string }
  if (base64Json.test(text)) yield* inToken(text)
}

const formLike = /^[\w.[\]%$-]{1,64}=/
/** Up to the question mark and a first name; no prose, which has a space before. */
const queryLike = /^[^\s?=<>"']{0,2048}\?(?=[\w.[\]%$-]{1,64}=)/

function* inPairs(text: string): Generator<Inner, void> {
  const query = queryLike.exec(text)
  // Padding of base64 is no value.
  if (query === null && (!formLike.test(text) || /^[^=]*==?$/.test(text))) return
  const end = query === null ? -1 : text.indexOf('#', query[0].length)
  const pairs = text.slice(query?.[0].length ?? 0, end < 0 ? text.length : end)
  for (const [name, value] of pairsOf(pairs)) {
    if (!/^\w*$/.test(name)) yield { name: `?${name}`, part: 'name', text: name }
    yield { name: `?${name}`, part: 'value', text: value }
  }
}

/** What people write in editors begins with one of these. */
const html =
  /^(?:html|body|head|h\d|[abipsu]|br|hr|img|div|span|em|strong|small|su[bp]|pre|code|blockquote|[uod]l|table|t[rdh]|figure|font|center|section|article|header|main|style|svg|video|form|input|button|label)$/i

/** A document with a root that is none of HTML's: what people write in editors is a text with markup, not a list of values. */
function* inXml(text: string): Generator<Inner, void> {
  const root = /^(?:<\?xml[^>]{0,200}\?>\s*)?<([A-Za-z_][\w:.-]{0,80})[\s/>]/.exec(text)?.[1]
  if (root === undefined || html.test(root) || !text.trimEnd().endsWith('>')) return
  for (const token of xmlTokens(text))
    for (const { name, part, text: inner } of xmlTexts(token, text))
      yield { name: `/${name}`, part, text: inner }
}

/** JSON in base64, or a token's head and claims (RFC 7519). */
function* inToken(text: string): Generator<Inner, void> {
  for (const part of text.split('.', 3)) {
    const decoded = decodeBase64(part)
    const plain = decoded === null ? null : readable(decoded, 'plus')
    if (plain !== null && mayBeJson(plain)) yield { name: '', part: 'value', text: plain }
  }
}
