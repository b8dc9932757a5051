/**
 * `evaluate`: the one definition of what a policy means. Kernel, cloud and tests are all held to it.
 *
 * It judges the first packet of a flow. Rates and volumes are the enforcement point's and are not part of it; nor
 * are replies, which follow the flow they answer for as long as the rule that let it in stands.
 */
import { type Bindings, covers, type Decision, type Flow } from '../model/flow.ts'
import { contains } from '../model/interval.ts'
import {
  type Atom,
  type Candidates,
  type Endpoint,
  isWithin,
  type Match,
  type Rule,
  type Ruleset,
} from '../model/ruleset.ts'
import { type Case, caseOf, type End, MAYBE, NO, type Truth, toldTruth, YES } from './ends.ts'
import { judgeFixed, staysOnLink } from './fixed.ts'

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

const NOTHING: readonly string[] = []

/** Ranks: of the first rule, in winning order, that matches; and of the first of either effect that may. */
interface Found {
  decided: number
  deny: number
  allow: number
}

function findRules(one: Case): Readonly<Found> {
  const { index, rules } = one.ruleset
  // `default/deny`, the last, matches everything.
  const found = { decided: rules.length - 1, deny: rules.length, allow: rules.length }
  if (one.from.device !== null) scan(one, index.fromClass[one.from.device.class] ?? [], found)
  if (one.to.device !== null) scan(one, index.toClass[one.to.device.class] ?? [], found)
  scan(one, index.byIngress.get(one.flow.ingress ?? '') ?? [], found)
  return found
}

function scan(one: Case, candidates: Candidates, found: Found): void {
  for (const { rank, rule, match } of candidates) {
    if (rank > found.decided || rank > found.deny) return
    const truth = ruleTruth(one, rule, match)
    if (truth === YES) found.decided = rank
    else if (truth === MAYBE && rule.effect === 'deny') found.deny = Math.min(found.deny, rank)
    else if (truth === MAYBE) found.allow = Math.min(found.allow, rank)
  }
}

function ruleTruth(one: Case, rule: Rule, match: Match): Truth {
  if (hasEnded(rule.endsAt, one.at) || hasEnded(match.endsAt, one.at)) return NO
  if (match.startsAt !== null && one.at < match.startsAt) return NO
  if (rule.when !== null && !isWithin(rule.when, one.at)) return NO
  if (!isFor(match, one.flow)) return NO
  const from = endTruth(one, match.from, one.from, one.to)
  if (from === NO) return NO
  const to = endTruth(one, match.to, one.to, one.from)
  return to < from ? to : from
}

function isFor(match: Match, flow: Flow): boolean {
  for (const service of match.services) if (covers(service, flow)) return true
  return false
}

/** In any of `include` and in none of `except`; undecidable when the answer hangs on an undecidable part. */
function endTruth(one: Case, endpoint: Endpoint, end: End, other: End): Truth {
  let truth: Truth = NO
  for (const atom of endpoint.include) {
    const within = atomTruth(one, atom, end, other)
    if (within > truth) truth = within
  }
  if (truth === NO) return NO
  for (const atom of endpoint.except) {
    const within = atomTruth(one, atom, end, other)
    if (within === YES) return NO
    if (within === MAYBE) truth = MAYBE
  }
  return truth
}

function atomTruth(one: Case, atom: Atom, end: End, other: End): Truth {
  if (end.isGateway) return atom.kind === 'gateway' ? YES : NO
  switch (atom.kind) {
    case 'gateway':
      return NO
    case 'any':
      return YES
    case 'network': {
      if (end.network !== null) return end.network === atom.name ? YES : NO
      const network = one.ruleset.networkByName.get(atom.name)
      return network !== undefined && contains(network.addresses, end.address) ? YES : NO
    }
    case 'group':
      return end.device !== null && one.ruleset.classes[end.device.class]?.groups.has(atom.group) ? YES : NO
    case 'addresses':
      return contains(atom.set, end.address) ? YES : NO
    case 'name':
      // A name is somewhere outside: an answer that points inside (rebinding) opens nothing.
      if (other.device === null || contains(one.ruleset.local, end.address)) return NO
      return toldTruth(one, other.device, atom.pattern, end.address)
    default:
      return atom satisfies never
  }
}

function hasEnded(endsAt: number | null, at: number): boolean {
  return endsAt !== null && at >= endsAt
}

/**
 * Two hosts of one network that nobody keeps apart talk without passing the gateway; so do one and all, or a group, by
 * whichever way else a packet to them may go.
 */
function isSeen({ network, to }: Case): boolean {
  if (to.isGateway || network === null || network.role === 'uplink' || network.isolation !== 'none')
    return true
  return !contains(network.addresses, to.address) && !staysOnLink(to.address)
}

/** The names whose answers are missing where the rule hangs on them. */
function needsOf(one: Case, rule: Rule): readonly string[] {
  const needs = new Set<string>()
  for (const match of rule.matches) {
    if (ruleTruth(one, rule, match) !== MAYBE) continue
    for (const [endpoint, end, other] of [
      [match.from, one.from, one.to],
      [match.to, one.to, one.from],
    ] as const) {
      for (const atom of [...endpoint.include, ...endpoint.except]) {
        if (atom.kind !== 'name' || atomTruth(one, atom, end, other) !== MAYBE) continue
        needs.add(`an answer for ${atom.pattern} told to ${other.device?.name}`)
      }
    }
  }
  return [...needs]
}
