/** Whether packets pass between the networks at all. */
import type { Check, Finding } from './finding.ts'
import { settingForGood } from './settings.ts'

export const forwarding: Check = async ({ survey }) =>
  ([4, 6] as const).map((family): Finding => {
    const setting = family === 4 ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding'
    return survey.forwards[family]
      ? { check: 'forwarding', severity: 'fine', message: `IPv${family} is forwarded`, mend: null }
      : {
          check: 'forwarding',
          severity: family === 4 ? 'warning' : 'note',
          message: `IPv${family} is not forwarded: nothing passes between networks`,
          mend: settingForGood(`${setting}=1`),
        }
  })
