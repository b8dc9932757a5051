/** The one table of exit codes. Every command ends with one of these and nothing else. */

export const exits = {
  /** Yes; fine; nothing to do. */
  fine: 0,
  /** The answer is no: errors found, a test failed, nothing matched. */
  no: 1,
  /** Could not run: wrong usage, or something of the environment is missing. */
  couldNotRun: 2,
  /** There is something to do; only with `--exit-code`. */
  somethingToDo: 3,
} as const

export type Exit = (typeof exits)[keyof typeof exits]
