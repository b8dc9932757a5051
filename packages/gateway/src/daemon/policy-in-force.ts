/**
 * The policy of an application once more: its document out of the history, lowered with what this machine is now. What
 * devices were given and told is not in the history; whoever keeps bindings hands them in.
 */
import {
  type Bindings,
  lower,
  noBindings,
  type PolicyDocument,
  type Ruleset,
  validate,
} from '@thingwall/policy'
import type { EnforcementPoint } from '../enforce/point.ts'
import type { Machine } from '../machine/machine.ts'
import { survey } from '../machine/survey.ts'
import { prefixesFor, withOwnAddresses } from '../site/fit.ts'

export interface RememberedPolicy {
  /** The document as it was kept. */
  readonly text: string
  readonly document: PolicyDocument
  readonly ruleset: Ruleset
  /** With the addresses of this machine. */
  readonly bindings: Bindings
}

/** Null where the document is not kept any more, or this version cannot read it. */
export async function policyOf(
  point: Pick<EnforcementPoint, 'documentOf'>,
  machine: Machine,
  sequence: number,
): Promise<RememberedPolicy | null> {
  const text = await point.documentOf(sequence)
  if (text === null) return null
  const [document] = validate(parsed(text))
  if (document === null) return null
  const found = await survey(machine)
  const [ruleset] = lower(document, prefixesFor(document, found))
  if (ruleset === null) return null
  return { text, document, ruleset, bindings: withOwnAddresses(noBindings, found) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
