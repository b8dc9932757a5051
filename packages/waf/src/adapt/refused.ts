/**
 * What a refused client gets: a status and the id of the decision, and the error that carries both where a framework wants one.
 * It deliberately tells the client no reason: that is for the log.
 */
import type { Decision } from '../model/decision.ts'

/** Thrown by `waf(ctx, options)`: frameworks turn its `status` into the response, so nothing behind it runs. */
export class RequestRefused extends Error {
  /** 403, or what HTTP has for the reason. */
  readonly status: number
  readonly statusCode: number
  /** Its message may be shown: it holds the id and nothing else. */
  readonly expose = true
  readonly decision: Decision

  constructor(decision: Decision) {
    super(refusalText(decision))
    this.name = 'RequestRefused'
    this.decision = decision
    this.status = statusOf(decision)
    this.statusCode = this.status
  }
}

/** The status of a refusal. */
export function statusOf({ answer }: Decision): number {
  return answer?.status ?? 403
}

/** The body of a refusal. */
export function refusalText({ id }: Decision): string {
  return `Refused by the application firewall. Reason id: ${id}`
}

/** Headers of a refusal: the id once more, and nothing that a browser could take for a page. */
export function refusalHeaders({
  id,
  answer,
}: Decision): readonly (readonly [name: string, value: string])[] {
  return [
    ['content-type', 'text/plain; charset=utf-8'],
    ['x-content-type-options', 'nosniff'],
    ['cache-control', 'no-store'],
    ['x-thingwall-reason', id],
    ...(answer?.headers ?? []),
  ]
}
