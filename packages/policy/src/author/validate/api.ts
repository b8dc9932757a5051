/**
 * Readers of APIs: routes, the values and bodies that belong to them, who may call, exclusions.
 *
 * Shape and spelling only. Whether a device's profile exists shows when the whole policy is known; what the application firewall
 * alone can say (two routes that one path meets, a range that is empty) it says itself.
 */
import {
  type ApiBody,
  type ApiCaller,
  type ApiContent,
  type ApiExclusion,
  type ApiRoute,
  type ApiRules,
  type ApiSchema,
  type ApiValue,
  textFormats,
} from '../../model/api.ts'
import type { ApiDocument } from '../../model/policy.ts'
import { parseConnectionRate } from '../limit.ts'
import { type Reader, type Reading, refuse, refuseShape } from './reading.ts'
import { flag, isObject, object, oneOf, optional, origin, record, type Shape, someOf } from './shape.ts'
import { date, host, identifier, plainText, WHY_MAX_LENGTH, why } from './text.ts'

const note = optional(plainText(WHY_MAX_LENGTH))
const anOwner = optional(plainText(128))
/** What parameters, headers, cookies and fields are called: anything that a person can read. */
const name = plainText(200)

const count: Reader<number> = (value, at) =>
  Number.isSafeInteger(value) && (value as number) >= 0
    ? (value as number)
    : refuseShape(at, 'a whole number that is not negative', value)
const number: Reader<number> = (value, at) =>
  typeof value === 'number' && Number.isFinite(value) ? value : refuseShape(at, 'a number', value)
const constant: Reader<string | number | boolean> = (value, at) =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : refuseShape(at, 'a text, a number, true or false', value)

const pattern: Reader<string> = (value, at) =>
  typeof value === 'string' && value !== '' && value.length <= 4096
    ? value
    : refuseShape(at, "a pattern, '^[a-z0-9-]{1,32}$'", value)

const value: Reader<ApiValue> = object<ApiValue>(
  {
    why: note,
    type: optional(oneOf('string', 'integer', 'number', 'boolean', 'file')),
    format: optional(oneOf(...textFormats)),
    required: optional(flag),
    minLength: optional(count),
    maxLength: optional(count),
    minimum: optional(number),
    maximum: optional(number),
    enum: optional(someOf(constant, 'values', 'write the values that may be there')),
    pattern: optional(pattern),
    disallowTags: optional(flag),
    maxItems: optional(count),
    minItems: optional(count),
    separator: optional(oneOf(',', '|', ' ')),
  },
  "a value, { type: 'integer', maximum: 100 }",
)
const values = (wanted: string): Reader<Readonly<Record<string, ApiValue>>> => record(name, value, wanted)

/** A schema is only bounded here: the application firewall understands its words, and says which it does not. */
function schema(value: unknown, at: Reading): ApiSchema | boolean | undefined {
  if (typeof value === 'boolean') return value
  if (!isObject(value)) return refuseShape(at, "a schema, { type: 'object', properties: { … } }", value)
  return fits(value, DEEPEST_SCHEMA)
    ? value
    : refuse(at, 'TW6009', 'this schema is nested too deep', 'put parts of it under `schemas`')
}

const DEEPEST_SCHEMA = 96

/** Whether a value nests no deeper than this. */
function fits(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depth > 0 && Object.values(value).every((inner) => fits(inner, depth - 1))
}

const content: Reader<ApiContent> = object<ApiContent>(
  { schema: optional(schema), fields: optional(values('fields by name')), maxBytes: optional(count) },
  'what a body holds, { fields: { … } }',
)

const contentType: Reader<string> = (value, at) =>
  typeof value === 'string' && /^[a-z0-9!#$&^_.+-]{1,127}\/[a-z0-9!#$&^_.+-]{1,127}$/.test(value)
    ? value
    : refuse(at, 'TW1002', 'this is no content type', "type/subtype in lower case: 'application/json'", value)

const body: Reader<ApiBody> = object<ApiBody>(
  { optional: optional(flag), content: record(contentType, content, 'bodies by content type') },
  "a body, { content: { 'application/json': { … } } }",
)

const caller: Reader<ApiCaller> = (value, at) => {
  const wanted = "a caller, { profile: 'seismometer' } or { device: 'vent-01' }"
  if (!isObject(value) || Object.keys(value).length !== 1) return refuseShape(at, wanted, value)
  return 'profile' in value ? byProfile(value, at) : byDevice(value, at)
}
const byProfile = object<{ profile: string }>({ profile: identifier }, 'a caller, { profile }')
const byDevice = object<{ device: string }>({ device: identifier }, 'a caller, { device }')

const mode = optional(oneOf('enforce', 'report'))
const undeclared = optional(oneOf('refuse', 'allow'))
const leaks = optional(oneOf('refuse', 'report', 'allow'))

const rate: Reader<string> = (value, at) =>
  typeof value === 'string' && parseConnectionRate(value) !== null
    ? value
    : refuse(at, 'TW1018', 'this is no rate', "a whole, positive number: '30/min', '5/s', '1000/h'", value)

const route: Reader<ApiRoute> = object<ApiRoute>(
  {
    why: note,
    owner: anOwner,
    mode,
    undeclared,
    rate: optional(rate),
    leaks,
    who: optional(someOf(caller, 'callers', 'say who, or leave `who` out: anyone')),
    path: optional(values('values of the path by name')),
    query: optional(values('parameters by name')),
    headers: optional(values('headers by name')),
    cookies: optional(values('cookies by name')),
    body: optional(body),
  },
  'a route, { query: { … }, body: { … } }',
)

const routeKey: Reader<string> = (value, at) =>
  typeof value === 'string' && value.length <= 1000 && /^[A-Z][A-Z-]{0,19} \/[^\s?#\\\p{C}]*$/u.test(value)
    ? value
    : refuse(
        at,
        'TW6001',
        'this is no route',
        "a method in capitals, a space and a path: 'GET /v1/devices/{id}'",
        value,
      )

const exclusion: Reader<ApiExclusion> = object<ApiExclusion>(
  {
    why,
    owner: anOwner,
    ticket: optional(plainText(128)),
    added: optional(date),
    expires: date,
    rule: plainText(64),
    route: plainText(1000),
    field: plainText(400),
  },
  "an exclusion, { rule, route, field, why, expires: '2027-03-01' }",
)

const rules: Shape<ApiRules> = {
  mode,
  undeclared,
  leaks,
  routes: record(routeKey, route, "routes, { 'GET /echo': { … } }"),
  exclusions: optional(record(identifier, exclusion, 'exclusions by name')),
  schemas: optional(record(name, schema, 'schemas by name')),
}

/** An API. */
export const api: Reader<ApiDocument> = object<ApiDocument>(
  { why: note, owner: anOwner, host, ...rules, origin },
  'an API, api({ … })',
)
