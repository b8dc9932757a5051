/**
 * Readers of objects, records and lists, made from tables of readers.
 *
 * A table has one reader for each property of a document's type and the type-checker demands all of them, so the
 * model cannot grow a property that is not judged. What a table does not name is refused.
 */
import { escapeText, type Origin } from '../../model/diagnostic.ts'
import { didYouMean } from '../../model/name.ts'
import { type Reader, type Reading, readAt, refuse, refuseBeside, refuseShape } from './reading.ts'

/** One reader for every property. */
export type Shape<T> = { readonly [K in keyof T]-?: Reader<T[K] | undefined> }

type Properties = Readonly<Record<string, unknown>>

/** Marks a name or a property that stands there twice; see `author/policy.ts` and `author/given.ts`. */
const TWICE = '#2'

export function isObject(value: unknown): value is Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An object with exactly these properties. `origin` and `owner`, where it has them, hold for what is inside. */
export function object<T extends object>(shape: Shape<T>, wanted: string): Reader<T> {
  const fields = Object.entries(shape) as [string, Reader<unknown>][]
  const known = new Set(Object.keys(shape))
  return (value, at) => {
    if (!isObject(value)) return refuseShape(at, wanted, value)
    const { origin: outer, owned } = at
    enter(value, at)
    for (const [key, reader] of fields) readAt(key, value[key], reader, at)
    for (const key in value) if (!known.has(key)) refuseProperty(key, value[key], known, at)
    at.origin = outer
    at.owned = owned
    return value as T
  }
}

/** An object whose keys are names: every key and every value read. */
export function record<T>(
  key: Reader<string>,
  reader: Reader<T>,
  wanted: string,
): Reader<Readonly<Record<string, T>>> {
  return (value, at) => {
    if (!isObject(value)) return refuseShape(at, wanted, value)
    for (const name of Object.keys(value)) {
      at.path.push(name)
      const first = firstCalled(name, value)
      if (first === undefined) readName(name, value[name], key, at)
      else refuseTwice(name, first, value[name], at)
      reader(value[name], at)
      at.path.pop()
    }
    return value as Readonly<Record<string, T>>
  }
}

/** What first had the name of which this is the second meaning, `name#2`. */
function firstCalled(name: string, things: Properties): unknown {
  return name.endsWith(TWICE) ? things[name.slice(0, -TWICE.length)] : undefined
}

function refuseTwice(name: string, first: unknown, second: unknown, at: Reading): void {
  const { origin: outer } = at
  if (isObject(second) && isOrigin(second.origin)) at.origin = second.origin
  const shown = escapeText(name.slice(0, -TWICE.length), 64)
  const kind = singulars[String(at.path.at(-2))] ?? 'thing'
  refuseBeside(at, 'TW1016', {
    message: `two ${kind}s are called "${shown}", and they do not say the same`,
    hint: `give one of them another name, or write the ${kind} once`,
    related: isObject(first) && isOrigin(first.origin) ? first.origin : null,
  })
  at.origin = outer
}

const singulars: Readonly<Record<string, string>> = {
  networks: 'network',
  profiles: 'profile',
  lists: 'list',
  devices: 'device',
  rules: 'rule',
  forwards: 'forward',
  quarantine: 'quarantine',
  apis: 'API',
}

/** A list; `wanted` says of what, in the plural. */
export function arrayOf<T>(reader: Reader<T>, wanted: string): Reader<readonly T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) return refuseShape(at, `a list of ${wanted}`, value)
    for (let index = 0; index < value.length; index++) readAt(index, value[index], reader, at)
    return value as readonly T[]
  }
}

/** A list with something in it: an empty list matches nothing, and "everything" is written out. */
export function someOf<T>(reader: Reader<T>, wanted: string, hint: string): Reader<readonly T[]> {
  const read = arrayOf(reader, wanted)
  return (value, at) => {
    if (Array.isArray(value) && value.length === 0) {
      const name = typeof at.path.at(-1) === 'string' ? `\`${at.path.at(-1)}\`` : 'this'
      return refuse(at, 'TW1019', `${name} is empty: it would match nothing`, hint)
    }
    return read(value, at)
  }
}

/** Absent, or what the reader reads. */
export function optional<T>(reader: Reader<T>): Reader<T | undefined> {
  return (value, at) => (value === undefined ? undefined : reader(value, at))
}

/** Null, or what the reader reads. */
export function nullable<T>(reader: Reader<T>): Reader<T | null> {
  return (value, at) => (value === null ? null : reader(value, at))
}

/** One of some words. */
export function oneOf<const T extends string>(...words: readonly T[]): Reader<T> {
  const wanted = words.map((word) => `'${word}'`).join(' or ')
  return (value, at) => {
    if (typeof value !== 'string') return refuseShape(at, wanted, value)
    if ((words as readonly string[]).includes(value)) return value as T
    const near = didYouMean(value, words)
    const hint = near === null ? `write ${wanted}` : `did you mean '${near}'?`
    return refuse(at, 'TW1002', `\`${at.path.at(-1)}\` is none of ${wanted}`, hint, value)
  }
}

/** True or false. */
export const flag: Reader<boolean> = (value, at) =>
  typeof value === 'boolean' ? value : refuseShape(at, 'true or false', value)

/** Where something was written. A wrong one is refused without being believed. */
export const origin: Reader<Origin | null> = (value, at) =>
  value === null || value === at.origin || isOrigin(value)
    ? (value as Origin | null)
    : refuseShape(at, 'a place in the source, or null', value)

/** Whether this is a place in the source, and nothing more. */
export function isOrigin(value: unknown): value is Origin {
  if (!isObject(value) || typeof value.file !== 'string' || value.file.length > 4096) return false
  for (const key in value) if (key !== 'file' && key !== 'line' && key !== 'column') return false
  return isCount(value.line) && isCount(value.column)
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1
}

/** Takes on the origin and the owner that a thing brings for all inside it. */
function enter(thing: Properties, at: Reading): void {
  if (isOrigin(thing.origin)) at.origin = thing.origin
  if (typeof thing.owner === 'string') at.owned = true
}

/** Reads the name of a thing, with the origin of the thing. */
function readName(name: string, thing: unknown, reader: Reader<string>, at: Reading): void {
  const { origin: outer } = at
  if (isObject(thing) && isOrigin(thing.origin)) at.origin = thing.origin
  reader(name, at)
  at.origin = outer
}

function refuseProperty(key: string, value: unknown, known: ReadonlySet<string>, at: Reading): void {
  const near = didYouMean(key, known)
  const hint =
    near === null
      ? `it has: ${[...known].filter((one) => one !== 'origin').join(', ')}`
      : `did you mean \`${near}\`?`
  const written = key.endsWith(TWICE) ? key.slice(0, -TWICE.length) : key
  at.path.push(written)
  refuse(at, 'TW1003', `\`${escapeText(written, 64)}\` is no property of this`, hint, value)
  at.path.pop()
}
