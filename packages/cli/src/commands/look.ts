/**
 * What is in force on this machine and what was, for the commands that only look. Who has the right looks at the kernel and
 * the records itself: what root is told depends on no process without rights. Who has not asks the daemon, which answers
 * members of its socket's group. From here on both are the same, so nothing is rendered twice.
 */
import {
  type HistoryJson,
  type InForce,
  inForceOf,
  type LookJson,
  type Past,
  pastOf,
  type Surroundings,
  ThingwallError,
} from '@thingwall/gateway'
import { ask } from '../events/api.ts'
import type { Call } from '../frame/call.ts'
import { Failure } from '../frame/failure.ts'
import type { Host } from '../frame/report.ts'
import { safe } from '../render/text.ts'
import { policyOption } from './open.ts'
import { type Gateway, isStateNamed, openGateway, stateFolderOf } from './site.ts'

/** A look at a machine. */
export interface Look extends Surroundings {
  readonly inForce: InForce
  /** What `--bindings` said when it was applied, as the text of a bindings file; null for nothing. */
  readonly told: string | null
  readonly stateFolder: string
}

/** What is in force now. Takes out what is left of a trial that is over, where this process may. */
export async function lookAtMachine(call: Call, host: Host): Promise<Look> {
  const gateway = await withRights(call, host)
  if (gateway === null) {
    const answer = await answered<LookJson>(call, host, '/v1/in-force')
    const { state, inForce, told, foreign, counters } = answer
    return { stateFolder: state, inForce: understood(() => inForceOf(inForce)), told, foreign, counters }
  }
  const { point, stateFolder } = gateway
  // Where that cannot be, the look still tells.
  await point.tidy().catch(() => {})
  const inForce = await point.read()
  const { record } = inForce
  const told = record === null ? null : await point.toldFor(record.sequence)
  return { stateFolder, inForce, told, ...(await point.surroundings()) }
}

/** What was applied here, the newest first. */
export async function lookBack(
  call: Call,
  host: Host,
): Promise<{ readonly history: readonly Past[]; readonly stateFolder: string }> {
  const gateway = await withRights(call, host)
  if (gateway !== null) return { history: await gateway.point.history(), stateFolder: gateway.stateFolder }
  const { state, applications } = await answered<HistoryJson>(call, host, '/v1/history')
  return { history: understood(() => applications.map(pastOf)), stateFolder: state }
}

/** Null where this process may not look itself. */
async function withRights(call: Call, host: Host): Promise<Gateway | null> {
  try {
    return await openGateway(call, host)
  } catch (error) {
    if (error instanceof ThingwallError && error.code === 'TW4001') return null
    throw error
  }
}

async function answered<T extends { readonly state: string }>(
  call: Call,
  host: Host,
  path: string,
): Promise<T> {
  const answer = await ask<T>(host, path)
  if (answer === null) {
    throw new Failure('reading the firewall needs root (CAP_NET_ADMIN), and no gateway answers here', {
      code: 'TW4001',
      hint: `run: sudo thingwall ${call.verb}${policyOption(call)}; or start the gateway, and ask it as a member of its group`,
    })
  }
  if (isStateNamed(call, host) && stateFolderOf(call, host) !== answer.state) {
    throw new Failure(`the gateway keeps its records in ${safe(String(answer.state), 300)}`, {
      code: 'environment',
      hint: 'leave --state and THINGWALL_STATE out; another folder can only be read with sudo',
    })
  }
  return answer
}

function understood<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new Failure('what the gateway answers is not understood', {
      code: 'environment',
      hint: 'is it of the same version as this command? Restart it after an upgrade',
      cause,
    })
  }
}
