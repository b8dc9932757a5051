/** One thing that `thingwall list` shows. A type only: who gathers entries and who shows them both know it. */
import type { Atom, Origin } from '@thingwall/policy'

export interface Entry {
  readonly name: string
  /** What it is, in a few words; the rest of the properties say the same to programs. */
  readonly says: string
  readonly why: string | null
  readonly owner: string | null
  readonly ticket: string | null
  readonly source: string | null
  readonly added: string | null
  readonly review: string | null
  readonly expires: string | null
  /** `expired`, `review overdue`, `quarantined`; empty where nothing is to be said. */
  readonly state: string
  readonly origin: Origin | null
  /** Addresses and names it speaks of, for `--match`. */
  readonly covers: readonly Atom[]
  readonly [more: string]: unknown
}
