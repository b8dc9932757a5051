/**
 * Claims to an address, true and false, in the words of ARP and of neighbour discovery; and what is to become of each.
 *
 * A claim says that an address is at a link address, and what may say so is what `evaluate` lets open a flow from there.
 * What else is held against a claim stands here: who sends it, and that a message has one thing to say.
 */
import {
  buildFrame,
  type DiscoveryOption,
  neighbourAdvertisement,
  neighbourSolicitation,
  routerSolicitation,
  type Transport,
} from '@thingwall/gateway/lab'
import {
  type Address,
  evaluate,
  type Flow,
  formatAddress,
  type LinkAddress,
  linkLocalOf,
  parseAddress,
} from '@thingwall/policy'
import fc from 'fast-check'
import type { Fate } from './fate.ts'
import { framesTo } from './frames.ts'
import type { InForce } from './rules.ts'
import { devices, others, type Port, ports, shared } from './world.ts'

export interface RandomClaim {
  readonly kind: 'arp-request' | 'arp-reply' | 'solicitation' | 'advertisement' | 'router-solicitation'
  /** Index into `ports`. */
  readonly port: number
  /** Who sends the frame, by Ethernet source and network address; ARP has no other address than the one claimed. */
  readonly link: string
  readonly source: string
  /** The link address that the message tells; null where it tells none, which only discovery can. */
  readonly told: string | null
  /** What is advertised, or asked for. */
  readonly target: string
  /** Of discovery. */
  readonly destination: string
}

const stranger = '02:00:00:00:00:99'
const nobody = '02:00:00:00:00:97'
const links = [...devices.map(({ mac }) => mac), stranger]
const linkLocal = (mac: string): string => formatAddress(linkLocalOf(mac as LinkAddress))
/** As RFC 7217 makes them: nobody's. */
const randomLocal = 'fe80::1234:5678:9abc:def0'
const claimable = [
  ...devices.flatMap(({ mac, ip, leased }) => [...ip, ...leased, linkLocal(mac)]),
  ...Object.values(others).flat(),
  ...ports.flatMap(({ gateway, link }) => [...gateway, linkLocal(link)]),
  ...shared,
  '127.0.0.1',
  '224.0.0.1',
  linkLocal(stranger),
  randomLocal,
]

/** Claims of the world: three in four by somebody of the network they are made on, about an address of theirs. */
export const randomClaims: fc.Arbitrary<readonly RandomClaim[]> = fc.array(
  fc
    .record({
      kind: fc.constantFrom<RandomClaim['kind']>(
        'arp-request',
        'arp-reply',
        'solicitation',
        'advertisement',
        'advertisement',
        'router-solicitation',
      ),
      port: fc.constantFrom(0, 0, 0, 1, 1, 2, 2, 3, 4),
      who: fc.nat(),
      link: fc.option(fc.constantFrom(...links), { freq: 4 }),
      source: fc.option(fc.constantFrom(...claimable, '::', '0.0.0.0'), { freq: 3 }),
      told: fc.oneof(
        { weight: 3, arbitrary: fc.constant('itself') },
        { weight: 1, arbitrary: fc.constant(null) },
        { weight: 1, arbitrary: fc.constantFrom(...links) },
      ),
      target: fc.option(fc.constantFrom(...claimable), { freq: 3 }),
      isToGroup: fc.boolean(),
    })
    .map(settle),
  { minLength: 60, maxLength: 60 },
)

interface Loose {
  readonly kind: RandomClaim['kind']
  readonly port: number
  readonly who: number
  readonly link: string | null
  readonly source: string | null
  readonly told: string | null
  readonly target: string | null
  readonly isToGroup: boolean
}

/** Makes the parts fit: one family, and what is not random its own. */
function settle({ kind, port: at, who, isToGroup, ...loose }: Loose): RandomClaim {
  const port = ports[at] as Port
  const isArp = kind.startsWith('arp')
  const fits = (text: string): boolean => text.includes(':') !== isArp
  const homes = devices.filter(({ network }) => network === port.network)
  const owner = who % 3 === 0 ? undefined : homes[who % Math.max(1, homes.length)]
  const link = loose.link ?? owner?.mac ?? stranger
  const around = [
    ...(owner === undefined ? (others[port.network] ?? []) : [...owner.ip, ...owner.leased]),
    linkLocal(link),
    isArp ? '0.0.0.0' : randomLocal,
  ].filter(fits)
  const own = around[who % around.length] as string
  // The gateway's link-local address of another link is nobody's here, which `evaluate` does not tell apart.
  const foreign = ports.some((one) => one !== port && linkLocal(one.link) === loose.source)
  const source = loose.source !== null && fits(loose.source) && !foreign ? loose.source : own
  const mine = port.gateway.find(fits) as string
  const asked = loose.target !== null && fits(loose.target) ? loose.target : null
  const target = asked ?? (kind === 'advertisement' && source !== '::' ? source : mine)
  const told = loose.told === 'itself' || (isArp && loose.told === null) ? link : loose.told
  return {
    kind,
    port: at,
    link,
    source,
    told: source === '::' ? null : told,
    target,
    destination: isArp ? mine : isToGroup ? 'ff02::1' : linkLocal(port.link),
  }
}

/** A claim as a frame. */
export function claimBytes(claim: RandomClaim, number: number): readonly Uint8Array[] {
  const { kind, port, link, source, target, destination } = claim
  if (kind === 'arp-request' || kind === 'arp-reply') {
    const [high, low] = [number >> 8, number & 0xff].map((byte) => byte.toString(16).padStart(2, '0'))
    const payload = {
      kind: 'arp',
      operation: kind === 'arp-request' ? 'request' : 'reply',
      sender: source,
      senderLink: claim.told ?? link,
      target,
      targetLink: `02:00:00:00:${high}:${low}`,
    } as const
    return [buildFrame({ destination: 'ff:ff:ff:ff:ff:ff', source: link, payload })]
  }
  const payload = messageOf(claim)
  return framesTo(port, link, [
    { kind: 'ipv6', source, destination, flowLabel: number, hops: 255, payload } as const,
  ])
}

function messageOf({ kind, target, told }: RandomClaim): Transport {
  const options = (name: 'source-link' | 'target-link'): readonly DiscoveryOption[] =>
    told === null ? [] : [{ kind: name, link: told }]
  if (kind === 'router-solicitation') return routerSolicitation(options('source-link'))
  if (kind === 'solicitation') return neighbourSolicitation(target, options('source-link'))
  return neighbourAdvertisement({ target, flags: ['override'], options: options('target-link') })
}

/** What is to become of a claim. */
export function fateOfClaim(claim: RandomClaim, rules: InForce): Fate {
  const { kind, link, source, told, target } = claim
  if (kind === 'arp-request' || kind === 'arp-reply') return fateOfArp(claim, rules)
  const icmpType = { solicitation: 135, advertisement: 136, 'router-solicitation': 133 }[kind]
  const said = { protocol: 58, icmpType, destination: parseAddress(claim.destination) as Address }
  const { verdict, rule } = evaluate(
    rules.ruleset,
    flowFrom(claim, link, source, said),
    rules.bindings,
    rules.at,
  )
  if (rule.id !== 'fixed/neighbour-discovery') return { verdict, rule: rule.id }
  const claimed = kind === 'advertisement' ? target : source
  const isFalse =
    (kind === 'advertisement' && !mayAdvertise(claim, rules)) ||
    (told !== null && faultOf(claim, told, claimed, rules) === 'fixed/spoofed') ||
    // A device tells its own link address, whatever it is about.
    (told !== null && told !== link && isBound(claim, rules))
  return isFalse ? { verdict: 'deny', rule: 'fixed/spoofed' } : { verdict, rule: rule.id }
}

/** An address that nobody has is claimed by a stranger's own messages alone, and only if it means nothing elsewhere. */
function mayAdvertise(claim: RandomClaim, rules: InForce): boolean {
  const { link, source, target } = claim
  const fault = faultOf(claim, link, target, rules)
  if (fault === null) return true
  const isNobodys = faultOf(claim, link, source, rules) === 'fixed/stranger'
  return fault === 'fixed/stranger' && target.startsWith('fe80:') && isNobodys
}

/** Whether nobody else may speak from the address that it comes from. */
function isBound(claim: RandomClaim, rules: InForce): boolean {
  const { link, source } = claim
  const isOwn = faultOf(claim, link, source, rules) === null
  return isOwn && faultOf(claim, nobody, source, rules) === 'fixed/spoofed'
}

/** A probe (RFC 5227) claims nothing. Behind a hop that hides link addresses, the hop has an address too. */
function fateOfArp(claim: RandomClaim, rules: InForce): Fate {
  const allowed: Fate = { verdict: 'allow', rule: 'fixed/arp' }
  if (claim.source === '0.0.0.0') return allowed
  const fault = faultOf(claim, claim.told ?? claim.link, claim.source, rules)
  const { network } = ports[claim.port] as Port
  const isBehindHop = rules.ruleset.networkByName.get(network)?.identity === 'ip'
  return fault === null || (fault === 'fixed/stranger' && isBehindHop)
    ? allowed
    : { verdict: 'deny', rule: fault }
}

/** What `evaluate` holds against a packet from an address at a link address; null where nothing. */
function faultOf(claim: RandomClaim, link: string, address: string, rules: InForce): string | null {
  const anywhere = address.includes(':') ? '2001:db8::1' : '203.0.113.1'
  const said = { protocol: 6, destinationPort: 443, destination: parseAddress(anywhere) as Address }
  const { rule } = evaluate(rules.ruleset, flowFrom(claim, link, address, said), rules.bindings, rules.at)
  return rule.id === 'fixed/spoofed' || rule.id === 'fixed/stranger' ? rule.id : null
}

function flowFrom(
  { port }: RandomClaim,
  link: string,
  address: string,
  said: Pick<Flow, 'protocol' | 'destination' | 'destinationPort' | 'icmpType'>,
): Flow {
  const { network } = ports[port] as Port
  return {
    ...said,
    ingress: network,
    link: link as LinkAddress,
    source: parseAddress(address) as Address,
  }
}

/** One entry of the gateway's neighbour cache, as `ip -json` tells it. */
export interface Neighbour {
  readonly dst: string
  readonly dev: string
  readonly lladdr?: string
}

/** Whether the gateway was told a lie: an entry that no claim could have made. */
export function isPoison({ dst, dev, lladdr }: Neighbour, rules: InForce): boolean {
  const port = ports.findIndex((one) => one.interface === dev)
  if (port < 0 || lladdr === undefined) return false
  const claim = { port } as RandomClaim
  return faultOf(claim, lladdr, dst, rules) === 'fixed/spoofed'
}
