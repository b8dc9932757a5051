/**
 * The ARP table: the same bindings, or the gateway's neighbour cache would be poisoned behind the wall's back.
 *
 * It reads the sender fields inside the message, which are what the cache learns. Probes (RFC 5227, sender 0.0.0.0)
 * teach nothing and pass.
 */
import { familyOf, formatAddress } from '../../model/address.ts'
import { contains } from '../../model/interval.ts'
import type { Network, Ruleset } from '../../model/ruleset.ts'
import { keepLog } from './log.ts'
import { type NftablesOptions, TABLE } from './options.ts'
import type { Sets } from './sets.ts'
import {
  type ChainDeclaration,
  element,
  type SetDeclaration,
  type TableDeclaration,
  writeInterval,
} from './text.ts'
import { counterOf } from './verdicts.ts'

const COUNTED = ['fixed/arp', 'fixed/interface', 'fixed/spoofed', 'fixed/stranger'] as const

export function arpTable(ruleset: Ruleset, sets: Sets, options: NftablesOptions): TableDeclaration {
  const log = keepLog(ruleset, options, 'arp')
  const declared: SetDeclaration[] = [claimedSet(ruleset, sets, options), ...log.sets]
  const chains: ChainDeclaration[] = [
    {
      name: 'input',
      hook: 'type filter hook input priority filter; policy drop;',
      rules: [
        `iifname vmap { ${ruleset.networks
          .flatMap((network) => network.interfaces.map((name) => `"${name}" : goto network/${network.name}`))
          .join(', ')} }`,
        'goto deny/fixed/interface',
      ],
    },
  ]
  for (const id of COUNTED) {
    const effect = id === 'fixed/arp' ? 'allow' : 'deny'
    const verdict = effect === 'allow' ? 'accept' : 'drop'
    chains.push({
      name: `${effect}/${id}`,
      rules: log.rules(effect, id, `counter name "${counterOf(id)}" ${verdict}`),
    })
  }
  for (const network of ruleset.networks) {
    if (network.role !== 'uplink' && network.identity === 'mac+ip')
      declared.push(...boundSets(ruleset, sets, network, options))
    chains.push(networkChain(ruleset, network, options))
  }
  return { family: 'arp', name: TABLE, counters: COUNTED.map(counterOf), sets: declared, chains }
}

function networkChain(ruleset: Ruleset, network: Network, options: NftablesOptions): ChainDeclaration {
  const { name } = network
  const accept = 'goto allow/fixed/arp'
  const spoofed = 'goto deny/fixed/spoofed'
  const rules: string[] = []
  if (network.role === 'uplink') {
    const there = network.addresses.filter((one) => familyOf(one.first) === 4).map(writeInterval)
    rules.push(`arp saddr ip 0.0.0.0 ${accept}`, `arp saddr ip @claimed ${spoofed}`)
    if (there.length > 0) rules.push(`arp saddr ip { ${there.join(', ')} } ${accept}`)
    return { name: `network/${name}`, rules: [...rules, spoofed] }
  }
  rules.push(`arp saddr ip 0.0.0.0 ${accept}`)
  const own = network.addresses.filter((one) => familyOf(one.first) === 4).map(writeInterval)
  const outside = own.length === 0 ? [spoofed] : [`arp saddr ip != { ${own.join(', ')} } ${spoofed}`]
  if (network.identity === 'ip') {
    const gateway = [...new Set([...ruleset.gateway, ...options.bindings.gateway])].filter(
      (address) => familyOf(address) === 4 && contains(network.addresses, address),
    )
    if (gateway.length > 0) rules.push(`arp saddr ip { ${gateway.map(formatAddress).join(', ')} } ${spoofed}`)
    return { name: `network/${name}`, rules: [...rules, ...outside, accept] }
  }
  rules.push(
    `arp saddr ether . arp saddr ip @bound/${name} ${accept}`,
    `arp saddr ip @claimed ${spoofed}`,
    ...outside,
  )
  if (network.role === 'things')
    rules.push(`arp saddr ether @link/${name} ${spoofed}`, 'goto deny/fixed/stranger')
  else rules.push(accept)
  return { name: `network/${name}`, rules }
}

/** Addresses only their own device, or the gateway, may claim. */
function claimedSet(ruleset: Ruleset, sets: Sets, options: NftablesOptions): SetDeclaration {
  const own = new Set(
    [...ruleset.gateway, ...options.bindings.gateway].filter((address) => familyOf(address) === 4),
  )
  const elements = Array.from(own, formatAddress)
  for (const held of sets.held) {
    for (const one of held) if (one.family === 4) elements.push(element(one.text, one.until, options.at))
  }
  return {
    kind: 'set',
    name: 'claimed',
    type: 'type ipv4_addr',
    flags: ['timeout'],
    elements,
    isDerived: true,
  }
}

function boundSets(
  ruleset: Ruleset,
  sets: Sets,
  network: Network,
  options: NftablesOptions,
): readonly SetDeclaration[] {
  const bound: string[] = []
  const links: string[] = []
  for (const [index, device] of ruleset.devices.entries()) {
    if (device.network !== network.name || device.link === null) continue
    links.push(device.link)
    for (const one of sets.held[index] ?? []) {
      if (one.family === 4) bound.push(element(`${device.link} . ${one.text}`, one.until, options.at))
    }
  }
  const derived = { kind: 'set', isDerived: true } as const
  const type = 'type ether_addr . ipv4_addr'
  return [
    { ...derived, name: `bound/${network.name}`, type, flags: ['timeout'], elements: bound },
    { ...derived, name: `link/${network.name}`, type: 'type ether_addr', elements: links },
  ]
}
