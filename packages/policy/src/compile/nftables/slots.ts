/**
 * A slot is what the kernel keeps apart: a rule, or the part of a rule that ends earlier than the rest.
 *
 * Its rank orders it among all others while a flow is judged. Its numbers mark the flows it lets in: one for each time in
 * which what may overrule it stays the same. They are derived from all that could change the verdict on such a flow (what
 * the rule says, of which devices, every deny and quarantine, the networks): as long as none of that changes its open
 * flows are not even looked at again.
 */
import type { Match, Rule, Ruleset } from '../../model/ruleset.ts'
import { contextOf, digestOf, type NumberContext, numbersFor } from './numbers.ts'

export interface Slot {
  readonly rule: Rule
  readonly endsAt: number | null
  readonly rank: number
  /** What it lets in is marked with the first of these that has not ended. Only of allows; in order of time. */
  readonly numbers: readonly SlotNumber[]
  readonly chain: string
}

/** A number, from 2^24 up, and the instant from which it stands for nothing. */
export interface SlotNumber {
  readonly value: number
  readonly endsAt: number | null
}

export interface Slots {
  readonly all: readonly Slot[]
  readonly of: (rule: Rule, match: Match) => Slot
}

export function assignSlots(ruleset: Ruleset): Slots {
  const context = contextOf(ruleset)
  const widenings = wideningsOf(ruleset)
  const parts = ruleset.rules.flatMap((rule) => partsOf(context, rule, widenings))
  // All at once: whether two numbers meet shows only when all are known.
  const values = numbersFor(parts.flatMap(({ numbers }) => numbers.map(({ digest }) => digest)))
  let next = 0
  const all = parts.map(
    (part, at): Slot => ({
      ...part,
      rank: at + 1,
      numbers: part.numbers.map(({ endsAt }) => ({ value: values[next++] as number, endsAt })),
    }),
  )
  const byRule = Map.groupBy(all, ({ rule }) => rule)
  return {
    all,
    of: (rule, match) => {
      const end = endOf(rule, match)
      return byRule.get(rule)?.find(({ endsAt }) => endsAt === end) as Slot
    },
  }
}

interface Part extends Omit<Slot, 'rank' | 'numbers'> {
  readonly numbers: readonly { readonly digest: string; readonly endsAt: number | null }[]
}

function partsOf(context: NumberContext, rule: Rule, widenings: readonly number[]): readonly Part[] {
  const text = rule.effect === 'deny' ? '' : context.write([rule])
  return endsOf(rule).map((endsAt, at) => {
    // Nothing overrules the fixed tier.
    const steps = rule.tier === 'fixed' ? [] : widenings.filter((step) => endsAt === null || step < endsAt)
    const times = rule.effect === 'deny' ? [] : [...steps, endsAt]
    return {
      rule,
      endsAt,
      // In capitals, which no rule can be named in.
      chain: `${rule.effect}/${rule.id}${at === 0 ? '' : `/PART-${at}`}`,
      numbers: times.map((until, index) => ({
        digest: digestOf(`${text} ${endsAt} ${context.surroundings} ${steps[index - 1] ?? ''}`),
        endsAt: until,
      })),
    }
  })
}

/** Latest first: of two parts of a rule that both match, the one that lives longer lets the flow in. */
function endsOf(rule: Rule): readonly (number | null)[] {
  const ends = new Set(
    rule.matches.length === 0 ? [rule.endsAt] : rule.matches.map((match) => endOf(rule, match)),
  )
  return [...ends].sort((a, b) => (b ?? Number.MAX_SAFE_INTEGER) - (a ?? Number.MAX_SAFE_INTEGER))
}

/** The number in a flow's connection mark (`MARK_MASK`) → id of the rule that let it in. */
export function rulesByNumber(ruleset: Ruleset): ReadonlyMap<number, string> {
  const allows = assignSlots(ruleset).all.filter(({ rule }) => rule.effect === 'allow')
  return new Map(allows.flatMap(({ numbers, rule }) => numbers.map(({ value }) => [value, rule.id] as const)))
}

function endOf(rule: Rule, match: Match): number | null {
  if (rule.endsAt === null) return match.endsAt
  return match.endsAt === null ? rule.endsAt : Math.min(rule.endsAt, match.endsAt)
}

/** When a deny begins to cover what it left out until then: from there on no open flow is taken for granted. */
function wideningsOf({ rules }: Ruleset): readonly number[] {
  const instants = rules
    .filter(({ effect }) => effect === 'deny')
    .flatMap(({ matches }) => matches.flatMap(({ startsAt }) => (startsAt === null ? [] : [startsAt])))
  return [...new Set(instants)].sort((a, b) => a - b)
}
