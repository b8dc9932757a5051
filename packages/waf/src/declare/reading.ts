/**
 * The cursor with which a declaration is read: where in it one stands, and the faults so far. All faults are found at
 * once; none is passed over, since what was not understood would be a hole. It deliberately knows no part of a declaration.
 */

/** What kind of mistake it is: whoever shows faults gives each kind its code and its page. */
export type DeclarationFaultKind =
  | 'shape'
  | 'route'
  | 'conflict'
  | 'contradiction'
  | 'exclusion'
  | 'pattern'
  | 'schema'

/** One mistake in a declaration. */
export interface DeclarationFault {
  readonly kind: DeclarationFaultKind
  /** The keys from the top of the declaration to what is wrong. */
  readonly path: readonly (string | number)[]
  readonly message: string
  readonly hint: string
  readonly value?: unknown
}

export interface Reading {
  readonly path: (string | number)[]
  readonly faults: DeclarationFault[]
}

type Properties = Readonly<Record<string, unknown>>

/** Reports a fault here; returns null, so that a reader can end with it. */
export function refuse(
  at: Reading,
  kind: DeclarationFaultKind,
  message: string,
  hint: string,
  value?: unknown,
): null {
  const shown = typeof value === 'object' || value === undefined ? {} : { value }
  at.faults.push({ kind, path: [...at.path], message, hint, ...shown })
  return null
}

/** Reads what stands under a key. */
export function under<T>(at: Reading, key: string | number, read: () => T): T {
  at.path.push(key)
  const result = read()
  at.path.pop()
  return result
}

/** The object, its properties all known; null where it is none. */
export function objectAt(
  at: Reading,
  value: unknown,
  known: ReadonlySet<string>,
  what: string,
): Properties | null {
  if (!isRecord(value)) return refuse(at, 'shape', `this is not ${what}`, `write ${what}`, value)
  for (const key of Object.keys(value)) {
    if (known.has(key)) continue
    under(at, key, () =>
      refuse(
        at,
        'shape',
        `${JSON.stringify(key)} is no property of ${what}`,
        `it has: ${[...known].join(', ')}`,
      ),
    )
  }
  return value
}

/** A record whose keys are free, each value read with its key. */
export function eachOf<T>(
  at: Reading,
  value: unknown,
  what: string,
  read: (key: string, value: unknown) => T | null,
): ReadonlyMap<string, T> {
  const all = new Map<string, T>()
  if (value === undefined) return all
  if (!isRecord(value)) {
    refuse(at, 'shape', `this is not ${what}`, `write ${what}`, value)
    return all
  }
  for (const key of Object.keys(value)) {
    const one = under(at, key, () => read(key, value[key]))
    if (one !== null) all.set(key, one)
  }
  return all
}

export function isRecord(value: unknown): value is Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** One of some words, or undefined where it is absent or refused. */
export function wordAt<const T extends string>(
  at: Reading,
  from: Properties,
  key: string,
  words: readonly T[],
): T | undefined {
  const value = from[key]
  if (value === undefined || words.includes(value as T)) return value as T | undefined
  const wanted = words.map((word) => JSON.stringify(word)).join(', ')
  under(at, key, () =>
    refuse(at, 'shape', `\`${key}\` is none of ${wanted}`, `write one of ${wanted}`, value),
  )
  return undefined
}

/** A whole number that is not negative. */
export function countAt(at: Reading, from: Properties, key: string): number | undefined {
  const value = from[key]
  if (value === undefined || (Number.isSafeInteger(value) && (value as number) >= 0))
    return value as number | undefined
  under(at, key, () => refuse(at, 'shape', `\`${key}\` is no count`, 'write a whole number', value))
  return undefined
}

export function numberAt(at: Reading, from: Properties, key: string): number | undefined {
  const value = from[key]
  if (value === undefined || (typeof value === 'number' && Number.isFinite(value)))
    return value as number | undefined
  under(at, key, () => refuse(at, 'shape', `\`${key}\` is no number`, 'write a number', value))
  return undefined
}

export function flagAt(at: Reading, from: Properties, key: string): boolean | undefined {
  const value = from[key]
  if (value === undefined || typeof value === 'boolean') return value as boolean | undefined
  under(at, key, () =>
    refuse(at, 'shape', `\`${key}\` is neither true nor false`, 'write true or false', value),
  )
  return undefined
}

export function textAt(at: Reading, from: Properties, key: string): string | undefined {
  const value = from[key]
  if (value === undefined || (typeof value === 'string' && value !== '')) return value as string | undefined
  under(at, key, () => refuse(at, 'shape', `\`${key}\` is no text`, 'write a text that is not empty', value))
  return undefined
}

/** Faults as one text, for who can only throw. */
export function faultsText(faults: readonly DeclarationFault[]): string {
  return faults
    .map(({ path, message, hint, value }) => {
      const shown = value === undefined ? '' : ` ${JSON.stringify(value)?.slice(0, 80)}`
      return `${path.join('.') || 'the declaration'}: ${message}${shown} (${hint})`
    })
    .join('\n')
}
