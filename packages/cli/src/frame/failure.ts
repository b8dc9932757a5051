/**
 * The one error that ends a command early: what is wrong, what to do, and the diagnostics where there are any.
 *
 * Thrown by commands and by what they call at the edge; caught and rendered by `run.ts`, nowhere else.
 */
import type { Diagnostic } from '@thingwall/policy'
import { type Exit, exits } from './exit.ts'

export interface FailureDetail {
  /** `usage`, `policy`, `environment`, or a code of `docs/errors/`. */
  readonly code: string
  readonly hint: string
  readonly exit?: Exit
  readonly diagnostics?: readonly Diagnostic[]
  /** The folder whose files may be quoted beside the diagnostics. */
  readonly project?: string | null
  readonly cause?: unknown
}

export class Failure extends Error {
  readonly code: string
  readonly hint: string
  readonly exit: Exit
  readonly diagnostics: readonly Diagnostic[]
  readonly sources: { readonly project: string | null }

  constructor(message: string, detail: FailureDetail) {
    super(message, { cause: detail.cause })
    this.name = 'Failure'
    this.code = detail.code
    this.hint = detail.hint
    this.exit = detail.exit ?? exits.couldNotRun
    this.diagnostics = detail.diagnostics ?? []
    this.sources = { project: detail.project ?? null }
  }
}

/** Wrong usage: exit 2, and the hint says what would be right. */
export function usage(message: string, hint: string): Failure {
  return new Failure(message, { code: 'usage', hint })
}
