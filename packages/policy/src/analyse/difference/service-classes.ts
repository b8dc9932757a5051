/**
 * What flows are opened for, cut into classes: two ports or protocols of one class are in the same services that either
 * rule set speaks of. Source ports say nothing here, as in `Service`.
 */
import type { Family } from '../../model/address.ts'
import { covers, type Flow } from '../../model/flow.ts'
import type { Match, Ruleset } from '../../model/ruleset.ts'
import { formatService, ICMP, ICMPV6, opensFlow, type Service, TCP, UDP } from '../../model/service.ts'

/** The headers of a flow that say what it is for. */
export type Purpose = Pick<Flow, 'protocol' | 'sourcePort' | 'destinationPort' | 'icmpType'>

export interface ServiceClass {
  /** Null for both families. */
  readonly family: Family | null
  readonly services: readonly Service[]
  /** It also stands for every protocol that no rule names. */
  readonly isRest: boolean
  readonly purpose: Purpose
}

/** Every class; what no rule names is one of them, for each family's echo and the like another. */
export function serviceClasses(before: Ruleset, after: Ruleset): readonly ServiceClass[] {
  return classesOf(distinct(matchesIn([before, after]).flatMap(({ services }) => services)))
}

/** The ports that forwards of either rule set are addressed to, cut in the same way. */
export function addressedClasses(before: Ruleset, after: Ruleset): readonly ServiceClass[] {
  const addressed = matchesIn([before, after]).flatMap(({ translated }) => translated?.services ?? [])
  return classesOf(distinct(addressed.filter(({ kind }) => kind === 'ports'))).filter(
    ({ isRest, family }) => !isRest && family === null,
  )
}

function classesOf(spoken: readonly Service[]): readonly ServiceClass[] {
  const pieces = [
    ...([TCP, UDP] as const).flatMap((protocol) => portPieces(spoken, protocol)),
    ...([4, 6] as const).flatMap(icmpPieces),
    ...spoken.filter((service) => service.kind === 'protocol'),
    unspokenIn(spoken),
  ]
  const classes = new Map<string, ServiceClass & { services: Service[] }>()
  for (const piece of pieces) {
    const purpose = purposeOf(piece)
    const within = spoken.flatMap((service, number) => (covers(service, purpose as Flow) ? [number] : []))
    const family = piece.kind === 'icmp' ? piece.family : null
    const key = `${family} ${within.join()}`
    const known = classes.get(key)
    if (known !== undefined) known.services.push(piece)
    else {
      // No service but `any`, which every purpose is in.
      const isRest = family === null && within.every((number) => spoken[number]?.kind === 'any')
      classes.set(key, { family, services: [piece], isRest, purpose })
    }
  }
  return [...classes.values()]
}

/** Whether a class is within some services. */
export function isWithin({ purpose }: ServiceClass, services: readonly Service[]): boolean {
  return services.some((service) => covers(service, purpose as Flow))
}

/** Some classes in words: `443/tcp`, `anything but 22/tcp`. `all` are the classes there are for the family. */
export function sayServices(some: readonly ServiceClass[], all: readonly ServiceClass[]): readonly string[] {
  const others = all.filter((one) => !some.includes(one))
  if (others.length === 0) return ['anything']
  if (!some.some(({ isRest }) => isRest)) return sayPorts(some)
  return [`anything but ${sayPorts(others).join(', ')}`]
}

/** Some classes, each port, range, type and protocol of them. */
export function sayPorts(classes: readonly ServiceClass[]): readonly string[] {
  const services = classes.flatMap((one) => one.services)
  const ports = ([TCP, UDP] as const).flatMap((protocol) => joined(services, protocol))
  const others = services.filter(({ kind }) => kind !== 'ports')
  return [...new Set([...ports.map(formatService), ...others.map(sayOther)])]
}

/** Echo has one name in both families. */
function sayOther(service: Service): string {
  const isEcho = service.kind === 'icmp' && service.type === (service.family === 4 ? 8 : 128)
  return isEcho ? 'ping' : formatService(service)
}

/** Neighbouring ranges of ports as one. */
function joined(services: readonly Service[], protocol: 6 | 17): readonly Service[] {
  const ranges = services.flatMap((one) => (one.kind === 'ports' && one.protocol === protocol ? [one] : []))
  const out: { kind: 'ports'; protocol: 6 | 17; first: number; last: number }[] = []
  for (const range of ranges.sort((a, b) => a.first - b.first)) {
    const last = out.at(-1)
    if (last !== undefined && range.first === last.last + 1) last.last = range.last
    else out.push({ ...range })
  }
  return out
}

function matchesIn(rulesets: readonly Ruleset[]): readonly Match[] {
  return rulesets.flatMap(({ rules }) => rules.flatMap((rule) => rule.matches))
}

function distinct(services: readonly Service[]): readonly Service[] {
  const byText = new Map(services.map((one): [string, Service] => [formatService(one), one]))
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, service]) => service)
}

/** A protocol that no rule names: it stands for all of them. */
function unspokenIn(spoken: readonly Service[]): Service {
  const named = new Set(spoken.map((service) => (service.kind === 'protocol' ? service.number : 0)))
  let number = 253
  while (named.has(number)) number -= 1
  return { kind: 'protocol', number }
}

function portPieces(spoken: readonly Service[], protocol: 6 | 17): readonly Service[] {
  const firsts = new Set([1])
  for (const service of spoken) {
    if (service.kind !== 'ports' || service.protocol !== protocol) continue
    firsts.add(service.first)
    if (service.last < 65_535) firsts.add(service.last + 1)
  }
  const sorted = [...firsts].sort((a, b) => a - b)
  return sorted.map((first, at) => ({
    kind: 'ports',
    protocol,
    first,
    last: (sorted[at + 1] ?? 65_536) - 1,
  }))
}

function icmpPieces(family: Family): readonly Service[] {
  return Array.from({ length: 256 }, (_, type) => type)
    .filter((type) => opensFlow(family, type))
    .map((type) => ({ kind: 'icmp', family, type }))
}

/** The headers of a flow for a service that is no `any`. */
function purposeOf(service: Service): Purpose {
  switch (service.kind) {
    case 'ports':
      return { protocol: service.protocol, sourcePort: 49_152, destinationPort: service.first }
    case 'icmp':
      return { protocol: service.family === 4 ? ICMP : ICMPV6, icmpType: service.type }
    case 'protocol':
      return { protocol: service.number }
    case 'any':
      return { protocol: 253 }
    default:
      return service satisfies never
  }
}
