/**
 * Why an event was: the rule that decided it, and what the policy of then and the policy of now say to such a flow.
 * Built on `explain`, which alone judges. What the policy cannot be asked (ARP, a gathered flood) is said, not guessed.
 */
import {
  type Address,
  type Bindings,
  type Explanation,
  explain,
  formatAddress,
  formatService,
  ICMP,
  ICMPV6,
  type Rule,
  type Service,
  TCP,
  UDP,
} from '@thingwall/policy'
import { joined } from '../bindings/from-file.ts'
import type { RememberedPolicy } from '../daemon/policy-in-force.ts'
import type { EnforcementPoint, Past } from '../enforce/point.ts'
import type { End, TrafficEvent } from '../events/model.ts'
import type { StoredEvent } from '../store/store.ts'
import { type EventJson, eventJson } from './event-json.ts'

export interface EventExplanation {
  readonly event: EventJson
  /** The rule that decided, as the policy of then says it. */
  readonly decided: RuleJson | null
  readonly past: Judged | null
  /** Null where the same application is in force, or nothing is. */
  readonly present: Judged | null
  readonly remarks: readonly string[]
}

export interface Judged {
  /** Number of the application. */
  readonly application: number
  /** The instant it was asked about. */
  readonly at: string
  readonly verdict: Explanation['verdict']
  readonly rule: RuleJson | null
  readonly because: string
  readonly next: string
}

export type RuleJson = Pick<Rule, 'id' | 'effect' | 'why' | 'owner' | 'ticket'>

export interface ExplainSources {
  readonly point: Pick<EnforcementPoint, 'history'>
  readonly policyOf: (sequence: number) => Promise<RememberedPolicy | null>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Asks the policies in force at the event's time, and now. */
export async function explainEvent(event: StoredEvent, sources: ExplainSources): Promise<EventExplanation> {
  const json = eventJson(event)
  if (event.kind === 'notice') {
    return {
      event: json,
      decided: null,
      past: null,
      present: null,
      remarks: ['The gateway itself says this.'],
    }
  }
  const history = await sources.point.history()
  const [before, today] = [inForceAt(history, event.at), inForceNow(history)]
  const remarks: string[] = []
  const policy = before === null ? null : await sources.policyOf(before.record.sequence)
  if (policy === null) remarks.push('The policy of then is not remembered on this machine.')
  const question = questionOf(event)
  if (question === null) remarks.push(whyNotAsked(event))
  const past = judged(before, policy, event, question, event.at)
  const isOther = today !== null && today.record.sequence !== before?.record.sequence
  const policyNow = isOther ? await sources.policyOf(today.record.sequence) : null
  const present = judged(today, policyNow, event, question, sources.now())
  const decided = policy?.ruleset.rules.find(({ id }) => id === event.rule) ?? null
  const asked = past?.rule?.id ?? null
  if (asked !== null && event.rule !== null && asked !== event.rule)
    remarks.push(
      `The packet was decided by ${event.rule}: who sent it, or in what state the flow was, was not as such a flow ordinarily is.`,
    )
  return { event: json, decided: decided === null ? null : ruleJson(decided), past, present, remarks }
}

/** A trial that was not confirmed was in force until it ended. */
function inForceAt(history: readonly Past[], at: number): Past | null {
  const found = history.find(({ record, fate }) => {
    if (record.at > at || fate.kind === 'unfinished') return false
    const endedAt = fate.kind === 'reverted' || fate.kind === 'abandoned' ? fate.at : Number.POSITIVE_INFINITY
    return at < endedAt
  })
  return found ?? null
}

function inForceNow(history: readonly Past[]): Past | null {
  const live = (kind: Past['fate']['kind']): Past | undefined =>
    history.find(({ fate }) => fate.kind === kind)
  return live('on trial') ?? live('in force') ?? null
}

interface Question {
  readonly from: string
  readonly to: string
}

const ETHER_TYPES: ReadonlySet<number> = new Set([0x0800, 0x86dd])

/** Null where the event stands for traffic that has no one flow. */
function questionOf(event: TrafficEvent): Question | null {
  const from = endText(event.source)
  const to = event.destination.address
  const service = serviceOf(event)
  if (from === null || to === null || service === null || !ETHER_TYPES.has(event.etherType)) return null
  return { from, to: `${bracketed(to)}:${formatService(service)}` }
}

function endText({ address, device }: End): string | null {
  return device ?? (address === null ? null : formatAddress(address))
}

function bracketed(address: Address): string {
  const text = formatAddress(address)
  return text.includes(':') ? `[${text}]` : text
}

function serviceOf({ protocol, destination, icmpType }: TrafficEvent): Service | null {
  if (protocol === null) return null
  if (protocol === ICMP || protocol === ICMPV6) {
    if (icmpType === null) return null
    return { kind: 'icmp', family: protocol === ICMP ? 4 : 6, type: icmpType }
  }
  if (protocol !== TCP && protocol !== UDP) return { kind: 'protocol', number: protocol }
  const { port } = destination
  return port === null ? null : { kind: 'ports', protocol, first: port, last: port }
}

function whyNotAsked({ isGathered }: TrafficEvent): string {
  return isGathered
    ? 'It stands for many flows that were counted together, so no single one can be judged again.'
    : 'It is no flow that a policy speaks of: the rule that decided is all there is to say.'
}

function judged(
  past: Past | null,
  policy: RememberedPolicy | null,
  event: TrafficEvent,
  question: Question | null,
  at: number,
): Judged | null {
  if (past === null || policy === null || question === null) return null
  const [explanation] = explain(policy.ruleset, question, told(policy, event, at), at)
  if (explanation === null) return null
  const { verdict, rule, because, next } = explanation
  const instant = new Date(at).toISOString()
  return {
    application: past.record.sequence,
    at: instant,
    verdict,
    rule: rule === null ? null : ruleJson(rule),
    because,
    next,
  }
}

/**
 * What devices had been given and told: what a file said is in the history, and what was learnt since the event has, as
 * far as it is about this flow.
 */
function told(
  { ruleset, bindings }: RememberedPolicy,
  { source, destination }: TrafficEvent,
  at: number,
): Bindings {
  const owners = [source, destination].flatMap(({ address, device }) =>
    address === null || device === null ? [] : [[address, { device, until: FOR_EVER }] as const],
  )
  const { name, address } = destination
  const names =
    name === null || address === null || source.device === null
      ? []
      : [[source.device, new Map([[name, [{ address, until: FOR_EVER }]]])] as const]
  const learnt = { owners: new Map(owners), names: new Map(names), gateway: new Set<Address>() }
  return joined(ruleset, bindings, learnt, { now: () => at, isTrusted: () => true })
}

const FOR_EVER = Number.POSITIVE_INFINITY

function ruleJson({ id, effect, why, owner, ticket }: Rule): RuleJson {
  return { id, effect, why, owner, ticket }
}
