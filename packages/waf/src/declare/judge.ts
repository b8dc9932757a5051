/**
 * A request against what is declared of it: its route, its caller, its values, its body. The first thing that is not as
 * declared is the finding. It deliberately knows no detector and reads no body; it is handed what was read.
 */
import type { Answer, Caller, Finding } from '../model/decision.ts'
import type { RequestParts } from '../model/request.ts'
import type { BodyValue } from '../request/body-reader.ts'
import { readContentType } from '../request/content-type.ts'
import { pairsOf } from '../request/query.ts'
import type { Taken } from '../state/state.ts'
import type { DeclaredContent } from './body.ts'
import type { Declared } from './declared.ts'
import { cookiesOf, type Elsewhere, faultFinding, findingOf, judgeNamed } from './named.ts'
import type { DeclaredRoute } from './route.ts'
import type { RouteMatch } from './routes.ts'
import { judgeSchema, type SchemaFault } from './schema/judge.ts'

/** Schemas may be combined so that judging by them takes long; so many are asked of a body and no more. */
const MOST_STEPS = 1_000_000

/** Which route it is, or why it is none; null where nothing is declared. */
export function matchRoute(
  { match }: Declared,
  { method, target }: Pick<RequestParts, 'method' | 'target'>,
): RouteMatch<DeclaredRoute> | null {
  return match === null ? null : match(method, pathOf(target))
}

function pathOf(target: string): string {
  const origin = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i.exec(target)
  const path = (origin === null ? target : target.slice(origin[0].length)).split('?', 1)[0] ?? ''
  return path === '' ? '/' : path
}

/** A request that meets no route, where every route is declared. */
export function judgeRoute(
  match: RouteMatch<DeclaredRoute>,
  { strict }: Declared,
  parts: RequestParts,
): Finding | null {
  const path = pathOf(parts.target)
  switch (match.kind) {
    case 'route':
      return null
    case 'unknown':
      return strict ? findingOf('routes/unknown', 'path', '', path, 'no route like this is declared') : null
    case 'spelling':
      return findingOf('routes/spelling', 'path', '', path, 'another spelling of a declared path')
    case 'method': {
      const why = `declared only for ${match.allow.join(', ')}`
      return findingOf('routes/method', 'method', '', parts.method, why)
    }
    default:
      return match satisfies never
  }
}

/** Whether this caller may call the route. */
export function judgeCaller({ who }: DeclaredRoute, caller: Caller | null): Finding | null {
  if (who === null) return null
  if (
    caller !== null &&
    (who.devices.has(caller.id) || (caller.profile !== null && who.profiles.has(caller.profile)))
  )
    return null
  const why =
    caller === null ? 'nobody knows who calls, and only some may' : 'not among those who may call this route'
  return findingOf('routes/who', 'header', '', caller === null ? '' : caller.id, why)
}

/** Whether this caller has called too often. */
export function judgeRate(
  { rate }: DeclaredRoute,
  taken: Taken | null,
  caller: Caller | null,
): Finding | null {
  if (rate === null || taken === null || taken.allowed) return null
  const why = `more often than ${rate.amount} times in ${rate.perMs / 1000} s`
  return findingOf('routes/rate', 'header', '', caller === null ? '' : caller.id, why)
}

/** The values in the head of a request. */
export function judgeHead(
  route: DeclaredRoute,
  values: ReadonlyMap<string, string>,
  parts: RequestParts,
  elsewhere: Elsewhere,
): Finding | null {
  for (const [name, declared] of route.path) {
    const text = values.get(name) ?? ''
    const fault = declared.judge(text)
    if (fault !== null) return faultFinding('path', name, text, fault)
  }
  const mark = parts.target.indexOf('?')
  return (
    judgeNamed('query', mark < 0 ? [] : pairsOf(parts.target.slice(mark + 1)), route.query, {
      elsewhere: route.strict ? elsewhere : null,
    }) ??
    (route.headers.size === 0
      ? null
      : judgeNamed(
          'header',
          parts.headers.map(([name, value]) => [name.toLowerCase(), value] as const),
          route.headers,
          { elsewhere: null },
        )) ??
    (route.cookies.size === 0
      ? null
      : judgeNamed('cookie', cookiesOf(parts.headers), route.cookies, { elsewhere: null }))
  )
}

/** Whether there is a body where there must be one, none where there must not, and of a declared type and size. */
export function judgeContent(
  route: DeclaredRoute,
  { headers, body }: RequestParts,
  content: DeclaredContent | null,
): Finding | null {
  if (body === null || body.length === 0) {
    return route.body === null || route.body.optional
      ? null
      : findingOf('routes/body', 'body', '', '', 'the body that is declared is not there')
  }
  if (route.body === null)
    return route.strict ? findingOf('routes/body', 'body', '', '', 'a body where none is declared') : null
  if (content === null) {
    const type = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
    return findingOf(
      'routes/content-type',
      'header',
      'content-type',
      type,
      'not a content type that is declared here',
    )
  }
  return body.length > content.maxBytes
    ? findingOf('routes/limit-body', 'body', '', '', `a body of more than ${content.maxBytes} bytes`)
    : null
}

/** What is declared of a body of this content type; null where nothing is, or it is none. */
export function contentOf(route: DeclaredRoute, headers: RequestParts['headers']): DeclaredContent | null {
  if (route.body === null) return null
  const types = headers.filter(([name]) => name.toLowerCase() === 'content-type')
  const [first] = types
  const type = first === undefined || types.length > 1 ? null : readContentType(first[1])
  return type === null ? null : (route.body.content.get(type.type) ?? null)
}

/** The values of a body that was read. */
export function judgeBody(
  route: DeclaredRoute,
  content: DeclaredContent | null,
  body: BodyValue,
  elsewhere: Elsewhere,
): Finding | null {
  if (content === null) return null
  if (content.schema !== null) {
    // Only JSON comes with a type that a schema can be declared for.
    if (body.kind !== 'json')
      return findingOf('routes/body', 'body', '', '', 'a body that was not read as JSON')
    const fault = judgeSchema(content.schema, body.value, { strict: route.strict, steps: MOST_STEPS })
    return fault === null ? null : schemaFinding(fault)
  }
  // Parts are judged while they are read: nobody holds them all.
  if (content.fields === null || content.form === 'parts') return null
  // An empty form is a form without fields.
  const pairs = body.kind === 'pairs' ? body.pairs : []
  return judgeNamed('body', pairs, content.fields, { elsewhere: route.strict ? elsewhere : null })
}

function schemaFinding({ name, text, part, ...fault }: SchemaFault): Finding {
  const found = faultFinding('body', name, text, fault)
  return fault.rule === 'undeclared' ? { ...found, rule: 'routes/undeclared', part } : { ...found, part }
}

const statuses: Readonly<Record<string, number>> = {
  'routes/unknown': 404,
  'routes/spelling': 404,
  'routes/method': 405,
  'routes/content-type': 415,
  'routes/limit-body': 413,
  'routes/rate': 429,
  'protocol/limit-body': 413,
  'protocol/coding-bomb': 413,
  'protocol/coding-unknown': 415,
}

/** What the client is told of a refusal besides its id. */
export function answerOf(
  { rule }: Finding,
  match: RouteMatch<DeclaredRoute> | null,
  taken: Taken | null = null,
): Answer {
  const status = Object.hasOwn(statuses, rule) ? (statuses[rule] as number) : 403
  if (status === 405 && match?.kind === 'method')
    return { status, headers: [['allow', match.allow.join(', ')]] }
  if (status === 429 && taken !== null)
    return { status, headers: [['retry-after', String(Math.max(1, Math.ceil(taken.retryAfterMs / 1000)))]] }
  return { status, headers: [] }
}
