/**
 * Counts: what a vitest run or a stage without single tests adds to the last line of `npm test`.
 * It deliberately decides nothing beyond the sums; what must not be zero is for the caller to say.
 */

import { relative } from 'node:path'

export type Tally = { readonly passed: number; readonly failed: number; readonly skipped: number }

export const nothing: Tally = { passed: 0, failed: 0, skipped: 0 }

/** The part of vitest's JSON report that is counted. */
export type VitestReport = {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly {
    /** The file's path. */
    readonly name: string
    readonly status: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

export function add(a: Tally, b: Tally): Tally {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }
}

/**
 * What a report says, plus one failure for every file that failed without a failed test (it did not even
 * load), and one for a run that ended badly although no test and no file failed (an unhandled rejection).
 */
export function countTests(report: VitestReport, run: { readonly ok: boolean }): Tally {
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  ).length
  const failed = report.numFailedTests + broken
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && !run.ok ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/** What failed, a line each: files below `root`, with the test's name where one of their tests did. */
export function failuresIn({ testResults }: VitestReport, root: string): readonly string[] {
  return testResults.flatMap(({ name, status, assertionResults }) => {
    const file = relative(root, name)
    const tests = assertionResults.filter((test) => test.status === 'failed')
    if (tests.length > 0) return tests.map(({ fullName }) => `${file}: ${fullName}`)
    return status === 'failed' ? [`${file}: not one test ran`] : []
  })
}

/** The last line. Scripts read it: its shape does not change. */
export function lastLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}
