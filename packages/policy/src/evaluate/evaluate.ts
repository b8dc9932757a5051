/**
 * `evaluate`: the one definition of what a policy means. Kernel, cloud and tests are all held to it.
 *
 * It judges the first packet of a flow. Rates and volumes are the enforcement point's and are not part of it; nor
 * are replies, which follow the flow they answer for as long as the rule that let it in stands.
 */
import { ABSENT } from '../model/address-table.ts'
import { classAt } from '../model/device-traits.ts'
import { type Bindings, covers, type Decision, type Flow } from '../model/flow.ts'
import { isIn, searchable } from '../model/interval.ts'
import {
  type Candidate,
  type Candidates,
  isWithin,
  type Network,
  type Parts,
  type Rule,
  type Ruleset,
  type SortedEndpoint,
} from '../model/ruleset.ts'
import { type Case, caseOf, type End, toldTruth } from './ends.ts'
import { judgeFixed, staysOnLink } from './fixed.ts'
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
  scan(one, candidatesFrom(one), found)
  scan(one, candidatesTo(one), found)
  scan(one, one.general, found)
  return found
}

function candidatesFrom({ ruleset, from }: Case): Candidates {
  return from.device === ABSENT ? NOTHING : (ruleset.index.fromClass[classOf(ruleset, from)] ?? NOTHING)
}

function candidatesTo({ ruleset, to }: Case): Candidates {
  return to.device === ABSENT ? NOTHING : (ruleset.index.toClass[classOf(ruleset, to)] ?? NOTHING)
}

function classOf({ traits }: Ruleset, end: End): number {
  return classAt(traits, end.device)
}

function scan(one: Case, candidates: Candidates, found: Found): void {
  for (const candidate of candidates) {
    const { rank } = candidate
    if (rank > found.decided || rank > found.deny) return
    if (!isFor(candidate, one.subject) || !wasTranslatedFor(candidate, one)) continue
    const truth = truthOf(one, candidate)
    if (truth === YES) found.decided = rank
    else if (truth === MAYBE && candidate.rule.effect === 'deny') found.deny = Math.min(found.deny, rank)
    else if (truth === MAYBE) found.allow = Math.min(found.allow, rank)
  }
}

function truthOf(one: Case, { rule, match, from, to }: Candidate): Truth {
  if (hasEnded(rule.endsAt, one.at) || hasEnded(match.endsAt, one.at)) return NO
  if (match.startsAt !== null && one.at < match.startsAt) return NO
  if (rule.when !== null && !isWithin(rule.when, one.at)) return NO
  const source = endTruth(one, from, one.from, one.to)
  if (source === NO) return NO
  const target = endTruth(one, to, one.to, one.from)
  return target < source ? target : source
}

function isFor({ subjects }: Candidate, subject: number): boolean {
  for (let at = 0; at < subjects.length; at += 2) {
    if (subject >= (subjects[at] as number) && subject <= (subjects[at + 1] as number)) return true
  }
  return false
}

/** Whether the destination was translated as the match says, where it says so. */
function wasTranslatedFor({ match: { translated } }: Candidate, { flow }: Case): boolean {
  if (translated === undefined) return true
  const { original } = flow
  if (original === undefined) return false
  const { destinationPort: _, ...rest } = flow
  const addressed = original.port === undefined ? rest : { ...rest, destinationPort: original.port }
  const isThere = translated.network === null || translated.network === flow.ingress
  return isThere && translated.services.some((service) => covers(service, addressed))
}

/** In any of `include` and in none of `except`; undecidable when the answer hangs on an undecidable part. */
function endTruth(one: Case, { include, except }: SortedEndpoint, end: End, other: End): Truth {
  const within = partsTruth(one, include, end, other)
  if (within === NO || except === null) return within
  const without = partsTruth(one, except, end, other)
  return without === YES ? NO : without === MAYBE ? MAYBE : within
}

function partsTruth(one: Case, parts: Parts, end: End, other: End): Truth {
  // Nothing but `gateway` ever means the gateway.
  if (end.isGateway) return parts.gateway ? YES : NO
  if (parts.any || isMember(one, parts, end) || isIn(parts.addresses, end.address, end.word)) return YES
  for (const network of parts.networks) if (isOn(one, network, end)) return YES
  return parts.patterns.length === 0 ? NO : namesTruth(one, parts, end, other)
}

/** Of a source where its packet came in tells, of a destination the address. */
function isOn(one: Case, network: Network, end: End): boolean {
  if (end.isSource) return one.network === network
  return isIn(searchable(network.addresses), end.address, end.word)
}

function isMember({ ruleset }: Case, { groups }: Parts, end: End): boolean {
  if (end.device === ABSENT) return false
  for (const group of groups) if (ruleset.classes[classOf(ruleset, end)]?.groups.has(group)) return true
  return false
}

function namesTruth(one: Case, { patterns }: Parts, end: End, other: End): Truth {
  // A name is somewhere outside: an answer that points inside (rebinding) opens nothing.
  if (other.device === ABSENT || isIn(searchable(one.ruleset.local), end.address, end.word)) return NO
  let truth: Truth = NO
  for (const pattern of patterns) {
    const told = toldTruth(one, other.device, pattern, end)
    if (told > truth) truth = told
  }
  return truth
}

function hasEnded(endsAt: number | null, at: number): boolean {
  return endsAt !== null && at >= endsAt
}

/**
 * Two hosts of one network that nobody keeps apart talk without passing the gateway; so do one and all, or a group, by
 * whichever way else a packet to them may go.
 */
function isSeen(one: Case): boolean {
  const { network, to } = one
  if (to.isGateway || network === null || network.role === 'uplink' || network.isolation !== 'none')
    return true
  return !isOn(one, network, to) && !staysOnLink(to.address)
}

/** The names whose answers are missing where the rule hangs on them. */
function needsOf(one: Case, rule: Rule): readonly string[] {
  const needs = new Set<string>()
  for (const candidate of [...candidatesFrom(one), ...candidatesTo(one), ...one.general]) {
    if (candidate.rule !== rule || !wasTranslatedFor(candidate, one)) continue
    if (truthOf(one, candidate) !== MAYBE) continue
    for (const [{ include, except }, end, other] of [
      [candidate.from, one.from, one.to],
      [candidate.to, one.to, one.from],
    ] as const) {
      const device = one.ruleset.devices[other.device]
      for (const pattern of [...include.patterns, ...(except?.patterns ?? [])]) {
        if (
          device === undefined ||
          end.isGateway ||
          isIn(searchable(one.ruleset.local), end.address, end.word)
        )
          continue
        if (toldTruth(one, other.device, pattern, end) === MAYBE)
          needs.add(`an answer for ${one.ruleset.patterns[pattern]} told to ${device.name}`)
      }
    }
  }
  return [...needs]
}
