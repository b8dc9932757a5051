/** What a schema asks of a value, once it is read: plain questions, all of which must be answered with yes. No logic here. */
import type { ApiSchemaType } from '../api.ts'
import type { TestPattern } from '../pattern/pattern.ts'
import type { JudgeText } from '../value.ts'

/** Filled in once, when it is read: schemas may refer to each other in circles. */
export interface Schema {
  /** No value at all: the schema `false`. */
  never: boolean
  types: ReadonlySet<ApiSchemaType> | null
  nullable: boolean
  /** In canonical JSON. */
  values: ReadonlySet<string> | null
  /** Whether an object or a list is among `values`. */
  hasCompound: boolean
  texts: readonly JudgeText[]
  numbers: readonly JudgeNumber[]
  properties: ReadonlyMap<string, Schema>
  patterns: readonly (readonly [TestPattern, Schema])[]
  /** Of all other properties; null where nothing is said. */
  additional: Schema | null
  names: Schema | null
  required: readonly string[]
  minProperties: number
  maxProperties: number
  prefix: readonly Schema[]
  /** Of all other items; null where nothing is said. */
  items: Schema | null
  minItems: number
  maxItems: number
  unique: boolean
  all: readonly Schema[]
  any: readonly Schema[] | null
  one: readonly Schema[] | null
  not: Schema | null
  /** On a strict route the only properties there may be; null where any may. */
  closed: Closed | null
}

/** The properties that some schema for the same value declares. */
export interface Closed {
  readonly names: ReadonlySet<string>
  readonly patterns: readonly TestPattern[]
}

/** What a number is that it was declared not to be, or null. */
export type JudgeNumber = (value: number) => { readonly rule: string; readonly why: string } | null

/** A schema that asks nothing. */
export function anything(): Schema {
  return {
    never: false,
    types: null,
    nullable: false,
    values: null,
    hasCompound: false,
    texts: [],
    numbers: [],
    properties: new Map(),
    patterns: [],
    additional: null,
    names: null,
    required: [],
    minProperties: 0,
    maxProperties: Infinity,
    prefix: [],
    items: null,
    minItems: 0,
    maxItems: Infinity,
    unique: false,
    all: [],
    any: null,
    one: null,
    not: null,
    closed: null,
  }
}
