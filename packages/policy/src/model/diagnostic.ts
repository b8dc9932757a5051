/**
 * What a user can get wrong, as data: one typed diagnostic per fault, with its place in the source.
 *
 * Functions that judge user input return `[value, diagnostics]`, all faults at once. Rendering (caret lines,
 * colours) belongs to the command line.
 */
import { type Code, codes, type Severity } from './codes.ts'

/** Where something was written. `line` and `column` count from 1. */
export interface Origin {
  readonly file: string
  readonly line: number
  readonly column: number
}

export interface Diagnostic {
  readonly code: Code
  readonly severity: Severity
  /** One sentence: what is wrong. */
  readonly message: string
  /** The path inside the policy, `devices.vent-01.mac`. */
  readonly path: string
  /** The offending value, as text; at most 80 characters, control characters escaped. */
  readonly value?: string
  /** What to do about it. */
  readonly hint: string
  readonly origin: Origin | null
  /** The other place it is about, where there is one: what was written first and is contradicted here. */
  readonly related?: Origin
}

/** The parts of a diagnostic that its code does not already determine. */
export interface Fault {
  readonly message: string
  readonly path: string
  readonly value?: unknown
  readonly hint: string
  readonly origin: Origin | null
  readonly related?: Origin | null
}

/** Makes a diagnostic; the severity comes from the table of codes. */
export function diagnose(code: Code, fault: Fault): Diagnostic {
  const { value, origin } = fault
  const shown = value === undefined ? {} : { value: quote(value) }
  const plain = (text: string): string => escapeText(text, 400)
  const said = { message: plain(fault.message), path: plain(fault.path), hint: plain(fault.hint) }
  const related = fault.related ? { related: fault.related } : {}
  return { code, severity: codes[code].severity, ...said, origin, ...shown, ...related }
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === 'error')
}

/** Text from outside, made safe for a terminal, a log line or a file: control characters escaped, length capped. */
export function escapeText(text: string, maxLength: number): string {
  const capped = text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text
  // Control, format (bidirectional overrides among them), line and paragraph separators, lone surrogates.
  return capped.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    const point = character.codePointAt(0) as number
    return `\\u{${point.toString(16)}}`
  })
}

function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  return escapeText(text, 80)
}
