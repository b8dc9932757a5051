/** The part of the JSON Schema of written policies that is about APIs. As the rest of it, it helps while one writes. */
import { textFormats } from '../model/api.ts'
import { WHY_MAX_LENGTH } from './validate/text.ts'

type Schema = Readonly<Record<string, unknown>>

const object = (properties: Record<string, Schema>, required: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  ...(required.length > 0 && { required }),
  additionalProperties: false,
})
const byName = (item: Schema, description: string): Schema => ({
  type: 'object',
  additionalProperties: item,
  description,
})
const ref = (name: string): Schema => ({ $ref: `#/$defs/${name}` })
const text: Schema = { type: 'string', minLength: 1 }
const note: Schema = { ...text, maxLength: WHY_MAX_LENGTH, description: 'What it is for, in a sentence' }
const owner: Schema = { ...text, maxLength: 128, description: 'Who answers for it' }
const count: Schema = { type: 'integer', minimum: 0 }

const mode: Schema = {
  enum: ['enforce', 'report'],
  description: 'By default enforce; report lets through and tells',
}
const undeclared: Schema = {
  enum: ['refuse', 'allow'],
  description: 'What becomes of what is not declared; by default it is refused',
}

const leaks: Schema = {
  enum: ['refuse', 'report', 'allow'],
  description: 'What becomes of a response with a trace, a key or source in it; by default it is refused',
}

/** `$defs` of APIs. */
export const apiDefinitions: Readonly<Record<string, Schema>> = {
  api: object(
    {
      why: note,
      owner,
      host: { type: 'string', description: 'The DNS name it is called by' },
      mode,
      undeclared,
      leaks,
      routes: {
        ...byName(ref('apiRoute'), 'By method and path: GET /v1/devices/{id}'),
        propertyNames: { pattern: '^[A-Z][A-Z-]{0,19} /', maxLength: 1000 },
      },
      exclusions: byName(ref('apiExclusion'), 'False positives, each with a reason and an end'),
      schemas: byName(ref('apiSchema'), 'What `$ref: #/schemas/NAME` refers to'),
    },
    ['host', 'routes'],
  ),
  apiRoute: object({
    why: note,
    owner,
    mode,
    undeclared,
    leaks,
    rate: {
      type: 'string',
      pattern: '^\\d{1,12}/(s|min|h)$',
      description: 'How often one caller may call: 30/min',
    },
    who: {
      type: 'array',
      minItems: 1,
      items: {
        anyOf: [
          object({ profile: ref('identifier') }, ['profile']),
          object({ device: ref('identifier') }, ['device']),
        ],
      },
      description: 'Who may call; without it anyone',
    },
    path: byName(ref('apiValue'), 'The values of the path, {id}, by name'),
    query: byName(ref('apiValue'), 'Parameters by name'),
    headers: byName(ref('apiValue'), 'Headers by name; others are taken'),
    cookies: byName(ref('apiValue'), 'Cookies by name; others are taken'),
    body: object(
      {
        optional: { type: 'boolean', description: 'A request without a body is taken too' },
        content: {
          ...byName(ref('apiContent'), 'By content type: application/json'),
          minProperties: 1,
        },
      },
      ['content'],
    ),
  }),
  apiContent: object({
    schema: ref('apiSchema'),
    fields: byName(ref('apiValue'), 'Fields of a form by name'),
    maxBytes: count,
  }),
  apiValue: object({
    why: note,
    type: { enum: ['string', 'integer', 'number', 'boolean', 'file'] },
    format: {
      enum: textFormats,
    },
    required: { type: 'boolean' },
    minLength: count,
    maxLength: count,
    minimum: { type: 'number' },
    maximum: { type: 'number' },
    enum: { type: 'array', minItems: 1, items: { type: ['string', 'number', 'boolean'] } },
    pattern: {
      type: 'string',
      minLength: 1,
      maxLength: 4096,
      description: 'ECMA-262, without backreferences and looking around',
    },
    disallowTags: { type: 'boolean', description: 'Refuses whatever HTML takes for the beginning of a tag' },
    maxItems: { ...count, description: 'How often it may be there; by default once' },
    minItems: count,
    separator: { enum: [',', '|', ' '], description: 'Several values in one text' },
  }),
  apiSchema: {
    type: ['object', 'boolean'],
    description: 'JSON Schema 2020-12 or OpenAPI 3.0, the words that can be judged in one pass',
  },
  apiExclusion: object(
    {
      why: note,
      owner,
      ticket: { ...text, maxLength: 128 },
      added: ref('date'),
      expires: ref('date'),
      rule: { ...text, description: 'The id of a detector: sqli' },
      route: { ...text, description: 'A route as it is declared, or * for every one' },
      field: { ...text, description: 'query.q, body.items[].note, headers.user-agent, cookies.theme, path' },
    },
    ['why', 'expires', 'rule', 'route', 'field'],
  ),
}
