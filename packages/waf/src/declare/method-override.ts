/**
 * Whether a form may name another method than its request: browsers send GET and POST alone, so frameworks take the `_method` of a POST
 * for the one that is meant. It may where nothing is declared by method, and where the parameter itself is declared. On a
 * route that is declared it is refused: the rules of the route were those of the method that was sent.
 */
import type { Field } from '../model/request.ts'
import type { DeclaredContent } from './body.ts'
import type { Elsewhere } from './named.ts'
import type { DeclaredRoute } from './route.ts'
import type { Schema } from './schema/model.ts'

/** As frameworks read it. */
const parameter = '_method'
/** What forms are made to say; all else is served by nobody, or by servers we know nothing of. */
const usual: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'])

/** What is known of the request. */
export interface Overridden {
  readonly method: string
  /** Null where the request meets none that is declared. */
  readonly route: DeclaredRoute | null
  readonly content: DeclaredContent | null
  /** Parameters that are declared wherever they stand. */
  readonly elsewhere: Elsewhere
}

/** Whether this field, in which a second method was found, is let through. */
export function mayOverride(
  { place, name, part, text }: Field,
  { method, route, content, elsewhere }: Overridden,
): boolean {
  if (part !== 'value' || name.toLowerCase() !== parameter) return false
  const meant = text.trim().toUpperCase()
  if (elsewhere?.has(name) === true) return true
  if (route === null) return method === 'POST' && usual.has(meant)
  if (meant === method) return true
  return place === 'query'
    ? route.query.has(name)
    : place === 'body' &&
        (content?.fields?.has(name) === true || (content?.schema != null && declares(content.schema, name)))
}

/** Schemas for the same value come to an end: one that does not is an error in the declaration. */
function declares({ properties, all }: Schema, name: string): boolean {
  return properties.has(name) || all.some((schema) => declares(schema, name))
}
