/**
 * Puts back what another program changed, as a restart does: the policy that was confirmed, compiled anew, because what it
 * still allows depends on the time; with all that devices were given and told. What `--bindings FILE` said is kept with
 * the application; where an older version applied it, it is not: then less is allowed, never more, and that is said.
 * History does not tell of it; an event does.
 */
import { compileFor, withoutClock } from '@thingwall/policy'
import { nftables } from '@thingwall/policy/nftables'
import { lasting } from '../bindings/from-file.ts'
import { readClock } from '../clock/clock.ts'
import type { NftablesPoint } from '../enforce/nftables.ts'
import type { ApplicationRecord, Restored } from '../enforce/point.ts'
import type { Machine } from '../machine/machine.ts'
import { bindingsDigest } from '../site/bindings-digest.ts'
import type { Given } from './given.ts'
import type { RememberedPolicy } from './policy-in-force.ts'

export interface PutBack {
  readonly outcome: Restored
  /** False where devices lost addresses they had been given by a file. */
  readonly isWhole: boolean
}

export interface RestoreOptions {
  readonly point: Pick<NftablesPoint, 'restore'>
  readonly record: ApplicationRecord
  /** Lowered for the machine as it is now; null where it is not kept. */
  readonly policy: RememberedPolicy | null
  readonly given: Pick<Given, 'boundNow'>
  readonly machine: Machine
  /** The state folder. */
  readonly state: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Though it is in force already. */
  readonly anew?: boolean
}

/** Throws what a load throws, and where the policy cannot be compiled any more; then nothing has changed. */
export async function restore(options: RestoreOptions): Promise<PutBack> {
  const { point, record, policy, given, machine, state, now, anew = false } = options
  const { sequence } = record
  if (policy === null) throw new Error(`the policy of application ${sequence} is not kept any more`)
  const { isTrusted, lastSeen, atLeast: at } = await readClock({ machine, state, now })
  // A clock that nobody believes does not decide which allows have ended: what needs the time is off, as after a restart.
  const ruleset = isTrusted ? policy.ruleset : withoutClock(policy.ruleset, lastSeen)
  // So does not which of the file's words have.
  const clock = { now: () => at, isTrusted: () => isTrusted }
  const bindings = lasting(ruleset, policy.bindings, clock)
  const log = record.log === null ? null : { group: record.log, verdicts: 'deny' as const }
  // What was accepted once as stricter is accepted again.
  const accepting = { acceptStricter: true }
  const [artifact, refused] = compileFor(nftables, ruleset, { bindings, at, log }, accepting)
  if (artifact === null) throw new Error(refused[0]?.message ?? 'the policy cannot be compiled any more')
  const restart = { sequence, knowsTime: isTrusted, anew }
  const outcome = await point.restore(artifact, restart, given.boundNow(ruleset, bindings))
  return { outcome, isWhole: bindingsDigest(policy.bindings) === record.bindings }
}
