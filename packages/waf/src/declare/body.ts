/**
 * The declaration of a route's bodies, read: content types, and for each a schema or fields. It deliberately judges nothing.
 */
import { bodyKindOf, readContentType } from '../request/content-type.ts'
import type { ApiContent } from './api.ts'
import { countAt, eachOf, flagAt, objectAt, refuse, under } from './reading.ts'
import type { Schema } from './schema/model.ts'
import { readSchema, type Schemas } from './schema/read.ts'
import { type DeclaredValue, readValue } from './value.ts'

export interface DeclaredContent {
  readonly schema: Schema | null
  readonly fields: ReadonlyMap<string, DeclaredValue> | null
  /** How the fields come, where there are any: as pairs, or as the parts of a multipart body. */
  readonly form: 'pairs' | 'parts' | null
  readonly maxBytes: number
}

export interface DeclaredBody {
  readonly optional: boolean
  readonly content: ReadonlyMap<string, DeclaredContent>
}

export function readBody(schemas: Schemas, given: unknown): DeclaredBody | null {
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
  const kind = bodyKindOf(read)
  const form = fields === null ? null : kind === 'form' ? 'pairs' : kind === 'multipart' ? 'parts' : null
  if (fields !== null && form === null)
    return refuse(
      at,
      'contradiction',
      'fields of what is no form',
      'fields are of forms and multipart/form-data',
    )
  for (const [name, { isFile }] of fields ?? [])
    if (isFile && form === 'pairs')
      under(at, 'fields', () =>
        under(at, name, () =>
          refuse(at, 'contradiction', 'a file in a form of pairs', 'files are of multipart/form-data'),
        ),
      )
  const schema =
    from.schema === undefined ? null : under(at, 'schema', () => readSchema(schemas, from.schema))
  if (schema !== null && kind !== 'json')
    return refuse(
      at,
      'contradiction',
      'a schema of what is no JSON',
      'schemas are of application/json and types that end in +json',
    )
  return { schema, form, fields, maxBytes: countAt(at, from, 'maxBytes') ?? Infinity }
}
