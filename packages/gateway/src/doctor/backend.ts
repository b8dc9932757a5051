/** Whether rule sets are changed by the library in a process of its own, or by starting a program each time. */
import { escapeText } from '@thingwall/policy'
import type { Check } from './finding.ts'

export const backend: Check = async ({ withoutLibrary }) =>
  withoutLibrary === null
    ? [{ check: 'backend', severity: 'fine', message: 'libnftables can be used in process', mend: null }]
    : [
        {
          check: 'backend',
          severity: 'note',
          message: `libnftables cannot be used, so the program nft is started for each change: ${escapeText(withoutLibrary, 160)}`,
          mend: 'apt-get install libnftables1',
        },
      ]
