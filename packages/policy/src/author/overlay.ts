/**
 * What was decided in a hurry, laid over a policy: devices put in quarantine or let out of it for a while, and allows
 * for a few hours. Nothing else may stand in an overlay; what is to last belongs in the policy.
 */
import type { Diagnostic } from '../model/diagnostic.ts'
import { diagnose } from '../model/diagnostic.ts'
import { propertiesOf, saysTheSame } from './given.ts'
import { fromWritten, type WrittenFile } from './written.ts'

type Data = Readonly<Record<string, unknown>>

const allowed: ReadonlySet<string> = new Set(['quarantine', 'rules'])

/** The document with the overlay's entries, for `validate`, and what is wrong with the overlay as such. */
export function withOverlay(
  document: unknown,
  overlay: WrittenFile,
): readonly [unknown, readonly Diagnostic[]] {
  const [input, found] = fromWritten([overlay])
  const given = input as { readonly quarantine: unknown; readonly rules: unknown }
  const strays = Object.keys(propertiesOf((overlay.data ?? {}) as Data)).filter((key) => !allowed.has(key))
  const diagnostics = strays.map((key) =>
    diagnose('TW1003', {
      message: `\`${key}\` does not belong in an overlay`,
      path: key,
      hint: 'an overlay holds `quarantine` and `rules`; write the rest into the policy',
      origin: overlay.originOf([key]),
    }),
  )
  const below = propertiesOf(document as Data)
  // The overlay's quarantine is the later word on a device; a rule of the same name is another rule.
  const quarantine = {
    ...propertiesOf((below.quarantine ?? {}) as Data),
    ...propertiesOf((given.quarantine ?? {}) as Data),
  }
  const rules: Record<string, unknown> = { ...propertiesOf((below.rules ?? {}) as Data) }
  for (const [name, rule] of Object.entries(propertiesOf((given.rules ?? {}) as Data))) {
    const taken = Object.hasOwn(rules, name) && !saysTheSame(rules[name], rule)
    rules[taken ? `${name}#2` : name] = rule
  }
  return [{ ...below, quarantine, rules }, [...found, ...diagnostics]]
}
