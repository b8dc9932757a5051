/**
 * What the steps of lowering share: the document, the faults found so far, and the groups asked for so far.
 *
 * It lives for one call of `lower` and never leaves it.
 */
import type { Code } from '../model/codes.ts'
import { type Diagnostic, diagnose, type Fault } from '../model/diagnostic.ts'
import type { PolicyDocument } from '../model/policy.ts'
import type { Forward, Group, List, Network } from '../model/ruleset.ts'

export interface Lowering {
  readonly document: PolicyDocument
  readonly diagnostics: Diagnostic[]
  readonly networks: Map<string, Network>
  readonly deviceByName: Map<string, number>
  /** Device indexes by profile, and by `key=value` label. */
  readonly byProfile: Map<string, number[]>
  readonly byLabel: Map<string, number[]>
  readonly lists: Map<string, List>
  readonly forwards: Forward[]
  readonly groups: Group[]
  /** Group index by label. */
  readonly groupByLabel: Map<string, number>
}

export function report(lowering: Lowering, code: Code, fault: Fault): void {
  lowering.diagnostics.push(diagnose(code, fault))
}

/**
 * The group of this label, holding these devices (ascending indexes), made on first use. Two labels may hold the same
 * devices: what a rule says must not change its name when a device comes or goes.
 */
export function groupOf(lowering: Lowering, label: string, devices: readonly number[]): number {
  const known = lowering.groupByLabel.get(label)
  if (known !== undefined) return known
  const index = lowering.groups.push({ label, devices }) - 1
  lowering.groupByLabel.set(label, index)
  return index
}
