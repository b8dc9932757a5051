/**
 * The tokenizer of HTML (WHATWG HTML 13.2.5), as far as it decides what a text in a page *does*: tags with their
 * attributes, comments, doctypes, and a tag that the text leaves unfinished. Positions, not copies, wherever it can; one
 * pass. It deliberately stays in the data state after `<script>` and the like (that start tag is what matters to us)
 * and leaves character references to whoever needs them.
 */
import { isLetter } from '../characters.ts'

export interface Attribute {
  /** Lower case. */
  readonly name: string
  /** As written, references unresolved; null where there is no `=`. */
  readonly value: string | null
  readonly at: number
}

export type HtmlToken =
  | {
      readonly kind: 'start'
      readonly name: string
      readonly attributes: readonly Attribute[]
      readonly selfClosing: boolean
      readonly at: number
      readonly end: number /** Whether the `>` is there. */
      readonly closed: boolean
    }
  | {
      readonly kind: 'end'
      readonly name: string
      readonly at: number
      readonly end: number
      readonly closed: boolean
    }
  | { readonly kind: 'comment'; readonly text: string; readonly at: number; readonly end: number }
  | { readonly kind: 'doctype'; readonly text: string; readonly at: number; readonly end: number }
  | { readonly kind: 'text'; readonly at: number; readonly end: number }

export function isSpace(code: number): boolean {
  return code === 32 || code === 9 || code === 10 || code === 12 || code === 13
}

/**
 * Every token of a text that begins in the data state; `from` leaves out what is before. `stops` is asked at each attribute: where it
 * says so, a tag is left as it is.
 */
export function* tokensOf(text: string, from = 0, stops: () => boolean = never): Generator<HtmlToken, void> {
  let at = from
  let plain = from
  while (at < text.length) {
    const open = text.indexOf('<', at)
    if (open < 0) break
    if (stops()) return
    const token = markupAt(text, open, stops)
    if (token === null) {
      at = open + 1
      continue
    }
    if (open > plain) yield { kind: 'text', at: plain, end: open }
    if (token.end > open) yield token
    at = plain = token.end
  }
  if (plain < text.length) yield { kind: 'text', at: plain, end: text.length }
}

/** What begins at a `<`; null where that is only a character. */
function markupAt(text: string, open: number, stops: () => boolean): HtmlToken | null {
  const next = text.charCodeAt(open + 1)
  if (isLetter(next)) return tagAt(text, open, open + 1, 'start', stops)
  if (next === 0x2f) {
    const after = text.charCodeAt(open + 2)
    if (isLetter(after)) return tagAt(text, open, open + 2, 'end', stops)
    if (Number.isNaN(after)) return null
    // "</>" is nothing at all.
    return after === 0x3e
      ? { kind: 'comment', text: '', at: open, end: open + 3 }
      : bogusComment(text, open, open + 2)
  }
  if (next === 0x21) {
    if (text.startsWith('--', open + 2)) return commentAt(text, open)
    if (/^doctype/i.test(text.slice(open + 2, open + 9))) return doctypeAt(text, open)
    return bogusComment(text, open, open + 2)
  }
  return next === 0x3f ? bogusComment(text, open, open + 1) : null
}

function bogusComment(text: string, open: number, from: number): HtmlToken {
  const close = text.indexOf('>', from)
  const stop = close < 0 ? text.length : close
  return { kind: 'comment', text: text.slice(from, stop), at: open, end: close < 0 ? stop : close + 1 }
}

function doctypeAt(text: string, open: number): HtmlToken {
  const close = text.indexOf('>', open)
  const stop = close < 0 ? text.length : close
  return { kind: 'doctype', text: text.slice(open + 9, stop), at: open, end: close < 0 ? stop : close + 1 }
}

function commentAt(text: string, open: number): HtmlToken {
  const from = open + 4
  for (const empty of ['>', '->']) {
    if (text.startsWith(empty, from)) return { kind: 'comment', text: '', at: open, end: from + empty.length }
  }
  for (let dashes = text.indexOf('--', from); dashes >= 0; dashes = nextDashes(text, dashes)) {
    const after = dashes + 2
    const close = text.charCodeAt(after) === 0x21 ? after + 1 : after
    if (text.charCodeAt(close) !== 0x3e) continue
    return { kind: 'comment', text: text.slice(from, dashes), at: open, end: close + 1 }
  }
  const rest = text.slice(from).replace(/(?:--!|--|-)$/, '')
  return { kind: 'comment', text: rest, at: open, end: text.length }
}

/** The next two dashes behind these. */
function nextDashes(text: string, dashes: number): number {
  return text.charCodeAt(dashes + 2) === 0x2d ? dashes + 1 : text.indexOf('--', dashes + 2)
}

function tagAt(
  text: string,
  open: number,
  from: number,
  kind: 'start' | 'end',
  stops: () => boolean,
): HtmlToken {
  let at = from
  while (at < text.length && !endsName(text.charCodeAt(at))) at++
  const name = lower(text.slice(from, at))
  const { attributes, end, closed, selfClosing } = attributesAt(text, at, stops)
  return kind === 'start'
    ? { kind, name, attributes, selfClosing, at: open, end, closed }
    : { kind, name, at: open, end, closed }
}

function endsName(code: number): boolean {
  return isSpace(code) || code === 0x2f || code === 0x3e
}

type Attributes = {
  readonly attributes: Attribute[]
  readonly end: number
  readonly closed: boolean
  readonly selfClosing: boolean
}

/**
 * From the "before attribute name" state to the end of the tag, or of the text. This is also where a text continues
 * that has broken out of an attribute's value. It stops early when `enough` says so of an attribute.
 */
export function attributesAt(
  text: string,
  from: number,
  enough: (attribute: Attribute) => boolean = never,
): Attributes {
  const attributes: Attribute[] = []
  let at = from
  let slash = -1
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === 0x3e) return { attributes, end: at + 1, closed: true, selfClosing: slash === at - 1 }
    if (code === 0x2f) slash = at
    if (isSpace(code) || code === 0x2f) at++
    else {
      at = attributeAt(text, at, attributes)
      if (enough(attributes.at(-1) as Attribute)) break
    }
  }
  return { attributes, end: text.length, closed: false, selfClosing: false }
}

function attributeAt(text: string, from: number, attributes: Attribute[]): number {
  // A "=" that begins a name is part of it.
  let at = from + 1
  while (at < text.length && !endsName(text.charCodeAt(at)) && text[at] !== '=') at++
  const name = lower(text.slice(from, at))
  let next = at
  while (next < text.length && isSpace(text.charCodeAt(next))) next++
  if (text[next] !== '=') {
    attributes.push({ name, value: null, at: from })
    return at
  }
  next++
  while (next < text.length && isSpace(text.charCodeAt(next))) next++
  const quote = text[next]
  if (quote === '"' || quote === "'") {
    const close = text.indexOf(quote, next + 1)
    const stop = close < 0 ? text.length : close
    attributes.push({ name, value: text.slice(next + 1, stop), at: from })
    return close < 0 ? stop : close + 1
  }
  let stop = next
  while (stop < text.length && !isSpace(text.charCodeAt(stop)) && text[stop] !== '>') stop++
  attributes.push({ name, value: text.slice(next, stop), at: from })
  return stop
}

const never = (): boolean => false

/** ASCII only, as the standard has it. */
function lower(text: string): string {
  if (!/[A-Z]/.test(text)) return text
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}
