/** Whether the table of connections has room, and connections begin as rules expect. */
import type { Check, Finding } from './finding.ts'
import { settingForGood } from './settings.ts'

const FOLDER = '/proc/sys/net/netfilter'
const FULL = 0.8

export const connections: Check = async ({ machine, isInUse }) => {
  const read = async (name: string): Promise<number> =>
    Number((await machine.read(`${FOLDER}/${name}`))?.trim())
  const [most, count, loose, counts] = [
    await read('nf_conntrack_max'),
    await read('nf_conntrack_count'),
    await read('nf_conntrack_tcp_loose'),
    await read('nf_conntrack_acct'),
  ]
  // The settings are there once something tracks connections.
  if (!(most > 0))
    return [{ check: 'connections', severity: 'note', message: 'nothing tracks connections yet', mend: null }]
  const findings: Finding[] = []
  if (count > most * FULL)
    findings.push({
      check: 'connections',
      severity: 'warning',
      message: `${count} of ${most} connections are tracked: new ones are dropped once it is full`,
      // At a start it can only be set once the module is there.
      mend: `echo nf_conntrack > /etc/modules-load.d/thingwall.conf; ${settingForGood(`net.netfilter.nf_conntrack_max=${most * 2}`)}`,
    })
  else
    findings.push({
      check: 'connections',
      severity: 'fine',
      message: `${count} of ${most} connections are tracked`,
      mend: null,
    })
  if (isInUse && loose !== 0)
    findings.push({
      check: 'connections',
      severity: 'warning',
      message: 'connections may begin without a SYN: after a restart answers of a server look like openings',
      // Each start sees to it, and so does each apply.
      mend: 'sysctl -w net.netfilter.nf_conntrack_tcp_loose=0',
    })
  // The gateway daemon turns it on; where it cannot, its events of flows are without packets and bytes.
  if (isInUse && counts !== 1)
    findings.push({
      check: 'connections',
      severity: 'note',
      message: 'packets and bytes of flows are not counted',
      mend: 'sysctl -w net.netfilter.nf_conntrack_acct=1',
    })
  return findings
}
