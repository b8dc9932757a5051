/**
 * A whole declaration, read once: its routes as a tree, their values as judges. Every mistake in it is found when it is read,
 * never when a request comes. It deliberately judges nothing.
 */
import type { ApiRules, Leaks } from './api.ts'
import { type Exclusion, readExclusion } from './exclusion.ts'
import { type DeclarationFault, eachOf, objectAt, type Reading, refuse, under, wordAt } from './reading.ts'
import { type DeclaredRoute, leakWords, type ReadRoute, readRoute } from './route.ts'
import { type MatchRoute, routesOf } from './routes.ts'
import { finishSchemas, schemasOf } from './schema/read.ts'
import { compareTemplates } from './template.ts'

export interface Declared {
  readonly mode: 'enforce' | 'report'
  readonly strict: boolean
  /** Null where no routes are declared, so that none can be unknown. */
  readonly match: MatchRoute<DeclaredRoute> | null
  /** By their keys. */
  readonly routes: ReadonlyMap<string, DeclaredRoute>
  readonly leaks: Leaks
  /** Whether any route has a rate. */
  readonly hasRates: boolean
  readonly exclusions: readonly Exclusion[]
}

/** How a declaration may be wrong, all of it at once; `declared` is null where it is. */
export interface ReadDeclaration {
  readonly declared: Declared | null
  readonly faults: readonly DeclarationFault[]
}

const properties: ReadonlySet<string> = new Set([
  'mode',
  'undeclared',
  'leaks',
  'routes',
  'exclusions',
  'schemas',
] satisfies (keyof ApiRules)[])

/** More routes than this are compared for too long. */
const MOST_ROUTES = 5000

/** Reads what is declared. `detectors` are the ids that an exclusion may name. */
export function readDeclaration(given: Partial<ApiRules>, detectors: readonly string[]): ReadDeclaration {
  const at: Reading = { path: [], faults: [] }
  const from = objectAt(at, given, properties, 'a declaration, { routes, … }') ?? {}
  const mode = wordAt(at, from, 'mode', ['enforce', 'report']) ?? 'enforce'
  const undeclared = wordAt(at, from, 'undeclared', ['refuse', 'allow']) ?? 'refuse'
  const leaks = wordAt(at, from, 'leaks', leakWords) ?? 'refuse'
  const outer = { mode, strict: undeclared === 'refuse', leaks }
  const schemas = under(at, 'schemas', () => schemasOf(at, from.schemas))
  const templates = under(at, 'routes', () =>
    eachOf(at, from.routes, "routes, { 'GET /echo': { … } }", (key, route) =>
      readRoute(at, key, route, { ...outer, schemas }),
    ),
  )
  under(at, 'schemas', () => finishSchemas(schemas))
  under(at, 'routes', () => refuseCrossing(at, [...templates]))
  const known = { detectors: new Set(detectors), routes: new Set(templates.keys()) }
  const exclusions = under(at, 'exclusions', () =>
    eachOf(at, from.exclusions, 'exclusions by name', (_, one) => readExclusion(at, one, known)),
  )
  if (at.faults.length > 0) return { declared: null, faults: at.faults }
  const match = from.routes === undefined ? null : routesOf([...templates.values()])
  const routes = new Map([...templates].map(([key, { route }]) => [key, route]))
  const hasRates = [...routes.values()].some(({ rate }) => rate !== null)
  return {
    declared: { ...outer, match, routes, hasRates, exclusions: [...exclusions.values()] },
    faults: [],
  }
}

/** Two templates that one path can meet, where neither says more: routers differ in which of them they choose. */
function refuseCrossing(at: Reading, routes: readonly (readonly [string, ReadRoute])[]): void {
  if (routes.length > MOST_ROUTES) {
    refuse(at, 'route', `more than ${MOST_ROUTES} routes`, 'declare APIs of their own')
    return
  }
  for (const [index, [key, { template }]] of routes.entries()) {
    for (const [other, { template: earlier }] of routes.slice(0, index)) {
      if (earlier.method !== template.method) continue
      const relation = compareTemplates(template, earlier)
      if (relation !== 'same' && relation !== 'crossing') continue
      const message =
        relation === 'same'
          ? `this is ${other} once more`
          : `some paths meet both this and ${other}, and neither says more`
      const hint = 'servers differ in which one they take: make one of them narrower'
      under(at, key, () => refuse(at, 'conflict', message, hint, key))
    }
  }
}
