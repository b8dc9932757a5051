/** Reading other programs' rules out of nft's JSON: whose a rule is, and which words are in it. */

/** Our tables all begin alike. */
export function isOurs(one: Readonly<Record<string, unknown>>): boolean {
  return String(one['table']).startsWith('thingwall')
}

/** Every property's name in an expression, at any depth. */
export function wordsIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(wordsIn)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([word, inner]) => [word, ...wordsIn(inner)])
}

/** Every object in an expression that stands under a name, at any depth. */
export function partsOf(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap((one) => partsOf(one, name))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([word, inner]) => [
    ...(word === name ? [inner] : []),
    ...partsOf(inner, name),
  ])
}
