/**
 * Limits for each device: a rate kept in a dynamic set by address, one rule for each limit and family.
 *
 * A full dynamic set would stop limiting, so each is sized for all addresses its devices may hold at once.
 */
import type { Limit, Ruleset } from '../../model/ruleset.ts'
import type { NftablesOptions } from './options.ts'
import { addressType, FAMILIES, headerOf, type Sets } from './sets.ts'
import type { ChainDeclaration, SetDeclaration } from './text.ts'
import { counterOf, logStatement } from './verdicts.ts'

/** An IPv6 device may hold 16 addresses (RFC 6620); IPv4 ones fewer. */
const ADDRESSES_PER_DEVICE = 17
const UNIT: Readonly<Record<Limit['perSeconds'], string>> = { 1: 'second', 60: 'minute', 3600: 'hour' }

export interface Limits {
  readonly sets: readonly SetDeclaration[]
  readonly chains: readonly ChainDeclaration[]
  /** Chain that every packet of a limited device passes, or null. */
  readonly traffic: string | null
  /** Chain that every new flow passes before it is let in, or null. */
  readonly admission: string | null
}

export function keepLimits(ruleset: Ruleset, sets: Sets, options: NftablesOptions): Limits {
  const declared: SetDeclaration[] = []
  const chains: ChainDeclaration[] = []
  const chainFor = (measure: Limit['measure'], name: string): string | null => {
    const rules: string[] = []
    for (const [index, limit] of ruleset.limits.entries()) {
      if (limit.measure !== measure) continue
      for (const family of FAMILIES) {
        const set = `rate/${index}/${family}`
        const header = headerOf(family)
        declared.push(rateSet(ruleset, limit, set, addressType(family)))
        const update = `update @${set} { ${header} saddr limit rate over ${rateOf(limit)} }`
        rules.push(`${header} saddr ${sets.group(limit.group, family)} ${update} goto deny/${limit.id}`)
      }
    }
    if (rules.length === 0) return null
    chains.push({ name, rules })
    return name
  }
  for (const limit of ruleset.limits) {
    const log = logStatement('deny', limit.id, options)
    chains.push({ name: `deny/${limit.id}`, rules: [`${log}counter name "${counterOf(limit.id)}" drop`] })
  }
  const traffic = chainFor('egress-bytes', 'limit/traffic')
  const admission = chainFor('new-connections', 'limit/admission')
  return { sets: declared, chains, traffic, admission }
}

function rateSet(ruleset: Ruleset, limit: Limit, name: string, type: string): SetDeclaration {
  const devices = ruleset.groups[limit.group]?.devices.length ?? 0
  return {
    kind: 'set',
    name,
    type: `type ${type}`,
    flags: ['dynamic', 'timeout'],
    extra: [
      `size ${Math.max(1024, devices * ADDRESSES_PER_DEVICE)}`,
      `timeout ${Math.max(60, 2 * limit.perSeconds)}s`,
    ],
    elements: [],
  }
}

/** The burst is what one unit of time allows, and never less than one full packet. */
function rateOf(limit: Limit): string {
  const unit = UNIT[limit.perSeconds]
  if (limit.measure === 'new-connections') return `${limit.amount}/${unit} burst ${limit.amount} packets`
  return `${limit.amount} bytes/${unit} burst ${Math.max(limit.amount, 1600)} bytes`
}
