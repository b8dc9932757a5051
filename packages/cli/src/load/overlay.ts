/**
 * The overlay of a policy: a file beside it, `thingwall.overlay.yaml` for `thingwall.policy.ts`, where the commands for
 * a hurry write. It is part of the policy wherever the policy is read.
 */
import { statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Diagnostic, WrittenFile } from '@thingwall/policy'
import { readTree } from './written.ts'

/** Where the overlay of a policy file stands, whether it is there or not. */
export function overlayOf(policyFile: string): string {
  const name = basename(policyFile).replace(/\.(?:ts|mts|js|mjs|ya?ml|json)$/, '')
  return join(dirname(policyFile), `${name.replace(/\.policy$/, '')}.overlay.yaml`)
}

/** What the overlay holds; null where there is none, or where it cannot be read, which is then among the diagnostics. */
export function readOverlay(policyFile: string): readonly [WrittenFile | null, readonly Diagnostic[]] {
  const file = overlayOf(policyFile)
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return [null, []]
  const diagnostics: Diagnostic[] = []
  return [readTree(file, diagnostics), diagnostics]
}
