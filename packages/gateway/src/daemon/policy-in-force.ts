/**
 * The policy of an application once more: its document out of the history, lowered with what this machine is now, and what
 * a file said of bindings when it was applied. What was learnt since is in the journal; whoever keeps that adds it.
 */
import {
  type Bindings,
  lower,
  noBindings,
  type PolicyDocument,
  type Ruleset,
  readBindings,
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
  /** What a file said when it was applied, with the addresses of this machine. */
  readonly bindings: Bindings
}

/** Null where the document is not kept any more, or this version cannot read it. */
export async function policyOf(
  point: Pick<EnforcementPoint, 'documentOf' | 'toldFor'>,
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
  const said = saidBy(await point.toldFor(sequence), ruleset)
  return { text, document, ruleset, bindings: withOwnAddresses(said, found) }
}

/** What was kept of a bindings file. Nothing where there is none, or where it is not understood: then less is allowed. */
export function saidBy(text: string | null, ruleset: Ruleset): Bindings {
  if (text === null) return noBindings
  const [bindings] = readBindings(parsed(text), ruleset)
  return bindings ?? noBindings
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
