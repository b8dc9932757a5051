/**
 * An enforcement point: something that holds packets to a compiled policy. It takes the whole desired state or nothing,
 * and can always say what is in force. It knows nothing of policy files: whoever calls has compiled already.
 */
import type { Artifact, Diagnostic } from '@thingwall/policy'

export interface EnforcementPoint {
  /** What is in force now. Changes nothing. */
  readonly read: () => Promise<InForce>
  /**
   * Replaces what is in force by this artifact, whole, in one step; packets meet either the old or the new. Does nothing
   * where exactly this is in force already and nobody has touched it. Throws `ThingwallError`, and then what was in
   * force still is.
   */
  readonly apply: (artifact: Artifact, order: Order) => Promise<Applied>
}

/** Who wants what applied, kept as the record of it. */
export interface Order {
  /** Who gave it, for people to read. */
  readonly by: string
  readonly policy: {
    readonly name: string
    readonly file: string | null
    /** SHA-256 of the file, hex. */
    readonly digest: string | null
  }
  /** Identifies the run-time bindings that the artifact was compiled with: others make it another application. */
  readonly bindings: string
  /** NFLOG group that the artifact logs to, or null. */
  readonly log: number | null
  /** Milliseconds since 1970. */
  readonly at: number
}

/** One application of an artifact, as it is kept. */
export interface ApplicationRecord extends Order {
  /** 1 for the first on this machine, and so on. */
  readonly sequence: number
  readonly digest: string
}

/** Whether what is in force is still what was put there. */
export type Integrity =
  | { readonly kind: 'intact'; readonly covers: string }
  | { readonly kind: 'changed'; readonly changes: readonly string[] }
  | { readonly kind: 'unknown'; readonly because: string }

export interface InForce {
  /** Digest of the artifact in force; null when nothing of ours is. */
  readonly digest: string | null
  /** The record of its application; null where there is none on this machine. */
  readonly record: ApplicationRecord | null
  readonly integrity: Integrity
  /** What was applied last, where that is not in force any more. */
  readonly last: ApplicationRecord | null
}

export interface Applied {
  /** False when exactly this was in force already. */
  readonly changed: boolean
  readonly record: ApplicationRecord
  /** What was in force before. */
  readonly before: string | null
  /** How long the enforcement point took to take it; 0 when nothing changed. */
  readonly loadMs: number
  /** Warnings about the application itself. */
  readonly diagnostics: readonly Diagnostic[]
}
