/**
 * The declaration of one route, read: its path, its values, its callers, how often they may call. It deliberately judges nothing.
 */
import { parseRate, type Rate } from '../state/state.ts'
import type { ApiRoute, Leaks } from './api.ts'
import { type DeclaredBody, readBody } from './body.ts'
import { eachOf, isRecord, objectAt, type Reading, refuse, textAt, under, wordAt } from './reading.ts'
import type { Schemas } from './schema/read.ts'
import { readTemplate, type Template } from './template.ts'
import { type DeclaredValue, readValue } from './value.ts'

export interface DeclaredRoute {
  /** As it is declared: `GET /v1/devices/{id}`. */
  readonly key: string
  readonly mode: 'enforce' | 'report'
  readonly strict: boolean
  /** Null for anyone. */
  readonly who: DeclaredCallers | null
  readonly path: ReadonlyMap<string, DeclaredValue>
  readonly query: ReadonlyMap<string, DeclaredValue>
  readonly headers: ReadonlyMap<string, DeclaredValue>
  readonly cookies: ReadonlyMap<string, DeclaredValue>
  readonly body: DeclaredBody | null
  readonly rate: Rate | null
  readonly leaks: Leaks
}

interface DeclaredCallers {
  readonly profiles: ReadonlySet<string>
  readonly devices: ReadonlySet<string>
}

const routeProperties: ReadonlySet<string> = new Set([
  'why',
  'owner',
  'mode',
  'undeclared',
  'who',
  'rate',
  'leaks',
  'path',
  'query',
  'headers',
  'cookies',
  'body',
] satisfies (keyof ApiRoute)[])

export const leakWords = ['refuse', 'report', 'allow'] as const

export interface ReadRoute {
  readonly template: Template
  readonly route: DeclaredRoute
}

/** Reads a route; null where it is none. `outer` holds where it does not say. */
export function readRoute(
  at: Reading,
  key: string,
  given: unknown,
  outer: Pick<DeclaredRoute, 'mode' | 'strict' | 'leaks'> & { readonly schemas: Schemas },
): ReadRoute | null {
  const template = readTemplate(key)
  if (typeof template === 'string') return refuse(at, 'route', 'this is no route', template, key)
  const from = objectAt(at, given, routeProperties, 'a route, { query: { … }, body: { … } }')
  if (from === null) return null
  textAt(at, from, 'why')
  textAt(at, from, 'owner')
  const undeclared = wordAt(at, from, 'undeclared', ['refuse', 'allow'])
  const values = (section: 'path' | 'query' | 'headers' | 'cookies'): ReadonlyMap<string, DeclaredValue> =>
    under(at, section, () =>
      eachOf(at, from[section], `${section} by name`, (_, value) => {
        const read = readValue(at, value)
        return read?.isFile
          ? refuse(at, 'contradiction', 'a file outside a form', 'files are fields of multipart/form-data')
          : read
      }),
    )
  const path = values('path')
  const named = new Set(template.segments.flatMap((one) => (one.kind === 'literal' ? [] : [one.name])))
  for (const name of path.keys())
    if (!named.has(name))
      under(at, 'path', () =>
        under(at, name, () =>
          refuse(
            at,
            'contradiction',
            'the path has no such template',
            `write \`{${name}}\` into the path`,
            name,
          ),
        ),
      )
  const route: DeclaredRoute = {
    key,
    mode: wordAt(at, from, 'mode', ['enforce', 'report']) ?? outer.mode,
    strict: undeclared === undefined ? outer.strict : undeclared === 'refuse',
    who: from.who === undefined ? null : under(at, 'who', () => readCallers(at, from.who)),
    rate: rateAt(at, from),
    leaks: wordAt(at, from, 'leaks', leakWords) ?? outer.leaks,
    path,
    query: values('query'),
    headers: lowerCased(at, values('headers')),
    cookies: values('cookies'),
    body: from.body === undefined ? null : under(at, 'body', () => readBody(outer.schemas, from.body)),
  }
  return { template, route }
}

function rateAt(at: Reading, from: Readonly<Record<string, unknown>>): Rate | null {
  const text = textAt(at, from, 'rate')
  const rate = text === undefined ? null : parseRate(text)
  if (text !== undefined && rate === null)
    under(at, 'rate', () =>
      refuse(at, 'shape', 'this is no rate', "a whole, positive number: '30/min', '5/s', '1000/h'", text),
    )
  return rate
}

/** Header names have no case; two that differ in it are one. */
function lowerCased(
  at: Reading,
  headers: ReadonlyMap<string, DeclaredValue>,
): ReadonlyMap<string, DeclaredValue> {
  const lower = new Map<string, DeclaredValue>()
  for (const [name, value] of headers) {
    if (lower.has(name.toLowerCase()))
      under(at, 'headers', () =>
        under(at, name, () =>
          refuse(at, 'contradiction', 'this header is declared twice', 'write it once', name),
        ),
      )
    lower.set(name.toLowerCase(), value)
  }
  return lower
}

function readCallers(at: Reading, given: unknown): DeclaredCallers {
  const profiles = new Set<string>()
  const devices = new Set<string>()
  const what = "who may call, [{ profile: 'seismometer' }, { device: 'vent-01' }]"
  if (!Array.isArray(given) || given.length === 0)
    refuse(at, 'shape', `this is not ${what}`, `write ${what}`, given)
  for (const [index, one] of (Array.isArray(given) ? given : []).entries()) {
    const [key, ...more] = isRecord(one) ? Object.keys(one) : []
    const name = key === undefined ? undefined : (one as Readonly<Record<string, unknown>>)[key]
    if (more.length > 0 || typeof name !== 'string' || name === '' || (key !== 'profile' && key !== 'device'))
      under(at, index, () => refuse(at, 'shape', 'this names no caller', `write ${what}`, one))
    else if (key === 'profile') profiles.add(name)
    else devices.add(name)
  }
  return { profiles, devices }
}
