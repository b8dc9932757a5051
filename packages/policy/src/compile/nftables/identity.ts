/**
 * Identity, before connection tracking: a packet whose link and network address do not belong together goes no
 * further, and on a things network neither does one from a device nobody has named.
 *
 * One chain for each network, one look-up for each packet of a known device. Neighbour advertisements must claim
 * an address of their own sender (the target is read as raw payload: nftables 1.0.6 has no word for it).
 */
import { type Family, familyOf } from '../../model/address.ts'
import { differenceOf, unionOf } from '../../model/interval.ts'
import type { Network, Ruleset } from '../../model/ruleset.ts'
import { ADVERTISEMENT, claimChains, isOwnTarget, LINK_LOCAL, SPOOFED, TARGET } from './claims.ts'
import { classId } from './judge.ts'
import type { NftablesOptions } from './options.ts'
import { addressType, FAMILIES, headerOf, type Sets } from './sets.ts'
import {
  type ChainDeclaration,
  element,
  OURS,
  rawAddress,
  type SetDeclaration,
  writeInterval,
} from './text.ts'

export interface Identity {
  readonly sets: readonly SetDeclaration[]
  readonly chains: readonly ChainDeclaration[]
}

const STRANGER = 'goto deny/fixed/stranger'

export function guardIdentity(ruleset: Ruleset, sets: Sets, options: NftablesOptions): Identity {
  const declared: SetDeclaration[] = [
    ...classMaps(ruleset, sets, options),
    claimedSet(ruleset, sets, options),
  ]
  const chains: ChainDeclaration[] = [
    {
      name: 'identity',
      hook: 'type filter hook prerouting priority raw; policy accept;',
      rules: [
        `iifname vmap { "lo" : accept, ${ruleset.networks
          .flatMap((network) => network.interfaces.map((name) => `"${name}" : goto identity/${network.name}`))
          .join(', ')} }`,
        'goto deny/fixed/interface',
      ],
    },
    { name: 'identity-leases', rules: leaseRules() },
    { name: 'identity-unspecified', rules: unspecifiedRules() },
    { name: 'identity-discovery', rules: discoveryRules() },
    { name: OWN_ECHO, rules: ownEchoRules() },
  ]
  for (const network of ruleset.networks) {
    declared.push(...networkSets(ruleset, sets, network, options))
    if (network.role === 'uplink') chains.push(uplinkChain(network))
    else chains.push(...localChains(network))
  }
  return { sets: declared, chains }
}

/** Every address of every device → its class. */
function classMaps(ruleset: Ruleset, sets: Sets, options: NftablesOptions): readonly SetDeclaration[] {
  const elements: Record<Family, string[]> = { 4: [], 6: [] }
  for (const [index, device] of ruleset.devices.entries()) {
    const data = ` : ${classId(device.class)}`
    for (const one of sets.held[index] ?? [])
      elements[one.family].push(element(one.text, one.until, options.at, data))
  }
  return FAMILIES.map((family) => ({
    kind: 'map',
    name: `class/${family}`,
    type: `type ${addressType(family)} : classid`,
    flags: ['timeout'],
    elements: elements[family],
    isDerived: true,
  }))
}

/** IPv6 addresses that a neighbour advertisement may only claim from the device which has them. */
function claimedSet(ruleset: Ruleset, sets: Sets, options: NftablesOptions): SetDeclaration {
  const own = new Set(
    [...ruleset.gateway, ...options.bindings.gateway].filter((address) => familyOf(address) === 6),
  )
  const elements = Array.from(own, rawAddress)
  for (const held of sets.held) {
    for (const one of held) {
      if (one.family === 6) elements.push(element(rawAddress(one.address), one.until, options.at))
    }
  }
  return {
    kind: 'set',
    name: 'claimed',
    type: `typeof ${TARGET}`,
    flags: ['timeout'],
    elements,
    isDerived: true,
  }
}

function networkSets(
  ruleset: Ruleset,
  sets: Sets,
  network: Network,
  options: NftablesOptions,
): readonly SetDeclaration[] {
  const own = unionOf(
    [...ruleset.gateway, ...options.bindings.gateway].map((address) => ({ first: address, last: address })),
  )
  const senders = differenceOf(network.addresses, own)
  const declared: SetDeclaration[] = FAMILIES.map((family) => ({
    kind: 'set',
    name: `sender/${network.name}/${family}`,
    type: `type ${addressType(family)}`,
    flags: ['interval'],
    elements: senders.filter((one) => familyOf(one.first) === family).map(writeInterval),
    isDerived: true,
  }))
  if (network.role === 'uplink') return declared
  const isLinked = network.identity === 'mac+ip'
  const links: string[] = []
  const bound: Record<Family | 'target', string[]> = { 4: [], 6: [], target: [] }
  for (const [index, device] of ruleset.devices.entries()) {
    if (device.network !== network.name) continue
    if (device.link !== null) links.push(device.link)
    const prefix = isLinked ? `${device.link} . ` : ''
    for (const one of sets.held[index] ?? []) {
      bound[one.family].push(element(`${prefix}${one.text}`, one.until, options.at))
      if (one.family === 6)
        bound.target.push(element(`${prefix}${rawAddress(one.address)}`, one.until, options.at))
    }
  }
  const derived = { kind: 'set', isDerived: true } as const
  for (const family of FAMILIES) {
    const type = isLinked ? `ether_addr . ${addressType(family)}` : addressType(family)
    const name = `bound/${network.name}/${family}`
    declared.push({ ...derived, name, type: `type ${type}`, flags: ['timeout'], elements: bound[family] })
  }
  const target = `typeof ${isLinked ? 'ether saddr . ' : ''}${TARGET}`
  declared.push({
    ...derived,
    name: `target/${network.name}`,
    type: target,
    flags: ['timeout'],
    elements: bound.target,
  })
  if (!isLinked) return declared
  const itself = links.map((link) => `${link} . 0x${link.replaceAll(':', '')}`)
  return [
    ...declared,
    { ...derived, name: `link/${network.name}`, type: 'type ether_addr', elements: links },
    {
      ...derived,
      name: `itself/${network.name}`,
      type: 'typeof ether saddr . @th,208,48',
      elements: itself,
    },
  ]
}

function uplinkChain(network: Network): ChainDeclaration {
  return {
    name: `identity/${network.name}`,
    rules: [
      ...FAMILIES.map((family) => `${headerOf(family)} saddr @sender/${network.name}/${family} accept`),
      TO_OWN_ECHO,
      `ip6 saddr ${LINK_LOCAL} meta priority set ip6 saddr map @class/6 ${SPOOFED}`,
      `ip6 saddr ${LINK_LOCAL} fib saddr type != local accept`,
      SPOOFED,
    ],
  }
}

/** Known first: a packet of a device in good order meets two or three rules. */
function localChains(network: Network): readonly ChainDeclaration[] {
  const { name } = network
  const isLinked = network.identity === 'mac+ip'
  const isThings = network.role === 'things'
  const bound = (family: 4 | 6): string =>
    `${isLinked ? 'ether saddr . ' : ''}${headerOf(family)} saddr @bound/${name}/${family}`
  const rules = [
    `${bound(4)} accept`,
    `meta l4proto != icmpv6 ${bound(6)} accept`,
    `${bound(6)} goto identity/${name}/claim`,
    'ip saddr 0.0.0.0 goto identity-unspecified',
    'ip6 saddr :: goto identity-unspecified',
    TO_OWN_ECHO,
    // The address is another device's, or this one's under another link address: found means spoofed.
    ...FAMILIES.map(
      (family) => `meta priority set ${headerOf(family)} saddr map @class/${family} ${SPOOFED}`,
    ),
    `ip6 saddr ${LINK_LOCAL} fib saddr type local ${SPOOFED}`,
    `ip saddr != @sender/${name}/4 ${SPOOFED}`,
    `ip6 saddr != ${LINK_LOCAL} ip6 saddr != @sender/${name}/6 ${SPOOFED}`,
  ]
  // From an address that nobody was given, of one that is its own: hosts choose which they speak from.
  const own = `${ADVERTISEMENT} ${isOwnTarget(network)} goto identity/${name}/claim`
  if (!isThings) rules.push(own, `${ADVERTISEMENT} goto identity/${name}/free`, 'accept')
  else {
    rules.push('jump identity-leases', `ip6 saddr ${LINK_LOCAL} ${own}`)
    rules.push(`ip6 saddr ${LINK_LOCAL} jump identity-discovery`, `ip6 saddr ${LINK_LOCAL} ${STRANGER}`)
    if (isLinked) rules.push(`ether saddr @link/${name} ${SPOOFED}`)
    rules.push(STRANGER)
  }
  const chains: ChainDeclaration[] = [{ name: `identity/${name}`, rules }]
  return [...chains, ...claimChains(network)]
}

/** A stranger may find the gateway from a link-local address, and claim such an address if nobody has it. */
function discoveryRules(): readonly string[] {
  return [
    `${ADVERTISEMENT} ${TARGET} @claimed ${SPOOFED}`,
    `${ADVERTISEMENT} @th,64,10 != 0x3fa ${SPOOFED}`,
    `${discovery('{ 130, 131, 132, 133, 135, 136, 143 }')} accept`,
  ]
}

const EVERYBODY = 'ff:ff:ff:ff:ff:ff'

/** Name of the chain that tells the gateway's own broadcasts from forged ones. */
const OWN_ECHO = 'own-echo'

/** Groups and broadcasts from an address of the gateway; the cheapest test first, since laptops' packets come by here. */
export const TO_OWN_ECHO: string = `meta pkttype { broadcast, multicast } meta iiftype ether fib saddr type local jump ${OWN_ECHO}`

/**
 * Linux hands a copy of what the gateway sends to a group back to it. That copy never was on a wire: it has no Ethernet
 * header, and no test of one succeeds. What has one, whatever it says, was sent by somebody else.
 */
function ownEchoRules(): readonly string[] {
  return [
    `ether saddr ${EVERYBODY} return`,
    `ether saddr != ${EVERYBODY} return`,
    'goto allow/fixed/loopback',
  ]
}

/** A host that asks for an address may do so from one it has no right to yet. */
function leaseRules(): readonly string[] {
  return [
    'udp sport 68 udp dport 67 ip daddr 224.0.0.0/4 accept',
    `udp sport 68 udp dport 67 ip daddr != 127.0.0.0/8 ${OURS} accept`,
    'udp sport 546 udp dport 547 ip6 daddr ff00::/8 accept',
    `udp sport 546 udp dport 547 ip6 daddr != ::1 ${OURS} accept`,
  ]
}

function unspecifiedRules(): readonly string[] {
  return [
    'jump identity-leases',
    `${MEMBERSHIP} accept`,
    `${discovery('{ 130, 131, 132, 133, 135, 143 }')} accept`,
    SPOOFED,
  ]
}

/** IGMP to a group, which no router passes on. */
export const MEMBERSHIP = 'ip daddr 224.0.0.0/4 meta l4proto igmp'

/** Discovery goes to a group or to the gateway; forwarded it would be none. */
function discovery(types: string): string {
  return `icmpv6 type ${types} fib daddr type { local, anycast, multicast }`
}
