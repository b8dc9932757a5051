/**
 * Lowers devices: which network each is on, its link address and its static addresses, every one of them unique.
 *
 * Leased and learnt addresses are not here: they arrive as bindings at run time.
 */
import {
  type Address,
  type LinkAddress,
  linkLocalOf,
  parseAddress,
  parseLinkAddress,
} from '../model/address.ts'
import { ABSENT, type AddressTable, addressTable, putAddress } from '../model/address-table.ts'
import type { Origin } from '../model/diagnostic.ts'
import { contains } from '../model/interval.ts'
import { didYouMean } from '../model/name.ts'
import type { DeviceDocument } from '../model/policy.ts'
import type { Device, Network } from '../model/ruleset.ts'
import { type Lowering, report } from './context.ts'

/** A device whose class is filled in when all groups are known. */
export type Unclassed = Omit<Device, 'class'> & { class: number }

export interface LoweredDevices {
  readonly devices: readonly Unclassed[]
  readonly owners: AddressTable
  readonly links: Map<LinkAddress, number>
}

export function lowerDevices(lowering: Lowering): LoweredDevices {
  const devices: Unclassed[] = []
  const owners = tableFor(Object.values(lowering.document.devices))
  const links = new Map<LinkAddress, number>()
  const local = [...lowering.networks.values()].filter((network) => network.role !== 'uplink')
  const gatewayOwn = new Set(local.flatMap((network) => network.gateway))

  for (const [name, document] of Object.entries(lowering.document.devices)) {
    const path = `devices.${name}`
    const stated = document.ip.map((text) => parseAddress(text) as Address)
    const network = networkOf(lowering, local, path, document, stated)
    if (network === null) continue
    const link = document.mac === null ? null : parseLinkAddress(document.mac)
    if (link === null && network.identity === 'mac+ip') {
      report(lowering, 'TW1014', {
        message: `device ${name} has no link address, and network ${network.name} tells devices by it`,
        path,
        hint: "Give its mac, or say identity: 'ip' for the network if a hop hides link addresses.",
        origin: document.origin,
      })
    }
    const index = devices.length
    for (const [at, address] of stated.entries()) {
      const text = document.ip[at] as string
      const claim = { path: `${path}.ip[${at}]`, what: 'address', value: text, origin: document.origin }
      if (gatewayOwn.has(address)) reportTaken(lowering, path, claim, null)
      const other = putAddress(owners, address, index)
      if (other !== ABSENT) reportTaken(lowering, path, claim, devices[other] ?? null)
    }
    if (link !== null) {
      const other = links.get(link)
      if (other !== undefined) {
        const value = document.mac ?? link
        const claim = { path: `${path}.mac`, what: 'link address', value, origin: document.origin }
        reportTaken(lowering, path, claim, devices[other] ?? null)
      }
      links.set(link, index)
    }
    const addresses = link === null ? stated : [...stated, linkLocalOf(link)]
    devices.push({
      name,
      network: network.name,
      profile: document.profile,
      link,
      addresses,
      labels: document.labels,
      class: -1,
      origin: document.origin,
    })
    lowering.deviceByName.set(name, index)
    if (document.profile !== null) pushTo(lowering.byProfile, document.profile, index)
    for (const [key, value] of Object.entries(document.labels))
      pushTo(lowering.byLabel, `${key}=${value}`, index)
  }
  return { devices, owners, links }
}

/** With room for every static address. */
function tableFor(documents: readonly DeviceDocument[]): AddressTable {
  let four = 0
  let six = 0
  for (const { ip } of documents) {
    for (const text of ip) {
      if (text.includes(':')) six += 1
      else four += 1
    }
  }
  return addressTable(four, six)
}

function networkOf(
  lowering: Lowering,
  local: readonly Network[],
  path: string,
  document: DeviceDocument,
  stated: readonly Address[],
): Network | null {
  const named = document.network === null ? undefined : lowering.networks.get(document.network)
  if (document.network !== null && (named === undefined || named.role === 'uplink')) {
    const near = didYouMean(
      document.network,
      local.map((network) => network.name),
    )
    report(lowering, 'TW1005', {
      message: `${path} is on network ${document.network}, which is no local network of this policy`,
      path: `${path}.network`,
      value: document.network,
      hint:
        near === null
          ? `Local networks: ${local.map((network) => network.name).join(', ')}.`
          : `Did you mean ${near}?`,
      origin: document.origin,
    })
    return null
  }
  const network = named ?? homeOf(local, stated)
  const strays = stated.filter((address) => network === undefined || !contains(network.addresses, address))
  if (network === undefined || (strays.length > 0 && !isDelegated(lowering, network))) {
    report(lowering, 'TW1013', {
      message:
        network === undefined
          ? `${path} is on no network: none of its addresses lies in a local prefix`
          : `${path} has an address outside network ${network.name}`,
      path: `${path}.ip`,
      value: document.ip.join(', '),
      hint: 'Correct the address, or say which network it is on with network: …; a device has one network.',
      origin: document.origin,
    })
    return null
  }
  return network
}

/** The network of its addresses; without any, the only things network there is. */
function homeOf(local: readonly Network[], stated: readonly Address[]): Network | undefined {
  for (const address of stated) {
    const home = local.find((network) => contains(network.addresses, address))
    if (home !== undefined) return home
  }
  const things = local.filter((network) => network.role === 'things')
  return things.length === 1 ? things[0] : undefined
}

function isDelegated(lowering: Lowering, network: Network): boolean {
  return (
    lowering.document.networks[network.name]?.cidrs === 'from-interface' && network.addresses.length === 0
  )
}

interface Claim {
  readonly path: string
  readonly what: string
  readonly value: string
  readonly origin: Origin | null
}

/** `holder` is who has it already; null for the gateway. */
function reportTaken(
  lowering: Lowering,
  device: string,
  { path, what, value, origin }: Claim,
  holder: Unclassed | null,
): void {
  const other = holder === null ? 'the gateway itself' : `device ${holder.name}`
  report(lowering, 'TW1011', {
    message: `${device} and ${other} have the same ${what}`,
    path,
    value,
    hint: `${what === 'address' ? 'An' : 'A'} ${what} belongs to one device: correct one of them.`,
    origin,
    related: holder?.origin ?? null,
  })
}

function pushTo(map: Map<string, number[]>, key: string, index: number): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [index])
  else list.push(index)
}
