/** Whether the clock is believed: until then a restart leaves out what needs the time. */
import type { Check } from './finding.ts'

export const time: Check = async ({ clock }) => {
  const iso = Number.isNaN(new Date(clock.now).getTime())
    ? String(clock.now)
    : new Date(clock.now).toISOString()
  return [
    clock.isTrusted
      ? { check: 'clock', severity: 'fine', message: `${iso}: ${clock.because}`, mend: null }
      : {
          check: 'clock',
          severity: 'warning',
          message: `${iso} is not believed: ${clock.because}; after a restart, allows that end or have hours stay off`,
          mend: 'timedatectl set-ntp true',
        },
  ]
}
