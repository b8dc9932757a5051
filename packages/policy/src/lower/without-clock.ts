/**
 * A rule set for a gateway that does not know what time it is: one without a battery clock, after a restart, before
 * anybody has told it (`policy.md` 5). It allows a flow only where the policy allows it from `since` on for ever, and
 * nothing in it asks for the time. Stricter than the policy at every instant; nobody who knows the time wants it.
 */
import type { Match, Rule, Ruleset } from '../model/ruleset.ts'
import { indexRules, inWinningOrder } from './order.ts'

/**
 * Allows that end, have hours, or rest on list entries that end are off; denies are as wide as they ever get, and go on
 * past their end. The same rule set where none of it asks for the time. `since`: an instant that has passed for sure, in milliseconds since 1970; 0 where none is known.
 */
export function withoutClock(ruleset: Ruleset, since: number): Ruleset {
  const changed = ruleset.rules.map((rule) =>
    rule.effect === 'allow' ? lasting(rule, since) : widest(rule, since),
  )
  if (changed.every((rule, at) => rule === ruleset.rules[at])) return ruleset
  const rules = inWinningOrder(changed)
  const { classes, groups, local, networkByName: networks } = ruleset
  const patterns = new Map(ruleset.patterns.map((pattern, at) => [pattern, at]))
  const index = indexRules(rules, classes, groups.length, { networks, patterns }, local)
  return { ...ruleset, rules, index }
}

/** What of an allow is allowed at any instant from `since` on. */
function lasting(rule: Rule, since: number): Rule {
  if (isAlways(rule)) return rule
  const isOff = rule.endsAt !== null || rule.when !== null
  const matches = isOff
    ? []
    : rule.matches.filter(
        ({ startsAt, endsAt }) => endsAt === null && (startsAt === null || startsAt <= since),
      )
  return { ...rule, matches: matches.map(always), endsAt: null, when: null }
}

/** What of a deny is refused at some instant from `since` on. */
function widest(rule: Rule, since: number): Rule {
  if (isAlways(rule)) return rule
  const goesOn = (endsAt: number | null): boolean => endsAt === null || endsAt > since
  const matches = goesOn(rule.endsAt) ? rule.matches.filter(({ endsAt }) => goesOn(endsAt)) : []
  return { ...rule, matches: matches.map(always), endsAt: null, when: null }
}

function always(match: Match): Match {
  return match.startsAt === null && match.endsAt === null ? match : { ...match, startsAt: null, endsAt: null }
}

function isAlways({ endsAt, when, matches }: Rule): boolean {
  return endsAt === null && when === null && matches.every((match) => always(match) === match)
}
