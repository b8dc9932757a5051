/** Runs one of the policy's own tests: a flow, and what the policy must say of it. */
import { parseDate } from '../author/time.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import { type Bindings, EVERY_DEVICE } from '../model/flow.ts'
import type { TestDocument } from '../model/policy.ts'
import type { Ruleset } from '../model/ruleset.ts'
import { elsewhere } from './assume.ts'
import { bind, noBindings } from './bind.ts'
import { type Explanation, explain } from './explain.ts'
import { splitService } from './question.ts'

export interface TestOutcome {
  readonly passed: boolean
  /** Null where the test's own ends could not be read; see `diagnostics`. */
  readonly explanation: Explanation | null
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * A test speaks of the policy, not of a moment on a gateway: a DNS name stands for whatever the device will be told, and
 * a device without an address for itself once it has one, so "unknown" for want of these counts as what the deciding
 * rule says. An address stands for itself: it is not
 * taken for the answer to a name the test does not speak of.
 */
export function judgeTest(
  ruleset: Ruleset,
  test: TestDocument,
  at: number,
  bindings: Bindings = noBindings,
): TestOutcome {
  const when = test.at === undefined ? at : (parseDate(test.at) ?? at)
  const names = new Map(bindings.names)
  const unasked = [...elsewhere(ruleset)].filter(([name]) => !isAsked(test, name))
  names.set(EVERY_DEVICE, new Map([...unasked, ...(names.get(EVERY_DEVICE) ?? [])]))
  const question = { from: test.from, to: test.to }
  const [explanation, diagnostics] = explain(ruleset, question, bind(ruleset, { ...bindings, names }), when)
  if (explanation === null) return { passed: false, explanation, diagnostics }
  const awaitsAnswer =
    explanation.verdict === 'unknown' &&
    explanation.needs.every((need) => /^an a(?:nswer for|ddress of) /.test(need))
  const verdict = awaitsAnswer && explanation.rule !== null ? explanation.rule.effect : explanation.verdict
  const isRule = test.rule === undefined || explanation.rule?.id === test.rule
  return { passed: verdict === test.expect && isRule, explanation, diagnostics }
}

function isAsked(test: TestDocument, name: string): boolean {
  return [test.from, test.to].some((text) => splitService(text).host.toLowerCase() === name)
}
