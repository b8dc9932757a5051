/**
 * What a run of the property has really met, counted: a generator that forgets a family, a shape or a kind of peer fails
 * the test instead of making it easier. The least of each is a small part of what an ordinary run meets (printed with
 * `THINGWALL_PROPERTY_COVERAGE=print`), far below what chance could take away.
 */
import {
  type Bindings,
  type Decision,
  type EndpointDocument,
  evaluate,
  type Flow,
  type PolicyDocument,
  type Ruleset,
} from '@thingwall/policy'
import type { Answered } from './judge.ts'
import type { RandomPacket } from './packets.ts'

/** How often each thing was met. */
export type Coverage = Map<string, number>

/** One packet and how it was decided. */
export interface Met {
  readonly document: PolicyDocument
  readonly ruleset: Ruleset
  readonly bindings: Bindings
  /** Milliseconds since 1970. */
  readonly at: number
  readonly packet: RandomPacket
  readonly flow: Flow
  readonly decision: Decision
}

/** Adds what one packet met. */
export function cover(coverage: Coverage, met: Met): void {
  for (const what of featuresOf(met)) coverage.set(what, (coverage.get(what) ?? 0) + 1)
}

/** Adds what came back. What is later came after a policy took another's place. */
export function coverAnswer(coverage: Coverage, { answer, seen, isLater }: Answered): void {
  const { given, belongsTo, destination } = answer
  const family = destination.includes(':') ? 'IPv6' : 'IPv4'
  const flow = belongsTo === null ? 'no flow' : isLater ? 'a flow from before' : 'a flow'
  const became = seen.verdict ?? (seen.delivered ? 'passed' : 'nothing')
  const kind = given.kind === 'answer' ? 'answer' : 'error'
  for (const what of [
    `${family} ${kind} of ${flow}: ${became}`,
    `${kind} of ${flow}: by ${seen.rule ?? 'none'}`,
  ])
    coverage.set(what, (coverage.get(what) ?? 0) + 1)
}

/** Everything an ordinary run of 200 policies must have met, and how often at least. */
const least: Readonly<Record<string, number>> = Object.fromEntries([
  ...['IPv4', 'IPv6'].flatMap((family): readonly (readonly [string, number])[] => [
    [`${family} unknown`, 30],
    ...['plain', 'fragments', 'options', 'options-and-fragments'].flatMap((shape) => [
      [`${family} ${shape} allow`, 5] as const,
      [`${family} ${shape} deny`, 50] as const,
    ]),
    ...['tcp', 'udp', 'icmp', '2', '47', '253'].flatMap((protocol) => [
      [`${family} protocol ${protocol} allow`, 25] as const,
      [`${family} protocol ${protocol} deny`, 150] as const,
    ]),
    ...['from inside to outside', 'from the gateway', 'to the gateway', 'translated'].flatMap((way) => [
      [`${family} ${way} allow`, 15] as const,
      [`${family} ${way} deny`, 80] as const,
    ]),
    [`${family} from inside to inside allow`, 15],
    [`${family} from inside to inside deny`, 400],
    [`${family} from outside to inside deny`, 100],
    [`${family} answer of a flow: passed`, 15],
    [`${family} answer of a flow: deny`, 20],
    [`${family} answer of a flow from before: allow`, 80],
    [`${family} answer of a flow from before: deny`, 30],
    [`${family} answer of no flow: allow`, 2],
    [`${family} answer of no flow: deny`, 200],
    [`${family} error of a flow: allow`, 60],
    [`${family} error of a flow from before: allow`, 30],
    [`${family} error of no flow: deny`, 150],
  ]),
  ...['spoofed', 'stranger', 'invalid'].map((rule) => [`fixed/${rule}`, 300] as const),
  ['fixed/martian', 15],
  ['fixed/neighbour-discovery', 20],
  ['default/deny', 2_000],
  ['error of a flow from before: by fixed/stale', 60],
  ...['quarantine', 'deny', 'allow', 'forward'].map((tier) => [`tier ${tier}`, 20] as const),
  ...['any', 'device', 'gateway', 'label', 'list', 'name', 'network', 'profile', 'text'].flatMap((kind) => [
    [`allow by a peer that is ${kind}`, 20] as const,
    [`deny by a peer that is ${kind}`, 10] as const,
    [`allow by a peer that is without ${kind}`, 2] as const,
    [`deny by a peer that is without ${kind}`, 2] as const,
  ]),
  ['after a date: allow', 20],
  ['after a date: deny', 150],
])

/** What was met too seldom, in words. */
export function missedBy(coverage: Coverage): readonly string[] {
  return Object.entries(least).flatMap(([what, times]) => {
    const seen = coverage.get(what) ?? 0
    return seen < times ? [`${what}: ${seen} times, at least ${times} expected`] : []
  })
}

function featuresOf(met: Met): ReadonlySet<string> {
  const { packet, flow, decision, ruleset } = met
  const { rule, verdict } = decision
  const features = new Set<string>()
  const family = flow.destination.length === 8 ? 'IPv4' : 'IPv6'
  features.add(`${family} ${verdict}`)
  features.add(`${family} ${wayOf(met)} ${verdict}`)
  features.add(`${family} ${packet.shape} ${verdict}`)
  features.add(`${family} protocol ${packet.protocol} ${verdict}`)
  features.add(rule.tier === 'fixed' || rule.tier === 'default' ? rule.id : `tier ${rule.tier}`)
  for (const kind of kindsIn(met.document, rule.id)) features.add(`${rule.effect} by a peer that is ${kind}`)
  // Both instants are far from every date of the policy but the one that has passed.
  const then = evaluate(ruleset, flow, met.bindings, met.at - BEFORE_ALL_DATES_MS)
  if (then.rule.id !== rule.id) features.add(`after a date: ${verdict}`)
  return features
}

const BEFORE_ALL_DATES_MS = 45 * 86_400_000

function wayOf({ ruleset, packet, flow, bindings }: Met): string {
  if (packet.port === null) return 'from the gateway'
  if (ruleset.gateway.has(flow.destination) || bindings.gateway.has(flow.destination)) return 'to the gateway'
  if (flow.original !== undefined) return 'translated'
  const isInside = (network: string): boolean => network !== 'uplink'
  const from = isInside(flow.ingress ?? 'uplink') ? 'inside' : 'outside'
  const to = ruleset.local.some(({ first, last }) => flow.destination >= first && flow.destination <= last)
  return `from ${from} to ${to ? 'inside' : 'outside'}`
}

/** The kinds of peers that the rule of an id speaks of, those of its exceptions marked. */
function kindsIn({ profiles, devices, rules }: PolicyDocument, id: string): ReadonlySet<string> {
  const [owner, name] = id.split('/') as [string, string | undefined]
  const rule = name === undefined ? rules[id] : (profiles[owner] ?? devices[owner])?.rules[name]
  const kinds = new Set<string>()
  const add = (end: EndpointDocument, mark: string): void => {
    if (end.kind !== 'except') kinds.add(`${mark}${end.kind}`)
    else {
      for (const one of end.of) add(one, mark)
      for (const one of end.except) add(one, 'without ')
    }
  }
  for (const end of [...(rule?.who ?? []), ...(rule?.peer ?? [])]) add(end, '')
  return kinds
}
