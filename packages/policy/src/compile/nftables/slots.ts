/**
 * A slot is what the kernel keeps apart: a rule, or the part of a rule that ends earlier than the rest.
 *
 * Its rank orders it among all others while a flow is judged. Its number marks the flows it lets in. It is derived from
 * all that could change the verdict on such a flow (what the rule says, of which devices, every deny and quarantine, the
 * networks): as long as none of that changes its open flows are not even looked at again.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Match, Rule, Ruleset } from '../../model/ruleset.ts'
import { FIRST_LIVE, NO_RANK } from './options.ts'

export interface Slot {
  readonly rule: Rule
  readonly endsAt: number | null
  readonly rank: number
  /** From 2^24 up; only of allows. */
  readonly number: number
  readonly chain: string
}

export interface Slots {
  readonly all: readonly Slot[]
  readonly of: (rule: Rule, match: Match) => Slot
}

export function assignSlots(ruleset: Ruleset): Slots {
  const all: Slot[] = []
  const byRule = new Map<Rule, Map<number | null, Slot>>()
  const taken = new Set<number>()
  const context = contextOf(ruleset)
  for (const rule of ruleset.rules) {
    const ends = new Set(
      rule.matches.length === 0 ? [rule.endsAt] : rule.matches.map((match) => endOf(rule, match)),
    )
    // Latest first: of two parts of a rule that both match, the one that lives longer lets the flow in.
    const sorted = [...ends].sort((a, b) => (b ?? Number.MAX_SAFE_INTEGER) - (a ?? Number.MAX_SAFE_INTEGER))
    const slots = new Map<number | null, Slot>()
    for (const [at, endsAt] of sorted.entries()) {
      // In capitals, which no rule can be named in.
      const chain = `${rule.effect}/${rule.id}${at === 0 ? '' : `/PART-${at}`}`
      const number = rule.effect === 'allow' ? numberFor(context, rule, endsAt, taken) : 0
      const slot = { rule, endsAt, rank: all.length + 1, number, chain }
      all.push(slot)
      slots.set(endsAt, slot)
    }
    byRule.set(rule, slots)
  }
  return {
    all,
    of: (rule, match) => byRule.get(rule)?.get(endOf(rule, match)) as Slot,
  }
}

function endOf(rule: Rule, match: Match): number | null {
  if (rule.endsAt === null) return match.endsAt
  return match.endsAt === null ? rule.endsAt : Math.min(rule.endsAt, match.endsAt)
}

/** What numbers are derived from, beside the rule itself. */
interface NumberContext {
  /** Rules as text, groups by what they hold. */
  readonly write: (rules: readonly Rule[]) => string
  /** Everything that may overrule an allow, and where networks are. */
  readonly surroundings: string
}

function contextOf(ruleset: Ruleset): NumberContext {
  const contents = ruleset.groups.map(({ devices }) =>
    digestOf(devices.map((device) => ruleset.devices[device]?.name).join()),
  )
  const write = (rules: readonly Rule[]): string =>
    JSON.stringify(
      rules.map(({ id, when, endsAt, matches }) => [id, when, endsAt, matches]),
      (_, value: unknown) => (isGroupAtom(value) ? { group: contents[value.group] } : value),
    )
  const stronger = ruleset.rules.filter(({ tier }) => tier === 'quarantine' || tier === 'deny')
  const places = ruleset.networks
    .map(({ name, role, interfaces, addresses }) => JSON.stringify([name, role, interfaces, addresses]))
    .sort()
  return { write, surroundings: digestOf(write(stronger) + places.join()) }
}

/** A number for what the rule lets in; where two rules collide, the later one takes the next free number. */
function numberFor(context: NumberContext, rule: Rule, endsAt: number | null, taken: Set<number>): number {
  const digest = digestOf(`${context.write([rule])} ${endsAt} ${context.surroundings}`)
  const span = NO_RANK - FIRST_LIVE
  let number = FIRST_LIVE + (Number.parseInt(digest.slice(0, 8), 16) % span)
  while (taken.has(number)) number = number + 1 < NO_RANK ? number + 1 : FIRST_LIVE
  taken.add(number)
  return number
}

function digestOf(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)))
}

function isGroupAtom(value: unknown): value is { readonly kind: 'group'; readonly group: number } {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'group'
}
