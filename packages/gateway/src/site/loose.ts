/**
 * One kernel setting that the rule set relies on: TCP connections begin with a SYN. Otherwise, after a reboot, data of
 * a server looks like a server opening a connection. Set after a load, because the setting exists once tracking does.
 */
import type { Machine } from '../machine/machine.ts'

const SETTING = '/proc/sys/net/netfilter/nf_conntrack_tcp_loose'

/** What was found: `set` when it was changed, `already` when not needed, `impossible` where it may not be written. */
export async function requireOpening(machine: Machine): Promise<'set' | 'already' | 'impossible'> {
  const now = await machine.read(SETTING)
  if (now?.trim() === '0') return 'already'
  return (await machine.write(SETTING, '0\n')) ? 'set' : 'impossible'
}
