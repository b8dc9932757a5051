/**
 * Allows that change nothing: every flow they allow is allowed by another, at least as long. Of two rules that say
 * the same, the one that `evaluate` would not report is redundant. A deny is never called so: it guards against
 * allows that are yet to be written.
 */
import type { Rule } from '../model/ruleset.ts'
import { isAuthored, liveMatches } from './never.ts'
import { coverOf, type Ranked } from './rivals.ts'
import { type Check, faultOf, type Subject } from './subject.ts'

export const redundantCheck: Check = {
  code: 'TW2008',
  *find(subject) {
    const { ruleset, at } = subject
    for (const [rank, rule] of ruleset.rules.entries()) {
      if (!isAuthored(rule) || rule.effect !== 'allow') continue
      const own = { rule, rank }
      const isTwin = (rival: Ranked): boolean => isEarlierTwin(own, rival, subject)
      const covers = liveMatches(rule, ruleset, at).map((match) =>
        coverOf(ruleset, own, match, (rival) => mayReplace(rival, rule), isTwin),
      )
      if (covers.length === 0 || covers.includes(null)) continue
      const others = [...new Set(covers.map((cover) => cover?.rule.id))].join(' and ')
      yield faultOf(subject, rule, {
        message: `${rule.id} changes nothing: ${others} allows all of it already`,
        hint: 'Remove it; or, if this is the rule that should stay, narrow the other.',
      })
    }
  },
}

/** What is translated only a forward lets in; and asking for names may be there for this very rule's. */
function mayReplace({ rule: rival }: Ranked, rule: Rule): boolean {
  if (rival.effect !== 'allow' || (rival.tier === 'forward') !== (rule.tier === 'forward')) return false
  return rival.tier !== 'fixed' && !(rival.id === 'default/names' && speaksOfNames(rule))
}

function speaksOfNames({ matches }: Rule): boolean {
  const atoms = matches.flatMap(({ from, to }) =>
    [from, to].flatMap((end) => [...end.include, ...end.except]),
  )
  return atoms.some(({ kind }) => kind === 'name')
}

/** Whether a rule wins over a rival and covers it, too: of two that say the same, the winner stays. */
function isEarlierTwin(own: Ranked, rival: Ranked, { ruleset, at }: Subject): boolean {
  if (rival.rank < own.rank) return false
  const matches = liveMatches(rival.rule, ruleset, at)
  return matches.every((match) => coverOf(ruleset, rival, match, ({ rule }) => rule === own.rule) !== null)
}
