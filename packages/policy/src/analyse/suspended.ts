/** Quarantines that begin later: somebody let the device out for a while, and it is as free as if there were none. */
import { instantOf } from './parts.ts'
import type { Check, Written } from './subject.ts'

export const suspendedCheck: Check<Written> = {
  code: 'TW2018',
  *find({ document, at }) {
    for (const [name, { starts, origin }] of Object.entries(document.quarantine)) {
      const instant = instantOf(starts)
      if (instant === null || instant <= at) continue
      yield {
        message: `${name} is out of quarantine until ${starts}`,
        path: `quarantine.${name}.starts`,
        value: starts,
        hint: 'Nothing needs to be done for it to come back. To let it out for good, remove the quarantine.',
        origin,
      }
    }
  },
}
