/** Random changes while flows are open: other rules, another policy altogether, or other answers to names. */
import fc from 'fast-check'
import { type RandomCase, randomCases } from './policies.ts'

/** A policy and what takes its place. */
export interface RandomChange {
  readonly before: RandomCase
  readonly after: RandomCase
}

/**
 * Networks and leases stay: whose the opener's address is must not change under a flow, because the packets of its other
 * side do not show it. Names change alone: an open flow outlives the answer that it was opened by, but not a policy that
 * judges it anew.
 */
export function randomChanges(now: number): fc.Arbitrary<RandomChange> {
  const what = fc.constantFrom('everything', 'general rules', 'names', 'nothing')
  return fc.tuple(randomCases(now), randomCases(now), what).map(([before, other, changed]): RandomChange => {
    const { document, bindings } = before
    const { networks, lists } = document
    switch (changed) {
      case 'everything':
        return { before, after: { document: { ...other.document, networks }, bindings } }
      case 'general rules':
        return { before, after: { document: { ...document, rules: other.document.rules, lists }, bindings } }
      case 'names':
        return { before, after: { document, bindings: { ...bindings, names: other.bindings.names ?? [] } } }
      default:
        return { before, after: before }
    }
  })
}

/** Whether the policy is the same, and no more than answers to names can have changed. */
export function isSamePolicy({ before, after }: RandomChange): boolean {
  return JSON.stringify(before.document) === JSON.stringify(after.document)
}
