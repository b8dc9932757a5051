/**
 * What `init` makes of a machine before anybody is asked: which interface leads out, which are likely to hold things,
 * who is administering. Suggestions only; every one of them is a question.
 */
import type { Caller, Interface, Neighbour, Survey } from '@thingwall/gateway'
import { type Address, formatAddress } from '@thingwall/policy'

export interface Found {
  readonly interfaces: readonly Interface[]
  readonly neighbours: readonly Neighbour[]
  readonly uplink: readonly string[]
  readonly things: readonly string[]
  readonly trusted: readonly string[]
  /** Who is administering now. */
  readonly admin: Address | null
  readonly hostName: string
}

/** The suggestions for a machine. */
export function suggest(
  machine: Survey,
  seen: {
    readonly ways: readonly string[]
    readonly neighbours: readonly Neighbour[]
    readonly caller: Caller | null
    readonly hostName: string
  },
): Found {
  const interfaces = machine.interfaces.filter(isOfUse)
  const names = interfaces.map(({ name }) => name)
  const uplink = seen.ways.filter((name) => names.includes(name))
  const inside = interfaces.filter(({ name }) => !uplink.includes(name))
  const home = inside.find((one) => one.addresses.some(({ address }) => address === seen.caller?.local))
  const things = inside.filter((one) => one !== home && (isWireless(one) || inside.length === 1))
  return {
    interfaces,
    neighbours: seen.neighbours,
    uplink,
    things: things.map(({ name }) => name),
    trusted: inside.filter((one) => !things.includes(one)).map(({ name }) => name),
    admin: home === undefined ? null : (seen.caller?.peer ?? null),
    hostName: nameFrom(seen.hostName),
  }
}

/** Interfaces that packets come in by: those a policy must name. */
function isOfUse(one: Interface): boolean {
  return !one.isLoopback && !one.isPort && !one.isTrunk
}

function isWireless({ name }: Interface): boolean {
  return /^(?:wl|ath|ap|ra)|iot|thing/.test(name)
}

/** A host name as the name of a site. */
function nameFrom(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/\..*$/, '')
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '')
  return name === '' ? 'site' : name.slice(0, 40)
}

/** One line for a person: `lan0 (10.30.0.1, fd30::1)`. */
export function describe(one: Interface): string {
  const addresses = one.addresses
    .filter(({ isGlobal }) => isGlobal)
    .map(({ address }) => formatAddress(address))
  const state = one.isUp ? '' : ', down'
  return `${one.name} (${addresses.length === 0 ? 'no address' : addresses.join(', ')}${state})`
}
