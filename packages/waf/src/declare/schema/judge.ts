/**
 * A JSON value against a schema: the first thing it is that it was declared not to be, and the way to it. The work is bounded,
 * however schemas are combined: what would take too many steps is refused. It deliberately knows no request.
 */
import type { JsonValue } from '../../request/body-reader.ts'
import type { ApiSchemaType } from '../api.ts'
import type { ValueFault } from '../value.ts'
import { canonical } from './canonical.ts'
import type { Schema } from './model.ts'

/** `name` is the way to the value, as fields of JSON are called: `items[3].note`. */
export interface SchemaFault extends ValueFault {
  readonly name: string
  /** What stands there, as text. */
  readonly text: string
  /** Whether the name of a property is at fault, and not its value. */
  readonly part: 'name' | 'value'
}

export interface SchemaOptions {
  /** Properties that no schema declares are refused. */
  readonly strict: boolean
  readonly steps: number
}

/** The way to a value; put together only for a fault. */
type Way = { readonly outer: Way; readonly key: string | number } | null

interface Run {
  readonly strict: boolean
  left: number
}

type Found = ValueFault & { readonly way: Way; readonly value: JsonValue; readonly part: 'name' | 'value' }

/** The first fault, or null. Never throws. */
export function judgeSchema(
  schema: Schema,
  value: JsonValue,
  { strict, steps }: SchemaOptions,
): SchemaFault | null {
  const run: Run = { strict, left: steps }
  const told = judge(schema, value, null, run)
  // Out of steps inside `not` or `oneOf`, a fault would be taken for an answer.
  const found = run.left < 0 ? outOfSteps : told
  if (found === null) return null
  const { way, value: at, part, ...fault } = found
  return { ...fault, part, name: nameOf(way), text: part === 'name' ? String(way?.key ?? '') : textOf(at) }
}

const outOfSteps: Found = {
  rule: 'steps',
  why: 'judging it takes more steps than are taken',
  way: null,
  value: '',
  part: 'value',
}

function judge(schema: Schema, value: JsonValue, way: Way, run: Run): Found | null {
  const fault = (rule: string, why: string): Found => ({ rule, why, way, value, part: 'value' })
  if (--run.left < 0) return outOfSteps
  if (schema.never) return fault('never', 'nothing may be here')
  if (value === null && schema.nullable) return null
  if (schema.types !== null && !isOfTypes(value, schema.types))
    return fault('type', `not of type ${[...schema.types].join(' or ')}`)
  if (schema.values !== null && !isOneOf(schema, schema.values, value))
    return fault('enum', 'not one of the values declared')
  return judgeContent(schema, value, way, run, fault) ?? judgeCombined(schema, value, way, run, fault)
}

type Faulty = (rule: string, why: string) => Found

function judgeContent(schema: Schema, value: JsonValue, way: Way, run: Run, fault: Faulty): Found | null {
  if (typeof value === 'string') {
    for (const one of schema.texts) {
      const found = one(value)
      if (found !== null) return { ...found, way, value, part: 'value' }
    }
    return null
  }
  if (typeof value === 'number') {
    // What is too large for a number was read as infinite.
    if (!Number.isFinite(value)) return fault('type', 'a number that is too large')
    for (const one of schema.numbers) {
      const found = one(value)
      if (found !== null) return fault(found.rule, found.why)
    }
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  return Array.isArray(value)
    ? judgeArray(schema, value, way, run, fault)
    : judgeObject(schema, value, way, run, fault)
}

function judgeArray(
  schema: Schema,
  value: readonly JsonValue[],
  way: Way,
  run: Run,
  fault: Faulty,
): Found | null {
  if (value.length > schema.maxItems) return fault('maxItems', `more than ${schema.maxItems} items`)
  if (value.length < schema.minItems) return fault('minItems', `less than ${schema.minItems} items`)
  for (const [index, item] of value.entries()) {
    const one = schema.prefix[index] ?? schema.items
    const found = one === null ? null : judge(one, item, { outer: way, key: index }, run)
    if (found !== null) return found
  }
  if (schema.unique && new Set(value.map(canonical)).size < value.length)
    return fault('uniqueItems', 'an item twice')
  return null
}

function judgeObject(
  schema: Schema,
  value: { readonly [key: string]: JsonValue },
  way: Way,
  run: Run,
  fault: Faulty,
): Found | null {
  const keys = Object.keys(value)
  if (keys.length > schema.maxProperties)
    return fault('maxProperties', `more than ${schema.maxProperties} properties`)
  if (keys.length < schema.minProperties)
    return fault('minProperties', `less than ${schema.minProperties} properties`)
  const missing = schema.required.find((name) => !Object.hasOwn(value, name))
  if (missing !== undefined)
    return {
      ...fault('required', 'it must be there and is not'),
      way: { outer: way, key: missing },
      value: '',
    }
  for (const key of keys) {
    const found = judgeProperty(schema, key, value[key] as JsonValue, { outer: way, key }, run)
    if (found !== null) return found
  }
  return null
}

function judgeProperty(schema: Schema, key: string, value: JsonValue, way: Way, run: Run): Found | null {
  const { properties, patterns, additional, names, closed } = schema
  if (
    run.strict &&
    closed !== null &&
    !closed.names.has(key) &&
    !closed.patterns.some((pattern) => pattern(key))
  )
    return { rule: 'undeclared', why: 'no such property is declared', way, value, part: 'name' }
  if (names !== null) {
    const found = judge(names, key, way, run)
    if (found !== null) return { ...found, part: 'name' }
  }
  const own = properties.get(key)
  const found = own === undefined ? null : judge(own, value, way, run)
  if (found !== null) return found
  let isTold = own !== undefined
  for (const [pattern, one] of patterns) {
    if (!pattern(key)) continue
    isTold = true
    const inner = judge(one, value, way, run)
    if (inner !== null) return inner
  }
  if (isTold || additional === null) return null
  return additional.never
    ? { rule: 'undeclared', why: 'no such property is declared', way, value, part: 'name' }
    : judge(additional, value, way, run)
}

function judgeCombined(
  { all, any, one, not }: Schema,
  value: JsonValue,
  way: Way,
  run: Run,
  fault: Faulty,
): Found | null {
  for (const part of all) {
    const found = judge(part, value, way, run)
    if (found !== null) return found
  }
  if (any !== null && !any.some((part) => judge(part, value, way, run) === null))
    return fault('anyOf', `none of ${any.length} that it could be`)
  if (one !== null) {
    const count = one.filter((part) => judge(part, value, way, run) === null).length
    if (count !== 1)
      return fault('oneOf', `${count === 0 ? 'none' : 'more than one'} of ${one.length} that it could be`)
  }
  return not !== null && judge(not, value, way, run) === null ? fault('not', 'what it must not be') : null
}

function isOneOf({ hasCompound }: Schema, values: ReadonlySet<string>, value: JsonValue): boolean {
  if (typeof value === 'object' && value !== null && !hasCompound) return false
  return values.has(canonical(value))
}

function isOfTypes(value: JsonValue, types: ReadonlySet<ApiSchemaType>): boolean {
  if (value === null) return types.has('null')
  if (Array.isArray(value)) return types.has('array')
  switch (typeof value) {
    case 'string':
      return types.has('string')
    case 'boolean':
      return types.has('boolean')
    case 'number':
      return types.has('number') || (types.has('integer') && Number.isInteger(value))
    default:
      return types.has('object')
  }
}

function nameOf(way: Way): string {
  const keys: (string | number)[] = []
  for (let one = way; one !== null; one = one.outer) keys.push(one.key)
  return keys
    .toReversed()
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
    .join('')
    .replace(/^\./, '')
}

/** Of what has parts only the beginning would say little, and all of it costs much. */
function textOf(value: JsonValue): string {
  if (typeof value === 'string') return value
  return typeof value !== 'object' || value === null ? String(value) : Array.isArray(value) ? '[…]' : '{…}'
}
