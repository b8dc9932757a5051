/**
 * What of an API deserves a look: exclusions that are wider than one false positive, declarations that declare nothing,
 * routes of which nobody says what they are for. What cannot stand at all is the application firewall's to say.
 */
import type { ApiContent, ApiRoute, ApiValue } from '../model/api.ts'
import type { Fault } from '../model/diagnostic.ts'
import type { PolicyDocument } from '../model/policy.ts'
import type { Check, Written } from './subject.ts'

/** An exclusion for every route, or for all fields of a place. */
export const wideExclusionCheck: Check<Written> = {
  code: 'TW6005',
  *find({ document }) {
    for (const [name, { exclusions, origin }] of Object.entries(document.apis)) {
      for (const [key, { route, field, rule }] of Object.entries(exclusions ?? {})) {
        const path = `apis.${name}.exclusions.${key}`
        if (route === '*')
          yield {
            message: `exclusion ${key} lets ${rule} pass on every route, also on those that are declared later`,
            path: `${path}.route`,
            value: route,
            hint: 'Name the route where the false positive was seen.',
            origin,
          }
        if (field.endsWith('.*'))
          yield {
            message: `exclusion ${key} lets ${rule} pass in ${field}: in fields that nobody has looked at`,
            path: `${path}.field`,
            value: field,
            hint: "Name the field where the false positive was seen, 'body.items[].note'.",
            origin,
          }
      }
    }
  },
}

/** What stands there as if it were declared, and takes anything. */
export const looseApiCheck: Check<Written> = {
  code: 'TW6006',
  *find({ document }) {
    for (const [name, { undeclared, origin }] of Object.entries(document.apis)) {
      if (undeclared === 'allow')
        yield {
          message: `API ${name} lets in whatever it does not declare`,
          path: `apis.${name}.undeclared`,
          value: undeclared,
          hint: 'Declare what is left and take this out; `mode: report` tells what would be refused until then.',
          origin,
        }
    }
    for (const { path, route, key, origin } of routesOf(document)) {
      for (const section of ['path', 'query', 'headers', 'cookies'] as const)
        yield* looseValues(route[section] ?? {}, `${path}.${section}`, origin)
      for (const [type, content] of Object.entries(route.body?.content ?? {})) {
        const within = `${path}.body.content["${type}"]`
        yield* looseValues(content.fields ?? {}, `${within}.fields`, origin)
        if (isAnyJson(content.schema) && content.fields === undefined && content.maxBytes === undefined)
          yield {
            message: `route ${key} takes any ${type}`,
            path: within,
            hint: 'Declare what it holds, or at least `maxBytes`.',
            origin,
          }
      }
    }
  },
}

/** No schema, or one that asks nothing. */
function isAnyJson(schema: ApiContent['schema']): boolean {
  return schema === undefined || schema === true || (schema !== false && Object.keys(schema).length === 0)
}

function* looseValues(
  values: Readonly<Record<string, ApiValue>>,
  path: string,
  origin: Fault['origin'],
): Iterable<Fault> {
  for (const [name, value] of Object.entries(values)) {
    if (!isAnyText(value)) continue
    yield {
      message: `${name} may be any text of any length`,
      path: `${path}["${name}"]`,
      hint: 'Say what it is: `maxLength`, `format`, `pattern`, `enum`, or a `type` other than string.',
      origin,
    }
  }
}

function isAnyText({ type = 'string', maxLength, format, pattern, enum: values }: ApiValue): boolean {
  // Any name will do for a file: its content is what counts, and `maxBytes` bounds it.
  return type === 'string' && [maxLength, format, pattern, values].every((one) => one === undefined)
}

/** A route of which neither it nor its API says what it is for. */
export const unexplainedRouteCheck: Check<Written> = {
  code: 'TW6007',
  *find({ document }) {
    for (const { api, path, route, key, origin } of routesOf(document)) {
      if (route.why !== undefined || document.apis[api]?.why !== undefined) continue
      yield {
        message: `nothing says what ${key} of API ${api} is for`,
        path,
        hint: 'Give the route a `why`, or one to the whole API: whoever is asked why a request was refused looks there.',
        origin,
      }
    }
  },
}

interface Route {
  readonly api: string
  readonly key: string
  readonly path: string
  readonly route: ApiRoute
  readonly origin: Fault['origin']
}

function routesOf({ apis }: PolicyDocument): readonly Route[] {
  return Object.entries(apis).flatMap(([api, { routes, origin }]) =>
    Object.entries(routes).map(([key, route]) => ({
      api,
      key,
      path: `apis.${api}.routes["${key}"]`,
      route,
      origin,
    })),
  )
}
