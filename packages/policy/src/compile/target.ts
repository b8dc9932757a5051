/**
 * What every compiler is: a declaration of what it can express, and a pure function from rule set to artifact.
 *
 * The driver (`compileFor`) decides what is refused; a target only says what it can do. A feature added here breaks
 * every target's build until it answers.
 */
import type { Diagnostic } from '../model/diagnostic.ts'
import type { Ruleset } from '../model/ruleset.ts'

/** Whatever a rule set may use that a target might not be able to express. */
export const features = [
  'identity',
  'device-to-device',
  'name-peers',
  'except',
  'expiry',
  'schedules',
  'limits',
  'icmp-types',
  'protocol-numbers',
  'ipv6',
  'masquerade',
  'forwards',
  'gateway-services',
  'quarantine',
] as const

export type Feature = (typeof features)[number]

/** `stricter`: only a rendering that allows less is possible, taken only when asked for. */
export type Support = 'exact' | 'stricter' | 'refused'

/** What a target produces. */
export interface Artifact {
  readonly target: string
  /** The whole desired state, in the target's own language. */
  readonly text: string
  /** 32 hex digits for what the policy says: bindings, and how long things have left, are not in it. */
  readonly digest: string
  /** Every rule id → where in the artifact it landed. */
  readonly places: Readonly<Record<string, readonly string[]>>
}

export interface Target<Options> {
  readonly name: string
  readonly supports: Readonly<Record<Feature, Support>>
  readonly emit: (ruleset: Ruleset, options: Options) => Artifact
}

/** How a rule set came to use a feature: the rules that do. */
export type FeatureUse = ReadonlyMap<Feature, readonly string[]>

export type CompileResult = readonly [Artifact | null, readonly Diagnostic[]]
