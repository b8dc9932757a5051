/**
 * What this machine is to a policy: its interfaces with their addresses, and whether it forwards. Read once for each
 * command, from `ip` and from `/proc/sys`; nothing here changes anything.
 */
import { type Address, familyOf, parseAddress, parsePrefix } from '@thingwall/policy'
import ipaddr from 'ipaddr.js'
import { ThingwallError } from '../error.ts'
import type { Machine } from './machine.ts'

export interface Interface {
  readonly name: string
  readonly isUp: boolean
  readonly isLoopback: boolean
  /** A port of a bridge or bond: packets show its master's name, never its own. */
  readonly isPort: boolean
  /** Carries VLANs or the like; what comes in untagged is nobody's. */
  readonly isTrunk: boolean
  readonly addresses: readonly InterfaceAddress[]
}

export interface InterfaceAddress {
  readonly address: Address
  /** The prefix it lies in, as policies write prefixes. */
  readonly prefix: string
  /** Link-local ones belong to no network's prefix. */
  readonly isGlobal: boolean
}

export interface Survey {
  readonly interfaces: readonly Interface[]
  readonly forwards: { readonly 4: boolean; readonly 6: boolean }
}

export async function survey(machine: Machine): Promise<Survey> {
  const [interfaces, four, six] = await Promise.all([
    readInterfaces(machine),
    machine.read('/proc/sys/net/ipv4/ip_forward'),
    machine.read('/proc/sys/net/ipv6/conf/all/forwarding'),
  ])
  return { interfaces, forwards: { 4: four?.trim() === '1', 6: six?.trim() === '1' } }
}

/**
 * Every address of the machine itself but the loopback's own; and those that Linux delivers to it beside them: the
 * broadcast address of an IPv4 prefix, the subnet-router anycast address of an IPv6 one (RFC 4291 2.6.1).
 */
export function ownAddresses({ interfaces }: Survey): readonly Address[] {
  const all = interfaces.flatMap((one) =>
    one.addresses.flatMap(({ address, prefix }) => [address, ...sharedAddress(prefix)]),
  )
  return [...new Set(all)].filter((address) => !isLoopbackAddress(address))
}

function sharedAddress(prefix: string): readonly Address[] {
  const interval = /\/(?:31|32|127|128)$/.test(prefix) ? 'none' : parsePrefix(prefix)
  if (typeof interval === 'string') return []
  return [familyOf(interval.first) === 4 ? interval.last : interval.first]
}

function isLoopbackAddress(address: Address): boolean {
  return address.length === 8 ? address.startsWith('7f') : /^0{31}1$/.test(address)
}

async function readInterfaces(machine: Machine): Promise<readonly Interface[]> {
  const ended = await machine.run('ip', ['-json', '-details', 'address', 'show'])
  if (ended.isMissing) {
    throw new ThingwallError('TW4002', 'the program ip is not installed', {
      hint: 'apt-get install iproute2 (or your distribution’s package of that name), then again',
    })
  }
  if (ended.status !== 0) {
    throw new ThingwallError(
      'TW4002',
      `ip cannot list the interfaces: ${ended.stderr.trim().slice(0, 200)}`,
      {
        hint: 'thingwall needs the ip of iproute2, which answers `ip -json address`; busybox’s does not',
      },
    )
  }
  return parseInterfaces(ended.stdout)
}

interface LinkJson {
  readonly ifname?: string
  readonly flags?: readonly string[]
  readonly link?: string
  readonly linkinfo?: { readonly info_kind?: string; readonly info_slave_kind?: string }
  readonly addr_info?: readonly {
    readonly local?: string
    readonly prefixlen?: number
    readonly scope?: string
  }[]
}

/** Kinds of interfaces that send their packets by another one. */
function isCarried(kind: string | undefined): boolean {
  return kind === 'vlan' || kind === 'macvlan' || kind === 'macvtap' || kind === 'ipvlan'
}

/** Reads what `ip -json -details address show` prints. */
export function parseInterfaces(text: string): readonly Interface[] {
  const links = (JSON.parse(text) as readonly LinkJson[]).filter((link) => link.ifname !== undefined)
  // A veth pair within one namespace names its other end as `link` too; that carries nobody.
  const carriers = new Set(
    links.filter(({ linkinfo }) => isCarried(linkinfo?.info_kind)).map((link) => link.link),
  )
  return links.map((link) => {
    const name = link.ifname as string
    const addresses = (link.addr_info ?? []).flatMap(addressOf)
    return {
      name,
      isUp: link.flags?.includes('UP') ?? false,
      isLoopback: link.flags?.includes('LOOPBACK') ?? false,
      isPort: ['bridge', 'bond', 'team'].includes(link.linkinfo?.info_slave_kind ?? ''),
      isTrunk: carriers.has(name) && !addresses.some(({ isGlobal }) => isGlobal),
      addresses,
    }
  })
}

function addressOf(info: NonNullable<LinkJson['addr_info']>[number]): readonly InterfaceAddress[] {
  const address = info.local === undefined ? null : parseAddress(info.local)
  if (address === null || info.prefixlen === undefined) return []
  const cidr = `${info.local}/${info.prefixlen}`
  const network =
    address.length === 8
      ? ipaddr.IPv4.networkAddressFromCIDR(cidr).toString()
      : ipaddr.IPv6.networkAddressFromCIDR(cidr).toString()
  return [{ address, prefix: `${network}/${info.prefixlen}`, isGlobal: info.scope !== 'link' }]
}
