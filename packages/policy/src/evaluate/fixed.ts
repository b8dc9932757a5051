/**
 * The fixed tier: whether a packet is what it says it is, whether it may open a flow at all, and the traffic without
 * which there is no network. No policy changes it.
 *
 * Cases that never reach this function because they are no flows (ARP, errors of live flows, stale flows) are in the
 * published tier all the same and are the enforcement point's to keep.
 */

import type { FixedId } from '../lower/fixed-tier.ts'
import { NO_SOURCES } from '../lower/networks.ts'
import { type Address, type Interval, parsePrefix } from '../model/address.ts'
import { ABSENT } from '../model/address-table.ts'
import { isKnownBy, networkAt } from '../model/device-traits.ts'
import type { Flow } from '../model/flow.ts'
import { type AddressSet, differenceOf, isIn, unionOf } from '../model/interval.ts'
import type { Network } from '../model/ruleset.ts'
import { ICMP, ICMPV6, opensFlow, UDP } from '../model/service.ts'
import { type Case, type End, isGatewayAddress } from './ends.ts'

/** The rule of the fixed tier that decides, or null where the policy's own rules may speak. */
export function judgeFixed(one: Case): FixedId | null {
  const { flow, from, to } = one
  const { network } = one.door
  if (network === null && !from.isGateway) return 'fixed/interface'
  if (from.isGateway && (to.isGateway || isLoopback(flow.destination))) return 'fixed/loopback'
  const purpose = purposeOf(one)
  const fault = network === null ? null : identityFault(one, network, purpose)
  if (fault !== null || purpose !== null) return fault ?? purpose
  if (isNobodys(to)) return 'fixed/martian'
  return flow.opens === false || isStray(flow) ? 'fixed/invalid' : null
}

type Purpose = 'fixed/neighbour-discovery' | 'fixed/dhcp' | 'fixed/group-membership'

/** What keeps the network alive, by the rule that lets it: of each protocol there is one. */
function purposeOf(one: Case): Purpose | null {
  switch (one.flow.protocol) {
    case ICMPV6:
      return discovers(one) ? 'fixed/neighbour-discovery' : null
    case UDP:
      return leases(one) ? 'fixed/dhcp' : null
    case IGMP:
      return joins(one) ? 'fixed/group-membership' : null
    default:
      return null
  }
}

/**
 * Whether it may come from no address: solicitations, and reports of groups (RFC 3376 4.2.13, RFC 3590), may. An
 * advertisement needs one (RFC 4861 7.2.4).
 */
function mayBeNobody(purpose: Purpose | null, { icmpType }: Flow): boolean {
  return purpose === 'fixed/neighbour-discovery' ? icmpType !== NEIGHBOUR_ADVERTISEMENT : purpose !== null
}

/** An ICMP message that opens nothing. */
function isStray({ destination, protocol, icmpType }: Flow): boolean {
  const family = destination.length === 8 ? 4 : 6
  return protocol === (family === 4 ? ICMP : ICMPV6) && !opensFlow(family, icmpType ?? -1)
}

/** Whose packet this is not: link and network address must belong together, and strangers are held. */
function identityFault(one: Case, network: Network, purpose: Purpose | null): FixedId | null {
  const { source, link } = one.flow
  const { words, device } = one.from
  if (words.a === 0 && (source === UNSPECIFIED_4 || source === UNSPECIFIED_6))
    return network.role !== 'uplink' && mayBeNobody(purpose, one.flow) ? null : 'fixed/spoofed'
  const { networks, traits } = one.ruleset
  if (device !== ABSENT) {
    const isHome = networks[networkAt(traits, device)] === network
    const isItself = network.identity === 'ip' || isKnownBy(traits, device, link)
    return isHome && isItself ? null : 'fixed/spoofed'
  }
  const isLocal = isLinkLocal(source)
  if (isGatewayAddress(one.ruleset, one.bindings, source)) return 'fixed/spoofed'
  if (!isLocal && !isIn(one.door.addresses, words)) return 'fixed/spoofed'
  const isDiscovery = purpose === 'fixed/neighbour-discovery'
  if (network.role !== 'things' || purpose === 'fixed/dhcp' || (isDiscovery && isLocal)) return null
  if (isLocal || link === undefined || network.identity === 'ip') return 'fixed/stranger'
  // A device known by its link address, with an address nobody gave it.
  const known = one.ruleset.links.get(link)
  return known !== undefined && networks[networkAt(traits, known)] === network
    ? 'fixed/spoofed'
    : 'fixed/stranger'
}

/**
 * Neighbour and listener discovery with the gateway; router advertisements come from the uplink only, and redirects,
 * which lead around the gateway, from nobody.
 */
function discovers({ flow, from, to, door: { network } }: Case): boolean {
  if (!(from.isGateway || to.isGateway || isGroup(flow.destination))) return false
  const type = flow.icmpType ?? -1
  if ((type >= 130 && type <= 132) || type === 143 || type === 135 || type === 136) return true
  return from.isGateway ? type >= 133 && type <= 136 : type === (network?.role === 'uplink' ? 134 : 133)
}

/** DHCP and DHCPv6 between hosts and the gateway, and between the gateway and the uplink's server. */
function leases({ flow, from, to, door: { network } }: Case): boolean {
  const isFour = flow.destination.length === 8
  const client = isFour ? 68 : 546
  const server = isFour ? 67 : 547
  const asks = flow.sourcePort === client && flow.destinationPort === server
  const answers = flow.sourcePort === server && flow.destinationPort === client
  if (from.isGateway) return asks || answers
  const isForUs = to.isGateway || flow.destination === 'ffffffff' || isGroup(flow.destination)
  return isForUs && (network?.role === 'uplink' ? answers : asks)
}

/** IGMP to a group: who listens to what, between hosts, bridges and routers of one link. It is never forwarded. */
function joins({ flow }: Case): boolean {
  return flow.destination.length === 8 && isGroup(flow.destination)
}

const IGMP = 2
const NEIGHBOUR_ADVERTISEMENT = 136
const UNSPECIFIED_4 = '0'.repeat(8)
const UNSPECIFIED_6 = '0'.repeat(32)

/** This network, loopback, unspecified: addresses that no wire carries a packet to. */
function isNobodys({ words: { isFour, a, b, c, d } }: End): boolean {
  if (isFour) return a >>> 24 === 0 || a >>> 24 === 127
  return a === 0 && b === 0 && c === 0 && (d === 0 || d === 1)
}

/** The same as a set: where no policy's rule is asked about what goes there. */
export const FIXED_DESTINATIONS: AddressSet = unionOf(
  ['0.0.0.0/8', '127.0.0.0/8', '::/127'].map((text) => parsePrefix(text) as Interval),
)

/** What is refused as a source whatever network it comes in by: nobody's addresses that no network has for its own. */
export function fixedSources(networks: readonly Network[]): AddressSet {
  return networks.reduce((left, { addresses }) => differenceOf(left, addresses), NO_SOURCES)
}

/** Whether a packet to it reaches hosts of the sender's own link: a group, everybody, a link-local address. */
export function staysOnLink(address: Address): boolean {
  return isGroup(address) || address === 'ffffffff' || isLinkLocal(address)
}

/** Multicast of either family. */
function isGroup(address: Address): boolean {
  return address.startsWith(address.length === 8 ? 'e' : 'ff')
}

function isLoopback(address: Address): boolean {
  return address.length === 8 ? address.startsWith('7f') : address === `${'0'.repeat(31)}1`
}

function isLinkLocal(address: Address): boolean {
  return address.length === 32 && address >= 'fe80' && address < 'fec0'
}
