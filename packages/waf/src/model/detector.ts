/**
 * What a detector is: one decoded text in, evidence or nothing out. Pure, linear in the text, never throws. What
 * tells one from another is data they declare; the engine names none of them.
 */
import type { Field } from './request.ts'
import type { Work } from './work.ts'

/** Where in the judged text, and in words that a person on call understands, why. */
export interface Evidence {
  readonly at: number
  readonly length: number
  readonly why: string
}

export interface Detector {
  /** Lower case, stable: logs, exclusions and documents name it. */
  readonly id: string
  /**
   * Lower-case texts without any of which this detector never finds anything. One pass over a value looks for all
   * triggers of all detectors at once; most values have none and are done.
   */
  readonly triggers: readonly string[]
  /**
   * Spends steps of `work` for what takes more than a look at each character, and gives up when there are none: whoever asked sees that.
   */
  detect(text: string, field: Field, work: Work): Evidence | null
}
