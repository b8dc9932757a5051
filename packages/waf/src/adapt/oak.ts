/**
 * Oak (`@oakserver/oak`): `app.use(waf(options))`, and `await waf(ctx, options)` inside a middleware. Only the shape of a
 * context is known here, so that Oak is no dependency. What was judged is what the application reads: the body is handed on
 * from memory. It deliberately has no logic of its own.
 */
import { inspectWith } from '../inspect.ts'
import type { Decision } from '../model/decision.ts'
import type { RequestParts } from '../model/request.ts'
import { readOptions, type Settings, type WafOptions } from '../options.ts'
import { holdBody } from './oak-body.ts'
import { RequestRefused, refusalHeaders, refusalText, statusOf } from './refused.ts'

/** As much of Oak's context as is needed. */
export interface OakContext {
  readonly request: {
    readonly method: string
    readonly url: URL
    readonly headers: Headers
    readonly hasBody: boolean
    readonly body: unknown
  }
  readonly response: { status: number; body: unknown; readonly headers: Headers }
}

/** A middleware as Oak runs it. */
export type OakMiddleware = (ctx: OakContext, next: () => Promise<unknown>) => Promise<void>

/**
 * `waf(options)` makes a middleware that answers refusals itself. `waf(ctx, options)` judges the request of a middleware that is
 * running and throws `RequestRefused`, which Oak answers with its status; what it returns was let through.
 *
 * @example
 * app.use(waf({ parameters: [{ name: 'echo', disallowTags: true }] }))
 */
export function waf(options?: WafOptions): OakMiddleware
export function waf(ctx: OakContext, options?: WafOptions): Promise<Decision>
export function waf(
  first: OakContext | WafOptions = {},
  options: WafOptions = {},
): OakMiddleware | Promise<Decision> {
  if ('request' in first) return judgeOrThrow(first, readOptions(options))
  const settings = readOptions(first)
  return async (ctx, next) => {
    const decision = await judge(ctx, settings)
    if (decision.verdict !== 'refuse') return void (await next())
    ctx.response.status = statusOf(decision)
    for (const [name, value] of refusalHeaders(decision)) ctx.response.headers.set(name, value)
    ctx.response.body = refusalText(decision)
  }
}

async function judgeOrThrow(ctx: OakContext, settings: Settings): Promise<Decision> {
  const decision = await judge(ctx, settings)
  if (decision.verdict === 'refuse') throw new RequestRefused(decision)
  return decision
}

async function judge(ctx: OakContext, settings: Settings): Promise<Decision> {
  const body = ctx.request.hasBody ? await holdBody(ctx.request, settings.limits.holdBytes) : null
  return (await inspectWith(partsOf(ctx, body), settings)).decision
}

function partsOf({ request }: OakContext, body: Uint8Array | null): RequestParts {
  return {
    method: request.method,
    target: request.url.pathname + request.url.search,
    headers: [...request.headers],
    body,
  }
}
