/** What may become of a packet, and whether it did. */
import type { Verdict } from '@thingwall/policy'
import type { Observation } from './kernel.ts'

/** A verdict, and the rule that decides. */
export interface Fate {
  readonly verdict: Verdict
  /** Null: packets of an open flow that stands are not told of. */
  readonly rule: string | null
}

/** Throws where what was seen of a packet is none of what may become of it. */
export function expectFate(
  what: unknown,
  fates: readonly Fate[],
  isPassedOn: boolean,
  seen: Observation,
): void {
  if (fates.some((fate) => isFate(fate, isPassedOn, seen))) return
  const expected = fates.map(({ verdict, rule }) => `${verdict} by ${rule}`).join(' or ')
  const met = `${seen.verdict} by ${seen.rule}, ${seen.delivered ? 'delivered' : 'not delivered'}`
  throw new Error(`evaluate: ${expected}; kernel: ${met}; packet: ${JSON.stringify(what)}`)
}

function isFate({ verdict, rule }: Fate, isPassedOn: boolean, seen: Observation): boolean {
  if (verdict === 'allow') {
    if (rule === null ? seen.verdict !== null : seen.verdict !== 'allow') return false
    return seen.rule === rule && (seen.delivered || !isPassedOn)
  }
  if (seen.delivered || seen.verdict === 'allow') return false
  // Linux drops martians while routing, before any rule of ours.
  if (rule === 'fixed/martian') return true
  return verdict === 'deny' ? seen.rule === rule : seen.verdict === 'deny'
}
