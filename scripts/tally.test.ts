/** The sums of the last line of `npm test`: what counts as failed although no single test failed. */
import { expect, test } from 'vitest'
import { add, countTests, failuresIn, lastLine, nothing, type VitestReport } from './tally.ts'

const report: VitestReport = {
  numPassedTests: 3,
  numFailedTests: 1,
  numPendingTests: 2,
  numTodoTests: 1,
  testResults: [
    {
      name: '/code/test/a.test.ts',
      status: 'failed',
      assertionResults: [
        { status: 'passed', fullName: 'water is wet' },
        { status: 'failed', fullName: 'stones swim' },
      ],
    },
  ],
}
const broken = { name: '/code/test/b.test.ts', status: 'failed', assertionResults: [] }
const green: VitestReport = { ...report, numFailedTests: 0, testResults: [] }

test.each([
  ['as reported, todo counted as skipped', report, false, { passed: 3, failed: 1, skipped: 3 }],
  [
    'a file that did not load',
    { ...report, testResults: [...report.testResults, broken] },
    false,
    { passed: 3, failed: 2, skipped: 3 },
  ],
  ['all green', green, true, { passed: 3, failed: 0, skipped: 3 }],
  ['all green, but the run ended badly', green, false, { passed: 3, failed: 1, skipped: 3 }],
])('%s', (_story, given, ok, expected) => {
  expect(countTests(given, { ok })).toEqual(expected)
})

test('what failed is named, also a file that did not load', () => {
  expect(failuresIn(green, '/code')).toEqual([])
  expect(failuresIn({ ...report, testResults: [...report.testResults, broken] }, '/code')).toEqual([
    'test/a.test.ts: stones swim',
    'test/b.test.ts: not one test ran',
  ])
})

test('sums and the last line', () => {
  const one = { passed: 1, failed: 2, skipped: 3 }
  expect(add(nothing, one)).toEqual(one)
  expect(lastLine(add(one, one))).toBe('2 passed, 4 failed, 6 skipped')
})
