/**
 * `evaluate`: the one definition of what a policy means. Kernel, cloud and tests are all held to it.
 *
 * It judges the first packet of a flow. Rates and volumes are the enforcement point's and are not part of it; nor
 * are replies, which follow the flow they answer for as long as the rule that let it in stands.
 */
import { ABSENT } from '../model/address-table.ts'
import { type Bindings, covers, type Decision, type Flow } from '../model/flow.ts'
import { isIn } from '../model/interval.ts'
import {
  type Candidate,
  type Candidates,
  isWithin,
  type Parts,
  type Rule,
  type Ruleset,
  type SortedEndpoint,
  type Term,
  type Translation,
} from '../model/ruleset.ts'
import { type Case, caseOf, type End, toldTruth } from './ends.ts'
import { judgeFixed, staysOnLink } from './fixed.ts'
import { candidatesFor } from './shortlists.ts'
import { MAYBE, NO, type Truth, YES } from './truth.ts'

/**
 * Judges one flow at one instant (milliseconds since 1970). A name without binding leaves a rule undecidable: where
 * that matters the verdict is `unknown` with what it needs, never a guess, and an enforcement point drops.
 *
 * @example
 * const { verdict, rule } = evaluate(ruleset, flow, noBindings, Date.parse('2026-11-22'))
 */
export function evaluate(ruleset: Ruleset, flow: Flow, bindings: Bindings, at: number): Decision {
  const one = caseOf(ruleset, flow, bindings, at)
  const enforced = isSeen(one)
  const fixed = judgeFixed(one)
  if (fixed !== null) {
    const rule = ruleset.rules.find((candidate) => candidate.id === fixed) as Rule
    return { verdict: rule.effect, rule, needs: NOTHING, enforced }
  }
  const { decided, deny, allow } = findRules(one)
  const rule = ruleset.rules[decided] as Rule
  // A deny that cannot be decided holds the flow; an allow that cannot matters only where nothing else allows.
  const undecided = deny < decided ? deny : rule.effect === 'deny' && allow < decided ? allow : null
  if (undecided === null) return { verdict: rule.effect, rule, needs: NOTHING, enforced }
  const hoped = ruleset.rules[undecided] as Rule
  return { verdict: 'unknown', rule: hoped, needs: needsOf(one, hoped), enforced }
}

const NOTHING: readonly never[] = []

/** Ranks: of the first rule, in winning order, that matches; and of the first of either effect that may. */
interface Found {
  decided: number
  deny: number
  allow: number
}

function findRules(one: Case): Readonly<Found> {
  const last = one.ruleset.rules.length - 1
  // `default/deny`, the last, matches everything.
  const found = { decided: last, deny: last + 1, allow: last + 1 }
  scan(one, candidatesFor(one, shortlist), found)
  return found
}

/** Those that may match at some time, whatever devices were told, up to the first that always matches. */
function shortlist(one: Case, candidates: Candidates): Candidates {
  const short: Candidate[] = []
  for (const candidate of candidates) {
    if (candidate.translated !== null || !isFor(candidate, one.subject)) continue
    const truth = endsTruth(one, candidate, untold)
    if (truth !== NO) short.push(candidate)
    if (truth === YES && candidate.term === null) break
  }
  return short
}

/** What can be said of a name where nobody looks what was told. */
const untold: Teller = () => MAYBE

type Teller = (one: Case, device: number, pattern: number, end: End) => Truth

function scan(one: Case, candidates: Candidates, found: Found): void {
  for (const candidate of candidates) {
    const { rank } = candidate
    if (rank > found.decided || rank > found.deny) return
    if (!isFor(candidate, one.subject)) continue
    const truth = truthOf(one, candidate)
    if (truth === YES) found.decided = rank
    else if (truth === MAYBE && candidate.rule.effect === 'deny') found.deny = Math.min(found.deny, rank)
    else if (truth === MAYBE) found.allow = Math.min(found.allow, rank)
  }
}

function isFor({ first, last, subjects }: Candidate, subject: number): boolean {
  if (subject < first || subject > last || subjects === null) return subject >= first && subject <= last
  for (let at = 0; at < subjects.length; at += 2) {
    if (subject >= (subjects[at] as number) && subject <= (subjects[at + 1] as number)) return true
  }
  return false
}

function truthOf(one: Case, candidate: Candidate): Truth {
  const { term, translated } = candidate
  if (term !== null && !isInForce(term, one.at)) return NO
  if (translated !== null && !wasTranslated(translated, one.flow)) return NO
  return endsTruth(one, candidate, toldTruth)
}

function endsTruth(one: Case, { from, to }: Candidate, told: Teller): Truth {
  const source = endTruth(one, from, one.from, one.to, told)
  if (source === NO) return NO
  const target = endTruth(one, to, one.to, one.from, told)
  return target < source ? target : source
}

function isInForce({ startsAt, endsAt, when }: Term, at: number): boolean {
  return at >= startsAt && at < endsAt && (when === null || isWithin(when, at))
}

/** Whether the destination was translated as a rule says. */
function wasTranslated({ network, services }: Translation, flow: Flow): boolean {
  const { original } = flow
  if (original === undefined) return false
  const { destinationPort: _, ...rest } = flow
  const addressed = original.port === undefined ? rest : { ...rest, destinationPort: original.port }
  const isThere = network === null || network === flow.ingress
  return isThere && services.some((service) => covers(service, addressed))
}

/** In any of `include` and in none of `except`; undecidable when the answer hangs on an undecidable part. */
function endTruth(one: Case, asked: SortedEndpoint | null, end: End, other: End, told: Teller): Truth {
  if (asked === null) return YES
  const within = partsTruth(one, asked.include, end, other, told)
  if (within === NO || asked.except === null) return within
  const without = partsTruth(one, asked.except, end, other, told)
  return without === YES ? NO : without === MAYBE ? MAYBE : within
}

function partsTruth(one: Case, parts: Parts, end: End, other: End, told: Teller): Truth {
  // Nothing but `gateway` ever means the gateway.
  if (end.isGateway) return parts.gateway ? YES : NO
  if (parts.any || (parts.addresses !== null && isIn(parts.addresses, end.words))) return YES
  for (const group of parts.groups) if (isMember(one, group, end)) return YES
  for (const network of parts.networks) if (network === one.door.network) return YES
  return parts.patterns.length === 0 ? NO : namesTruth(one, parts, end, other, told)
}

function isMember({ ruleset }: Case, group: number, end: End): boolean {
  return end.class !== ABSENT && ruleset.classes[end.class]?.groups.has(group) === true
}

function namesTruth(one: Case, { patterns }: Parts, end: End, other: End, told: Teller): Truth {
  if (!mayBeNamed(one, end, other)) return NO
  let truth: Truth = NO
  for (const pattern of patterns) {
    const said = told(one, other.device, pattern, end)
    if (said > truth) truth = said
  }
  return truth
}

/** A name is somewhere outside: an answer that points inside (rebinding) opens nothing. */
function mayBeNamed({ ruleset }: Case, end: End, other: End): boolean {
  return other.device !== ABSENT && !end.isGateway && !isIn(ruleset.index.local, end.words)
}

/**
 * Two hosts of one network that nobody keeps apart talk without passing the gateway; so do one and all, or a group, by
 * whichever way else a packet to them may go.
 */
function isSeen({ door, to }: Case): boolean {
  const { network } = door
  if (to.isGateway || network === null || network.role === 'uplink' || network.isolation !== 'none')
    return true
  return !isIn(door.addresses, to.words) && !staysOnLink(to.address)
}

/** The names whose answers are missing where the rule hangs on them. */
function needsOf(one: Case, rule: Rule): readonly string[] {
  const needs = new Set<string>()
  for (const candidate of candidatesFor(one, shortlist)) {
    if (candidate.rule !== rule || truthOf(one, candidate) !== MAYBE) continue
    for (const [asked, end, other] of [
      [candidate.from, one.from, one.to],
      [candidate.to, one.to, one.from],
    ] as const) {
      if (asked === null || !mayBeNamed(one, end, other)) continue
      for (const pattern of [...asked.include.patterns, ...(asked.except?.patterns ?? [])]) {
        if (toldTruth(one, other.device, pattern, end) === MAYBE)
          needs.add(
            `an answer for ${one.ruleset.patterns[pattern]} told to ${one.ruleset.devices[other.device]?.name}`,
          )
      }
    }
  }
  return [...needs]
}
