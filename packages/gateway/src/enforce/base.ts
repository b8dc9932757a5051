/** What an application is meant to take the place of: a plan is made against it, and holds only while it is in force. */
import { ThingwallError } from '../error.ts'
import type { Base, InForce } from './point.ts'

/** What is in force as a base; null where nothing is, or nothing that was recorded here. */
export function baseOf({ digest, record }: InForce): Base | null {
  return digest === null || record === null ? null : { sequence: record.sequence, digest: record.digest }
}

/** Throws TW4030 where something else is in force. */
export function requireBase(inForce: InForce, base: Base | null): void {
  const now = baseOf(inForce)
  const isStranger = inForce.digest !== null && now === null
  if (!isStranger && now?.sequence === base?.sequence && now?.digest === base?.digest) return
  const was = base === null ? 'nothing was in force' : `application ${base.sequence} was in force`
  const is = isStranger
    ? 'something that was not recorded here'
    : now === null
      ? 'nothing'
      : `application ${now.sequence}${now.sequence === base?.sequence ? ', which is another of that number' : ''}`
  throw new ThingwallError('TW4030', `the plan was made when ${was}; now it is ${is}`, {
    hint: 'nothing was changed; plan again and look at what it says now: sudo thingwall plan --out FILE',
  })
}
