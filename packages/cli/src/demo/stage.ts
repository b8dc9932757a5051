/** What every attempt of the demo stands on: the built site, the policy and its bindings, the wall. Data only. */
import type { Site } from '@thingwall/gateway/lab'
import type { Bindings, Ruleset } from '@thingwall/policy'
import type { Wall } from './wall.ts'

export interface Stage {
  readonly site: Site
  readonly ruleset: Ruleset
  readonly bindings: Bindings
  readonly wall: Wall
  /** How long a client waits, by what the policy says: one that is to be refused need not wait for a slow machine. */
  readonly patienceMs: Readonly<Record<'allow' | 'deny', number>>
  /** The certificate that clients trust. */
  readonly authority: string
}
