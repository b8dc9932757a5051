/** The sentences of `explain`: why it was decided so, and what to do next. No decision is taken here. */

import { DEFAULT_DENY } from '../lower/default-tier.ts'
import { endOfEntry, opposite } from '../lower/endpoints.ts'
import { NO_FORWARD } from '../lower/forwards.ts'
import { termOf } from '../lower/order.ts'
import { type Address, formatAddress } from '../model/address.ts'
import { escapeText, type Origin } from '../model/diagnostic.ts'
import type { Bindings, Decision, Flow } from '../model/flow.ts'
import { contains } from '../model/interval.ts'
import {
  type Candidates,
  isWithin,
  type List,
  type ListEntry,
  type Rule,
  type Ruleset,
} from '../model/ruleset.ts'
import { evaluate } from './evaluate.ts'
import type { AskedEnd } from './question.ts'

export interface Place {
  readonly ruleset: Ruleset
  readonly from: AskedEnd
  readonly to: AskedEnd
  readonly service: string
  readonly at: number
  /** What was judged, and by what; its addresses may only stand for those that are not known. */
  readonly supposed: { readonly flow: Flow; readonly bindings: Bindings } | null
}

/** `file:line`, or null. */
export function placeOf(origin: Origin | null): string | null {
  return origin === null ? null : `${origin.file}:${origin.line}`
}

export function becauseOf(place: Place, decision: Decision, flow: Flow | null): string {
  const { rule } = decision
  const translated = flow === null ? null : translationText(flow)
  const led = translated === null ? '' : `, translated to ${translated}`
  const what = `${endText(place.from)} → ${endText(place.to)} ${place.service}${led}`
  const unseen = decision.enforced
    ? ''
    : ' The two share a network that nobody keeps apart, so this traffic does not pass the gateway and is not enforced.'
  if (decision.verdict === 'unknown') {
    const would = rule.effect === 'allow' ? 'would allow it' : 'may refuse it'
    return `${what}: not known yet; it needs ${decision.needs.join(' and ')}. ${rule.id} ${would} (${clean(rule.why)}); until then it is dropped.${unseen}`
  }
  if (rule.id === NO_FORWARD)
    return `${what}: its destination was translated, and no forward lets it in${nearMiss(place)}.${unseen}`
  if (rule.id === DEFAULT_DENY) return `${what}: no rule allows it${nearMiss(place)}.${unseen}`
  const verb = rule.effect === 'allow' ? 'allows' : 'refuses'
  return `${what}: ${rule.id} ${verb} it: ${clean(rule.why)}${listReason(place, rule, flow)}${untilText(rule)}.${unseen}`
}

export function nextStep(place: Place, decision: Decision, flow: Flow | null): string {
  const { rule } = decision
  const at = placeOf(rule.origin)
  const owner = rule.owner === null ? '' : ` or ask ${clean(rule.owner)}`
  const ticket = rule.ticket === null ? '' : ` (${clean(rule.ticket)})`
  if (decision.verdict === 'unknown') {
    return decision.needs.some((need) => need.startsWith('an answer'))
      ? 'Let the device ask the gateway for the name, or give what it was told with --bindings FILE.'
      : 'Give the missing address in the policy (ip) or with --bindings FILE.'
  }
  if (rule.id === 'fixed/stranger')
    return `Name the device in the policy's devices if it belongs here; else find and remove it.`
  if (rule.tier === 'fixed')
    return 'The fixed tier is no policy’s to change; `thingwall list rules` says what it keeps and why.'
  if (rule.id === NO_FORWARD) return mendForward(place, flow)
  if (rule.id === DEFAULT_DENY) return proposeRule(place)
  if (rule.tier === 'default')
    return 'This is the role of the network; a deny rule of the policy can narrow it.'
  const listed = listedEnd(place, rule, flow)
  if (listed !== null) {
    const { list, entry } = listed
    const asked = entry.document.owner ?? list.document.owner
    const entryAt = placeOf(entry.document.origin)
    const wish = listed.isLeftOut
      ? 'If it should still be left out, renew'
      : 'If it should not be on the list, change'
    return `${wish} ${entry.text} of ${list.name}${entryAt === null ? '' : ` at ${entryAt}`}${asked === undefined ? '' : ` or ask ${clean(asked)}`}.`
  }
  const change = rule.effect === 'allow' ? 'To stop it, change' : 'To change it, edit'
  return `${change} ${rule.id}${at === null ? '' : ` at ${at}`}${owner}${ticket}.`
}

/** Where the forward stands that leads there but does not let it in; else how one is written. */
function mendForward({ ruleset, service }: Place, flow: Flow | null): string {
  const addressed = flow?.original?.port
  const forward = ruleset.forwards.find(
    ({ network, services }) =>
      network === flow?.ingress &&
      services.some(({ first, last }) => addressed !== undefined && addressed >= first && addressed <= last),
  )
  const rule = ruleset.rules.find(({ id }) => id === forward?.id)
  if (rule === undefined)
    return "If another program's translation is meant, document it: forward({ at, service, to, by: 'docker', why: '…' })."
  const at = placeOf(rule.origin)
  return `If it must be let in to ${service}, look at the dates, the hours and \`from\` of ${rule.id}${at === null ? '' : ` at ${at}`}.`
}

/** The lines that would allow the flow, and where they belong. */
function proposeRule(place: Place): string {
  const device = place.from.device ?? place.to.device
  const why = "why: '…'"
  if (device === null) return 'If it must be allowed, add a documented rule to the policy’s rules.'
  const isOut = place.from.device === device
  const peer = isOut ? `to: '${place.to.text}'` : `from: '${place.from.text}'`
  const rule = `allow.${isOut ? 'out' : 'in'}({ ${peer}, service: '${place.service}', ${why} })`
  const sibling = place.ruleset.rules.find(
    (one) => device.profile !== null && one.id.startsWith(`${device.profile}/`),
  )
  const at = placeOf(sibling?.origin ?? device.origin)
  const home = device.profile === null ? `device ${device.name}` : `profile ${device.profile}`
  return `If it must be allowed, add to ${home}${at === null ? '' : ` (${at})`}: ${rule}`
}

/** A rule that would have let it in, but for its dates: the commonest reason for a call at night. */
function nearMiss(place: Place): string {
  if (place.supposed === null) return ''
  const { flow, bindings } = place.supposed
  for (const rule of place.ruleset.rules) {
    if ((rule.tier !== 'allow' && rule.tier !== 'forward') || (rule.endsAt === null && rule.when === null))
      continue
    const ended = rule.endsAt !== null && place.at >= rule.endsAt
    const resting = rule.when !== null && !isWithin(rule.when, place.at)
    if (!ended && !resting) continue
    const awake = withRule(place.ruleset, rule, { ...rule, endsAt: null, when: null })
    if (evaluate(awake, flow, bindings, place.at).rule.id !== rule.id) continue
    return ended ? `; ${rule.id} did until ${rule.expires}` : `; ${rule.id} does, but not at this hour`
  }
  return ''
}

/** The rule set with one rule put in another's place. */
function withRule(ruleset: Ruleset, old: Rule, rule: Rule): Ruleset {
  const swap = (candidates: Candidates): Candidates =>
    candidates.map((one) => {
      if (one.rule !== old) return one
      const match = { ...one.match, endsAt: null }
      return { ...one, rule, match, term: termOf(rule, match) }
    })
  const { fromClass, toClass, general, doors } = ruleset.index
  return {
    ...ruleset,
    rules: ruleset.rules.map((one) => (one === old ? rule : one)),
    index: {
      ...ruleset.index,
      fromClass: fromClass.map(swap),
      toClass: toClass.map(swap),
      general: swap(general),
      doors: new Map(
        Array.from(doors, ([name, door]) => [name, { ...door, candidates: swap(door.candidates) }]),
      ),
    },
  }
}

interface Listed {
  readonly list: List
  readonly entry: ListEntry
  readonly address: Address
  /** The entry left it out of the rule, until `endsAt`. */
  readonly isLeftOut: boolean
  readonly endsAt: number | null
}

/** Which entry of which list names one of the ends, and which end that is. */
function listedEnd({ ruleset, at }: Place, rule: Rule, flow: Flow | null): Listed | null {
  for (const list of rule.lists.flatMap((name) => ruleset.lists.get(name) ?? [])) {
    const isLeftOut = rule.leavesOut.includes(list.name)
    for (const entry of list.entries) {
      const { atom } = entry
      if (flow === null || atom.kind !== 'addresses') continue
      const endsAt = endOfEntry(list, entry, opposite(rule.effect))
      // What it still leaves out was not the reason: the flow is in the rule by its other end.
      if (isLeftOut && (endsAt === null || endsAt > at)) continue
      const address = [flow.source, flow.destination].find((one) => contains(atom.set, one))
      if (address !== undefined) return { list, entry, address, isLeftOut, endsAt }
    }
  }
  return null
}

function listReason(place: Place, rule: Rule, flow: Flow | null): string {
  const listed = listedEnd(place, rule, flow)
  if (listed === null) return ''
  const { why, source, origin } = listed.entry.document
  const at = placeOf(origin)
  const from = source === undefined ? '' : `, ${clean(source)}`
  const where = at === null ? '' : ` (${at})`
  if (listed.isLeftOut) {
    const { entry, list } = listed
    const isOfEntry = listed.endsAt === entry.expiresAt
    const until = isOfEntry ? entry.document.expires : list.document.expires
    return `; the list ${listed.list.name} left ${formatAddress(listed.address)} out of it until ${until}: ${clean(why)}${from}${where}`
  }
  return `; ${formatAddress(listed.address)} is on the list ${listed.list.name}: ${clean(why)}${from}${where}`
}

/** Where the destination of a flow was translated to: `10.20.0.11:554`; null where it was not. */
export function translationText({ destination, destinationPort, original }: Flow): string | null {
  if (original === undefined) return null
  const address = formatAddress(destination)
  const host = address.includes(':') ? `[${address}]` : address
  return destinationPort === undefined ? host : `${host}:${destinationPort}`
}

function untilText(rule: Rule): string {
  return rule.endsAt === null ? '' : `, until ${rule.expires}`
}

function endText(end: AskedEnd): string {
  if (end.kind === 'gateway') return 'the gateway'
  const name = end.device?.name ?? end.text
  const home = end.device?.profile ?? end.network?.name
  return home === undefined ? name : `${name} (${home})`
}

function clean(text: string): string {
  return escapeText(text, 200).replace(/[.\s]+$/, '')
}
