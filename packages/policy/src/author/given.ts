/**
 * Reads what a policy file handed to an authoring function, which type stripping lets be anything at all.
 *
 * Authoring functions never throw and never drop what they do not understand: it goes into the document as it is,
 * for `validate` to report with everything else that is wrong.
 */

/** The properties of an object; of anything else none, so that what is missing gets reported. */
export function propertiesOf<T extends object>(given: T): T {
  return typeof given === 'object' && given !== null ? given : ({} as T)
}

/** One or several as several; nothing given is none. */
export function severalOf<T>(given: T | readonly T[] | undefined | null): readonly T[] {
  if (given === undefined || given === null) return []
  return Array.isArray(given) ? given : [given as T]
}

/**
 * A record with every value translated. An object with a prototype of its own (written `__proto__: …`) keeps it
 * as an entry, so that it is refused by name instead of vanishing.
 */
export function mapRecord<From, To>(
  given: Readonly<Record<string, From>> | undefined,
  translate: (value: From) => To,
): Record<string, To> {
  if (given === undefined) return {}
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given as never
  const entries = Object.entries(given).map(([key, value]) => [key, translate(value)] as const)
  const prototype: unknown = Object.getPrototypeOf(given)
  const own = prototype === null || Object.getPrototypeOf(prototype) === null
  return Object.fromEntries(own ? entries : [...entries, ['__proto__', translate(prototype as From)]])
}

/**
 * The properties, those that the document will have of its own under `name#2`: no property of anything, so that what
 * was written in vain is refused and does not vanish.
 */
export function straysOf<T extends object>(given: T, own: readonly string[]): T {
  if (!own.some((key) => key in given)) return given
  const entries = Object.entries(given).map(([key, value]) => [own.includes(key) ? `${key}#2` : key, value])
  return Object.fromEntries(entries) as T
}

/** Whether two things are written alike, wherever they stand. */
export function saysTheSame(one: unknown, other: unknown): boolean {
  return one === other || wordsOf(one) === wordsOf(other)
}

function wordsOf(value: unknown): string {
  return JSON.stringify(value, (key, inner) => (key === 'origin' ? null : inner)) ?? 'undefined'
}
