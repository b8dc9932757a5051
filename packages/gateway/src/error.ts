/** The one error of the gateway: what is wrong with this machine, and what to do. What a policy gets wrong is a diagnostic instead. */
import type { Code } from '@thingwall/policy'

export interface ErrorDetail {
  readonly hint: string
  readonly cause?: unknown
}

export class ThingwallError extends Error {
  readonly code: Code
  readonly hint: string

  constructor(code: Code, message: string, detail: ErrorDetail) {
    super(message, { cause: detail.cause })
    this.name = 'ThingwallError'
    this.code = code
    this.hint = detail.hint
  }
}
