/**
 * The policy's own tests: each a flow, and what must become of it. A test that fails, or cannot be read, is an error.
 * One whose flow a quarantine refuses is set aside: it speaks of the policy, and a device must be held at once whatever
 * the policy means it to do on other days.
 */

import type { Explanation } from '../evaluate/explain.ts'
import { judgeTest } from '../evaluate/judge-test.ts'
import type { TestDocument } from '../model/policy.ts'
import type { Check } from './subject.ts'

/** A test that does not hold. */
export const failingTestCheck: Check = {
  code: 'TW2014',
  *find({ document, ruleset, at }) {
    for (const [index, test] of document.tests.entries()) {
      const { passed, explanation } = judgeTest(ruleset, test, at)
      if (passed || explanation === null || isHeld(explanation)) continue
      yield {
        message: `test failed: ${test.name}: ${difference(test, explanation)}`,
        path: `tests[${index}]`,
        value: explanation.verdict,
        hint: explanation.next,
        origin: test.origin,
      }
    }
  },
}

/** A test that cannot hold while a device is in quarantine. */
export const heldTestCheck: Check = {
  code: 'TW2020',
  *find({ document, ruleset, at }) {
    for (const [index, test] of document.tests.entries()) {
      const { passed, explanation } = judgeTest(ruleset, test, at)
      if (passed || explanation === null || !isHeld(explanation)) continue
      yield {
        message: `test set aside: ${test.name}: ${explanation.because}`,
        path: `tests[${index}]`,
        value: explanation.verdict,
        hint: 'Nothing needs to be done: it is judged again once the device is out of quarantine.',
        origin: test.origin,
      }
    }
  },
}

/** A test whose ends are no device, address or name, or whose service is none. */
export const unreadableTestCheck: Check = {
  code: 'TW2015',
  *find({ document, ruleset, at }) {
    for (const [index, test] of document.tests.entries()) {
      const { explanation, diagnostics } = judgeTest(ruleset, test, at)
      if (explanation !== null) continue
      for (const { message, hint, path, value } of diagnostics) {
        yield {
          message: `test cannot be judged: ${test.name}: ${message}`,
          path: `tests[${index}].${path.replace(/^-+/, '')}`,
          value,
          hint,
          origin: test.origin,
        }
      }
    }
  },
}

function isHeld({ rule }: Explanation): boolean {
  return rule?.tier === 'quarantine'
}

function difference(test: TestDocument, { verdict, rule, because }: Explanation): string {
  const wanted = test.rule === undefined ? test.expect : `${test.expect} by ${test.rule}`
  const got = test.rule === undefined || rule === null ? verdict : `${verdict} by ${rule.id}`
  return `expected ${wanted}, got ${got}. ${because}`
}
