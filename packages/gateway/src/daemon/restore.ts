/**
 * Puts back what another program changed: the policy of the application that ought to be in force, compiled anew, because
 * what it still allows depends on the time. Addresses that devices were given by a file are not in the history: without
 * them less is allowed, never more, and that is said.
 */
import { compileFor, withoutClock } from '@thingwall/policy'
import { nftables } from '@thingwall/policy/nftables'
import type { NftablesPoint } from '../enforce/nftables.ts'
import type { ApplicationRecord } from '../enforce/point.ts'
import { bindingsDigest } from '../site/bindings-digest.ts'
import type { RememberedPolicy } from './policy-in-force.ts'

export interface Restored {
  readonly sequence: number
  /** False where devices lost addresses they had been given. */
  readonly isWhole: boolean
}

export interface RestoreOptions {
  readonly point: NftablesPoint
  readonly record: ApplicationRecord
  readonly policy: RememberedPolicy
  /** What happened, for the history. */
  readonly why: string
  /** Milliseconds since 1970. */
  readonly at: number
}

/** Throws what `apply` throws, and where the policy cannot be compiled any more; then nothing has changed. */
export async function restore({ point, record, policy, why, at }: RestoreOptions): Promise<Restored> {
  const { ruleset, bindings, text } = policy
  const log = record.log === null ? null : { group: record.log, verdicts: 'deny' as const }
  const [artifact, refused] = compileFor(nftables, ruleset, { bindings, at, log }, { acceptStricter: true })
  if (artifact === null) throw new Error(refused[0]?.message ?? 'the policy cannot be compiled any more')
  // What was bound may have changed hands by the time of a restart; `policyOf` has bound nothing but our own addresses.
  const options = { bindings, at, log }
  const [boot, unfit] = compileFor(nftables, withoutClock(ruleset, at), options, { acceptStricter: true })
  if (boot === null) throw new Error(unfit[0]?.message ?? 'the policy cannot be compiled for a restart')
  const digest = bindingsDigest(bindings)
  const { record: applied } = await point.apply(artifact, {
    by: 'thingwall gateway',
    at,
    why,
    policy: record.policy,
    bindings: digest,
    log: record.log,
    confirmWithinMs: null,
    again: record.sequence,
    document: text,
    boot,
  })
  return { sequence: applied.sequence, isWhole: digest === record.bindings }
}
