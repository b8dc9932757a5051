/**
 * What each rule has met since it first came into force. The packet that opens a flow is counted by the rule that lets it in; of
 * what is refused every packet is. A replace starts all of them at zero.
 */
import { type Generation, splitName, TABLE } from '@thingwall/policy/nftables'
import type { NftObject } from './program.ts'

export interface RuleCount {
  /** Id of a rule or limit. */
  readonly rule: string
  readonly packets: number
  readonly bytes: number
}

const PREFIX = 'rule/'

/** Counts of a generation by rule id, both tables together, in the kernel's order. */
export function countersIn(objects: readonly NftObject[], generation: Generation): readonly RuleCount[] {
  const counts = new Map<string, RuleCount>()
  for (const { counter } of objects) {
    if (counter === undefined || counter.table !== TABLE) continue
    const [of, name] = splitName(String(counter.name))
    if (of !== generation || !name.startsWith(PREFIX)) continue
    const rule = name.slice(PREFIX.length)
    const before = counts.get(rule) ?? { rule, packets: 0, bytes: 0 }
    counts.set(rule, {
      rule,
      packets: before.packets + Number(counter.packets),
      bytes: before.bytes + Number(counter.bytes),
    })
  }
  return [...counts.values()]
}
