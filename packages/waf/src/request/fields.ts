/**
 * Every name and value of a request, where it stands, as the application will read it, judged one after the other: the
 * head first, then the body as it flows. The first finding ends it; a request that cannot be read in one way only is a
 * fault. It deliberately looks into values that carry requests themselves (the query of a Referer, JSON in a parameter),
 * for that is where attacks travel.
 */
import { decodeBase64 } from '../decode/base64.ts'
import type { Finding } from '../model/decision.ts'
import type { Place, RequestParts } from '../model/request.ts'
import { type BodyInspector, bodyInspector } from './body.ts'
import type { BodyBuild, BodyValue } from './body-reader.ts'
import { mayCarry } from './carried.ts'
import { type ContentType, readContentType } from './content-type.ts'
import { defaultLimits, type Fault, type Limits } from './limits.ts'
import { headFault } from './protocol.ts'
import { pairsOf, readable } from './query.ts'
import { type Judge, Reading, Values } from './reading.ts'

/** A request that was read, as far as nothing was found. */
export interface ReadRequest {
  readonly finding: Finding | null
  /** Told only where there is no finding: that is the better reason. */
  readonly fault: Fault | null
  readonly body: BodyValue
}

/** A head that was read. `body`: how a body that comes with it is read; null where there may be none. */
export type ReadHead =
  | { readonly kind: 'read'; readonly type: ContentType | Fault }
  | { readonly kind: 'finding'; readonly finding: Finding }
  | { readonly kind: 'fault'; readonly fault: Fault }

/** Reads and judges a whole request; `build` makes the value of its body, where that is wanted. */
export function readRequest(
  parts: RequestParts,
  judge: Judge,
  limits: Limits = defaultLimits,
  build: BodyBuild | null = null,
): ReadRequest {
  const nothing: BodyValue = { kind: 'none' }
  const head = readHead(parts, judge, limits)
  if (head.kind === 'finding') return { finding: head.finding, fault: null, body: nothing }
  if (head.kind === 'fault') return { finding: null, fault: head.fault, body: nothing }
  if (parts.body === null || parts.body.length === 0) return { finding: null, fault: null, body: nothing }
  if ('rule' in head.type) return { finding: null, fault: head.type, body: nothing }
  if (parts.body.length > limits.holdBytes)
    return { finding: null, fault: tooLarge(limits.holdBytes), body: nothing }
  const inspector: BodyInspector = bodyInspector(head.type, judge, limits, build)
  inspector.write(parts.body)
  const end = inspector.end()
  return {
    finding: end.kind === 'finding' ? end.finding : null,
    fault: end.kind === 'fault' ? end.fault : null,
    body: end.kind === 'read' ? end.value : nothing,
  }
}

/** A body of which more came than may be held. */
export function tooLarge(most: number): Fault {
  return { rule: 'limit-body', why: `a body of more than ${most} bytes`, text: '' }
}

/** Reads and judges everything but the body. A fault is told only where there is no finding. */
export function readHead(parts: RequestParts, judge: Judge, limits: Limits): ReadHead {
  const { target } = parts
  const origin = originForm(target)
  const mark = origin.indexOf('?')
  const heads: Heads = { judge, limits, finding: null }
  const path = mark < 0 ? origin : origin.slice(0, mark)
  text(heads, 'path', '', 'value', readable(path, 'plus'))
  segments(heads, path)
  if (mark >= 0) pairs(heads, 'query', origin.slice(mark + 1))
  for (const [name, value] of parts.headers) header(heads, name, value)
  if (heads.finding !== null) return { kind: 'finding', finding: heads.finding }
  const fault = headFault(parts, limits)
  return fault === null ? { kind: 'read', type: typeOf(parts) } : { kind: 'fault', fault }
}

/** `http://host/path` as proxies get it is `/path` to us. */
function originForm(target: string): string {
  const absolute = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i.exec(target)
  return absolute === null ? target : target.slice(absolute[0].length)
}

function typeOf(parts: RequestParts): ContentType | Fault {
  const values = parts.headers
    .filter(([name]) => name.toLowerCase() === 'content-type')
    .map(([, value]) => value)
  const [value] = values
  if (value === undefined || value.trim() === '')
    return { rule: 'content-type', why: 'a body without Content-Type', text: '' }
  const type = values.length > 1 ? null : readContentType(value)
  return (
    type ?? {
      rule: 'content-type',
      why: 'a Content-Type that is read in two ways',
      text: values.join(' | ').slice(0, 80),
    }
  )
}

/** What is being read: it goes on while nothing is found. */
interface Heads {
  readonly judge: Judge
  readonly limits: Limits
  finding: Finding | null
}

function text(heads: Heads, place: Place, name: string, part: 'name' | 'value', value: string): void {
  heads.finding ??= heads.judge.text({ place, name, part, text: value })
}

/** What stands between the slashes, where it is more than a name: applications take values from there as well. */
function segments(heads: Heads, path: string): void {
  if (/^[\w./~-]*$/.test(path)) return
  for (const segment of path.split('/'))
    if (!/^[\w.~:@=,+-]*$/.test(segment)) value(heads, 'path', 'segment', readable(segment, 'plus'))
}

/** A value, and what it carries inside. */
function value(heads: Heads, place: Place, name: string, value: string): void {
  if (heads.finding !== null) return
  if (!mayCarry(value)) {
    text(heads, place, name, 'value', value)
    return
  }
  const reading = new Reading(heads.judge, heads.limits, place)
  new Values(reading).value(name, { text: value, at: 0, last: true })
  heads.finding = reading.finding
}

function pairs(heads: Heads, place: Place, query: string): void {
  for (const [name, inner] of pairsOf(query)) {
    text(heads, place, name, 'name', name)
    value(heads, place, name, inner)
  }
}

function header(heads: Heads, rawName: string, content: string): void {
  const name = rawName.toLowerCase()
  if (name === 'cookie') {
    cookies(heads, content)
    return
  }
  if (!/^[a-z0-9-]+$/.test(name)) text(heads, 'header', name, 'name', name)
  if (name !== 'referer' && name !== 'origin') {
    const isFileName = /^x[-_.](?:file[-_.]?name|file)$/.test(name)
    if (name === 'authorization' || name === 'proxy-authorization') credentials(heads, name, content)
    else if (!isFileName) value(heads, 'header', name, content)
    else
      heads.finding ??= heads.judge.text({
        place: 'header',
        name,
        part: 'value',
        text: readable(content, 'plus'),
        kind: 'file-name',
      })
    return
  }
  const mark = content.indexOf('?')
  text(heads, 'header', name, 'value', readable(mark < 0 ? content : content.slice(0, mark), 'plus'))
  if (mark < 0) return
  for (const [inner, carried] of pairsOf(content.slice(mark + 1).split('#')[0] ?? ''))
    value(heads, 'header', `${name}?${inner}`, carried)
}

/** A scheme, and what it is followed by (RFC 9110 11.4): a token, a name and its password, or pairs with quotes. */
function credentials(heads: Heads, name: string, content: string): void {
  text(heads, 'header', name, 'value', content)
  const space = content.indexOf(' ')
  const given = content.slice(space + 1).trim()
  if (space < 0 || given === '') return
  value(heads, 'header', name, given)
  if (content.slice(0, space).toLowerCase() === 'basic') {
    const decoded = decodeBase64(given) ?? ''
    const colon = decoded.indexOf(':')
    if (colon < 0) return
    value(heads, 'header', `${name}.user`, readable(decoded.slice(0, colon), 'plus'))
    value(heads, 'header', `${name}.password`, readable(decoded.slice(colon + 1), 'plus'))
  }
  for (const [, key = '', quoted = ''] of given.matchAll(/(\w{1,40})\s?=\s?"([^"]{1,4096})"/g))
    value(heads, 'header', `${name}.${key}`, quoted)
}

function cookies(heads: Heads, content: string): void {
  for (const part of content.split(';')) {
    const equals = part.indexOf('=')
    const key = (equals < 0 ? part : part.slice(0, equals)).trim()
    text(heads, 'cookie', key, 'name', key)
    if (equals >= 0) value(heads, 'cookie', key, part.slice(equals + 1).trim())
  }
}
