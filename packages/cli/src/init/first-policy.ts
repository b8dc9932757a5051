/**
 * The first policy of a site, from the answers: its networks, a device for each administering computer whose link
 * address is known, tests that nobody else gets at the gateway, and whom the gateway has heard of, to be named.
 *
 * A written policy in the words of YAML, which the command prints as TypeScript or as YAML. It permits no thing anything.
 */
import type { Interface, Neighbour } from '@thingwall/gateway'
import { formatAddress, parseAddress, parsePrefix } from '@thingwall/policy'
import type { Found } from './found.ts'
import type { Answers } from './questions.ts'

export interface NetworkPlan {
  readonly name: string
  readonly role: 'things' | 'trusted' | 'guest' | 'uplink'
  readonly interfaces: readonly string[]
  readonly cidrs: readonly string[] | 'from-interface'
  readonly admin: readonly string[]
}

export interface DevicePlan {
  readonly name: string
  readonly network: string
  readonly why: string
  readonly mac: string
  readonly ip: string
}

export interface FirstPolicy {
  readonly site: string
  readonly owner: string
  readonly networks: readonly NetworkPlan[]
  /** Computers that administer. */
  readonly devices: readonly DevicePlan[]
  readonly tests: readonly { readonly from: string; readonly to: string; readonly expect: 'allow' | 'deny' }[]
  /** Heard of on networks of things, and not yet named. */
  readonly strangers: readonly Neighbour[]
}

/** The policy, or what cannot be made of the answers. */
export function firstPolicy(found: Found, answers: Answers): FirstPolicy | { readonly wrong: string } {
  const { uplink, things, trusted, admin } = answers
  const twice = [...uplink, ...things, ...trusted].find((name, at, all) => all.indexOf(name) !== at)
  if (twice !== undefined) return { wrong: `${twice} is named for two networks` }
  const taken = new Set([...uplink, ...things, ...trusted])
  const guests = found.interfaces.map(({ name }) => name).filter((name) => !taken.has(name))
  const inside = [
    ...named('things', 'things', things),
    ...named('station', 'trusted', trusted),
    ...named('guests', 'guest', guests),
  ]
  const networks: NetworkPlan[] = inside.map(({ name, role, one }) => {
    const link = found.interfaces.find((other) => other.name === one) as Interface
    const cidrs = cidrsOf(link)
    return {
      name,
      role,
      interfaces: [one],
      cidrs,
      admin: role === 'things' ? [] : admin.filter((address) => isOn(link, address)),
    }
  })
  const homeless = admin.find((address) => !networks.some((network) => network.admin.includes(address)))
  if (homeless !== undefined) {
    return {
      wrong: `${homeless} is on no trusted or guest network of this machine, so it cannot administer from there`,
    }
  }
  if (uplink.length > 0) {
    networks.push({ name: 'uplink', role: 'uplink', interfaces: uplink, cidrs: [], admin: [] })
  }
  return {
    site: answers.site,
    owner: answers.owner,
    networks,
    devices: devicesOf(networks, found),
    tests: testsOf(networks, found),
    strangers: found.neighbours
      .filter((one) => things.includes(one.interface) && !isLinkLocal(one))
      .slice(0, 200),
  }
}

function named(
  name: string,
  role: NetworkPlan['role'],
  interfaces: readonly string[],
): { name: string; role: NetworkPlan['role']; one: string }[] {
  return interfaces.map((one, at) => ({ name: at === 0 ? name : `${name}-${at + 1}`, role, one }))
}

/** What a provider hands out changes: such prefixes are read from the interface at each apply. */
function cidrsOf({ addresses }: Interface): readonly string[] | 'from-interface' {
  const prefixes = [...new Set(addresses.filter(({ isGlobal }) => isGlobal).map(({ prefix }) => prefix))]
  const isDelegated = prefixes.some((prefix) => /^[23][0-9a-f]{3}:/.test(prefix))
  return prefixes.length === 0 || isDelegated ? 'from-interface' : prefixes
}

function isOn({ addresses }: Interface, text: string): boolean {
  const address = parseAddress(text)
  return addresses.some(({ prefix, isGlobal }) => {
    const interval = parsePrefix(prefix)
    return (
      isGlobal &&
      address !== null &&
      typeof interval !== 'string' &&
      address.length === interval.first.length &&
      interval.first <= address &&
      address <= interval.last
    )
  })
}

function devicesOf(networks: readonly NetworkPlan[], found: Found): readonly DevicePlan[] {
  const known = networks.flatMap((network) =>
    network.admin.flatMap((ip) => {
      const address = parseAddress(ip)
      const neighbour = found.neighbours.find((one) => one.address === address)
      return neighbour === undefined ? [] : [{ network: network.name, mac: neighbour.link, ip }]
    }),
  )
  return known.map((one, at) => ({
    ...one,
    name: at === 0 ? 'admin' : `admin-${at + 1}`,
    why: 'Administers the gateway; nobody else may take its address',
  }))
}

function testsOf(networks: readonly NetworkPlan[], found: Found): FirstPolicy['tests'] {
  return networks.flatMap((network): FirstPolicy['tests'] => {
    const link = found.interfaces.find(({ name }) => name === network.interfaces[0])
    const own = link?.addresses.find(({ isGlobal, address }) => isGlobal && address.length === 8)?.address
    if (own === undefined || network.cidrs === 'from-interface') return []
    const gateway = `${formatAddress(own)}:22/tcp`
    if (network.role === 'uplink') return [{ from: '192.0.2.1', to: gateway, expect: 'deny' }]
    const four = network.admin.filter((address) => !address.includes(':'))
    return four.map((from) => ({ from, to: gateway, expect: 'allow' }))
  })
}

function isLinkLocal({ address }: Neighbour): boolean {
  return /^fe[89ab]/.test(address) && address.length === 32
}
