/** The sums of the last line of `npm test`: what counts as failed although no single test failed. */
import { expect, test } from 'vitest'
import { add, countTests, lastLine, nothing, type VitestReport } from './tally.ts'

const report: VitestReport = {
  numPassedTests: 3,
  numFailedTests: 1,
  numPendingTests: 2,
  numTodoTests: 1,
  testResults: [{ status: 'failed', assertionResults: [{ status: 'passed' }, { status: 'failed' }] }],
}
const green: VitestReport = { ...report, numFailedTests: 0, testResults: [] }

test.each([
  ['as reported, todo counted as skipped', report, false, { passed: 3, failed: 1, skipped: 3 }],
  [
    'a file that did not load',
    { ...report, testResults: [...report.testResults, { status: 'failed', assertionResults: [] }] },
    false,
    { passed: 3, failed: 2, skipped: 3 },
  ],
  ['all green', green, true, { passed: 3, failed: 0, skipped: 3 }],
  ['all green, but the run ended badly', green, false, { passed: 3, failed: 1, skipped: 3 }],
])('%s', (_story, given, ok, expected) => {
  expect(countTests(given, { ok })).toEqual(expected)
})

test('sums and the last line', () => {
  const one = { passed: 1, failed: 2, skipped: 3 }
  expect(add(nothing, one)).toEqual(one)
  expect(lastLine(add(one, one))).toBe('2 passed, 4 failed, 6 skipped')
})
