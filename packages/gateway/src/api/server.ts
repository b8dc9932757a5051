/**
 * The local API: questions about one daemon, over HTTP. It only reads; whatever changes something is a command. Every
 * query is held to its schema, sizes are bounded, and what devices and networks are called leaves as JSON only.
 */
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Daemon } from '../daemon/daemon.ts'
import type { Log } from '../daemon/log.ts'
import type { EventKind } from '../events/model.ts'
import { type EventQuery, parseEventId } from '../store/store.ts'
import { eventJson } from './event-json.ts'
import { explainEvent } from './explain-event.ts'
import { type HistoryJson, inForceJson, type LookJson, pastJson } from './in-force-json.ts'
import { openMetrics } from './metrics.ts'
import { openapi } from './openapi.ts'
import { type Route, routes } from './routes.ts'
import { stream } from './stream.ts'
import { shows } from './token.ts'

export interface ServerOptions {
  readonly daemon: Daemon
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** What callers must show; null where the socket itself says who may call. */
  readonly token: string | null
}

const MOST_STREAMS = 32
const HOUR_MS = 3_600_000
const LONGEST_BODY_BYTES = 1024
const REQUEST_WITHIN_MS = 10_000

interface Query {
  readonly device?: string
  readonly kind?: string
  readonly rule?: string
  readonly since?: string
  readonly until?: string
  readonly after?: string
  readonly before?: string
  readonly order?: 'newest' | 'oldest'
  readonly limit?: number
  readonly top?: number
  readonly of?: string
}

/** Not listening yet. */
export function openServer({ daemon, log, now, token }: ServerOptions): FastifyInstance {
  const server = fastify({
    bodyLimit: LONGEST_BODY_BYTES,
    requestTimeout: REQUEST_WITHIN_MS,
    forceCloseConnections: true,
    // A misspelt filter is refused: left out, it would show everything.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true } },
  })
  const metrics = openMetrics()
  let streams = 0

  if (token !== null) {
    server.addHook('onRequest', async (request, reply) => {
      if (shows(request.headers.authorization, token)) return
      await reply
        .header('www-authenticate', 'Bearer')
        .code(401)
        .send(failed('unauthorized', 'a token is needed', 'send it as: Authorization: Bearer TOKEN'))
    })
  }
  server.setErrorHandler(
    (error: { statusCode?: number; message: string; code?: string }, _request, reply) => {
      const status = error.statusCode ?? 500
      if (status >= 500) log.error({ error: error.message }, 'a question could not be answered')
      return reply
        .code(status)
        .send(failed(error.code ?? 'failed', error.message, 'GET /v1/openapi.json says what may be asked'))
    },
  )
  server.setNotFoundHandler((_request, reply) => reply.code(404).send(notFound('there is no such route')))

  const get = (
    route: Route,
    answer: (query: Query, request: FastifyRequest, reply: FastifyReply) => unknown,
  ): void => {
    const { query: querystring, params } = route
    const schema = { querystring, ...(params === undefined ? {} : { params }) }
    server.get(route.path, { schema }, (request, reply) => answer(request.query as Query, request, reply))
  }
  const find = async (request: FastifyRequest) => {
    const id = parseEventId((request.params as { readonly id: string }).id)
    return id === null ? null : await daemon.events.find(id)
  }

  get(routes.status, async () => {
    const [state, size] = [await daemon.state(), await daemon.events.size()]
    const { inForce, drift, drifts, restores } = state.watch
    return {
      startedAt: instant(state.startedAt),
      inForce: inForce === null ? null : inForceJson(inForce),
      drift: drift === null ? null : { ...drift, at: instant(drift.at) },
      drifts,
      restores,
      recording: state.recording,
      given: state.given,
      privileged: state.privileged,
      countsBytes: state.countsBytes,
      store: { bytes: size.bytes, oldest: size.oldestMs === null ? null : instant(size.oldestMs) },
    }
  })
  get(routes.events, async (query) => {
    const page = await daemon.events.query(queryOf(query))
    return { ...page, events: page.events.map(eventJson) }
  })
  get(routes.stream, async (query, request, reply) => {
    if (streams >= MOST_STREAMS) {
      const most = `${MOST_STREAMS} programs follow the events already`
      return reply.code(503).send(failed('too-many', most, 'end one of them'))
    }
    const resumed = request.headers['last-event-id']
    const { after = null, ...filter } = queryOf({
      ...query,
      ...(typeof resumed === 'string' ? { after: resumed } : {}),
    })
    reply.hijack()
    streams += 1
    try {
      await stream(daemon, reply.raw, filter, after)
    } catch (error) {
      log.error({ error: String(error) }, 'a stream of events has ended')
      reply.raw.destroy()
    } finally {
      streams -= 1
    }
    return reply
  })
  get(routes.event, async (_query, request, reply) => {
    const event = await find(request)
    return event === null ? reply.code(404).send(noEvent()) : eventJson(event)
  })
  get(routes.explanation, async (_query, request, reply) => {
    const event = await find(request)
    if (event === null) return reply.code(404).send(noEvent())
    return explainEvent(event, { point: daemon.point, policyOf: daemon.policyOf, now })
  })
  get(routes.overview, async ({ since, until, top = 20 }) => {
    const untilMs = until === undefined ? now() : Date.parse(until)
    const sinceMs = since === undefined ? untilMs - HOUR_MS : Date.parse(since)
    const { minutes, ...rest } = await daemon.events.overview({ sinceMs, untilMs, top })
    const span = { since: instant(sinceMs), until: instant(untilMs) }
    return { ...span, ...rest, minutes: minutes.map((minute) => ({ ...minute, at: instant(minute.at) })) }
  })
  get(routes.inForce, async (): Promise<LookJson> => {
    const inForce = await daemon.point.read()
    const { foreign, counters } = await daemon.point.surroundings()
    const { record } = inForce
    const told = record === null ? null : await daemon.point.toldFor(record.sequence)
    return { state: daemon.stateFolder, inForce: inForceJson(inForce), told, foreign, counters }
  })
  get(routes.history, async (): Promise<HistoryJson> => {
    const history = await daemon.point.history()
    return { state: daemon.stateFolder, applications: history.map(pastJson) }
  })
  get(routes.bindings, async ({ of = '' }) => daemon.saidOf(of))
  get(routes.metrics, async (_query, _request, reply) => {
    const [state, store] = [await daemon.state(), await daemon.events.size()]
    // Without the kernel's counters the rest is told all the same.
    const { counters } = await daemon.point.surroundings().catch(() => ({ counters: [] }))
    return reply.type(metrics.contentType).send(await metrics.text({ state, counters, store }))
  })
  get(routes.openapi, openapi)
  return server
}

function queryOf(query: Query): EventQuery {
  const { device, kind, rule, since, until, order, limit } = query
  const [after, before] = [query.after, query.before].map((id) =>
    id === undefined ? null : parseEventId(id),
  )
  return {
    ...(device === undefined ? {} : { device }),
    ...(kind === undefined ? {} : { kinds: kind.split(',') as EventKind[] }),
    ...(rule === undefined ? {} : { rule }),
    ...(since === undefined ? {} : { sinceMs: Date.parse(since) }),
    ...(until === undefined ? {} : { untilMs: Date.parse(until) }),
    ...(after == null ? {} : { after }),
    ...(before == null ? {} : { before }),
    ...(order === undefined ? {} : { order }),
    ...(limit === undefined ? {} : { limit }),
  }
}

function instant(at: number): string {
  return new Date(at).toISOString()
}

function noEvent(): object {
  return failed('not-found', 'there is no such event (any more)', 'thingwall events tells those there are')
}

function notFound(message: string): object {
  return failed('not-found', message, 'GET /v1/openapi.json says what may be asked')
}

function failed(code: string, message: string, hint: string): object {
  return { error: { code, message, hint } }
}
