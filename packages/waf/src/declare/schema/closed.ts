/**
 * Schemas seen together: whether one never ends for the same value, and which properties an object may have when
 * whatever is not declared is refused. It deliberately looks only at what is said of one value, never into it.
 */
import type { Closed, Schema } from './model.ts'

/** Everything else that is asked of the same value. */
function partsOf({ all, any, one, not }: Schema): readonly Schema[] {
  return [...all, ...(any ?? []), ...(one ?? []), ...(not === null ? [] : [not])]
}

/** How many schemas may be asked of one value, one because of the other. It bounds how deep judging goes. */
const mostInPlace = 32

/**
 * The first schema that comes back to itself without going into the value, so that judging would never end, or that leads on to
 * more schemas than are followed.
 */
export function endless(schemas: Iterable<Schema>): Schema | null {
  const heights = new Map<Schema, number>()
  const heightOf = (schema: Schema): number => {
    const known = heights.get(schema)
    if (known !== undefined) return known
    // Until it is known: whoever meets it on the way has come back.
    heights.set(schema, Infinity)
    const height = 1 + partsOf(schema).reduce((most, part) => Math.max(most, heightOf(part)), 0)
    heights.set(schema, height)
    return height
  }
  for (const schema of schemas) if (heightOf(schema) > mostInPlace) return schema
  return null
}

/**
 * The properties that this schema, or one that it is combined from, declares. Null where none declares any, and where one says
 * itself what becomes of all others.
 */
export function closedOf(schema: Schema): Closed | null {
  const seen = new Set<Schema>()
  const stack = [schema]
  const names = new Set<string>()
  const patterns: Schema['patterns'][number][0][] = []
  for (let one = stack.pop(); one !== undefined; one = stack.pop()) {
    if (seen.has(one)) continue
    seen.add(one)
    if (one.additional !== null) return null
    for (const name of one.properties.keys()) names.add(name)
    patterns.push(...one.patterns.map(([pattern]) => pattern))
    stack.push(...one.all, ...(one.any ?? []), ...(one.one ?? []))
  }
  return names.size === 0 && patterns.length === 0 ? null : { names, patterns }
}
