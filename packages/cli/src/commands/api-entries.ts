/** The entries of `thingwall list routes` and `thingwall list exclusions`: what the APIs of a policy declare. */
import { type ApiRoute, type PolicyDocument, parseDate } from '@thingwall/policy'
import type { Entry } from './entry.ts'

const undated = {
  ticket: null,
  source: null,
  added: null,
  review: null,
  expires: null,
  state: '',
  covers: [],
}

/** Every route, as `API METHOD PATH`. */
export function routeEntries({ apis, owner }: PolicyDocument): readonly Entry[] {
  return Object.entries(apis).flatMap(([name, api]) =>
    Object.entries(api.routes).map(([key, route]) => ({
      ...undated,
      name: `${name} ${key}`,
      says: saysOf(route),
      api: name,
      route: key,
      mode: route.mode ?? api.mode ?? 'enforce',
      undeclared: route.undeclared ?? api.undeclared ?? 'refuse',
      who: route.who ?? null,
      rate: route.rate ?? null,
      why: route.why ?? api.why ?? null,
      owner: route.owner ?? api.owner ?? owner ?? null,
      origin: api.origin,
    })),
  )
}

function saysOf(route: ApiRoute): string {
  const callers = route.who?.map((one) => ('profile' in one ? `profile ${one.profile}` : one.device))
  const names = (['path', 'query', 'headers', 'cookies'] as const).flatMap((section) => {
    const given = Object.keys(route[section] ?? {})
    return given.length === 0 ? [] : [`${section}: ${given.join(', ')}`]
  })
  return [
    `for ${callers?.join(', ') ?? 'anyone'}`,
    ...(route.rate === undefined ? [] : [`at most ${route.rate}`]),
    ...names,
    ...Object.keys(route.body?.content ?? {}),
    ...(route.mode === 'report' ? ['only reports'] : []),
  ].join('; ')
}

/** Every exclusion, with whether it is over. */
export function exclusionEntries({ apis, owner }: PolicyDocument, at: number): readonly Entry[] {
  return Object.entries(apis).flatMap(([name, api]) =>
    Object.entries(api.exclusions ?? {}).map(([key, exclusion]) => ({
      ...undated,
      name: `${name} ${key}`,
      says: `${exclusion.rule} in ${exclusion.field} of ${exclusion.route === '*' ? 'every route' : exclusion.route}`,
      api: name,
      rule: exclusion.rule,
      route: exclusion.route,
      field: exclusion.field,
      why: exclusion.why,
      ticket: exclusion.ticket ?? null,
      added: exclusion.added ?? null,
      expires: exclusion.expires,
      state: (parseDate(exclusion.expires) ?? 0) <= at ? 'expired' : '',
      owner: exclusion.owner ?? api.owner ?? owner ?? null,
      origin: api.origin,
    })),
  )
}
