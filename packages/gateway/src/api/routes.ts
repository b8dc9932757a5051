/** The routes of the API as data: what the server registers and the OpenAPI document lists are the same. */
import {
  bindings,
  bindingsQuery,
  eventPage,
  eventParams,
  eventQuery,
  event as eventSchema,
  explanation,
  history,
  look,
  noQuery,
  overview,
  overviewQuery,
  type Schema,
  status,
  streamQuery,
} from './schemas.ts'

export interface Route {
  /** `:id` stands for one part of the path. */
  readonly path: string
  readonly summary: string
  readonly query: Schema
  readonly params?: Schema
  /** What a good answer holds, by its content type. */
  readonly answer: { readonly type: string; readonly schema: Schema }
}

const json = (schema: Schema): Route['answer'] => ({ type: 'application/json', schema })
const string: Schema = { type: 'string' }

type RouteName =
  | 'status'
  | 'events'
  | 'stream'
  | 'event'
  | 'explanation'
  | 'overview'
  | 'inForce'
  | 'history'
  | 'bindings'
  | 'metrics'
  | 'openapi'

export const routes: Readonly<Record<RouteName, Route>> = {
  status: {
    path: '/v1/status',
    summary: 'What is in force, whether anybody changed it, and how the recording goes',
    query: noQuery,
    answer: json(status),
  },
  events: {
    path: '/v1/events',
    summary: 'What was seen and blocked',
    query: eventQuery,
    answer: json(eventPage),
  },
  stream: {
    path: '/v1/events/stream',
    summary:
      'The same as it comes: server-sent events, each with its id; Last-Event-ID goes on where one ended',
    query: streamQuery,
    answer: { type: 'text/event-stream', schema: string },
  },
  event: {
    path: '/v1/events/:id',
    summary: 'One event',
    query: noQuery,
    params: eventParams,
    answer: json(eventSchema),
  },
  explanation: {
    path: '/v1/events/:id/explanation',
    summary: 'Why: by the policy that was in force then, and by the one that is now',
    query: noQuery,
    params: eventParams,
    answer: json(explanation),
  },
  overview: {
    path: '/v1/overview',
    summary: 'Counts by rule, by device and by minute; the last hour where nothing is said',
    query: overviewQuery,
    answer: json(overview),
  },
  inForce: {
    path: '/v1/in-force',
    summary:
      'What is in force, looked at now; what each rule has met, and what else may drop or redirect packets',
    query: noQuery,
    answer: json(look),
  },
  bindings: {
    path: '/v1/bindings',
    summary:
      'What one device was given and told, by a file or at run time; empty where nothing is known of it',
    query: bindingsQuery,
    answer: json(bindings),
  },
  history: {
    path: '/v1/history',
    summary: 'What was applied here, the newest first',
    query: noQuery,
    answer: json(history),
  },
  metrics: {
    path: '/metrics',
    summary: 'The same in numbers, as Prometheus reads them',
    query: noQuery,
    answer: { type: 'text/plain', schema: string },
  },
  openapi: {
    path: '/v1/openapi.json',
    summary: 'This document',
    query: noQuery,
    answer: json({ type: 'object' }),
  },
}
