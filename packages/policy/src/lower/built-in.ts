/** Rules that are part of Thingwall itself: documented like any rule, owned by the product, and without an end. */
import type { Match, Rule, Tier } from '../model/ruleset.ts'

export interface BuiltIn {
  readonly id: string
  readonly tier: Tier
  readonly effect: Rule['effect']
  readonly why: string
  readonly matches: readonly Match[]
}

export function builtInRule(given: BuiltIn): Rule {
  return {
    ...given,
    endsAt: null,
    when: null,
    owner: 'thingwall',
    ticket: null,
    added: null,
    review: null,
    expires: null,
    lists: [],
    leavesOut: [],
    origin: null,
  }
}
