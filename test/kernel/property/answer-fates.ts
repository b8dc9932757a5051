/**
 * What is to become of what comes back.
 *
 * `evaluate` speaks of packets that open flows. The rest follows from it: what belongs to an open flow passes for as
 * long as `evaluate` lets that flow in, what belongs to none is judged as a packet that opens one, and whoever sends it
 * must be who it says it is, either way.
 */
import { type Address, evaluate, type Flow, type LinkAddress, parseAddress } from '@thingwall/policy'
import type { Answer } from './answers.ts'
import type { Fate } from './fate.ts'
import type { InForce } from './rules.ts'
import { type Port, ports } from './world.ts'

/** The answer as if it opened a flow: that is how who sends it is looked at, and what belongs to no flow. */
export function flowOfAnswer({ port, link, source, destination, payload }: Answer): Flow {
  const ends = {
    ingress: (ports[port] as Port).network,
    link: link as LinkAddress,
    source: parseAddress(source) as Address,
    destination: parseAddress(destination) as Address,
  }
  switch (payload.kind) {
    case 'tcp':
    case 'udp': {
      const { sourcePort, destinationPort } = payload
      const isTcp = payload.kind === 'tcp'
      return { ...ends, protocol: isTcp ? 6 : 17, sourcePort, destinationPort, opens: !isTcp }
    }
    case 'icmp':
    case 'icmpv6':
      return { ...ends, protocol: payload.kind === 'icmp' ? 1 : 58, icmpType: payload.type }
    case 'bytes':
      return { ...ends, protocol: payload.protocol }
    default:
      return payload satisfies never
  }
}

/** Whose packet it is not is told by these, whatever the packet is. */
const identityFaults: ReadonlySet<string> = new Set(['fixed/spoofed', 'fixed/stranger', 'fixed/interface'])

const HELD: Fate = { verdict: 'deny', rule: 'fixed/stale' }
const PASSED: Fate = { verdict: 'allow', rule: 'fixed/icmp-errors' }

/** In the hours of a deny no flow is taken for granted. */
function judgesEveryPacket({ ruleset }: InForce): boolean {
  return ruleset.rules.some(({ effect, when }) => effect === 'deny' && when !== null)
}

/** What is in force when something comes back. */
export interface Moment {
  readonly rules: InForce
  /** What let open flows in, and where it still does: nothing but answers to names changed. */
  readonly standing: InForce | null
  /** Whether something took the place of what let the flows in. */
  readonly isLater: boolean
}

/** What may become of an answer, and where it comes out if it is let through. */
export function fatesOf(
  { belongsTo, arrival, given }: Answer,
  asOpener: Flow,
  { rules, standing, isLater }: Moment,
): { readonly fates: readonly Fate[]; readonly arrival: Address | null } {
  const alone = evaluate(rules.ruleset, asOpener, rules.bindings, rules.at)
  if (belongsTo === null || identityFaults.has(alone.rule.id))
    return { fates: [{ verdict: alone.verdict, rule: alone.rule.id }], arrival: asOpener.destination }
  const isAnswer = given.kind === 'answer'
  if (standing !== null && !(isAnswer && isLater && judgesEveryPacket(rules)))
    return { fates: fatesBy(standing), arrival }
  const anew = fatesBy(rules)
  // An error is held until a packet of its flow was judged anew; an answer is judged now, if by rules with hours.
  if (!isAnswer) return { fates: [...anew, HELD], arrival }
  return { fates: standing === null ? anew : [...fatesBy(standing), ...anew], arrival }

  function fatesBy({ ruleset, bindings, at }: InForce): readonly Fate[] {
    const { verdict, rule } = evaluate(ruleset, belongsTo as Flow, bindings, at)
    if (given.kind !== 'answer') return [verdict === 'allow' ? PASSED : HELD]
    const byRule: Fate = { verdict, rule: rule.id }
    if (verdict !== 'allow') return [byRule]
    // What stands is not told of; what is judged anew is, the first time.
    const untold: Fate = { verdict, rule: null }
    return standing === null || judgesEveryPacket(rules) ? [untold, byRule] : [untold]
  }
}
