/**
 * The policies of the applications that packets meet or met lately, each read and lowered once. Lowered for the machine
 * as it was then: whoever compiles one anew asks for it afresh.
 */
import type { EnforcementPoint } from '../enforce/point.ts'
import type { Machine } from '../machine/machine.ts'
import { policyOf, type RememberedPolicy } from './policy-in-force.ts'

export interface Policies {
  /** Null where it is not kept. */
  readonly of: (sequence: number) => Promise<RememberedPolicy | null>
  /** The same, read and lowered now. */
  readonly afresh: (sequence: number) => Promise<RememberedPolicy | null>
}

/** In force, on trial, and what was before. */
const KEPT = 3

export function rememberPolicies(
  point: Pick<EnforcementPoint, 'documentOf' | 'toldFor'>,
  machine: Machine,
): Policies {
  const known = new Map<number, Promise<RememberedPolicy | null>>()
  const afresh = (sequence: number): Promise<RememberedPolicy | null> => {
    const read = policyOf(point, machine, sequence)
    known.delete(sequence)
    known.set(sequence, read)
    const forget = (): void => {
      if (known.get(sequence) === read) known.delete(sequence)
    }
    // What cannot be read now may be later.
    read.then((policy) => policy ?? forget(), forget)
    for (const old of known.keys()) {
      if (known.size <= KEPT) break
      known.delete(old)
    }
    return read
  }
  return { of: (sequence) => known.get(sequence) ?? afresh(sequence), afresh }
}
