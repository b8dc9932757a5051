/** Compiling as the command line asks for it: exactly, or stricter where `--accept-stricter` is said. */
import { type CompileResult, compileFor, type Ruleset, type Target } from '@thingwall/policy'
import type { Call } from '../frame/call.ts'

export function compiled<Options>(
  call: Call,
  target: Target<Options>,
  ruleset: Ruleset,
  options: Options,
): CompileResult {
  return compileFor(target, ruleset, options, { acceptStricter: call.options['accept-stricter'] === true })
}
