/**
 * Diagnostics as workflow commands, which GitHub shows as remarks on the lines of a change.
 *
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions: a value ends at its line break, a
 * property at its comma or colon, so these are written as percent codes. Paths are relative to where it runs.
 */
import type { Diagnostic } from '@thingwall/policy'
import { nearBy, showFile } from './place.ts'

/** One command on one line for each diagnostic. */
export function renderForGithub(diagnostics: readonly Diagnostic[], cwd: string): string {
  return diagnostics.map((diagnostic) => `${commandFor(diagnostic, cwd)}\n`).join('')
}

function commandFor(diagnostic: Diagnostic, cwd: string): string {
  const { severity, code, origin } = diagnostic
  const place =
    origin === null
      ? []
      : [`file=${property(showFile(origin.file, cwd))}`, `line=${origin.line}`, `col=${origin.column}`]
  const properties = [...place, `title=${property(code)}`].join(',')
  const words = `${nearBy(diagnostic.message, cwd)}\n${nearBy(diagnostic.hint, cwd)}`
  return `::${severity} ${properties}::${data(words)}`
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
