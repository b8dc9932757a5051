/**
 * What a rule about responses is: a text out of the server in, what should not be in it or nothing out. Pure, linear in the
 * text, never throws. The excerpt is what may be logged: of a secret only its beginning.
 */

export interface Leaked {
  readonly at: number
  readonly excerpt: string
  readonly why: string
}

export interface LeakRule {
  /** Lower case, stable: logs and exclusions name it. */
  readonly id: string
  /** Lower-case texts without any of which the rule never finds anything. */
  readonly triggers: readonly string[]
  /** `from` is where the text begins in the response. */
  find(text: string, from: number): Leaked | null
}

/** The beginning of a secret, enough to know which one it is. */
export function redacted(secret: string, shown: number): string {
  return `${secret.slice(0, shown)}…`
}
