/**
 * Puts back what another program changed: the policy of the application that ought to be in force, compiled anew, because
 * what it still allows depends on the time; with all that devices were given and told. Addresses that `--bindings FILE`
 * gave are not in the history: without them less is allowed, never more, and that is said.
 */
import { compileFor, type Ruleset, withoutClock } from '@thingwall/policy'
import { nftables } from '@thingwall/policy/nftables'
import { readClock } from '../clock/clock.ts'
import type { NftablesPoint } from '../enforce/nftables.ts'
import type { ApplicationRecord } from '../enforce/point.ts'
import type { Machine } from '../machine/machine.ts'
import { bindingsDigest } from '../site/bindings-digest.ts'
import type { Given } from './given.ts'
import type { RememberedPolicy } from './policy-in-force.ts'

export interface Restored {
  readonly sequence: number
  /** False where devices lost addresses they had been given by a file. */
  readonly isWhole: boolean
}

export interface RestoreOptions {
  readonly point: NftablesPoint
  readonly record: ApplicationRecord
  /** Lowered for the machine as it is now; null where it is not kept. */
  readonly policy: RememberedPolicy | null
  readonly given: Pick<Given, 'boundNow'>
  readonly machine: Machine
  /** The state folder. */
  readonly state: string
  /** What happened, for the history. */
  readonly why: string
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Throws what `apply` throws, and where the policy cannot be compiled any more; then nothing has changed. */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const { point, record, policy, given, machine, state, now } = options
  if (policy === null) throw new Error(`the policy of application ${record.sequence} is not kept any more`)
  const { bindings, text } = policy
  const clock = await readClock({ machine, state, now })
  // A clock that nobody believes must not decide which allows have ended: what needs the time is off, as after a restart.
  const ruleset = clock.isTrusted ? policy.ruleset : withoutClock(policy.ruleset, clock.lastSeen)
  const at = clock.atLeast
  const log = record.log === null ? null : { group: record.log, verdicts: 'deny' as const }
  const compiled = (wanted: Ruleset, what: string) => {
    // What was accepted once as stricter is accepted again.
    const [artifact, refused] = compileFor(nftables, wanted, { bindings, at, log }, { acceptStricter: true })
    if (artifact === null) throw new Error(refused[0]?.message ?? `the policy cannot be compiled ${what}`)
    return artifact
  }
  const artifact = compiled(ruleset, 'any more')
  const digest = bindingsDigest(bindings)
  const { record: applied } = await point.apply(
    artifact,
    {
      by: 'thingwall gateway',
      at,
      why: options.why,
      policy: record.policy,
      bindings: digest,
      log: record.log,
      confirmWithinMs: null,
      again: record.sequence,
      document: text,
      boot: compiled(withoutClock(policy.ruleset, at), 'for a restart'),
    },
    given.boundNow(ruleset),
  )
  return { sequence: applied.sequence, isWhole: digest === record.bindings }
}
