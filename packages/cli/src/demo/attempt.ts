/**
 * One thing tried in the demo, and whether it went as the policy says. Three witnesses are heard: the client, the
 * kernel's counters on the gateway, and the wire at the far end. The policy's word is `evaluate`'s, taken for the very
 * packets that were sent.
 */
import { type Decision, evaluate, type Rule } from '@thingwall/policy'
import { watchArrivals } from './arrivals.ts'
import type { Stage } from './stage.ts'
import { countsOf, type RuleCounts } from './wall.ts'
import { flowOf, type Name, type Opening } from './world.ts'

/** What a client reports. */
export interface Seen {
  /** Whether it got through, or changed what it wanted to change. */
  readonly reached: boolean
  /** A few words: `HTTP 201`, `no answer`. */
  readonly words: string
}

export interface Attempt {
  readonly title: string
  /** The flows it opens; all of them are judged alike. Empty for what is no flow, such as ARP. */
  readonly openings: readonly Opening[]
  /** Whose rule decides where `evaluate` has no word because it is no flow. */
  readonly rule?: string
  /** The host at whose wire arrivals are counted; absent where the gateway itself is meant. */
  readonly target?: Name
  /** Kept apart before the gateway sees it: no rule of the kernel meets it. */
  readonly keptBy?: string
  readonly act: (stage: Stage, patienceMs: number) => Promise<Seen>
}

export interface Outcome {
  readonly title: string
  readonly verdict: 'allow' | 'deny'
  /** The rule that the policy names. */
  readonly rule: Rule
  readonly openings: readonly Opening[]
  readonly seen: Seen
  /** What the kernel counted meanwhile, by rule. */
  readonly kernel: RuleCounts
  /** Opening packets that arrived at the far end; null where nobody looked. */
  readonly arrived: number | null
  readonly keptBy: string | null
  /** What did not go as the policy says; empty when all did. */
  readonly differences: readonly string[]
}

/** A client that is to be refused need not wait as long as one that may be served by a slow machine. */
const patienceMs = { allow: 5000, deny: 500 }

/** Tries it and hears the witnesses. Attempts must not overlap: the counters are read before and after. */
export async function perform(stage: Stage, attempt: Attempt): Promise<Outcome> {
  const { rule, verdict } = expected(stage, attempt)
  const arrivals =
    attempt.target === undefined ? null : watchArrivals(stage.site, attempt.target, attempt.openings)
  try {
    const before = await stage.wall.counts()
    const seen = await attempt.act(stage, patienceMs[verdict])
    const kernel = countsOf(before, await stage.wall.counts())
    const arrived = arrivals?.count() ?? null
    const outcome = { title: attempt.title, verdict, rule, openings: attempt.openings, seen, kernel, arrived }
    const keptBy = attempt.keptBy ?? null
    return { ...outcome, keptBy, differences: differencesIn({ ...outcome, keptBy }) }
  } finally {
    arrivals?.close()
  }
}

/** What the policy says. A flow that cannot be decided is dropped. */
function expected(
  stage: Stage,
  attempt: Attempt,
): { readonly rule: Rule; readonly verdict: 'allow' | 'deny' } {
  const decisions: readonly Pick<Decision, 'rule' | 'verdict'>[] = attempt.openings.map((opening) =>
    evaluate(stage.ruleset, flowOf(opening), stage.bindings, Date.now()),
  )
  const named = stage.ruleset.rules.find(({ id }) => id === attempt.rule)
  const [first] = named === undefined ? decisions : [{ rule: named, verdict: named.effect }]
  if (first === undefined) throw new Error(`nothing to judge: ${attempt.title}`)
  if (decisions.some((one) => one.rule !== first.rule)) {
    throw new Error(`the policy judges the parts of this differently: ${attempt.title}`)
  }
  return { rule: first.rule, verdict: first.verdict === 'allow' ? 'allow' : 'deny' }
}

function differencesIn(outcome: Omit<Outcome, 'differences'>): readonly string[] {
  const { verdict, rule, seen, kernel, arrived, keptBy, openings } = outcome
  const differences: string[] = []
  if (verdict === 'allow' && !seen.reached) differences.push(`the client was not served: ${seen.words}`)
  if (verdict === 'deny' && seen.reached) differences.push(`the client got through: ${seen.words}`)
  if (verdict === 'allow' && arrived === 0) differences.push('nothing arrived at the far end')
  if (verdict === 'deny' && (arrived ?? 0) > 0) differences.push(`${arrived} packets arrived at the far end`)
  const wanted = Math.max(1, openings.length)
  const counted = kernel.get(rule.id) ?? 0
  if (keptBy === null && counted < wanted) {
    differences.push(`${rule.id} met ${counted} packets in the kernel, not ${wanted} or more`)
  }
  return differences
}
