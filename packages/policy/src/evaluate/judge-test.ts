/** Runs one of the policy's own tests: a flow, and what the policy must say of it. */
import { parseDate } from '../author/time.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { Bindings } from '../model/flow.ts'
import type { TestDocument } from '../model/policy.ts'
import type { Ruleset } from '../model/ruleset.ts'
import { noBindings } from './bindings.ts'
import { type Explanation, explain } from './explain.ts'

export interface TestOutcome {
  readonly passed: boolean
  /** Null where the test's own ends could not be read; see `diagnostics`. */
  readonly explanation: Explanation | null
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * A test speaks of the policy, not of a moment on a gateway: a DNS name stands for whatever the device will be told,
 * so "unknown, for want of an answer" counts as what the deciding rule says.
 */
export function judgeTest(
  ruleset: Ruleset,
  test: TestDocument,
  at: number,
  bindings: Bindings = noBindings,
): TestOutcome {
  const when = test.at === undefined ? at : (parseDate(test.at) ?? at)
  const [explanation, diagnostics] = explain(ruleset, { from: test.from, to: test.to }, bindings, when)
  if (explanation === null) return { passed: false, explanation, diagnostics }
  const awaitsAnswer =
    explanation.verdict === 'unknown' && explanation.needs.every((need) => need.startsWith('an answer'))
  const verdict = awaitsAnswer && explanation.rule !== null ? explanation.rule.effect : explanation.verdict
  const isRule = test.rule === undefined || explanation.rule?.id === test.rule
  return { passed: verdict === test.expect && isRule, explanation, diagnostics }
}
