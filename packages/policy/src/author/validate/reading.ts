/**
 * The cursor of `validate`: where in the document it stands, what encloses it, and the faults met so far.
 *
 * One cursor is moved along instead of one being made for each value, which keeps 100,000 devices cheap. Readers
 * return the very value they were given, now known to be what they read, or report why it is not. Nothing is copied,
 * and nothing stops at a fault: a document with any fault is refused as a whole.
 */
import type { Code } from '../../model/codes.ts'
import { type Diagnostic, diagnose, escapeText, type Origin } from '../../model/diagnostic.ts'

export interface Reading {
  /** The keys and indexes from the top to here. */
  readonly path: (string | number)[]
  /** Of the nearest enclosing thing that has one. */
  origin: Origin | null
  /** Whether something around here names an owner. */
  owned: boolean
  /** Names of what has an owner, for what is theirs but stands elsewhere in the document. */
  readonly owners: Readonly<Record<'profiles' | 'devices' | 'lists', ReadonlySet<string>>>
  readonly diagnostics: Diagnostic[]
  /** Where the faults are, as keys and indexes. */
  readonly refused: (readonly (string | number)[])[]
}

/** Reads one value; undefined where it was refused, or is absent and may be. What is inside may have been refused. */
export type Reader<T> = (value: unknown, at: Reading) => T | undefined

/** Reports a fault here; returns undefined, so that a reader can end with it. */
export function refuse(at: Reading, code: Code, message: string, hint: string, value?: unknown): undefined {
  const shown = value === undefined ? {} : { value: outline(value) }
  const path = formatPath(at.path)
  at.diagnostics.push(diagnose(code, { message, path, hint, origin: at.origin, ...shown }))
  at.refused.push([...at.path])
  return undefined
}

/** Reports two things that contradict each other: here, and where the other stands. */
export function refuseBeside(
  at: Reading,
  code: Code,
  said: { readonly message: string; readonly hint: string; readonly related: Origin | null },
): undefined {
  at.diagnostics.push(diagnose(code, { ...said, path: formatPath(at.path), origin: at.origin }))
  at.refused.push([...at.path])
  return undefined
}

/** Reports that something is absent, or is of another kind than it must be. */
export function refuseShape(at: Reading, wanted: string, value: unknown): undefined {
  const what = nameOf(at.path.at(-1))
  if (value === undefined || value === null)
    return refuse(at, 'TW1002', `${what} is missing`, `write ${wanted}`)
  return refuse(
    at,
    'TW1002',
    `${what} is ${kindOf(value)} where it must be ${wanted}`,
    `write ${wanted}`,
    value,
  )
}

/** Reads something that belongs to the owner of another thing, if that has one. */
export function readOwned<T>(owned: boolean, at: Reading, read: () => T): T {
  const { owned: outer } = at
  at.owned ||= owned
  const result = read()
  at.owned = outer
  return result
}

/** Reads a part of the value here. */
export function readAt<T>(
  key: string | number,
  value: unknown,
  reader: Reader<T>,
  at: Reading,
): T | undefined {
  at.path.push(key)
  const read = reader(value, at)
  at.path.pop()
  return read
}

/** `devices.vent-01.ip[0]`; keys that are no plain words are quoted and escaped. */
function formatPath(path: readonly (string | number)[]): string {
  let text = ''
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`
    else if (/^[\w#-]{1,64}$/.test(key)) text += text === '' ? key : `.${key}`
    else text += `["${escapeText(key, 64)}"]`
  }
  return text
}

function nameOf(key: string | number | undefined): string {
  if (key === undefined) return 'the policy'
  return typeof key === 'number' ? `entry ${key}` : `\`${escapeText(key, 64)}\``
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** A value in a few words: what is deep or long is not walked. */
function outline(value: unknown): string {
  if (typeof value === 'string') return value
  return typeof value === 'object' ? kindOf(value) : String(value)
}
