/** `check`: everything that is wrong with a policy which reads and lowers, found by a table of independent checks. */
import type { Diagnostic } from '../model/diagnostic.ts'
import type { PolicyDocument } from '../model/policy.ts'
import type { Ruleset } from '../model/ruleset.ts'
import { looseApiCheck, unexplainedRouteCheck, wideExclusionCheck } from './apis.ts'
import { bareAdminCheck } from './bare-admin.ts'
import { broadCheck } from './broad.ts'
import { denyNameCheck } from './deny-name.ts'
import { datesCheck, endedCheck, outlivedCheck, reviewCheck, soonCheck } from './expiry.ts'
import { gatewayLiteralCheck } from './gateway-literal.ts'
import { idleDeviceCheck } from './idle-device.ts'
import { isolationCheck } from './isolation.ts'
import { neverCheck } from './never.ts'
import { failingTestCheck, heldTestCheck, unreadableTestCheck } from './own-tests.ts'
import { partsOf } from './parts.ts'
import { reasonCheck } from './reason.ts'
import { redundantCheck } from './redundant.ts'
import { sharedNameCheck } from './shared-name.ts'
import { type Check, diagnosticsOf, type Written } from './subject.ts'
import { suspendedCheck } from './suspended.ts'
import { unplacedForwardCheck } from './unplaced-forward.ts'

export interface CheckOptions {
  /** The instant to judge at, milliseconds since 1970. */
  readonly at: number
}

/** What shows in the document alone. */
const writtenChecks: readonly Check<Written>[] = [
  reasonCheck,
  endedCheck,
  outlivedCheck,
  soonCheck,
  reviewCheck,
  datesCheck,
  suspendedCheck,
  wideExclusionCheck,
  looseApiCheck,
  unexplainedRouteCheck,
]

/** Every check, in the order in which its findings are told. */
const checks: readonly Check[] = [
  ...writtenChecks,
  idleDeviceCheck,
  neverCheck,
  redundantCheck,
  broadCheck,
  sharedNameCheck,
  denyNameCheck,
  isolationCheck,
  unplacedForwardCheck,
  gatewayLiteralCheck,
  bareAdminCheck,
  unreadableTestCheck,
  failingTestCheck,
  heldTestCheck,
]

/**
 * Judges a validated policy and the rule set it lowered to: warnings for what deserves a look, errors for tests that
 * fail. Linear in devices.
 */
export function check(
  document: PolicyDocument,
  ruleset: Ruleset,
  { at }: CheckOptions,
): readonly Diagnostic[] {
  const parts = partsOf(document)
  const paths = new Map(
    parts.filter(({ kind }) => kind === 'rule').map(({ label, path }) => [label.slice('rule '.length), path]),
  )
  const subject = { document, ruleset, at, parts, paths }
  return checks.flatMap((one) => diagnosticsOf(one, subject))
}

/**
 * Judges what shows in a validated policy that does not lower, because something in it leads nowhere: reasons and dates.
 * The rest of the checks would take what is missing for what is meant, and wait until it is mended.
 */
export function checkWritten(document: PolicyDocument, { at }: CheckOptions): readonly Diagnostic[] {
  const written = { document, at, parts: partsOf(document) }
  return writtenChecks.flatMap((one) => diagnosticsOf(one, written))
}
