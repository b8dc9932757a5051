/**
 * What neighbour discovery claims, beyond who sends it: a neighbour advertisement is about an address of its own sender,
 * and the link address that a message tells is its sender's own. Otherwise the gateway's neighbour cache would be poisoned
 * behind the wall's back. Targets and options are read as raw payload: nftables 1.0.6 has no words for them.
 */
import { familyOf, type Interval } from '../../model/address.ts'
import type { Network } from '../../model/ruleset.ts'
import { type ChainDeclaration, rawAddress } from './text.ts'

export const SPOOFED = 'goto deny/fixed/spoofed'
export const LINK_LOCAL = 'fe80::/10'
export const ADVERTISEMENT = 'icmpv6 type nd-neighbor-advert'
/** What an advertisement is about. */
export const TARGET = '@th,64,128'
const LINK_LOCAL_TARGETS = `0xfe8${'0'.repeat(29)}-0xfeb${'f'.repeat(29)}`

/** An interval of IPv6 addresses as targets. */
export function writeTargets({ first, last }: Interval): string {
  return first === last ? rawAddress(first) : `${rawAddress(first)}-${rawAddress(last)}`
}

/** The test for an advertisement that is about an address of its sender's, or where senders are hidden of any device's. */
export function isOwnTarget({ name, identity }: Network): string {
  return `${identity === 'mac+ip' ? 'ether saddr . ' : ''}${TARGET} @target/${name}`
}

/** The chains that a local network's ICMPv6 goes to: from devices to `claim`, from addresses nobody was given to `free`. */
export function claimChains(network: Network): readonly ChainDeclaration[] {
  const { name } = network
  const isLinked = network.identity === 'mac+ip'
  const isThings = network.role === 'things'
  const claim = {
    name: `identity/${name}/claim`,
    rules: [
      ...(isLinked ? [`icmpv6 type { 133, 135, 136 } jump identity/${name}/told`] : []),
      'icmpv6 type != nd-neighbor-advert accept',
      `${isOwnTarget(network)} accept`,
      isThings ? SPOOFED : `goto identity/${name}/free`,
    ],
  }
  const told = { name: `identity/${name}/told`, rules: toldRules(name) }
  const free = { name: `identity/${name}/free`, rules: freeRules(network) }
  return [claim, ...(isLinked ? [told] : []), ...(isThings ? [] : [free])]
}

/**
 * The link address that is told must be the first option: Linux takes the first of its kind, and what stands before it
 * may be of any length. A message without options tells nothing.
 */
function toldRules(name: string): readonly string[] {
  const itself = (at: number): string => `ether saddr . @th,${at},48 @itself/${name}`
  return [
    `icmpv6 type nd-neighbor-solicit @th,192,8 0x1 ${itself(208)} return`,
    `icmpv6 type nd-neighbor-advert @th,192,8 0x2 ${itself(208)} return`,
    `icmpv6 type nd-router-solicit @th,64,8 0x1 ${itself(80)} return`,
    // Any other option, whichever it is.
    ...['0x0', '!= 0x0'].flatMap((option) => [
      `icmpv6 type { 135, 136 } @th,192,8 ${option} ${SPOOFED}`,
      `icmpv6 type 133 @th,64,8 ${option} ${SPOOFED}`,
    ]),
  ]
}

/** An address of the network that nobody was given may be advertised by anybody on it. */
function freeRules(network: Network): readonly string[] {
  const there = network.addresses.filter((one) => familyOf(one.first) === 6).map(writeTargets)
  return [
    `${TARGET} @claimed ${SPOOFED}`,
    `${TARGET} { ${[...there, LINK_LOCAL_TARGETS].join(', ')} } accept`,
    SPOOFED,
  ]
}
