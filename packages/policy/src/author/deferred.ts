/**
 * Rules and devices are functions, for the type-checker's sake; nobody needs to call them.
 *
 * TypeScript reads a call within a call first and the names around it later, except where the inner one returns a
 * function and nothing else: that it puts off until the outer call knows what it can. So the words of a rule are
 * completed, and refused where they stand, by the networks and devices written beside it. See decision 0017.
 */
import type { Names } from './names.ts'

interface Standing<Value, Around extends Names> {
  in(around?: Around): Value
}

/**
 * A value to stand where `Around` are the names that may be used. The function is typed as a method is, and so fits
 * wherever its value does: what it names is in the type of that.
 */
export type Deferred<Value, Around extends Names> = Standing<Value, Around>['in']

/** Puts a value into its function. It can be read from there without a call, as `written`. */
export function deferred<Value>(written: Value): Deferred<Value, never> {
  return Object.assign(() => written, { written })
}

/** What stands in the function; anything else as it is, for `validate` to refuse. */
export function writtenIn<Value>(given: Deferred<Value, never>): Value {
  return typeof given === 'function' && 'written' in given
    ? (given.written as Value)
    : (given as unknown as Value)
}
