/**
 * Diagnostics for people: what is wrong, where, the line itself with a caret, the value, what to do, where to read
 * more; then one line that sums up.
 */
import { readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type Diagnostic, escapeText, type Origin } from '@thingwall/policy'
import type { Page } from '../frame/report.ts'
import { isBelow } from '../load/project.ts'
import { nearBy, showFile, showPlace } from './place.ts'
import { count, hanging, safe } from './text.ts'

/** Which source files may be shown: those below this folder. A policy can claim to stand anywhere. */
export interface Sources {
  readonly project: string | null
}

/** More than this many nobody reads. */
const SHOWN = 100

/** The first hundred, errors first, each with its place; ends in a summary line. Empty where there are none. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], sources: Sources, page: Page): string {
  if (diagnostics.length === 0) return ''
  const lines = lineReader(sources)
  const errorsFirst = diagnostics.toSorted((a, b) => rank(a) - rank(b))
  const parts = errorsFirst.slice(0, SHOWN).map((diagnostic) => renderOne(diagnostic, lines, page))
  const left = diagnostics.length - parts.length
  const more = left > 0 ? `\n\nand ${left} more; --json has them all` : ''
  return `${parts.join('\n\n')}${more}\n\n${summary(diagnostics, page)}\n`
}

/** `2 errors, 1 warning` */
function summary(diagnostics: readonly Diagnostic[], page: Page): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length
  const warnings = diagnostics.length - errors
  const parts = [
    ...(errors > 0 ? [page.ink('red', count(errors, 'error'))] : []),
    ...(warnings > 0 ? [page.ink('yellow', count(warnings, 'warning'))] : []),
  ]
  return parts.join(', ')
}

/** One diagnostic as `--json` prints it; its place is relative to `cwd`. */
export function jsonOf(diagnostic: Diagnostic, cwd: string): Record<string, unknown> {
  const { origin, related, message, hint, ...rest } = diagnostic
  return {
    ...rest,
    message: nearBy(message, cwd),
    hint: nearBy(hint, cwd),
    file: origin === null ? null : showFile(origin.file, cwd),
    line: origin?.line ?? null,
    column: origin?.column ?? null,
    ...(related && {
      related: { file: showFile(related.file, cwd), line: related.line, column: related.column },
    }),
    docs: docsOf(diagnostic, cwd),
  }
}

function renderOne(diagnostic: Diagnostic, lines: LineReader, page: Page): string {
  const { severity, code, origin } = diagnostic
  const ink = severity === 'error' ? 'red' : 'yellow'
  const head = hanging(`${severity} ${code} `, safe(nearBy(diagnostic.message, page.cwd)), page.width)
  const title = page.ink('bold', head.slice(severity.length + code.length + 2))
  const out = [`${page.ink(ink, severity)} ${code} ${title}`]
  if (origin !== null) {
    const path = diagnostic.path === '' ? '' : `  ${page.ink('dim', safe(diagnostic.path, 200))}`
    out.push(`  ${page.ink('cyan', showPlace(origin, page.cwd))}${path}`)
    out.push(...excerpt(origin, lines, page, ink))
  } else if (diagnostic.path !== '') out.push(`  ${page.ink('dim', safe(diagnostic.path, 200))}`)
  if (diagnostic.related !== undefined) {
    const { related } = diagnostic
    out.push(
      `  also   ${page.ink('cyan', showPlace(related, page.cwd))}`,
      ...excerpt(related, lines, page, ink),
    )
  }
  if (diagnostic.value !== undefined) out.push(hanging('  value  ', safe(diagnostic.value, 80), page.width))
  out.push(hanging('  hint   ', safe(nearBy(diagnostic.hint, page.cwd)), page.width))
  out.push(`  docs   ${docsOf(diagnostic, page.cwd)}`)
  return out.join('\n')
}

function excerpt(origin: Origin, lines: LineReader, page: Page, ink: 'red' | 'yellow'): readonly string[] {
  const line = lines(origin)
  if (line === null) return []
  const number = `  ${origin.line} `
  const room = Math.min(Math.max(20, page.width - number.length - 2), 160)
  // Escaping may lengthen what stands before the caret, so both halves are made printable apart.
  const before = printable(line.slice(0, origin.column - 1))
  const after = printable(line.slice(origin.column - 1))
  const skipped = before.length > room - 20 ? before.length - Math.floor(room / 2) : 0
  const shown = `${skipped > 0 ? '…' : ''}${before.slice(skipped > 0 ? skipped + 1 : 0)}${after}`
  const cut = shown.length > room ? `${shown.slice(0, room - 1)}…` : shown
  const caret = ' '.repeat(before.length - skipped)
  return [
    `${page.ink('dim', `${number}│`)} ${cut}`,
    `${page.ink('dim', `${' '.repeat(number.length)}│`)} ${caret}${page.ink(ink, '^')}`,
  ]
}

function printable(text: string): string {
  return escapeText(text.replaceAll('\t', '  '), 2000)
}

type LineReader = (origin: Origin) => string | null

/** Reads each file once; null where it may not be shown or is not there. */
function lineReader({ project }: Sources): LineReader {
  const files = new Map<string, readonly string[] | null>()
  return ({ file, line }) => {
    let lines = files.get(file)
    if (lines === undefined) {
      lines = project !== null && isBelow(project, file) ? readLines(file) : null
      files.set(file, lines)
    }
    return lines?.[line - 1] ?? null
  }
}

function readLines(file: string): readonly string[] | null {
  try {
    return statSync(file).size > 8 << 20 ? null : readFileSync(file, 'utf8').split(/\r?\n/)
  } catch {
    return null
  }
}

/** In a checkout the pages stand at its root; what is installed has brought them along. */
const pages = join(
  import.meta.dirname,
  basename(dirname(import.meta.dirname)) === 'src' ? '../../../..' : '../..',
  'docs/errors',
)

/** The page about a code, as a path from where the reader is. */
function docsOf({ code }: Diagnostic, cwd: string): string {
  return showFile(join(pages, `${code}.md`), cwd)
}

function rank({ severity }: Diagnostic): number {
  return severity === 'error' ? 0 : 1
}
