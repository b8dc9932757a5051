/** Why a flow of the demo met its end, for the person who watches: what `explain` says, and who stands behind the rule. */
import { explain } from '@thingwall/policy'
import { nearBy, showLine } from '../render/place.ts'
import type { Outcome } from './attempt.ts'
import type { Stage } from './stage.ts'
import { destinationOf } from './story.ts'
import { residents } from './world.ts'

export interface Reason {
  readonly rule: string
  /** The rule's own words, or those of `explain` where no rule speaks for the flow. */
  readonly why: string
  readonly owner: string | null
  readonly ticket: string | null
  /** `FILE:LINE` relative to `cwd`; null for what is built in. */
  readonly at: string | null
}

export function reasonFor(stage: Stage, { rule, openings }: Outcome, cwd: string): Reason {
  return {
    rule: rule.id,
    why: nearBy(explained(stage, rule.id, openings[0]) ?? rule.why, cwd),
    owner: rule.origin === null ? null : rule.owner,
    ticket: rule.ticket,
    at: rule.origin === null ? null : showLine(rule.origin, cwd),
  }
}

/** `explain` adds what a rule cannot know: which entry of a list it was, which rule allowed it until lately. */
function explained(
  stage: Stage,
  rule: string,
  opening: Outcome['openings'][number] | undefined,
): string | null {
  if (opening === undefined || opening.as !== undefined) return null
  const family = opening.to.includes(':') ? 6 : 4
  const from = residents[opening.from][family]
  const to = opening.port === undefined ? `${opening.to}:ping` : destinationOf(opening)
  const [explanation] = explain(stage.ruleset, { from, to }, stage.bindings, Date.now())
  if (explanation?.rule?.id !== rule) return null
  // "A (x) → B (y) 22/tcp: NAME refuses it: WHY." The ends and the rule stand in the lines above already.
  const said = explanation.because.replace(/^.*? → .*? \S+: /, '').replace(/^\S+ (allows|refuses) it: /, '')
  return said.charAt(0).toUpperCase() + said.slice(1)
}
