/**
 * What the engine says of a request, and why: one plain object that can be logged, sent and explained. It deliberately
 * answers no request; adapters do.
 */
import type { Place } from './request.ts'

/** Why a request is refused: enough for a person to see whether that is right, and to change it. */
export interface Finding {
  /** The declared rule or the detector: `declared/maxLength`, `routes/unknown`, `xss`, `protocol/content-type`. */
  readonly rule: string
  readonly place: Place
  readonly name: string
  readonly part: 'name' | 'value'
  /** At most 80 characters of the decoded text around what was found. */
  readonly excerpt: string
  /** Where the excerpt begins in the decoded text. */
  readonly offset: number
  /** What was decoded to get there, outermost first: `['percent', 'base64']`. Empty: the text as it is. */
  readonly layers: readonly string[]
  readonly why: string
}

/** What a refused client is told besides the id. */
export interface Answer {
  /** 403, or what HTTP has for the reason: 404, 405, 413, 415, 429. */
  readonly status: number
  /** Names in lower case: `allow` with 405, `retry-after` with 429. */
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** The answer for one request. `id` is what the refused client is told, and what the log is searched for. */
export interface Decision {
  readonly id: string
  /** `report`: it would have been refused, were the route not only reporting. */
  readonly verdict: 'allow' | 'refuse' | 'report'
  readonly finding: Finding | null
  /** `GET /echo`, as declared; null where no route is declared. */
  readonly route: string | null
  /** Who asked, where the adapter knows. */
  readonly who: string | null
  /** Null where the request is let through. */
  readonly answer: Answer | null
  /** Only of a body that flowed on while it was judged: how much of it the application had by then. */
  readonly passedBytes?: number
}

/** Who sends a request, as far as the surroundings could prove it: a certificate, a key, a token. */
export interface Caller {
  /** The device or client, as logs and counters name it. */
  readonly id: string
  /** The device's profile in the policy, where it has one. */
  readonly profile: string | null
}
