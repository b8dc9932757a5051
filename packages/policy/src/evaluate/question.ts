/**
 * Reads what a person asks about: two ends by device, name or address, and a service.
 *
 * `vent-01`, `10.30.0.5:22/tcp`, `[fd20::11]:443/tcp`, `api.volcano.example:https`, `gateway:dns`, a link address.
 */
import {
  type Address,
  formatAddress,
  type LinkAddress,
  parseAddress,
  parseLinkAddress,
} from '../model/address.ts'
import type { Bindings } from '../model/flow.ts'
import { contains } from '../model/interval.ts'
import { didYouMean, parseDnsName } from '../model/name.ts'
import type { Device, Network, Ruleset } from '../model/ruleset.ts'
import { namedServices, parseService, type Service } from '../model/service.ts'
import { ownerOf } from './ends.ts'

/** An end of a question: what the text meant, and every address it may have. */
export interface AskedEnd {
  readonly text: string
  readonly kind: 'device' | 'gateway' | 'address' | 'name' | 'stranger'
  readonly device: Device | null
  readonly addresses: readonly Address[]
  readonly link: LinkAddress | null
  /** Where it lives; null for the gateway. */
  readonly network: Network | null
}

/**
 * Splits `HOST:SERVICE`; the service is null where none is said. Brackets around an IPv6 address are needed only where
 * the whole would be an address too: `fd20::6:22/tcp` can be read in one way.
 */
export function splitService(text: string): { readonly host: string; readonly service: string | null } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text)
  if (bracketed !== null) return { host: bracketed[1] as string, service: bracketed[2] ?? null }
  if (isAnyAddress(text)) return { host: text, service: null }
  const last = text.lastIndexOf(':')
  const colon = isAnyAddress(text.slice(0, last)) ? last : text.indexOf(':')
  return colon === -1
    ? { host: text, service: null }
    : { host: text.slice(0, colon), service: text.slice(colon + 1) }
}

function isAnyAddress(text: string): boolean {
  return parseAddress(text) !== null || parseLinkAddress(text) !== null
}

/**
 * An address that may be meant as another with a port: `fd20::6:443` is one address, and looks like two things. Null where
 * it does not look so, or where somebody has this very address.
 */
export function lookalikeOf(text: string, end: AskedEnd): string | null {
  if (end.kind !== 'address' || end.device !== null) return null
  const [, host = '', port = ''] = /^([^[\]]*):([1-9]\d{0,3})$/.exec(text) ?? []
  return parseAddress(host) === null ? null : `[${host}]:${port}/tcp`
}

/** Reads a service as a question writes it, `22/tcp`, `tcp/22`, `https`, `ping`; a sentence where it is none. */
export function askedService(text: string): readonly Service[] | string {
  const swapped = /^(tcp|udp)\/(\d+(?:-\d+)?)$/.exec(text)
  const parsed = parseService(swapped === null ? text : `${swapped[2]}/${swapped[1]}`)
  if (typeof parsed !== 'string') return parsed
  if (/^\d+$/.test(text)) return `${text} is no service: write ${text}/tcp or ${text}/udp`
  const near = didYouMean(text, Object.keys(namedServices))
  return `${text} is no service${near === null ? '' : `; did you mean ${near}?`}`
}

/** What a text means in this policy; a sentence with a suggestion where it means nothing. */
export function askedEnd(ruleset: Ruleset, bindings: Bindings, at: number, text: string): AskedEnd | string {
  if (text === 'gateway') {
    const addresses = [...ruleset.gateway, ...bindings.gateway]
    return { text, kind: 'gateway', device: null, addresses, link: null, network: null }
  }
  const index = ruleset.deviceByName.get(text)
  if (index !== undefined) return ofDevice(ruleset, bindings, at, text, ruleset.devices[index] as Device)
  const link = parseLinkAddress(text)
  if (link !== null) return ofLink(ruleset, bindings, at, text, link)
  const address = parseAddress(text)
  if (address !== null) return ofAddress(ruleset, bindings, at, text, address)
  const name = parseDnsName(text)
  if (name?.includes('.') && !name.startsWith('*')) {
    return { text: name, kind: 'name', device: null, addresses: [], link: null, network: uplinkOf(ruleset) }
  }
  const near = didYouMean(text, [...ruleset.deviceByName.keys(), 'gateway'])
  if (near !== null) return `${text} is no device, address or DNS name; did you mean ${near}?`
  return severalMeant(ruleset, text) ?? `${text} is no device, address or DNS name`
}

/** A network, profile or list is many ends, which may have many answers: which to ask about. */
function severalMeant({ devices, networkByName, lists }: Ruleset, text: string): string | null {
  const network = networkByName.get(text)
  if (network !== undefined) {
    const living = devices.filter((device) => device.network === text).map((device) => device.name)
    const prefix = network.addresses[0]
    const example =
      prefix === undefined ? 'an address of it' : `an address of it, like ${formatAddress(prefix.last)}`
    return `${text} is a network: ask about one end of it, ${living.length > 0 ? firstOf(living) : example}`
  }
  const members = devices.filter((device) => device.profile === text).map((device) => device.name)
  if (members.length > 0) return `${text} is a profile: ask about one of its devices, ${firstOf(members)}`
  const list = lists.get(text)
  return list === undefined
    ? null
    : `${text} is a list: ask about one of its entries, see 'thingwall list ${text}'`
}

function firstOf(names: readonly string[]): string {
  return names.length > 3 ? `${names.slice(0, 3).join(', ')} …` : names.join(', ')
}

/** Every address a device has at an instant, stated and bound, link-local ones last. */
export function addressesOf(
  ruleset: Ruleset,
  bindings: Bindings,
  at: number,
  device: Device,
): readonly Address[] {
  const bound = [...bindings.owners].filter(([address]) => ownerOf(ruleset, bindings, address, at) === device)
  const all = [...device.addresses, ...bound.map(([address]) => address)]
  return [...new Set(all)].sort((a, b) => Number(a.startsWith('fe8')) - Number(b.startsWith('fe8')))
}

function ofDevice(ruleset: Ruleset, bindings: Bindings, at: number, text: string, device: Device): AskedEnd {
  const network = ruleset.networkByName.get(device.network) ?? null
  const addresses = addressesOf(ruleset, bindings, at, device)
  return { text, kind: 'device', device, addresses, link: device.link, network }
}

function ofLink(ruleset: Ruleset, bindings: Bindings, at: number, text: string, link: LinkAddress): AskedEnd {
  const index = ruleset.links.get(link)
  if (index !== undefined) return ofDevice(ruleset, bindings, at, text, ruleset.devices[index] as Device)
  const things = ruleset.networks.find((network) => network.role === 'things') ?? null
  const free = things?.addresses.map((interval) => interval.last) ?? []
  return { text, kind: 'stranger', device: null, addresses: free, link, network: things }
}

function ofAddress(
  ruleset: Ruleset,
  bindings: Bindings,
  at: number,
  text: string,
  address: Address,
): AskedEnd {
  const own = ruleset.gateway.has(address) || bindings.gateway.has(address)
  if (own) return { text, kind: 'gateway', device: null, addresses: [address], link: null, network: null }
  const device = ownerOf(ruleset, bindings, address, at)
  const network =
    device === null
      ? (ruleset.networks.find((one) => one.role !== 'uplink' && contains(one.addresses, address)) ??
        uplinkOf(ruleset))
      : (ruleset.networkByName.get(device.network) ?? null)
  return { text, kind: 'address', device, addresses: [address], link: device?.link ?? null, network }
}

function uplinkOf(ruleset: Ruleset): Network | null {
  return ruleset.networks.find((network) => network.role === 'uplink') ?? null
}
