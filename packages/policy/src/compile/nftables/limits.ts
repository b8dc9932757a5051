/**
 * Limits for each device: a rate kept in a dynamic set, met by the device's class. A packet looks its class up once,
 * however many limits and devices there are, and meets the limits of that class alone.
 *
 * What a device sends is counted together by its link address, however many addresses it has; where a hop hides the
 * link address, by each of its addresses. A full dynamic set would stop limiting, so each is sized for all there can be.
 */
import type { Family } from '../../model/address.ts'
import type { Limit, Network, Ruleset } from '../../model/ruleset.ts'
import { classId } from './judge.ts'
import type { Log } from './log.ts'
import { addressType, FAMILIES, headerOf } from './sets.ts'
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

export function keepLimits(ruleset: Ruleset, log: Log): Limits {
  const sets: SetDeclaration[] = []
  const chains: ChainDeclaration[] = []
  for (const [index, limit] of ruleset.limits.entries()) {
    for (const counted of countedBy(homesOf(ruleset, limit)))
      sets.push(rateSet(ruleset, limit, index, counted))
    chains.push({
      name: `deny/${limit.id}`,
      rules: log.rules('deny', limit.id, `counter name "${counterOf(limit.id)}" drop`),
    })
  }
  const dispatched = (measure: Limit['measure'], name: string): string | null => {
    const dispatch = dispatchTo(ruleset, measure, name)
    if (dispatch === null) return null
    sets.push(dispatch.map)
    chains.push(...dispatch.chains)
    return name
  }
  const traffic = dispatched('egress-bytes', 'limit/traffic')
  const admission = dispatched('new-connections', 'limit/admission')
  return { sets, chains, traffic, admission }
}

/** The class was kept in the packet's priority, and what is let in goes out as best effort. */
const FORGET = 'meta priority set none'

/** Leads a device's packet to the limits of its class; null where no device has such a limit. */
function dispatchTo(
  ruleset: Ruleset,
  measure: Limit['measure'],
  name: string,
): { readonly map: SetDeclaration; readonly chains: readonly ChainDeclaration[] } | null {
  const limits = [...ruleset.limits.entries()].filter(([, limit]) => limit.measure === measure)
  // Classes with the same limits share a chain: there may be as many classes as devices.
  const chains = new Map<string, ChainDeclaration>()
  const elements = ruleset.classes.flatMap(({ groups }, index) => {
    const own = limits.filter(([, limit]) => groups.has(limit.group))
    if (own.length === 0) return []
    const key = own.map(([at]) => at).join()
    const chain = chains.get(key) ?? {
      name: `${name}/${chains.size}`,
      rules: own.flatMap(([at, limit]) => limitRules(ruleset, limit, at)),
    }
    chains.set(key, chain)
    return [`${classId(index)} : jump ${chain.name}`]
  })
  if (elements.length === 0) return null
  const homes = new Set(limits.flatMap(([, limit]) => homesOf(ruleset, limit)))
  const doors = [...homes].flatMap(({ interfaces }) => interfaces)
  const byClass = `${name}/by-class`
  const looks = FAMILIES.map(
    (family) => `meta priority set ${headerOf(family)} saddr map @class/${family} goto ${byClass}`,
  )
  return {
    map: { kind: 'map', name, type: 'type classid : verdict', elements },
    chains: [
      ...chains.values(),
      { name: byClass, rules: [`meta priority vmap @${name}`, FORGET] },
      { name, rules: [`iifname != ${interfaceNames(doors)} return`, ...looks] },
    ],
  }
}

/** What a rate is kept for: a link address, or an address of a family. */
type Counted = 'link' | Family

function countedBy(homes: readonly Network[]): readonly Counted[] {
  const identities = new Set(homes.map(({ identity }) => identity))
  return [...(identities.has('mac+ip') ? (['link'] as const) : []), ...(identities.has('ip') ? FAMILIES : [])]
}

function limitRules(ruleset: Ruleset, limit: Limit, index: number): readonly string[] {
  const homes = homesOf(ruleset, limit)
  const isMixed = new Set(homes.map(({ identity }) => identity)).size > 1
  return countedBy(homes).map((counted) => {
    const own = homes.filter(({ identity }) => (identity === 'mac+ip') === (counted === 'link'))
    const here = isMixed ? `iifname ${interfaceNames(own.flatMap(({ interfaces }) => interfaces))} ` : ''
    const sender = `${counted === 'link' ? 'ether' : headerOf(counted)} saddr`
    return `${here}update @rate/${index}/${counted} { ${sender} limit rate over ${rateOf(limit)} } goto deny/${limit.id}`
  })
}

/** Networks that the limited devices are on. */
function homesOf(ruleset: Ruleset, limit: Limit): readonly Network[] {
  const devices = ruleset.groups[limit.group]?.devices ?? []
  const names = new Set(devices.map((device) => ruleset.devices[device]?.network))
  return ruleset.networks.filter(({ name }) => names.has(name))
}

function rateSet(ruleset: Ruleset, limit: Limit, index: number, counted: Counted): SetDeclaration {
  const devices = ruleset.groups[limit.group]?.devices.length ?? 0
  return {
    kind: 'set',
    name: `rate/${index}/${counted}`,
    type: `type ${counted === 'link' ? 'ether_addr' : addressType(counted)}`,
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
