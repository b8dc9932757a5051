/** Whether a restart brings back what was confirmed. */
import type { Check, Finding, Ground } from './finding.ts'

const UNITS = ['thingwall-boot.service', 'thingwall-restore.service'] as const

export const units: Check = async (ground) => {
  const hasSystemd = !(await ground.machine.run('systemctl', ['--version'])).isMissing
  if (!hasSystemd)
    return [
      {
        check: 'restart',
        severity: ground.isInUse ? 'warning' : 'note',
        message: 'there is no systemd here: whatever starts this machine has to put back what was confirmed',
        mend: 'thingwall boot --wait',
      },
    ]
  return Promise.all(UNITS.map((unit) => stateOf(ground, unit)))
}

async function stateOf({ machine, isInUse }: Ground, unit: string): Promise<Finding> {
  const said = (await machine.run('systemctl', ['is-enabled', unit])).stdout.trim()
  const severity = isInUse ? 'missing' : 'note'
  if (said !== 'enabled') {
    const isThere = said !== '' && said !== 'not-found'
    return {
      check: 'restart',
      severity,
      message: `${unit} is ${isThere ? said : 'not installed'}: after a restart nothing is in force`,
      mend: isThere ? `systemctl enable ${unit}` : 'dpkg -i thingwall_*.deb',
    }
  }
  const failed = (await machine.run('systemctl', ['is-failed', unit])).stdout.trim() === 'failed'
  return failed
    ? {
        check: 'restart',
        severity: 'warning',
        message: `${unit} failed when it was started last`,
        mend: `journalctl -b -u ${unit}`,
      }
    : { check: 'restart', severity: 'fine', message: `${unit} is enabled`, mend: null }
}
