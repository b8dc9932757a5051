/**
 * An enforcement point: something that holds packets to a compiled policy. It takes the whole desired state or nothing,
 * and can always say what is in force. It knows nothing of policy files: whoever calls has compiled already.
 *
 * An application is on trial until somebody confirms it: when nobody does in time, what was in force before it is again,
 * without any process of ours having a part in that. Only what was confirmed comes back after a restart.
 */
import type { Artifact, Diagnostic } from '@thingwall/policy'

export interface EnforcementPoint {
  /** What is in force now. Changes nothing. */
  readonly read: () => Promise<InForce>
  /**
   * Puts this artifact in the place of what is in force, whole, in one step; packets meet either the old or the new. On
   * trial for `confirmWithinMs`, or for good where that is null. Does nothing where exactly this is in force already and
   * nobody has touched it. Another trial that runs is ended; what stood before it stays what is reverted to. Throws
   * `ThingwallError`, and then what was in force still is. With `onto`, only where that is in force: else TW4030.
   */
  readonly apply: (artifact: Artifact, order: Order, boundNow?: BoundNow, onto?: Onto) => Promise<Applied>
  /** What is on trial stays, also over a restart. Throws TW4015 when nothing is on trial (any more). */
  readonly confirm: (deed: Deed) => Promise<Settled>
  /** What is on trial goes at once, and what was in force before it is again. Throws TW4015 when nothing is on trial. */
  readonly abandon: (deed: Deed) => Promise<Settled>
  /**
   * Takes out what no packet can meet any more, and writes down what became of a trial, where whoever asks may write that.
   * Changes no verdict. True where something was taken out.
   */
  readonly tidy: () => Promise<boolean>
  /** All applications that are remembered, the newest first. */
  readonly history: () => Promise<readonly Past[]>
  /** The policy document of an application, as its order gave it; null where it is not kept. */
  readonly documentOf: (sequence: number) => Promise<string | null>
  /** What was said by hand for an application, as its order gave it; null for nothing, and where it is not kept. */
  readonly toldFor: (sequence: number) => Promise<string | null>
  /** The application that comes back after a restart; null for none. */
  readonly comesBack: () => Promise<ApplicationRecord | null>
  /**
   * Puts the application that comes back after a restart in force again, compiled anew: no new application, no trial.
   * Leaves what somebody has applied or tries since. To be called when the machine has started, and as often as wanted.
   */
  readonly restore: (artifact: Artifact, restart: Restart, boundNow?: BoundNow) => Promise<Restored>
}

/** What was compiled for a restart. */
export interface Restart {
  readonly sequence: number
  /** False where it was compiled for who does not know what time it is. */
  readonly knowsTime: boolean
  /** True where it is to be loaded although exactly this is in force: its timers began by a clock that was wrong. */
  readonly anew?: boolean
}

/** What became of it: `other` where something else stands or is tried. */
export type Restored = 'restored' | 'already' | 'other'

/**
 * What devices were given and told up to this moment, as commands that fill the sets of a generation: before any packet
 * meets it. Asked under the lock, so nothing that was bound while the artifact was compiled is lost. `sets` are those
 * that the artifact has, `inet class/4`.
 */
export type BoundNow = (generation: string, sets: ReadonlySet<string>) => string

/** An application by its number and digest. */
export interface Base {
  readonly sequence: number
  readonly digest: string
}

/** What must be in force for an application to take its place; a null base: nothing. */
export interface Onto {
  readonly base: Base | null
}

/** Who did something, and when. */
export interface Deed {
  /** For people to read. */
  readonly by: string
  /** Milliseconds since 1970. */
  readonly at: number
}

/** Who wants what applied, kept as the record of it. */
export interface Order extends Deed {
  /** In the words of who gave it; null where they gave none. */
  readonly why: string | null
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
  /** How long it is on trial; null for good at once. */
  readonly confirmWithinMs: number | null
  /** The application whose policy this is once more; null for a new one. */
  readonly again: number | null
  /** The policy document as JSON, kept beside the record so that it can be compiled again; null for nothing to keep. */
  readonly document: string | null
  /** What `bindings` were said by hand, as the JSON of a bindings file, kept beside the document; null for nothing. */
  readonly told: string | null
  /** What a restart puts in force before anything knows the time; null for nothing. Compiled without leases and names. */
  readonly boot: Pick<Artifact, 'text' | 'digest'> | null
}

/** One application of an artifact, as it is kept. */
export interface ApplicationRecord extends Omit<Order, 'document' | 'told' | 'boot'> {
  /** 1 for the first on this machine, and so on. */
  readonly sequence: number
  readonly digest: string
  /** Digest of what a restart puts in force first; null where nothing was kept for it. */
  readonly bootDigest: string | null
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
  /** True where a restart put it in force without what needs the time: allows that end or have hours are off. */
  readonly isTimeless: boolean
  /** Set while what is in force is on trial. */
  readonly trial: Trial | null
  /** The last application, where it was on trial and is over: nobody confirmed it, or somebody ended it. */
  readonly over: Past | null
  /** What ought to be in force by the records, where it is not any more. */
  readonly last: ApplicationRecord | null
}

/** What an application would do now. */
export type Prospect =
  /** Exactly this is in force already, on trial or for good. */
  | { readonly kind: 'nothing'; readonly trial: Trial | null }
  /** It is on trial, and would stay. */
  | { readonly kind: 'confirms'; readonly trial: Trial }
  /** It would take the place of what is in force, and end the trial that runs. */
  | { readonly kind: 'replaces'; readonly trial: Trial | null }

export interface Trial {
  /** By the kernel's own clock. */
  readonly leftMs: number
  /** When it ends, milliseconds since 1970: the same at each look, and rather a little early than late. */
  readonly until: number
  /** What is in force afterwards unless somebody confirms; both null for nothing. */
  readonly returnsTo: { readonly digest: string | null; readonly record: ApplicationRecord | null }
}

export interface Applied {
  /** False when exactly this was in force already. */
  readonly changed: boolean
  /** True where it was on trial, and now stays. */
  readonly confirmed: boolean
  readonly record: ApplicationRecord
  /** What was in force before. */
  readonly before: string | null
  /** Set where what is in force now is on trial. */
  readonly trial: Trial | null
  /** How long the enforcement point took to take it; 0 when nothing changed. */
  readonly loadMs: number
  /** Warnings about the application itself. */
  readonly diagnostics: readonly Diagnostic[]
}

/** The end of a trial. */
export interface Settled {
  /** What was on trial. */
  readonly tried: { readonly digest: string | null; readonly record: ApplicationRecord | null }
  /** What is in force now; both null for nothing. */
  readonly now: { readonly digest: string | null; readonly record: ApplicationRecord | null }
  readonly diagnostics: readonly Diagnostic[]
}

/** What became of an application. */
export type Fate =
  | { readonly kind: 'on trial'; readonly until: number }
  /** In force for good. */
  | { readonly kind: 'in force' }
  /** Nobody confirmed it in time; `isEarly`: another program or a restart ended it before its time, by the clock. */
  | { readonly kind: 'reverted'; readonly at: number; readonly isEarly?: true }
  /** Somebody ended its trial. */
  | { readonly kind: 'abandoned'; readonly at: number; readonly by: string }
  /** Another took its place. */
  | { readonly kind: 'replaced'; readonly at: number; readonly by: number }
  /** It ought to be in force by the records, and is not: flushed by somebody, or not loaded after a restart. */
  | { readonly kind: 'gone' }
  /** Interrupted before the kernel had it. */
  | { readonly kind: 'unfinished' }

export interface Past {
  readonly record: ApplicationRecord
  /** Who made it last; null while nobody has. */
  readonly confirmed: Deed | null
  readonly fate: Fate
}
