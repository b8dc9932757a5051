/**
 * Which rules could cover a match, without comparing every rule with every other: the index by device class that
 * `evaluate` uses narrows them to those that speak of one of the match's devices, and the general ones.
 */
import type { Atom, Candidates, Match, Rule, Ruleset } from '../model/ruleset.ts'
import { beginsBy, coversHours, coversMatch, earliestEnd, outlasts } from './cover.ts'

/** A rule, with its place in winning order. */
export interface Ranked {
  readonly rule: Rule
  readonly rank: number
}

/**
 * The first rule in winning order that covers one match of a rule for as long as that lives, among those that
 * `isRival` admits; `isExcused` is asked only of one that does.
 */
export function coverOf(
  ruleset: Ruleset,
  { rule }: Ranked,
  match: Match,
  isRival: (rival: Ranked) => boolean,
  isExcused: (rival: Ranked) => boolean = () => false,
): Ranked | null {
  const lives = earliestEnd(rule.endsAt, match.endsAt)
  let best: Ranked | null = null
  for (const candidates of rivalsOf(ruleset, match)) {
    for (const { rank, rule: rival, match: own } of candidates) {
      if (best !== null && rank >= best.rank) break
      if (rival === rule || !isRival({ rule: rival, rank })) continue
      if (!beginsBy(own.startsAt, match.startsAt)) continue
      if (!outlasts(earliestEnd(rival.endsAt, own.endsAt), lives) || !coversHours(rival.when, rule.when))
        continue
      if (coversMatch(own, match, ruleset) && !isExcused({ rule: rival, rank })) best = { rule: rival, rank }
    }
  }
  return best
}

/** Whatever covers a match also matches any one device of its groups. */
function rivalsOf({ index, groups, devices }: Ruleset, { from, to }: Match): readonly Candidates[] {
  const classOf = (atoms: readonly Atom[]): number | null => {
    const group = atoms.find((atom) => atom.kind === 'group')
    const device = group === undefined ? undefined : groups[group.group]?.devices[0]
    return device === undefined ? null : (devices[device]?.class ?? null)
  }
  const source = classOf(from.include)
  const destination = classOf(to.include)
  return [
    ...(source === null ? [] : [index.fromClass[source] ?? []]),
    ...(destination === null ? [] : [index.toClass[destination] ?? []]),
    index.general,
  ]
}
