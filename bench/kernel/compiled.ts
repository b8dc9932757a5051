/** The fleet's policy as the kernel takes it. */
import { type Artifact, compileFor, lower, validate } from '@thingwall/policy'
import { nftables } from '@thingwall/policy/nftables'
import { type FleetOptions, fleetOf } from '../policy/fleet.ts'

/** A compiled policy for so many devices. */
export function compiledFleet(size: number, options: FleetOptions = {}): Artifact {
  const [document] = validate(fleetOf(size, options))
  const [ruleset] = document === null ? [null] : lower(document)
  const [artifact] = ruleset === null ? [null] : compileFor(nftables, ruleset, {})
  if (artifact === null) throw new Error('the fleet does not compile')
  return artifact
}
