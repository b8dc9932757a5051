/**
 * The chain that translates what forwards are for, before anything is judged: looked up by interface, protocol and port,
 * so that its rules do not grow with forwards. Whether a translated flow is let in is for the rules, as of any flow.
 *
 * Only what comes in by the forward's uplink, to an address of the gateway's own outside: from inside, a device is
 * reached by its own address. Groups and broadcasts are never translated.
 */
import { targetOf } from '../../evaluate/translate.ts'
import { type Address, type Family, formatAddress } from '../../model/address.ts'
import type { Forward, Network, Ruleset } from '../../model/ruleset.ts'
import type { NftablesOptions } from './options.ts'
import { addressType, FAMILIES, headerOf, type Sets } from './sets.ts'
import { type ChainDeclaration, element, type SetDeclaration } from './text.ts'

export interface Forwarding {
  readonly sets: readonly SetDeclaration[]
  readonly chains: readonly ChainDeclaration[]
}

/**
 * Linux looks for loopback addresses that come in by a wire (martians) when it routes, after it has translated, and would no
 * longer find them. Those of IPv6 it drops before any hook.
 */
const NO_LOOPBACK = ' ip daddr != 127.0.0.0/8'

/** Nothing where there are no forwards. */
export function forwarding(ruleset: Ruleset, sets: Sets, options: NftablesOptions): Forwarding {
  if (ruleset.forwards.length === 0) return { sets: [], chains: [] }
  const declared: SetDeclaration[] = []
  const rules: string[] = []
  for (const family of FAMILIES) {
    const header = headerOf(family)
    const inside = sets.addresses(ruleset.local, family)
    const outside = inside === null ? `meta nfproto ipv${family}` : `${header} daddr != ${inside}`
    const isOurs = `${outside}${family === 4 ? NO_LOOPBACK : ''} fib daddr type local`
    for (const [kind, lead] of [
      ['port', ` . inet_service`],
      ['ports', ''],
    ] as const) {
      const own = ruleset.forwards.filter(({ port }) => (port === null) === (kind === 'ports'))
      if (own[0] === undefined) continue
      const name = forwardMap(own[0], family)
      declared.push({
        kind: 'map',
        name,
        type: `type ifname . inet_proto . inet_service : ${addressType(family)}${lead}`,
        flags: kind === 'ports' ? ['interval', 'timeout'] : ['timeout'],
        elements: own.flatMap((forward) => elementsOf(ruleset, forward, options, family)),
        isDerived: true,
      })
      rules.push(`${isOurs} dnat ${header} to iifname . meta l4proto . th dport map @${name}`)
    }
  }
  const hook = 'type nat hook prerouting priority dstnat; policy accept;'
  return { sets: declared, chains: [{ name: 'forwards', hook, rules }] }
}

function elementsOf(
  ruleset: Ruleset,
  forward: Forward,
  options: NftablesOptions,
  family: Family,
): readonly string[] {
  const target = targetOf(ruleset, forward, options.bindings, options.at, family)
  if (target === null) return []
  const data = leadTo(forward, target.address)
  return keysOf(ruleset, forward).map((key) => element(key, target.until, options.at, data))
}

/** The map of a family that a forward stands in. */
export function forwardMap({ port }: Forward, family: Family): string {
  return `forward-${port === null ? 'ports' : 'port'}/${family}`
}

/** What a forward is looked up by. */
export function keysOf(ruleset: Ruleset, forward: Forward): readonly string[] {
  const { interfaces } = ruleset.networkByName.get(forward.network) as Network
  return forward.services.flatMap(({ protocol, first, last }) => {
    const ports = first === last ? `${first}` : `${first}-${last}`
    return interfaces.map((name) => `"${name}" . ${protocol} . ${ports}`)
  })
}

/** Where the map says that a forward leads. */
export function leadTo({ port }: Forward, address: Address): string {
  return ` : ${formatAddress(address)}${port === null ? '' : ` . ${port}`}`
}
