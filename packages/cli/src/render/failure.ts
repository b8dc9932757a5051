/** A failure, as text and as JSON. */
import type { Failure } from '../frame/failure.ts'
import type { Page } from '../frame/report.ts'
import { jsonOf, renderDiagnostics } from './diagnostics.ts'
import { hanging, safe } from './text.ts'

/** What `run.ts` prints when a command could not do what it was asked. */
export function failureReport(
  failure: Failure,
  cwd: string,
): {
  readonly json: unknown
  readonly text: (page: Page) => string
} {
  const { message, code, hint, diagnostics } = failure
  return {
    json: {
      error: { code, message: safe(message), hint: safe(hint) },
      diagnostics: diagnostics.map((one) => jsonOf(one, cwd)),
    },
    text(page) {
      // A failure that only wraps its diagnostics says nothing of its own beside them.
      if (diagnostics.some((diagnostic) => diagnostic.message === message)) {
        return renderDiagnostics(diagnostics, failure.sources, page)
      }
      const lead = `${page.ink('red', 'thingwall:')} ${hanging('', safe(message), page.width - 11)}\n`
      const advice = `${hanging('  hint   ', safe(hint), page.width)}\n`
      return `${renderDiagnostics(diagnostics, failure.sources, page)}${lead}${advice}`
    },
  }
}
