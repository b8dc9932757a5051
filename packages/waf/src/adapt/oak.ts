/**
 * Oak (`@oakserver/oak`): `app.use(waf(options))`, and `await waf(ctx, options)` inside a middleware. Only the shape of a
 * context is known here, so that Oak is no dependency. What was judged is what the application reads: the body is handed on. It deliberately has no logic of its own.
 */
import type { Caller, Decision } from '../model/decision.ts'
import { readOptions, type Settings, type WafOptions } from '../options.ts'
import { type Arriving, BodyRefused, receive } from '../receive.ts'
import type { Count } from '../tell/counters.ts'
import { arrivingBody, handOn } from './oak-body.ts'
import { judgeSent } from './oak-response.ts'
import { RequestRefused, refusalHeaders, refusalText, statusOf } from './refused.ts'

/** As much of Oak's context as is needed. */
export interface OakContext {
  readonly request: {
    readonly method: string
    readonly url: URL
    readonly headers: Headers
    readonly hasBody: boolean
    readonly body: unknown
    /** As Oak trusts it: of the connection, or of what a proxy says where it was told to believe one. */
    readonly ip?: string
  }
  readonly response: {
    status: number
    body: unknown
    readonly headers: Headers
    /** A media type, or the ending of a file's name. */
    readonly type?: string | undefined
  }
}

export interface OakOptions extends WafOptions {
  /** Says who calls, by what the surroundings proved; null where nobody knows. What it throws is not caught. */
  readonly caller?: (ctx: OakContext) => Caller | null | Promise<Caller | null>
}

/** A middleware as Oak runs it. */
export interface OakMiddleware {
  (ctx: OakContext, next: () => Promise<unknown>): Promise<void>
  /** How many requests met which decision so far. */
  counters(): readonly Count[]
}

/**
 * `waf(options)` makes a middleware that answers refusals itself, of requests and of responses that leak. `waf(ctx, options)`
 * judges the request of a middleware that is running and throws `RequestRefused`, which Oak answers with its status; what
 * it returns was let through. It remembers nothing from one call to the next: for rates, give it a `state` of your own.
 *
 * @example
 * app.use(waf({ parameters: [{ name: 'echo', disallowTags: true }] }))
 */
export function waf(options?: OakOptions): OakMiddleware
export function waf(ctx: OakContext, options?: OakOptions): Promise<Decision>
export function waf(
  first: OakContext | OakOptions = {},
  options: OakOptions = {},
): OakMiddleware | Promise<Decision> {
  if ('request' in first) return judgeOrThrow(first, settingsOf(options))
  const judging = settingsOf(first)
  const middleware = async (ctx: OakContext, next: () => Promise<unknown>): Promise<void> => {
    const decision = await judge(ctx, judging)
    if (decision.verdict === 'refuse') return refuse(ctx, decision)
    try {
      await next()
    } catch (error) {
      // Something was found in a body that the application was reading.
      if (!(error instanceof BodyRefused)) throw error
      refuse(ctx, error.decision)
      return
    }
    const leak = await judgeSent(ctx, judging.settings, decision)
    if (leak?.verdict === 'refuse') refuse(ctx, leak)
  }
  return Object.assign(middleware, { counters: () => judging.settings.counters.counts() })
}

interface Judging {
  readonly settings: Settings
  readonly caller: OakOptions['caller']
}

function settingsOf({ caller, ...options }: OakOptions): Judging {
  if (caller !== undefined && typeof caller !== 'function')
    throw new TypeError('waf: caller is a function that says who calls')
  return { settings: readOptions(options), caller }
}

function refuse({ response }: OakContext, decision: Decision): void {
  response.status = statusOf(decision)
  for (const [name, value] of refusalHeaders(decision)) response.headers.set(name, value)
  response.body = refusalText(decision)
}

async function judgeOrThrow(ctx: OakContext, judging: Judging): Promise<Decision> {
  const decision = await judge(ctx, judging)
  if (decision.verdict === 'refuse') throw new RequestRefused(decision)
  return decision
}

async function judge(ctx: OakContext, { settings, caller }: Judging): Promise<Decision> {
  const who = caller === undefined ? null : await caller(ctx)
  const received = await receive(arrivingOf(ctx), settings, who)
  handOn(ctx.request, received)
  return received.kind === 'whole' ? received.decision : received.soFar
}

function arrivingOf({ request }: OakContext): Arriving {
  return {
    method: request.method,
    target: request.url.pathname + request.url.search,
    headers: [...request.headers],
    body: arrivingBody(request),
    ...(request.ip !== undefined && { address: request.ip }),
  }
}
