/**
 * A schema read into what it asks of a value. Every word is understood or refused; a reference leads somewhere in the same
 * declaration; one that comes back to itself without going into the value is refused. It deliberately judges no value.
 *
 * It is long because it is one table of words, and every word has its reader beside it.
 */
import type { ApiSchema, TextFormat } from '../api.ts'
import { formats } from '../formats.ts'
import { readPattern, type TestPattern } from '../pattern/pattern.ts'
import { countAt, eachOf, flagAt, isRecord, type Reading, refuse, textAt, under, wordAt } from '../reading.ts'
import { type JudgeText, judgeTags, lengthJudge, patternAt, patternHint, patternJudge } from '../value.ts'
import { canonical, isJson } from './canonical.ts'
import { closedOf, endless } from './closed.ts'
import { anything, type Schema } from './model.ts'
import { readNumbers } from './numbers.ts'

type Given = Readonly<Record<string, unknown>>

const words: ReadonlySet<string> = new Set([
  'type',
  'nullable',
  'enum',
  'const',
  'format',
  'minLength',
  'maxLength',
  'pattern',
  'disallowTags',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'properties',
  'patternProperties',
  'additionalProperties',
  'propertyNames',
  'required',
  'minProperties',
  'maxProperties',
  'items',
  'prefixItems',
  'minItems',
  'maxItems',
  'uniqueItems',
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  '$ref',
  '$defs',
  'title',
  'description',
  '$comment',
  'default',
  'example',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  'discriminator',
  'externalDocs',
  'xml',
] satisfies (keyof ApiSchema)[])

const types = ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'] as const
const textFormats = Object.keys(formats) as TextFormat[]
const allFormats = [...textFormats, 'double', 'float', 'int32', 'int64', 'password'] as const

const mostSchemas = 20_000
const deepest = 96

/** What `#` is: a body's schema, or one of those that are shared. */
interface Root {
  readonly id: string
  readonly given: unknown
}

/** The schemas of one declaration while it is read. */
export interface Schemas {
  readonly at: Reading
  /** What `#/schemas/…` refers to. */
  readonly shared: Given
  readonly byRef: Map<string, Schema>
  /** Schemas of values of their own, not of parts of what is asked of one: bodies, properties, items. */
  readonly ofValues: Schema[]
}

/** Begins; every shared schema is read, also those that nothing refers to. */
export function schemasOf(at: Reading, shared: unknown): Schemas {
  const all: Schemas = { at, shared: isRecord(shared) ? shared : {}, byRef: new Map(), ofValues: [] }
  eachOf(at, shared, 'schemas by name', (name) =>
    referred(all, `#/schemas/${escaped(name)}`, { id: '', given: {} }),
  )
  return all
}

/** Reads the schema of one body, where the cursor stands. */
export function readSchema(all: Schemas, given: unknown): Schema {
  return ofValue(all, given, { id: `#${all.ofValues.length}`, given })
}

/** Looks at all schemas together, once every one is read. */
export function finishSchemas({ at, byRef, ofValues }: Schemas): void {
  const stuck = endless([...byRef.values(), ...ofValues])
  if (stuck !== null) {
    const [name] = [...byRef].find(([, schema]) => schema === stuck) ?? ['a schema']
    const message = `${name.replace(/^.* /, '')} comes back to itself for the same value, or leads on too far`
    refuse(at, 'schema', message, 'let it go into a property or an item first')
  }
  if (at.faults.length === 0) for (const schema of ofValues) schema.closed = closedOf(schema)
}

function ofValue(all: Schemas, given: unknown, root: Root): Schema {
  const schema = inPlace(all, given, root)
  all.ofValues.push(schema)
  return schema
}

function inPlace(all: Schemas, given: unknown, root: Root): Schema {
  const schema = anything()
  fill(all, schema, given, root)
  return schema
}

function fill(all: Schemas, schema: Schema, given: unknown, root: Root): void {
  const { at } = all
  if (typeof given === 'boolean') {
    schema.never = !given
    return
  }
  if (!isRecord(given)) {
    refuse(at, 'shape', 'this is no schema', "write a schema, { type: 'string', maxLength: 64 }", given)
    return
  }
  if (at.path.length > deepest || all.ofValues.length > mostSchemas) {
    refuse(at, 'schema', 'deeper or more schemas than are read', 'declare less')
    return
  }
  for (const key of Object.keys(given)) {
    if (words.has(key) || key.startsWith('x-')) continue
    under(at, key, () =>
      refuse(
        at,
        'schema',
        `${JSON.stringify(key)} is no word of a schema that is understood here`,
        'say it with other words, or leave it out',
      ),
    )
  }
  fillScalars(at, schema, given)
  fillObjects(all, schema, given, root)
  fillArrays(all, schema, given, root)
  fillCombined(all, schema, given, root)
}

function fillScalars(at: Reading, schema: Schema, given: Given): void {
  schema.types = typesAt(at, given)
  schema.nullable = flagAt(at, given, 'nullable') ?? false
  schema.values = valuesAt(at, given)
  schema.hasCompound = [...(schema.values ?? [])].some((one) => one.startsWith('{') || one.startsWith('['))
  const format = wordAt(at, given, 'format', allFormats)
  schema.numbers = readNumbers(at, given, format)
  const minLength = countAt(at, given, 'minLength')
  const maxLength = countAt(at, given, 'maxLength')
  if (minLength !== undefined && maxLength !== undefined && minLength > maxLength)
    refuse(at, 'contradiction', '`minLength` is more than `maxLength`', 'no text could be both')
  const texts: JudgeText[] = []
  if (minLength !== undefined || maxLength !== undefined) texts.push(lengthJudge(minLength, maxLength))
  const holds = textFormats.includes(format as TextFormat) ? formats[format as TextFormat] : undefined
  if (holds !== undefined)
    texts.push((text) => (holds(text) ? null : { rule: 'format', why: `not of the format ${format}` }))
  const pattern = patternAt(at, given)
  if (pattern !== undefined) texts.push(patternJudge(pattern))
  if (flagAt(at, given, 'disallowTags') === true) texts.push(judgeTags)
  schema.texts = texts
}

function typesAt(at: Reading, given: Given): Schema['types'] {
  if (!Array.isArray(given.type)) {
    const type = wordAt(at, given, 'type', types)
    return type === undefined ? null : new Set([type])
  }
  const known = given.type.filter((one) => types.includes(one))
  if (known.length !== given.type.length || known.length === 0)
    under(at, 'type', () => refuse(at, 'shape', 'these are no types', `some of ${types.join(', ')}`))
  return new Set(known)
}

function valuesAt(at: Reading, given: Given): Schema['values'] {
  const lists: ReadonlySet<string>[] = []
  if (given.enum !== undefined) {
    if (Array.isArray(given.enum) && given.enum.length > 0 && given.enum.every((one) => isJson(one)))
      lists.push(new Set(given.enum.map(canonical)))
    else
      under(at, 'enum', () =>
        refuse(at, 'shape', 'this is no list of JSON values', 'write the values that may be there'),
      )
  }
  if (Object.hasOwn(given, 'const') && given.const !== undefined) {
    if (isJson(given.const)) lists.push(new Set([canonical(given.const)]))
    else
      under(at, 'const', () =>
        refuse(at, 'shape', 'this is no JSON value', 'write the value that must be there'),
      )
  }
  const [first, second] = lists
  if (first === undefined || second === undefined) return first ?? null
  const both = new Set([...first].filter((one) => second.has(one)))
  if (both.size === 0) refuse(at, 'contradiction', '`const` is none of `enum`', 'no value could be both')
  return both
}

function fillObjects(all: Schemas, schema: Schema, given: Given, root: Root): void {
  const { at } = all
  const each = (key: string): ReadonlyMap<string, Schema> =>
    under(at, key, () =>
      eachOf(at, given[key], `\`${key}\`, schemas by name`, (_, one) => ofValue(all, one, root)),
    )
  const single = (key: string): Schema | null =>
    given[key] === undefined ? null : under(at, key, () => ofValue(all, given[key], root))
  schema.properties = each('properties')
  schema.patterns = [...each('patternProperties')].flatMap(([source, one]) => {
    const pattern = namePattern(at, source)
    return pattern === null ? [] : [[pattern, one] as const]
  })
  schema.additional = single('additionalProperties')
  schema.names = single('propertyNames')
  schema.minProperties = countAt(at, given, 'minProperties') ?? 0
  schema.maxProperties = countAt(at, given, 'maxProperties') ?? Infinity
  if (schema.minProperties > schema.maxProperties)
    refuse(at, 'contradiction', '`minProperties` is more than `maxProperties`', 'no object could be both')
  if (given.required === undefined) return
  const isList = Array.isArray(given.required) && given.required.every((one) => typeof one === 'string')
  if (isList) schema.required = [...new Set(given.required as string[])]
  else
    under(at, 'required', () => refuse(at, 'shape', 'this is no list of names', "write required: ['device']"))
}

function namePattern(at: Reading, source: string): TestPattern | null {
  const read = readPattern(source)
  if (typeof read === 'function') return read
  under(at, 'patternProperties', () =>
    under(at, source, () => refuse(at, 'pattern', `this pattern is refused: ${read}`, patternHint, source)),
  )
  return null
}

function fillArrays(all: Schemas, schema: Schema, given: Given, root: Root): void {
  const { at } = all
  if (Array.isArray(given.items))
    under(at, 'items', () =>
      refuse(at, 'schema', '`items` is one schema here', 'a list of schemas is `prefixItems`'),
    )
  else if (given.items !== undefined) schema.items = under(at, 'items', () => ofValue(all, given.items, root))
  schema.prefix = listAt(all, given, 'prefixItems', (one) => ofValue(all, one, root)) ?? []
  schema.minItems = countAt(at, given, 'minItems') ?? 0
  schema.maxItems = countAt(at, given, 'maxItems') ?? Infinity
  if (schema.minItems > schema.maxItems)
    refuse(at, 'contradiction', '`minItems` is more than `maxItems`', 'no list could be both')
  schema.unique = flagAt(at, given, 'uniqueItems') ?? false
}

function fillCombined(all: Schemas, schema: Schema, given: Given, root: Root): void {
  const { at } = all
  const part = (one: unknown): Schema => inPlace(all, one, root)
  schema.all = listAt(all, given, 'allOf', part) ?? []
  schema.any = listAt(all, given, 'anyOf', part)
  schema.one = listAt(all, given, 'oneOf', part)
  if (given.not !== undefined) schema.not = under(at, 'not', () => part(given.not))
  const ref = textAt(at, given, '$ref')
  const target = ref === undefined ? null : under(at, '$ref', () => referred(all, ref, root))
  if (target !== null) schema.all = [...schema.all, target]
  if (given.$defs === undefined) return
  if (given === root.given)
    under(at, '$defs', () =>
      eachOf(at, given.$defs, 'schemas by name', (name) => referred(all, `#/$defs/${escaped(name)}`, root)),
    )
  else
    under(at, '$defs', () => refuse(at, 'schema', 'definitions inside a schema', 'put them under `schemas`'))
}

function listAt(
  { at }: Schemas,
  given: Given,
  key: string,
  read: (one: unknown) => Schema,
): readonly Schema[] | null {
  const list = given[key]
  if (list === undefined) return null
  return under(at, key, () => {
    if (Array.isArray(list) && list.length > 0)
      return list.map((one, index) => under(at, index, () => read(one)))
    return refuse(at, 'shape', 'this is no list of schemas', `write ${key}: [{ … }]`)
  })
}

/** The schema that a reference leads to; read where it is met first. */
function referred(all: Schemas, ref: string, root: Root): Schema | null {
  const { at, byRef } = all
  const [, place, name] = /^#(?:\/(schemas|components\/schemas|\$defs)\/([^/]+))?$/.exec(ref) ?? []
  const isOwn = ref === '#' || place === '$defs'
  const key = isOwn ? `${root.id} ${ref}` : `#/schemas/${name ?? ''}`
  const known = byRef.get(key)
  if (known !== undefined) return known
  const holder = !isOwn ? all.shared : isRecord(root.given) ? root.given.$defs : undefined
  const called = name === undefined ? null : name.replaceAll('~1', '/').replaceAll('~0', '~')
  const found =
    ref === '#'
      ? root.given
      : called !== null && isRecord(holder) && Object.hasOwn(holder, called)
        ? holder[called]
        : undefined
  if (found === undefined) {
    const there = Object.keys(all.shared).slice(0, 10).join(', ')
    return refuse(
      at,
      'schema',
      'this refers to nothing',
      there === '' ? 'declare it under `schemas` and refer to it as #/schemas/NAME' : `there are: ${there}`,
      ref,
    )
  }
  const schema = anything()
  byRef.set(key, schema)
  fill(all, schema, found, isOwn ? root : { id: key, given: found })
  return schema
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}
