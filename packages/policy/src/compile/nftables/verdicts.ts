/** The chains a verdict ends in: counted by rule id, logged where asked, and for an allow marked with its number. */
import { timeBetween } from './conditions.ts'
import { STANDING } from './live.ts'
import type { Log } from './log.ts'
import type { Slot, Slots } from './slots.ts'
import { type ChainDeclaration, setMark, setRank } from './text.ts'

/** Not tracked, or never answered: there is no open flow to mark. */
const UNTRACKED: ReadonlySet<string> = new Set([
  'fixed/arp',
  'fixed/group-membership',
  'fixed/loopback',
  'fixed/neighbour-discovery',
])

/** The packet's priority was only a register; what was judged goes out as best effort. */
const AS_BEST_EFFORT = 'meta priority set none'

/** A flow that was cut is judged anew, should a policy allow it again. */
const CUT = `ct state established ${setMark(0)}`

/** Name of the counter of a rule, limit or fixed rule. */
export function counterOf(id: string): string {
  return `rule/${id}`
}

export function verdictChains(slots: Slots, log: Log, admission: string | null): readonly ChainDeclaration[] {
  // The last is `default/deny`.
  const refusal = `goto ${slots.all.at(-1)?.chain}`
  return slots.all.map((slot) => ({ name: slot.chain, rules: verdictRules(slot, log, admission, refusal) }))
}

function verdictRules(slot: Slot, log: Log, admission: string | null, refusal: string): readonly string[] {
  const { rule } = slot
  const told = (rest: string): readonly string[] => log.rules(rule.effect, rule.id, rest)
  const count = `counter name "${counterOf(rule.id)}"`
  if (rule.effect === 'deny') return [...(rule.tier === 'fixed' ? [] : [CUT]), ...told(`${count} drop`)]
  if (UNTRACKED.has(rule.id)) return told(`${count} accept`)
  // An error belongs to a flow that has its mark already.
  if (rule.id === 'fixed/icmp-errors') return told(`${count} accept`)
  // Its end was looked at by the clock on the wall; put back, that would let in again what has ended.
  const over = slot.endsAt === null ? [] : [setRank(slot.rank), `meta priority != @${STANDING} ${refusal}`]
  const admit =
    rule.tier === 'fixed'
      ? []
      : [AS_BEST_EFFORT, ...(admission === null ? [] : [`ct state new jump ${admission}`])]
  const marks = slot.numbers.map(({ value }) => `${setMark(value)} accept`)
  const [only, ...later] = marks
  if (later.length === 0) return [...over, ...admit, ...told(`${count} ${only}`)]
  // The first number that has not ended; the last ends with the rule, which was looked at before.
  const until = slot.numbers.slice(0, -1).map(({ endsAt }) => `${timeBetween(null, endsAt)} `)
  return [...over, ...admit, ...told(count), ...marks.map((mark, at) => `${until[at] ?? ''}${mark}`)]
}
