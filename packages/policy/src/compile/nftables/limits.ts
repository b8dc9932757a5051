/**
 * Limits for each device: a rate kept in a dynamic set, one rule for each limit and family.
 *
 * What a device sends is counted together by its link address, however many addresses it has; where a hop hides the
 * link address, by each of its addresses. A full dynamic set would stop limiting, so each is sized for all there can be.
 */
import type { Limit, Network, Ruleset } from '../../model/ruleset.ts'
import type { Log } from './log.ts'
import { addressType, FAMILIES, headerOf, type Sets } from './sets.ts'
import { type ChainDeclaration, interfaceNames, type SetDeclaration } from './text.ts'
import { counterOf } from './verdicts.ts'

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

export function keepLimits(ruleset: Ruleset, sets: Sets, log: Log): Limits {
  const declared: SetDeclaration[] = []
  const chains: ChainDeclaration[] = []
  const chainFor = (measure: Limit['measure'], name: string): string | null => {
    const rules: string[] = []
    for (const [index, limit] of ruleset.limits.entries()) {
      if (limit.measure !== measure) continue
      const homes = homesOf(ruleset, limit)
      for (const identity of new Set(homes.map((network) => network.identity))) {
        const doors = homes.filter((one) => one.identity === identity).flatMap((one) => one.interfaces)
        const here =
          new Set(homes.map((one) => one.identity)).size > 1 ? `iifname ${interfaceNames(doors)} ` : ''
        for (const family of FAMILIES) {
          const header = headerOf(family)
          const isLinked = identity === 'mac+ip'
          const set = isLinked ? `rate/${index}/link` : `rate/${index}/${family}`
          if (!isLinked || family === 4)
            declared.push(rateSet(ruleset, limit, set, isLinked ? 'ether_addr' : addressType(family)))
          const update = `update @${set} { ${isLinked ? 'ether' : header} saddr limit rate over ${rateOf(limit)} }`
          rules.push(
            `${here}${header} saddr ${sets.group(limit.group, family)} ${update} goto deny/${limit.id}`,
          )
        }
      }
    }
    if (rules.length === 0) return null
    chains.push({ name, rules })
    return name
  }
  for (const limit of ruleset.limits) {
    chains.push({
      name: `deny/${limit.id}`,
      rules: log.rules('deny', limit.id, `counter name "${counterOf(limit.id)}" drop`),
    })
  }
  const traffic = chainFor('egress-bytes', 'limit/traffic')
  const admission = chainFor('new-connections', 'limit/admission')
  return { sets: declared, chains, traffic, admission }
}

/** Networks that the limited devices are on. */
function homesOf(ruleset: Ruleset, limit: Limit): readonly Network[] {
  const devices = ruleset.groups[limit.group]?.devices ?? []
  const names = new Set(devices.map((device) => ruleset.devices[device]?.network))
  return ruleset.networks.filter(({ name }) => names.has(name))
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
