/**
 * Lowers forwards. Each becomes a rule about flows whose destination was translated, and, where the gateway is to
 * translate, what to translate. The tier ends with a rule that refuses every other translated flow.
 *
 * A forward opens to one inside host. What was not translated is never let in by it, whatever its destination.
 */
import { parseDate, weekRangesOf } from '../author/time.ts'
import { contains } from '../model/interval.ts'
import { didYouMean } from '../model/name.ts'
import type { ForwardDocument } from '../model/policy.ts'
import type { Atom, Forward, Match, Network, Rule } from '../model/ruleset.ts'
import { formatService, parseService, UDP } from '../model/service.ts'
import { builtInRule } from './built-in.ts'
import { type Lowering, report } from './context.ts'
import { isEmpty, type Place, type ResolvedEnd, resolveEnd } from './endpoints.ts'
import { ANY_SERVICE, documentationOf, earliest, latest, refuseUntellable } from './rules.ts'

/** The id of the rule that refuses a translated flow which no forward lets in. */
export const NO_FORWARD = 'default/no-forward'

const everyone: Match['from'] = { include: [{ kind: 'any' }, { kind: 'gateway' }], except: [] }

/** What stands in the tier of forwards of every policy. */
export const forwardTier: readonly Rule[] = [
  builtInRule({
    id: NO_FORWARD,
    tier: 'forward',
    effect: 'deny',
    why: 'Its destination was translated, and no forward that is in force lets it in',
    matches: [
      {
        from: everyone,
        to: everyone,
        services: ANY_SERVICE,
        translated: { network: null, services: ANY_SERVICE },
        startsAt: null,
        endsAt: null,
      },
    ],
  }),
]

type Ports = Forward['services'][number]

/** The rules of all forwards, unsorted; fills `lowering.forwards`. */
export function lowerForwards(lowering: Lowering): Rule[] {
  const claims: Claim[] = []
  return Object.entries(lowering.document.forwards ?? {}).map(([name, document]) => {
    const place = { path: `forwards.${name}`, origin: document.origin }
    const ports = document.service.flatMap(portsIn)
    const network = networkOf(lowering, document, place)
    const to = resolveEnd(lowering, document.to, 'allow', { ...place, path: `${place.path}.to` })
    const from = resolveEnd(lowering, document.from, 'allow', { ...place, path: `${place.path}.from` })
    refuseUntellable(lowering, to, from, { ...place, path: `${place.path}.from` })
    refuseUnfit(lowering, document, ports, place)
    claimPorts(lowering, claims, { name, document, ports })
    const id = `forward/${name}`
    if (document.by === null && network !== null) {
      const target = targetOf(lowering, document, to, place)
      if (target !== null)
        lowering.forwards.push({
          id,
          network: network.name,
          services: ports,
          to: target,
          port: document.port,
        })
    }
    return {
      id,
      tier: 'forward',
      effect: 'allow',
      matches: matchesOf(document, ports, from, to),
      endsAt: document.expires === undefined ? null : parseDate(document.expires),
      when: document.when === null ? null : weekRangesOf(document.when),
      ...documentationOf(document, lowering.document.owner),
      lists: [...new Set([...from.lists, ...to.lists])],
      leavesOut: [...new Set([...from.leavesOut, ...to.leavesOut])],
      origin: document.origin,
    }
  })
}

/** One match for each range of ports: what it was addressed to and where it goes belong together. */
function matchesOf(
  document: ForwardDocument,
  ports: readonly Ports[],
  from: ResolvedEnd,
  to: ResolvedEnd,
): readonly Match[] {
  return ports.flatMap((addressed) =>
    from.parts.flatMap((one) =>
      to.parts.flatMap((other): readonly Match[] => {
        const startsAt = latest(one.startsAt, other.startsAt)
        const endsAt = earliest(one.endsAt, other.endsAt)
        if (isEmpty(startsAt, endsAt)) return []
        const { port } = document
        const final = port === null ? addressed : { ...addressed, first: port, last: port }
        const translated = { network: document.at, services: [addressed] }
        return [{ from: one.endpoint, to: other.endpoint, services: [final], translated, startsAt, endsAt }]
      }),
    ),
  )
}

function portsIn(text: string): readonly Ports[] {
  const parsed = parseService(text)
  return typeof parsed === 'string' ? [] : parsed.filter((one): one is Ports => one.kind === 'ports')
}

/** The network it comes in by. Thingwall itself translates on uplinks only: inside, a host has an address of its own. */
function networkOf(lowering: Lowering, document: ForwardDocument, place: Place): Network | null {
  const network = lowering.networks.get(document.at)
  if (network === undefined) {
    const near = didYouMean(document.at, lowering.networks.keys())
    report(lowering, 'TW1005', {
      message: `${place.path}.at speaks of an unknown network`,
      path: `${place.path}.at`,
      value: document.at,
      hint: near === null ? 'Name the uplink it is reached by.' : `Did you mean ${near}?`,
      origin: place.origin,
    })
    return null
  }
  if (network.role === 'uplink' || document.by !== null) return network
  refuse(lowering, place, 'at', document.at, {
    message: `${place.path} forwards from network ${network.name}, which is no uplink`,
    hint: 'From inside, reach the device by its own address, with an allow rule; or name an uplink.',
  })
  return null
}

/** The one host that the gateway sends it to. */
function targetOf(
  lowering: Lowering,
  document: ForwardDocument,
  to: ResolvedEnd,
  place: Place,
): Forward['to'] | null {
  const ends = to.parts.flatMap(({ endpoint }): readonly (Atom | null)[] =>
    endpoint.except.length > 0 ? [null] : endpoint.include,
  )
  const [only, another] = ends
  // What it names may be unknown, and was reported.
  if (only === undefined) return null
  const target = only === null || another !== undefined ? null : hostOf(lowering, only)
  if (target !== null) return target
  refuse(lowering, place, 'to', document.to, {
    message: `${place.path} must go to one device or address on an inside network`,
    hint: "Write to: 'crater-cam', or an address that lives on a network which is no uplink and is not the gateway's.",
  })
  return null
}

function hostOf(lowering: Lowering, atom: Atom): Forward['to'] | null {
  if (atom.kind === 'group') {
    const devices = lowering.groups[atom.group]?.devices ?? []
    const [device] = devices
    if (device === undefined || devices.length > 1) return null
    const { network } = Object.values(lowering.document.devices)[device] ?? {}
    const isOutside = typeof network === 'string' && lowering.networks.get(network)?.role === 'uplink'
    return isOutside ? null : { kind: 'device', device }
  }
  if (atom.kind !== 'addresses') return null
  const [interval, more] = atom.set
  if (interval === undefined || more !== undefined || interval.first !== interval.last) return null
  const address = interval.first
  const home = [...lowering.networks.values()].find(
    (network) => network.role !== 'uplink' && contains(network.addresses, address),
  )
  return home === undefined || home.gateway.includes(address) ? null : { kind: 'address', address }
}

/** By which DHCP and DHCPv6 answer the gateway itself (RFC 2131, RFC 8415). */
const LEASES = [68, 546]

function refuseUnfit(
  lowering: Lowering,
  document: ForwardDocument,
  ports: readonly Ports[],
  place: Place,
): void {
  const lease = ports.find(
    ({ protocol, first, last }) => protocol === UDP && LEASES.some((port) => port >= first && port <= last),
  )
  if (lease !== undefined) {
    refuse(lowering, place, 'service', formatService(lease), {
      message: `${place.path} would take the answers by which the gateway gets its own address`,
      hint: 'Leave 68/udp and 546/udp out.',
    })
  }
  const numbers = new Set(ports.flatMap(({ first, last }) => [first, last]))
  if (document.port !== null && numbers.size > 1) {
    refuse(lowering, place, 'port', document.port, {
      message: `${place.path} leads several ports to one`,
      hint: 'Write a forward for each port, or leave `port` out: each goes to its own number.',
    })
  }
}

interface Claim {
  readonly name: string
  readonly document: ForwardDocument
  readonly ports: readonly Ports[]
}

/** A port of the gateway's leads to one place. */
function claimPorts(lowering: Lowering, claims: Claim[], own: Claim): void {
  for (const other of claims) {
    if (other.document.at !== own.document.at) continue
    const shared = own.ports.find((one) => other.ports.some((claimed) => meet(one, claimed)))
    if (shared === undefined) continue
    report(lowering, 'TW1027', {
      message: `forwards ${other.name} and ${own.name} both take ${formatService(shared)} on ${own.document.at}`,
      path: `forwards.${own.name}.service`,
      value: formatService(shared),
      hint: 'A port leads to one place: give one of them another port, or remove it.',
      origin: own.document.origin,
      related: other.document.origin,
    })
  }
  claims.push(own)
}

function meet(one: Ports, other: Ports): boolean {
  return one.protocol === other.protocol && one.first <= other.last && other.first <= one.last
}

function refuse(
  lowering: Lowering,
  { path, origin }: Place,
  property: string,
  value: unknown,
  words: { readonly message: string; readonly hint: string },
): void {
  report(lowering, 'TW1026', { ...words, path: `${path}.${property}`, value, origin })
}
