/**
 * One thing tried in the demo, and whether it went as the policy says. Three witnesses are heard: the client, the
 * kernel's counters on the gateway, and the wire at the far end. The policy's word is `evaluate`'s, taken for the very
 * packets that were sent.
 */
import { evaluate, type Rule } from '@thingwall/policy'
import { watchArrivals } from './arrivals.ts'
import type { Stage } from './stage.ts'
import { countsOf, type RuleCounts } from './wall.ts'
import { flowOf, gateway, type Opening, residents } from './world.ts'

/** What a client reports. */
export interface Seen {
  /** Whether it got through, or changed what it wanted to change. */
  readonly reached: boolean
  /** A few words: `HTTP 201`, `no answer`. */
  readonly words: string
}

export interface Task {
  /** The flows to open: all of the attempt's that one rule decides. */
  readonly openings: readonly Opening[]
  readonly patienceMs: number
}

export interface Attempt {
  readonly title: string
  /** The flows it opens. Empty for what is no flow, such as ARP. */
  readonly openings: readonly Opening[]
  /** Whose rule decides where `evaluate` has no word because it is no flow. */
  readonly rule?: string
  /** Kept apart before the gateway sees it: no rule of the kernel meets it. */
  readonly keptBy?: string
  readonly act: (stage: Stage, task: Task) => Promise<Seen>
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
  /** The address they came from, where the gateway had to put its own in place of the sender's. */
  readonly arrivedAs: string | null
  readonly keptBy: string | null
  /** What did not go as the policy says; empty when all did. */
  readonly differences: readonly string[]
}

/**
 * Tries it and hears the witnesses: once for each rule that decides some of its flows, as a rule once. Attempts must not
 * overlap: the counters are read before and after.
 */
export async function perform(stage: Stage, attempt: Attempt): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (const part of partsOf(stage, attempt)) outcomes.push(await performPart(stage, attempt, part))
  return outcomes
}

interface Part {
  readonly rule: Rule
  readonly verdict: 'allow' | 'deny'
  readonly openings: readonly Opening[]
}

/** What the policy says of each flow. One that cannot be decided is dropped. */
function partsOf({ ruleset, bindings }: Stage, attempt: Attempt): readonly Part[] {
  const named = ruleset.rules.find(({ id }) => id === attempt.rule)
  if (named !== undefined) return [{ rule: named, verdict: named.effect, openings: [] }]
  const judged = attempt.openings.map((opening) => {
    const { verdict, rule } = evaluate(ruleset, flowOf(opening), bindings, Date.now())
    return { opening, rule, verdict: verdict === 'allow' ? ('allow' as const) : ('deny' as const) }
  })
  const parts = Map.groupBy(judged, ({ rule, verdict }) => `${verdict} ${rule.id}`).values()
  return [...parts].flatMap(([first, ...rest]) =>
    first === undefined ? [] : [{ ...first, openings: [first, ...rest].map(({ opening }) => opening) }],
  )
}

async function performPart(stage: Stage, attempt: Attempt, part: Part): Promise<Outcome> {
  const { rule, verdict, openings } = part
  const { title, keptBy = null } = attempt
  const arrivals = watchArrivals(stage.site, openings)
  try {
    const before = await stage.wall.counts()
    const seen = await attempt.act(stage, { openings, patienceMs: stage.patienceMs[verdict] })
    const kernel = countsOf(before, await stage.wall.counts())
    const arrived = arrivals?.count() ?? null
    const translated = openings.some((opening) => isTranslated(stage, opening))
    const arrivedAs = translated ? (arrivals?.source() ?? null) : null
    const outcome = { title, verdict, rule, openings, seen, kernel, arrived, arrivedAs, keptBy }
    return { ...outcome, differences: differencesIn(outcome) }
  } finally {
    arrivals?.close()
  }
}

/** Whether a flow leaves by an uplink that masquerades: IPv4 from inside to outside. */
function isTranslated({ ruleset }: Stage, { from, to }: Opening): boolean {
  const leaves = Object.values(residents).some((one) => one.network === 'uplink' && one[4] === to)
  const uplink = ruleset.networks.find(({ role }) => role === 'uplink')
  return residents[from].network !== 'uplink' && leaves && uplink?.masquerade === true
}

function differencesIn(outcome: Omit<Outcome, 'differences'>): readonly string[] {
  const { verdict, rule, seen, kernel, arrived, arrivedAs, keptBy, openings } = outcome
  const differences: string[] = []
  if (verdict === 'allow' && !seen.reached) differences.push(`the client was not served: ${seen.words}`)
  if (verdict === 'deny' && seen.reached) differences.push(`the client got through: ${seen.words}`)
  if (verdict === 'allow' && arrived === 0) differences.push('nothing arrived at the far end')
  if (verdict === 'deny' && (arrived ?? 0) > 0) differences.push(`${arrived} packets arrived at the far end`)
  if (verdict === 'allow' && arrivedAs !== null && arrivedAs !== gateway.uplink[4]) {
    differences.push(`it arrived as ${arrivedAs}, not as ${gateway.uplink[4]}`)
  }
  const wanted = Math.max(1, openings.length)
  const counted = kernel.get(rule.id) ?? 0
  if (keptBy === null && counted < wanted) {
    differences.push(`${rule.id} met ${counted} packets in the kernel, not ${wanted} or more`)
  }
  return differences
}
