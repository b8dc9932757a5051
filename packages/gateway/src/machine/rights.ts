/** Whether this process may change the firewall at all: said before anything else is tried, with what to run instead. */
import { ThingwallError } from '../error.ts'
import type { Machine } from './machine.ts'

/** Bit of CAP_NET_ADMIN in the capability sets (`linux/capability.h`). */
const CAP_NET_ADMIN = 12n

/** Throws TW4001 unless this process may administer its network. `command` is what to run with more rights. */
export async function requireNetAdmin(machine: Machine, command: string): Promise<void> {
  const status = await machine.read('/proc/self/status')
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status ?? '')?.[1]
  // Where the kernel does not say, nft will.
  if (effective === undefined || ((BigInt(`0x${effective}`) >> CAP_NET_ADMIN) & 1n) === 1n) return
  throw notPermitted(command)
}

export function notPermitted(command: string, cause?: unknown): ThingwallError {
  return new ThingwallError('TW4001', 'reading or changing the firewall needs root (CAP_NET_ADMIN)', {
    hint: `run: sudo ${command}`,
    cause,
  })
}
