/**
 * A whole declaration, read once: its routes as a tree, their values as judges. Every mistake in it is found when it is read,
 * never when a request comes. It deliberately judges nothing.
 */
import { bodyKindOf, readContentType } from '../request/content-type.ts'
import { parseRate, type Rate } from '../state/state.ts'
import type { ApiContent, ApiRoute, ApiRules, Leaks } from './api.ts'
import { type Exclusion, readExclusion } from './exclusion.ts'
import {
  countAt,
  type DeclarationFault,
  eachOf,
  flagAt,
  isRecord,
  objectAt,
  type Reading,
  refuse,
  textAt,
  under,
  wordAt,
} from './reading.ts'
import { type MatchRoute, routesOf } from './routes.ts'
import type { Schema } from './schema/model.ts'
import { finishSchemas, readSchema, type Schemas, schemasOf } from './schema/read.ts'
import { compareTemplates, readTemplate, type Template } from './template.ts'
import { type DeclaredValue, readValue } from './value.ts'

export interface DeclaredContent {
  readonly schema: Schema | null
  readonly fields: ReadonlyMap<string, DeclaredValue> | null
  readonly maxBytes: number
}

export interface DeclaredBody {
  readonly optional: boolean
  readonly content: ReadonlyMap<string, DeclaredContent>
}

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

export interface Declared {
  readonly mode: 'enforce' | 'report'
  readonly strict: boolean
  /** Null where no routes are declared, so that none can be unknown. */
  readonly match: MatchRoute<DeclaredRoute> | null
  /** By their keys. */
  readonly routes: ReadonlyMap<string, DeclaredRoute>
  readonly leaks: Leaks
  /** Whether any route has a rate. */
  readonly hasRates: boolean
  readonly exclusions: readonly Exclusion[]
}

/** How a declaration may be wrong, all of it at once; `declared` is null where it is. */
export interface ReadDeclaration {
  readonly declared: Declared | null
  readonly faults: readonly DeclarationFault[]
}

const properties: ReadonlySet<string> = new Set([
  'mode',
  'undeclared',
  'leaks',
  'routes',
  'exclusions',
  'schemas',
] satisfies (keyof ApiRules)[])

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

const leakWords = ['refuse', 'report', 'allow'] as const

/** More routes than this are compared for too long. */
const MOST_ROUTES = 5000

/** Reads what is declared. `detectors` are the ids that an exclusion may name. */
export function readDeclaration(given: Partial<ApiRules>, detectors: readonly string[]): ReadDeclaration {
  const at: Reading = { path: [], faults: [] }
  const from = objectAt(at, given, properties, 'a declaration, { routes, … }') ?? {}
  const mode = wordAt(at, from, 'mode', ['enforce', 'report']) ?? 'enforce'
  const undeclared = wordAt(at, from, 'undeclared', ['refuse', 'allow']) ?? 'refuse'
  const leaks = wordAt(at, from, 'leaks', leakWords) ?? 'refuse'
  const outer = { mode, strict: undeclared === 'refuse', leaks }
  const schemas = under(at, 'schemas', () => schemasOf(at, from.schemas))
  const templates = under(at, 'routes', () =>
    eachOf(at, from.routes, "routes, { 'GET /echo': { … } }", (key, route) =>
      readRoute(at, key, route, { ...outer, schemas }),
    ),
  )
  under(at, 'schemas', () => finishSchemas(schemas))
  under(at, 'routes', () => refuseCrossing(at, [...templates]))
  const known = { detectors: new Set(detectors), routes: new Set(templates.keys()) }
  const exclusions = under(at, 'exclusions', () =>
    eachOf(at, from.exclusions, 'exclusions by name', (_, one) => readExclusion(at, one, known)),
  )
  if (at.faults.length > 0) return { declared: null, faults: at.faults }
  const match = from.routes === undefined ? null : routesOf([...templates.values()])
  const routes = new Map([...templates].map(([key, { route }]) => [key, route]))
  const hasRates = [...routes.values()].some(({ rate }) => rate !== null)
  return {
    declared: { ...outer, match, routes, hasRates, exclusions: [...exclusions.values()] },
    faults: [],
  }
}

interface Read {
  readonly template: Template
  readonly route: DeclaredRoute
}

function readRoute(
  at: Reading,
  key: string,
  given: unknown,
  outer: Pick<Declared, 'mode' | 'strict' | 'leaks'> & { readonly schemas: Schemas },
): Read | null {
  const template = readTemplate(key)
  if (typeof template === 'string') return refuse(at, 'route', 'this is no route', template, key)
  const from = objectAt(at, given, routeProperties, 'a route, { query: { … }, body: { … } }')
  if (from === null) return null
  textAt(at, from, 'why')
  textAt(at, from, 'owner')
  const undeclared = wordAt(at, from, 'undeclared', ['refuse', 'allow'])
  const values = (section: 'path' | 'query' | 'headers' | 'cookies'): ReadonlyMap<string, DeclaredValue> =>
    under(at, section, () =>
      eachOf(at, from[section], `${section} by name`, (_, value) => readValue(at, value)),
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

function readBody(schemas: Schemas, given: unknown): DeclaredBody | null {
  const { at } = schemas
  const what = "a body, { content: { 'application/json': { … } } }"
  const from = objectAt(at, given, new Set(['optional', 'content']), what)
  if (from === null) return null
  const content = under(at, 'content', () =>
    eachOf(at, from.content, 'bodies by content type', (type, one) => readContent(schemas, type, one)),
  )
  if (content.size === 0 && at.faults.length === 0)
    refuse(at, 'shape', 'a body of no content type', `write ${what}`)
  return { optional: flagAt(at, from, 'optional') ?? false, content }
}

const contentProperties: ReadonlySet<string> = new Set([
  'schema',
  'fields',
  'maxBytes',
] satisfies (keyof ApiContent)[])

function readContent(schemas: Schemas, type: string, given: unknown): DeclaredContent | null {
  const { at } = schemas
  const read = readContentType(type)
  if (read === null || read.parameters.size > 0 || read.type !== type)
    return refuse(
      at,
      'shape',
      'this is no content type',
      "type/subtype in lower case: 'application/json'",
      type,
    )
  const from = objectAt(at, given, contentProperties, 'what a body holds, { fields: { … } }')
  if (from === null) return null
  const fields =
    from.fields === undefined
      ? null
      : under(at, 'fields', () =>
          eachOf(at, from.fields, 'fields by name', (_, value) => readValue(at, value)),
        )
  if (fields !== null && type !== 'application/x-www-form-urlencoded')
    return refuse(
      at,
      'contradiction',
      'fields of what is no form',
      'fields are of application/x-www-form-urlencoded',
    )
  const schema =
    from.schema === undefined ? null : under(at, 'schema', () => readSchema(schemas, from.schema))
  if (schema !== null && bodyKindOf(read) !== 'json')
    return refuse(
      at,
      'contradiction',
      'a schema of what is no JSON',
      'schemas are of application/json and types that end in +json',
    )
  return { schema, fields, maxBytes: countAt(at, from, 'maxBytes') ?? Number.POSITIVE_INFINITY }
}

/** Two templates that one path can meet, where neither says more: routers differ in which of them they choose. */
function refuseCrossing(at: Reading, routes: readonly (readonly [string, Read])[]): void {
  if (routes.length > MOST_ROUTES) {
    refuse(at, 'route', `more than ${MOST_ROUTES} routes`, 'declare APIs of their own')
    return
  }
  for (const [index, [key, { template }]] of routes.entries()) {
    for (const [other, { template: earlier }] of routes.slice(0, index)) {
      if (earlier.method !== template.method) continue
      const relation = compareTemplates(template, earlier)
      if (relation !== 'same' && relation !== 'crossing') continue
      const message =
        relation === 'same'
          ? `this is ${other} once more`
          : `some paths meet both this and ${other}, and neither says more`
      const hint =
        'servers differ in which one they take: make one of them narrower than the other, or name the paths apart'
      under(at, key, () => refuse(at, 'conflict', message, hint, key))
    }
  }
}
