/**
 * Gives everything in a policy its exact place: entries, quarantined devices and tests before they are validated,
 * and diagnostics by the path they name.
 */
import { type Diagnostic, escapeText, type Origin } from '@thingwall/policy'
import type { Locator } from './locate.ts'

type Json = Readonly<Record<string, unknown>>

/** What a property of the document may be called in the source. */
const writtenAs: Readonly<Record<string, readonly string[]>> = { peer: ['peer', 'to', 'from'] }

/** The document with a place of its own for each entry of a list or quarantine, and each test. */
export function placed(document: unknown, locator: Locator): unknown {
  if (!isObject(document)) return document
  const own = originOf(document)
  const lists = isObject(document.lists) ? document.lists : {}
  return {
    ...document,
    ...(isObject(document.lists) && {
      lists: mapObject(lists, (list) =>
        isObject(list) && isObject(list.entries)
          ? { ...list, entries: eachAt(list.entries, originOf(list), ['entries'], locator) }
          : list,
      ),
    }),
    ...(isObject(document.quarantine) && {
      quarantine: eachAt(document.quarantine, own, ['quarantine'], locator),
    }),
    ...(Array.isArray(document.tests) && {
      tests: document.tests.map((test: unknown, at) => placedAt(test, own, ['tests', at], locator)),
    }),
  }
}

/** The diagnostics, each at the property that its path names where that is written out. */
export function located(
  diagnostics: readonly Diagnostic[],
  document: unknown,
  locator: Locator,
): Diagnostic[] {
  return diagnostics.map((diagnostic) => {
    const found = placeOf(document, diagnostic.path)
    if (found === null || found.keys.length === 0) return diagnostic
    if (diagnostic.origin !== null && !sameOrigin(diagnostic.origin, found.origin)) return diagnostic
    const [first, ...rest] = found.keys
    for (const name of writtenAs[first as string] ?? [first as string | number]) {
      const origin = locator.locate(found.origin, [name, ...rest])
      if (sameOrigin(origin, found.origin)) continue
      const at = placeAmong(found.value, diagnostic.value)
      if (at < 0) return { ...diagnostic, origin }
      const word = locator.locate(found.origin, [name, ...rest, at])
      return { ...diagnostic, origin: sameOrigin(word, found.origin) ? origin : word }
    }
    return diagnostic
  })
}

/** Rules are told of by the words they are written in. */
function isPeer(key: string | number): boolean {
  return writtenAs.peer?.includes(String(key)) === true
}

/** Which of several ends a diagnostic is about; -1 where it is not about one of several. */
function placeAmong(ends: unknown, told: string | undefined): number {
  if (!Array.isArray(ends) || ends.length < 2 || told === undefined) return -1
  return ends.findIndex((end) => isObject(end) && (end.text === told || end.name === told))
}

/** A place in a document, as far as one can be told. */
interface Place {
  /** The innermost on the way. */
  readonly origin: Origin
  /** What leads on from there. */
  readonly keys: readonly (string | number)[]
  /** What stands there. */
  readonly value: unknown
}

function placeOf(document: unknown, path: string): Place | null {
  let value = document
  let rest = path
  let origin = isObject(value) ? originOf(value) : null
  let keys: (string | number)[] = []
  while (rest !== '') {
    const [key, length] = firstKey(value, rest)
    rest = rest.slice(length).replace(/^\./, '')
    keys.push(key)
    value = Array.isArray(value)
      ? value[key as number]
      : isObject(value)
        ? (value[key] ?? (isPeer(key) ? value.peer : undefined))
        : undefined
    const inner = isObject(value) ? originOf(value) : null
    if (inner !== null && !(origin !== null && sameOrigin(inner, origin))) {
      origin = inner
      keys = []
    }
  }
  return origin === null ? null : { origin, keys, value }
}

/**
 * The first key of a path, and how much of the path it takes: `[3]`, `["198.51.100.7"]` (escaped and cut as it is
 * shown), or a bare key. Bare keys may hold dots: the longest that the object has, else up to the next dot.
 */
function firstKey(value: unknown, rest: string): readonly [key: string | number, length: number] {
  const index = /^\[(\d+)\]/.exec(rest)
  if (index !== null) return [Number(index[1]), index[0].length]
  if (rest.startsWith('["')) {
    const keys = isObject(value) ? Object.keys(value) : []
    const shown = (key: string): string => `["${escapeText(key, 64)}"]`
    const plain = /^\["(.*?)"\](?=[.[]|$)/.exec(rest)?.[1] ?? ''
    const key = keys.includes(plain) ? plain : keys.find((one) => rest.startsWith(shown(one)))
    return key === undefined ? [plain, rest.length] : [key, shown(key).length]
  }
  if (isObject(value)) {
    for (let end = rest.length; end > 0; end = rest.lastIndexOf('.', end - 1)) {
      const key = rest.slice(0, end).replace(/\[.*$/, '')
      if (Object.hasOwn(value, key)) return [key, key.length]
    }
  }
  const bare = /^[^.[]+/.exec(rest)?.[0] ?? rest
  return [bare, bare.length]
}

function eachAt(entries: Json, origin: Origin | null, keys: readonly string[], locator: Locator): Json {
  return mapObject(entries, (entry, key) => placedAt(entry, origin, [...keys, key], locator))
}

function placedAt(
  value: unknown,
  enclosing: Origin | null,
  keys: readonly (string | number)[],
  locator: Locator,
): unknown {
  if (!isObject(value) || enclosing === null) return value
  const own = originOf(value)
  if (own !== null && !sameOrigin(own, enclosing)) return value
  return { ...value, origin: locator.locate(enclosing, keys) }
}

/** As `Object.fromEntries` defines keys: `__proto__` stays a key, for `validate` to refuse. */
function mapObject(object: Json, translate: (value: unknown, key: string) => unknown): Json {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, translate(value, key)]))
}

function originOf(object: Json): Origin | null {
  const origin = object.origin
  return isObject(origin) &&
    typeof origin.file === 'string' &&
    typeof origin.line === 'number' &&
    typeof origin.column === 'number'
    ? { file: origin.file, line: origin.line, column: origin.column }
    : null
}

function sameOrigin(a: Origin, b: Origin): boolean {
  return a.file === b.file && a.line === b.line && a.column === b.column
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
