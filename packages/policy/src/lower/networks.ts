/**
 * Lowers networks: prefixes parsed, the gateway's own addresses filled in, overlaps refused, and the uplink defined
 * as every address that lives nowhere else.
 */
import {
  type Address,
  familyOf,
  type Interval,
  parseAddress,
  parsePrefix,
  successor,
} from '../model/address.ts'
import { type AddressSet, contains, differenceOf, EVERYWHERE, unionOf } from '../model/interval.ts'
import type { NetworkDocument } from '../model/policy.ts'
import { type Lowering, report } from './context.ts'

/**
 * Addresses that are nobody's on the wire: this-network, loopback, link-local IPv6 and everything from multicast
 * up (RFC 6890, RFC 4291). An uplink's addresses never include them.
 */
const NOWHERE: AddressSet = unionOf(
  ['0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/3', '::/127', 'fe80::/10', 'ff00::/8'].map(
    (text) => parsePrefix(text) as Interval,
  ),
)

/** What a packet cannot come from where no local network has it. Link-local it may be, where no uplink is asked. */
export const NO_SOURCES: AddressSet = differenceOf(NOWHERE, [parsePrefix('fe80::/10') as Interval])

/** Fills `lowering.networks`. `prefixes` supplies what a network reads `from-interface`. */
export function lowerNetworks(
  lowering: Lowering,
  prefixes: Readonly<Record<string, readonly string[]>>,
): void {
  const local: { name: string; interval: Interval }[] = []
  const interfaces = new Map<string, string>()
  const entries = Object.entries(lowering.document.networks)
  for (const [name, document] of entries) {
    claimInterfaces(lowering, interfaces, name, document)
    const texts = document.cidrs === 'from-interface' ? prefixes[name] : document.cidrs
    if (texts === undefined) {
      report(lowering, 'TW1021', {
        message: `the prefixes of network ${name} are read from its interface, and are not known here`,
        path: `networks.${name}.cidrs`,
        hint: 'On the gateway apply reads them; here nobody is on this network, and what it sends is held.',
        origin: document.origin,
      })
    }
    if (document.role !== 'uplink')
      for (const text of texts ?? []) addPrefix(lowering, local, name, document, text)
  }
  const everyLocal = unionOf(local.map((one) => one.interval))
  const beyond = differenceOf(differenceOf(EVERYWHERE, NOWHERE), everyLocal)
  for (const [name, document] of entries) {
    const own = unionOf(local.filter((one) => one.name === name).map((one) => one.interval))
    const addresses = document.role === 'uplink' ? beyond : own
    lowering.networks.set(name, {
      name,
      role: document.role,
      interfaces: document.interface,
      addresses,
      gateway: gatewayAddresses(document, own),
      admin: adminAddresses(lowering, name, document, addresses),
      masquerade: document.masquerade,
      isolation: document.isolation,
      identity: document.identity,
      origin: document.origin,
    })
  }
}

function claimInterfaces(
  lowering: Lowering,
  taken: Map<string, string>,
  name: string,
  document: NetworkDocument,
): void {
  for (const text of document.interface) {
    const other = taken.get(text)
    if (other !== undefined) {
      report(lowering, 'TW1012', {
        message: `networks ${other} and ${name} both name the interface ${text}`,
        path: `networks.${name}.interface`,
        value: text,
        hint: 'An interface belongs to one network; give each its own, or make them one network.',
        origin: document.origin,
      })
    }
    taken.set(text, name)
  }
}

function addPrefix(
  lowering: Lowering,
  local: { name: string; interval: Interval }[],
  name: string,
  document: NetworkDocument,
  text: string,
): void {
  const interval = parsePrefix(text)
  // Syntax was refused by `validate`; prefixes read from an interface come here unseen.
  if (typeof interval === 'string') {
    report(lowering, 'TW1006', {
      message: `network ${name} has a prefix that cannot be read`,
      path: `networks.${name}.cidrs`,
      value: text,
      hint: 'Write 10.20.0.0/24 or fd20::/64, with no bits set past the length.',
      origin: document.origin,
    })
    return
  }
  const clash = local.find(
    (one) =>
      one.interval.first.length === interval.first.length &&
      one.interval.first <= interval.last &&
      interval.first <= one.interval.last,
  )
  if (clash !== undefined) {
    report(lowering, 'TW1012', {
      message: `${text} of network ${name} overlaps network ${clash.name}`,
      path: `networks.${name}.cidrs`,
      value: text,
      hint: 'Every address lives on one network: split or correct the prefixes.',
      origin: document.origin,
    })
    return
  }
  local.push({ name, interval })
}

/** As stated, or by default the first host address of each prefix. */
function gatewayAddresses(document: NetworkDocument, own: AddressSet): readonly Address[] {
  if (document.gateway !== null) return document.gateway.map((text) => parseAddress(text) as Address)
  if (document.role === 'uplink') return []
  return own.flatMap((interval) =>
    interval.first === interval.last ? [] : [successor(interval.first) as Address],
  )
}

function adminAddresses(
  lowering: Lowering,
  name: string,
  document: NetworkDocument,
  addresses: AddressSet,
): AddressSet {
  const admin = unionOf(document.admin.map((text) => parsePrefix(text) as Interval))
  for (const interval of admin) {
    if (contains(addresses, interval.first) && contains(addresses, interval.last)) continue
    report(lowering, 'TW1006', {
      message: `an administrator of network ${name} is not on it (IPv${familyOf(interval.first)})`,
      path: `networks.${name}.admin`,
      value: document.admin.join(', '),
      hint: 'Name addresses inside the network’s own prefixes.',
      origin: document.origin,
    })
  }
  return admin
}
