/**
 * detector  xss
 * finds     markup that runs script, and text that breaks out of an attribute into one that does
 * how       the HTML tokenizer, begun in each context a page may put the value in: data, and an attribute's value in
 *           double, single and no quotes. Judged are tags, event handlers, URL schemes, `srcdoc` and styles
 * passes    `1 < 2`, `<b>bold</b>`, `a < b && b > c`, a link to a page; tags at all are a matter of `disallowTags`
 * does not  look for code without markup; that is script.ts
 */
import type { Detector, Evidence } from '../model/detector.ts'
import type { Work } from '../model/work.ts'
import { type Attribute, attributesAt, isSpace, tokensOf } from './html/tokens.ts'
import { harmOf, harmOfAttribute, mayHarm, runsAsStyle } from './html/verdict.ts'

export const xss: Detector = {
  id: 'xss',
  triggers: ['<', 'on', 'script:', 'style', 'expression', 'srcdoc', 'data:'],
  detect(text, _, work) {
    return inData(text, work) ?? brokenOut(text, work)
  },
}

/** For each tag, comment, attribute; and for each character in one. */
const [markupSteps, characterSteps] = [150, 3]
/** For each equals sign, and how many spaces may stand before it. */
const [equalsSteps, longestGap] = [40, 40]

function inData(text: string, work: Work): Evidence | null {
  const open = text.indexOf('<')
  if (open < 0) return null
  let style = false
  const stops = (): boolean => !work.spend(markupSteps)
  for (const token of tokensOf(text, open, stops)) {
    if (!work.spend(markupSteps + (token.end - token.at) * characterSteps)) return null
    const harm = harmOf(token)
    if (harm !== null) return evidence(token.at, token.end, harm)
    if (style && token.kind === 'text' && runsAsStyle(text.slice(token.at, token.end)))
      return evidence(token.at, token.end, 'a style sheet that runs script')
    style = token.kind === 'start' && token.name === 'style'
    if (token.kind === 'comment' || token.kind === 'doctype' || (token.kind === 'start' && !token.closed)) {
      // Another parser may end it earlier: a browser of old, an XML parser, or the page around it.
      const inner = text.slice(token.at + 1, token.end)
      const nested = inner.indexOf('<')
      if (nested >= 0 && token.kind !== 'start') {
        const found = onceInData(inner, nested, work)
        if (found !== null) return { ...found, at: found.at + token.at + 1 }
      }
    }
  }
  return null
}

function onceInData(text: string, from: number, work: Work): Evidence | null {
  const stops = (): boolean => !work.spend(markupSteps)
  for (const token of tokensOf(text, from, stops)) {
    if (!work.spend(markupSteps + (token.end - token.at) * characterSteps)) return null
    const harm = harmOf(token)
    if (harm !== null) return evidence(token.at, token.end, harm)
  }
  return null
}

/** As the value of an attribute: up to its quote the text is harmless, behind it the tag goes on. */
function brokenOut(text: string, work: Work): Evidence | null {
  if (!holdsHarmful(text, work)) return null
  // Wherever one begins, after a few attributes all come to the same ones: none is judged twice.
  const judged = new Set<number>()
  for (const quote of ['"', "'", '`']) {
    const close = text.indexOf(quote)
    const found = close < 0 ? null : restOfTag(text, close + 1, judged, work)
    if (found !== null) return found
  }
  let at = 0
  while (at < text.length && !isSpace(text.charCodeAt(at)) && text[at] !== '/') at++
  return (at < text.length ? restOfTag(text, at, judged, work) : null) ?? restOfTag(text, 0, judged, work)
}

/** Whether an equals sign has a name before it that could do harm: of most texts no attribute has to be read. */
function holdsHarmful(text: string, work: Work): boolean {
  for (let equals = text.indexOf('='); equals >= 0; equals = text.indexOf('=', equals + 1)) {
    if (!work.spend(equalsSteps)) return false
    let end = equals
    while (end > 0 && end > equals - longestGap && isSpace(text.charCodeAt(end - 1))) end--
    if (end === equals - longestGap || mayHarm(text, end)) return true
  }
  return false
}

/** What a page does that puts `text` from `from` on inside a tag. */
function restOfTag(text: string, from: number, judged: Set<number>, work: Work): Evidence | null {
  let found: Evidence | null = null
  attributesAt(text, from, (attribute) => {
    const { name, value, at } = attribute
    if (judged.has(at) || !work.spend(markupSteps + name.length + (value?.length ?? 0))) return true
    judged.add(at)
    const harm = harmOfAttribute(attribute)
    if (harm === null || !(actsAlone(name, value ?? '') || leftOpen(text, attribute))) return false
    found = evidence(at, at + name.length + 40, `broken out of an attribute: ${harm}`)
    return true
  })
  return found
}

/** `" onload=` at the end: what runs follows in the page. */
function leftOpen(text: string, { name, value, at }: Attribute): boolean {
  return value === '' && at > 0 && /^on[a-z]{3,20}$/.test(name) && text.length - at - name.length < 6
}

/** Without a tag around it `once=1` is only a text. A handler has to hold a statement, any other attribute to run. */
function actsAlone(name: string, value: string): boolean {
  if (name === 'value' || name === 'content' || name === 'data' || name === 'to' || name === 'from')
    return false
  return (
    !/^(?:[a-z]+:)?on/.test(name) ||
    /[(`=[.;\\&]/.test(value) ||
    (/^\s*[a-z$_][\w$]*\s*$/i.test(value) && /^on(?:error|load|click|focus|mouse|key)/.test(name))
  )
}

function evidence(at: number, end: number, why: string): Evidence {
  return { at, length: Math.min(end - at, 80), why }
}
