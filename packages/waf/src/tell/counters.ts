/**
 * How many requests met which decision, by route, rule and verdict: what a dashboard asks. Bounded by what is declared: routes and
 * rules have names of ours, and nothing a client sends becomes one. It deliberately knows no format.
 */
import type { Decision } from '../model/decision.ts'

export interface Count {
  /** As it is declared; null where none was met. */
  readonly route: string | null
  /** Null where nothing was found. */
  readonly rule: string | null
  readonly verdict: Decision['verdict']
  readonly count: number
}

export interface Counters {
  count(decision: Decision): void
  counts(): readonly Count[]
}

/** Should ever more come together, the rest are counted as `other`. */
const mostKinds = 20_000

export function counters(): Counters {
  const kinds = new Map<string | null, Map<string | null, Map<Decision['verdict'], { count: number }>>>()
  let size = 0
  const slot = (
    route: string | null,
    rule: string | null,
    verdict: Decision['verdict'],
  ): { count: number } => {
    const known = kinds.get(route)?.get(rule)?.get(verdict)
    if (known !== undefined) return known
    if (size >= mostKinds && rule !== 'other') return slot(null, 'other', verdict)
    size++
    const made = { count: 0 }
    const byRule = kinds.get(route) ?? new Map<string | null, Map<Decision['verdict'], { count: number }>>()
    const byVerdict = byRule.get(rule) ?? new Map<Decision['verdict'], { count: number }>()
    kinds.set(route, byRule.set(rule, byVerdict.set(verdict, made)))
    return made
  }
  return {
    count({ route, finding, verdict }) {
      slot(route, finding === null ? null : finding.rule, verdict).count++
    },
    counts: () =>
      [...kinds].flatMap(([route, byRule]) =>
        [...byRule].flatMap(([rule, byVerdict]) =>
          [...byVerdict].map(([verdict, { count }]) => ({ route, rule, verdict, count })),
        ),
      ),
  }
}
