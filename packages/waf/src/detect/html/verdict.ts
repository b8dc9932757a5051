/**
 * Which tags and attributes run code, load it, or take a page over, as data and as functions on one token. It deliberately
 * finds nothing by itself: the tokens come from the tokenizer, in whatever context the text was put.
 */
import { decodeEntities } from '../../decode/entities.ts'
import { isLetter } from '../characters.ts'
import { runningScheme } from './scheme.ts'
import type { Attribute, HtmlToken } from './tokens.ts'

/** Tags that need no attribute to do harm. */
const harmful: ReadonlySet<string> = new Set(
  'script iframe frame frameset object embed applet base bgsound layer ilayer isindex import portal vmlframe fencedframe xml param event-source'.split(
    ' ',
  ),
)

/** Attributes that hold a URL the browser follows or loads, or may animate into one. */
const urls: ReadonlySet<string> = new Set(
  'href src action formaction data background poster lowsrc dynsrc code codebase classid from to values value by cite longdesc usemap archive manifest ping srcset icon folder content template'.split(
    ' ',
  ),
)

/** CSS that runs script or loads what does, in browsers old and new; comments and escapes are gone by then. */
const runningStyle =
  /expression\(|javascript:|vbscript:|behaviou?r:|-moz-binding|-o-link|@import|url\(["']?(?:data:text|data:image\/svg|data:,)|<script/

/** `onload`, `x:ontimer`; not `one`, `only` or `on`. */
const handler = /^(?:[a-z]+:)?on[a-z]{3,}$/

/** Why this token does harm, or null. */
export function harmOf(token: HtmlToken): string | null {
  switch (token.kind) {
    case 'start':
      return token.closed || token.attributes.some(({ value }) => value !== null)
        ? harmOfTag(token.name, token.attributes)
        : null
    case 'comment':
      return harmOfComment(token.text)
    case 'doctype':
    case 'end':
    case 'text':
      return null
    default:
      return token satisfies never
  }
}

function harmOfTag(name: string, attributes: readonly Attribute[]): string | null {
  const local = name.slice(name.lastIndexOf(':') + 1)
  if (harmful.has(local)) return `the tag <${local}> loads or runs what it likes`
  if (local === 'meta') return harmOfMeta(attributes)
  if (
    local === 'style' &&
    attributes.some(({ name, value }) => name === 'type' && /script/i.test(value ?? ''))
  )
    return 'a style sheet that runs script'
  if (local === 'link' && attributes.length > 0) return 'the tag <link> loads a style sheet'
  if (/^(?:animate|set|animatetransform|animatemotion)$/.test(local)) {
    const target = attributes.find(({ name }) => name === 'attributename')?.value ?? ''
    if (/href|^on|style/i.test(target)) return `an animation of the attribute ${target.slice(0, 20)}`
  }
  for (const attribute of attributes) {
    const harm = harmOfAttribute(attribute)
    if (harm !== null) return harm
  }
  return null
}

function harmOfMeta(attributes: readonly Attribute[]): string | null {
  const named = (name: string): string => attributes.find((attribute) => attribute.name === name)?.value ?? ''
  if (named('http-equiv') !== '') return 'the tag <meta http-equiv> acts as a header'
  return named('charset') === '' ? null : 'the tag <meta charset> changes the charset'
}

/** Whether a value of the attribute that ends before `end` could do harm: told from the letters of its name. */
export function mayHarm(text: string, end: number): boolean {
  let at = end
  while (at > 0 && at > end - 40 && isLetter(text.charCodeAt(at - 1))) at--
  const length = end - at
  if (length < 2 || length > 38) return length > 38
  if (length >= 5 && (text.charCodeAt(at) | 32) === 0x6f && (text.charCodeAt(at + 1) | 32) === 0x6e)
    return true
  if (length > 11) return false
  const name = text.slice(at, end).toLowerCase()
  return urls.has(name) || name === 'style' || name === 'srcdoc' || name === 'formaction'
}

/** Why this attribute does harm in whatever tag it ends up, or null. */
export function harmOfAttribute({ name, value }: Attribute): string | null {
  if (value === null) return null
  if (handler.test(name)) return `the event handler ${name.slice(0, 30)}`
  const local = name.slice(name.lastIndexOf(':') + 1)
  if (local === 'srcdoc') return 'srcdoc holds a whole page'
  if (local === 'style') return runsAsStyle(value) ? 'a style sheet that runs script' : null
  if (local === 'formaction') return 'formaction sends the form elsewhere'
  if (!urls.has(local)) return null
  if (/^\s*javascript:\s*(?:void\s*\(?\s*0\s*\)?)?;?\s*$/i.test(value)) return null
  const scheme = runningScheme(value)
  return scheme === null ? null : `a URL of the scheme ${scheme.slice(0, 20)} in ${name.slice(0, 20)}`
}

/** Whether a style runs script, once its comments, escapes and references are gone. */
export function runsAsStyle(value: string): boolean {
  const plain = decodeEntities(value.slice(0, 20_000), 'attribute')
    .replace(/\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\//g, '')
    .replace(/\\([0-9a-f]{1,6})[ \t\r\n\f]?/gi, (_, digits: string) =>
      String.fromCodePoint(Math.min(Number.parseInt(digits, 16), 0x10ffff)),
    )
    .replace(/[\\\s\0]+/g, '')
  return runningStyle.test(plain.toLowerCase())
}

function harmOfComment(text: string): string | null {
  if (/^\?(?:xml-stylesheet|import)\b/i.test(text)) return 'an instruction that loads a style sheet'
  // What a conditional comment holds is markup to some, and so is what an odd end lets out.
  return null
}
