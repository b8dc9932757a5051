/**
 * `explain`: why a flow is allowed or refused, for the person on call. Built on `evaluate`, which alone decides.
 *
 * It answers about flows between devices, names and addresses, in words, with what to do next. Where an address or
 * an answer is not known it says so instead of assuming one.
 */
import { DEFAULT_DENY } from '../lower/default-tier.ts'
import { type Address, formatAddress } from '../model/address.ts'
import { type Diagnostic, diagnose } from '../model/diagnostic.ts'
import type { Bindings, Decision, Flow, Verdict } from '../model/flow.ts'
import type { Match, Rule, Ruleset } from '../model/ruleset.ts'
import { formatService, type Service } from '../model/service.ts'
import { type Ask, addressPairs, assumedBindings, assumedPairs, impossible, missing } from './assume.ts'
import { evaluate } from './evaluate.ts'
import { type AskedEnd, askedEnd, askedService, lookalikeOf, splitService } from './question.ts'
import { along, cameBy, forwardOf, translate } from './translate.ts'
import { becauseOf, nextStep, type Place, translationText } from './words.ts'

export interface Question {
  /** A device, name, address or link address; `gateway`. */
  readonly from: string
  /** As `from`, with a service: `10.30.0.5:22/tcp`. */
  readonly to: string
}

/** One end as it was judged. */
export interface ExplainedEnd {
  readonly text: string
  readonly device: string | null
  readonly network: string | null
  /** Null where none is known. */
  readonly address: string | null
}

export interface Explanation {
  readonly verdict: Verdict
  /** The rule that decides; for `unknown`, the one that would. */
  readonly rule: Rule | null
  /** One or two sentences. */
  readonly because: string
  /** What to do about it, with the place to do it. */
  readonly next: string
  readonly needs: readonly string[]
  readonly enforced: boolean
  readonly from: ExplainedEnd
  readonly to: ExplainedEnd
  readonly service: string | null
  /** What in the question may have been meant otherwise, as sentences. */
  readonly notes: readonly string[]
  /** Where the destination is translated on the way: the host and service it goes to. */
  readonly translated: string | null
}

/** Answers a question at an instant (ms since 1970); null with diagnostics where it cannot be read. */
export function explain(
  ruleset: Ruleset,
  question: Question,
  bindings: Bindings,
  at: number,
): readonly [Explanation | null, readonly Diagnostic[]] {
  const { host, service } = splitService(question.to)
  const source = splitService(question.from)
  const from = askedEnd(ruleset, bindings, at, source.host)
  const to = askedEnd(ruleset, bindings, at, host)
  const services = service === null ? null : askedService(service)
  const sent =
    source.service === null || /^\d{1,5}$/.test(source.service) ? null : askedService(source.service)
  const faults = [
    ...(typeof from === 'string' ? [fault('from', question.from, from)] : []),
    ...(typeof sent === 'string' ? [fault('from', source.service ?? '', sent, serviceHint)] : []),
    ...(typeof to === 'string' ? [fault('to', question.to, to)] : []),
    ...(typeof services === 'string' ? [fault('to', service ?? '', services, serviceHint)] : []),
  ]
  if (typeof from === 'string' || typeof to === 'string' || typeof services === 'string' || faults.length > 0)
    return [null, faults]
  const ask = { ruleset, from, to, bindings, at }
  const answer = services === null ? acrossServices(ask) : forService(ask, services)
  const meant = lookalikeOf(question.to, to)
  const notes = [
    ...answer.notes,
    ...(meant === null ? [] : [`${to.text} is one IPv6 address; did you mean ${meant}?`]),
    ...(source.service === null
      ? []
      : [`${from.text} is the source; the port it is sent from is not judged`]),
  ]
  return [{ ...answer, notes }, []]
}

/** A service may be several alternatives, and rules may cut a range of ports: the answer is the strictest of all. */
function forService(ask: Ask, services: readonly Service[]): Explanation {
  const answers = services
    .flatMap((service) => piecesOf(ask.ruleset, service))
    .map((piece) => judge(ask, piece))
  // What no packet between these ends can be (echo of the other family) has no answer.
  const possible = answers.filter(({ rule }) => rule !== null)
  const order: readonly Verdict[] = ['deny', 'unknown', 'allow']
  const [first] = (possible.length > 0 ? possible : answers).toSorted(
    (a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict),
  )
  return first as Explanation
}

/** A range of ports in pieces that no rule tells apart. */
function piecesOf({ rules }: Ruleset, service: Service): readonly Service[] {
  if (service.kind !== 'ports') return [service]
  const spoken = rules.flatMap((rule) => rule.matches.flatMap(servicesOfMatch))
  const cuts = new Set([service.first])
  for (const other of spoken) {
    if (other.kind !== 'ports' || other.protocol !== service.protocol) continue
    for (const cut of [other.first, other.last + 1])
      if (cut > service.first && cut <= service.last) cuts.add(cut)
  }
  const firsts = [...cuts].sort((a, b) => a - b)
  return firsts.map((first, at) => ({ ...service, first, last: (firsts[at + 1] ?? service.last + 1) - 1 }))
}

/** What a match is for, and what that was addressed to before it was translated. */
function servicesOfMatch({ services, translated }: Match): readonly Service[] {
  return translated === undefined ? services : [...services, ...translated.services]
}

/** No service said: one answer where all agree, else which are allowed. */
function acrossServices(ask: Ask): Explanation {
  const services = new Map<string, Service>()
  for (const rule of ask.ruleset.rules) {
    for (const match of rule.matches) {
      for (const service of servicesOfMatch(match))
        if (service.kind !== 'any') services.set(formatService(service), service)
    }
  }
  // A service no rule mentions stands for all the rest.
  const rest = judge(ask, { kind: 'any' })
  const answers = [...services.values()].map((service) => judge(ask, service))
  // What no packet between these ends can be (ICMP of the other family) has no answer.
  const different = answers.filter((answer) => answer.rule !== null && answer.verdict !== rest.verdict)
  if (different.length === 0) return { ...rest, service: null }
  const open = different.map((answer) => `${answer.service} (${answer.verdict}, ${answer.rule?.id})`)
  return {
    ...(different[0] as Explanation),
    verdict: 'unknown',
    because: `It depends on the service: ${open.join(', ')}; anything else is ${rest.verdict === 'allow' ? 'allowed' : 'refused'}.`,
    next: `Ask with a service: --to ${ask.to.text}:${different[0]?.service}`,
    needs: ['a service'],
    service: null,
  }
}

function judge(ask: Ask, service: Service): Explanation {
  const pairs = addressPairs(ask, service)
  const needs = pairs.length > 0 ? [] : missing(ask)
  const judged = pairs.length > 0 ? pairs : assumedPairs(ask, service)
  const bindings = pairs.length > 0 ? ask.bindings : assumedBindings(ask)
  const decisions = judged.map(([source, destination]) =>
    judgeEither(ask, flowOf(ask.from, source, destination, service), bindings),
  )
  const order: readonly Verdict[] = ['deny', 'unknown', 'allow']
  const [worst] = decisions.sort(
    (a, b) => order.indexOf(a.decision.verdict) - order.indexOf(b.decision.verdict),
  )
  if (worst === undefined) return unanswerable(ask, service)
  const isAssumed = needs.length > 0 && (worst.decision.verdict === 'allow' || mayDepend(ask, worst.decision))
  const decision: Decision = isAssumed ? { ...worst.decision, verdict: 'unknown', needs } : worst.decision
  return describe(ask, service, decision, pairs.length > 0 ? worst.flow : null, {
    flow: worst.flow,
    bindings,
  })
}

interface Judged {
  readonly flow: Flow
  readonly decision: Decision
}

/**
 * A question may name what a forward is addressed to, or where it leads. Of the latter: what is let in without a forward
 * needs none; else it is asked as if it had come by one, because nothing else may bring it.
 */
function judgeEither({ ruleset, to, at }: Ask, flow: Flow, bindings: Bindings): Judged {
  const judge = (one: Flow): Judged => ({ flow: one, decision: evaluate(ruleset, one, bindings, at) })
  if (to.kind === 'gateway') {
    const forward = to.text === 'gateway' ? forwardOf(ruleset, flow) : null
    const led = forward === null ? null : along(ruleset, forward, flow, bindings, at)
    return judge(led ?? translate(ruleset, flow, bindings, at))
  }
  const direct = judge(flow)
  if (direct.decision.verdict === 'allow' || direct.decision.rule.id !== DEFAULT_DENY) return direct
  const led = cameBy(ruleset, flow, bindings, at)
  return led === null ? direct : judge(led)
}

/** Whether a refusal of a stand-in could turn into something else once the real address is known. */
function mayDepend(ask: Ask, decision: Decision): boolean {
  if (decision.rule.tier !== 'default') return decision.verdict === 'unknown'
  const device = ask.from.device ?? ask.to.device
  if (device === null) return false
  const { fromClass, toClass } = ask.ruleset.index
  return [...(fromClass[device.class] ?? []), ...(toClass[device.class] ?? [])].some(({ rule, match }) => {
    const peer = ask.from.device === device ? match.to : match.from
    return rule.effect === 'allow' && peer.include.some((atom) => atom.kind === 'addresses')
  })
}

/** No packet between these ends is for this, or none is as far as is known. */
function unanswerable(ask: Ask, service: Service): Explanation {
  const never = impossible(ask, service)
  const decision: Decision = {
    verdict: 'unknown',
    rule: ask.ruleset.rules.at(-1) as Rule,
    needs: never === null ? missing(ask) : ['ends and a service of one family'],
    enforced: true,
  }
  const explanation = describe(ask, service, decision, null, null)
  const words =
    never === null ? {} : { because: never, next: 'Ask about two ends and a service of one family.' }
  return { ...explanation, ...words, rule: null }
}

function describe(
  ask: Ask,
  service: Service,
  decision: Decision,
  flow: Flow | null,
  supposed: Place['supposed'],
): Explanation {
  const text = formatService(service)
  const place = {
    ruleset: ask.ruleset,
    from: ask.from,
    to: ask.to,
    service: text,
    at: ask.at,
    supposed,
  }
  return {
    verdict: decision.verdict,
    rule: decision.rule,
    because: becauseOf(place, decision, flow),
    next: nextStep(place, decision, flow),
    needs: decision.needs,
    enforced: decision.enforced,
    from: explainedEnd(ask.from, flow?.source ?? null),
    to: explainedEnd(
      ask.to,
      (ask.to.kind === 'gateway' ? flow?.original?.destination : undefined) ?? flow?.destination ?? null,
    ),
    service: text,
    notes: [],
    translated: flow === null ? null : translationText(flow),
  }
}

function explainedEnd(end: AskedEnd, address: Address | null): ExplainedEnd {
  return {
    text: end.text,
    device: end.device?.name ?? null,
    network: end.network?.name ?? null,
    address: address === null ? null : formatAddress(address),
  }
}

/** The first packet a person means: an ephemeral source port, a request where the service is ICMP. */
function flowOf(from: AskedEnd, source: Address, destination: Address, service: Service): Flow {
  const link = from.link === null ? {} : { link: from.link }
  const ingress = from.kind === 'gateway' ? 'gateway' : (from.network?.name ?? null)
  const base = { ingress, source, destination, ...link }
  switch (service.kind) {
    case 'ports':
      return { ...base, protocol: service.protocol, sourcePort: 49_152, destinationPort: service.first }
    case 'icmp':
      return { ...base, protocol: service.family === 4 ? 1 : 58, icmpType: service.type }
    case 'protocol':
      return { ...base, protocol: service.number }
    case 'any':
      return { ...base, protocol: 253 }
    default:
      return service satisfies never
  }
}

const endHint =
  'Write a device as `thingwall list devices` shows it, an address or a DNS name; --to with a service: 10.30.0.5:22/tcp.'
const serviceHint =
  "Write a service by name or number: 'https', '22/tcp', '8000-8100/udp', 'ping', 'icmpv6/128'."

function fault(path: string, value: string, message: string, hint: string = endHint): Diagnostic {
  return diagnose('TW2090', { message, path: `--${path}`, value, hint, origin: null })
}
