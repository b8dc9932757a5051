/**
 * Exclusions: false positives that somebody has looked at, each for one detector in one field of one route, until a day. One
 * whose day has come excludes nothing. It deliberately cannot exclude what is declared, nor what makes a request unreadable.
 */
import type { Finding } from '../model/decision.ts'
import type { Place } from '../model/request.ts'
import type { ApiExclusion } from './api.ts'
import { objectAt, type Reading, refuse, textAt, under } from './reading.ts'

export interface Exclusion {
  readonly rule: string
  /** Null for every one. */
  readonly route: string | null
  readonly place: Place
  /** With `[]` for any index; null for everything in this place. */
  readonly field: string | null
  /** Milliseconds since 1970. */
  readonly expiresMs: number
}

const properties: ReadonlySet<string> = new Set([
  'why',
  'owner',
  'ticket',
  'added',
  'expires',
  'rule',
  'route',
  'field',
] satisfies (keyof ApiExclusion)[])

const places: Readonly<Record<string, Place>> = {
  path: 'path',
  query: 'query',
  headers: 'header',
  cookies: 'cookie',
  body: 'body',
  response: 'response',
}

/** What an exclusion may speak of. */
export interface Known {
  readonly detectors: ReadonlySet<string>
  readonly routes: ReadonlySet<string>
}

/** Reads an exclusion; null where it is none. All of its parts are required: one without an end would be forgotten. */
export function readExclusion(at: Reading, given: unknown, known: Known): Exclusion | null {
  const what = "an exclusion, { rule, route, field, why, expires: '2027-03-01' }"
  const from = objectAt(at, given, properties, what)
  if (from === null) return null
  for (const key of ['owner', 'ticket', 'added']) textAt(at, from, key)
  for (const key of ['why', 'rule', 'route', 'field', 'expires'] as const)
    if (from[key] === undefined)
      under(at, key, () => refuse(at, 'exclusion', `an exclusion without \`${key}\``, `write ${what}`))
  const why = textAt(at, from, 'why')
  const rule = textAt(at, from, 'rule')
  const route = textAt(at, from, 'route')
  const field = textAt(at, from, 'field')
  const expires = textAt(at, from, 'expires')
  if (!why || !rule || !route || !field || !expires) return null
  const refused = (key: string, message: string, hint: string, value: string): null =>
    under(at, key, () => refuse(at, 'exclusion', message, hint, value))
  if (!known.detectors.has(rule))
    return refused('rule', 'no detector has this id', `one of ${[...known.detectors].join(', ')}`, rule)
  if (route !== '*' && !known.routes.has(route))
    return refused(
      'route',
      'no such route is declared',
      "write one of the routes as it is declared, or '*'",
      route,
    )
  const [word = '', name] = splitAt(field)
  const place = Object.hasOwn(places, word) ? places[word] : undefined
  if (
    place === undefined ||
    (name === undefined && place !== 'path' && place !== 'body' && place !== 'response')
  )
    return refused(
      'field',
      'this names no field',
      "'query.q', 'body.items[].note', 'headers.user-agent', 'cookies.theme', 'path' or 'response'",
      field,
    )
  if ((place === 'response') !== rule.startsWith('leak/'))
    return refused('field', 'rules about responses are of `response`', "write field: 'response'", field)
  const expiresMs = instantOf(expires)
  if (expiresMs === null)
    return refused('expires', 'this is no date', "'2027-03-01' or '2027-03-01T18:00:00Z'", expires)
  return {
    rule,
    route: route === '*' ? null : route,
    place,
    field: name === '*' ? null : place === 'header' ? (name ?? '').toLowerCase() : (name ?? ''),
    expiresMs,
  }
}

function splitAt(field: string): readonly [string, string | undefined] {
  const dot = field.indexOf('.')
  return dot < 0 ? [field, undefined] : [field.slice(0, dot), field.slice(dot + 1)]
}

/** A day alone means its first instant, as everywhere in a policy. */
export function instantOf(text: string): number | null {
  const shape = /^(?:19[7-9]\d|[2-9]\d{3})-\d\d-\d\d(?:T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z)?$/
  if (!shape.test(text)) return null
  const day = Date.parse(`${text.slice(0, 10)}T00:00:00Z`)
  if (Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== text.slice(0, 10)) return null
  return text.length === 10 ? day : Date.parse(`${text.slice(0, 19)}Z`)
}

/** The detectors whose finding in this very field is let pass now; null where there are none. */
export function excludedAt(
  exclusions: readonly Exclusion[],
  { place, name, part }: Pick<Finding, 'place' | 'name' | 'part'>,
  route: string | null,
  nowMs: number,
): ReadonlySet<string> | null {
  const field = name.replace(/\[\d+\]/g, '[]')
  const found = exclusions.filter(
    (one) =>
      one.place === place &&
      (one.route === null || one.route === route) &&
      // A name itself is let pass only where it is the very one: all others are what somebody sends.
      (one.field === null ? part === 'value' : one.field === field) &&
      nowMs < one.expiresMs,
  )
  return found.length === 0 ? null : new Set(found.map(({ rule }) => rule))
}
