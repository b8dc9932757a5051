/**
 * The daemon of one gateway: the recorder kept going, what is in force followed, what devices are given bound, questions
 * answered. It puts the parts together and owns their lives; what each does is in its own file. It needs no rights where
 * somebody else starts the privileged process.
 */

import { type BindingsJson, bindingsJson, noBindings } from '@thingwall/policy'
import { thisClock } from '../bindings/clock.ts'
import { readClock } from '../clock/clock.ts'
import { type NftablesPoint, openNftablesPoint } from '../enforce/nftables.ts'
import type { ApplicationRecord } from '../enforce/point.ts'
import { directoryOf } from '../events/directory.ts'
import { startRecorder } from '../events/recorder.ts'
import type { Machine } from '../machine/machine.ts'
import type { Launch } from '../privileged/launch.ts'
import { openPrivileged, type Privileged } from '../privileged/privileged.ts'
import { openRestingReader } from '../store/resting-reader.ts'
import type { EventId, EventReader } from '../store/store.ts'
import { type GivenState, type LeasePlace, openGiven } from './given.ts'
import type { Log } from './log.ts'
import { LOG_GROUP } from './log-group.ts'
import { notice } from './notice.ts'
import { eventFolder } from './places.ts'
import { rememberPolicies } from './policies.ts'
import type { RememberedPolicy } from './policy-in-force.ts'
import { openRecording, type RecordingState } from './recording.ts'
import { type PutBack, restore } from './restore.ts'
import { followChanges, openEventSockets } from './sockets.ts'
import { type WatchState, watchInForce } from './watch.ts'

export interface DaemonOptions {
  readonly machine: Machine
  /** The state folder; events are in `events` below it. */
  readonly state: string
  readonly log: Log
  /** How the privileged process is started; default: by this one. */
  readonly launch?: Launch
  /** Lease files to follow; those whose folder is not there yet are waited for. */
  readonly leases: readonly LeasePlace[]
  /** How long events are kept, and how much room they may take. */
  readonly keepHours: number
  readonly maxBytes: number
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export interface Daemon {
  readonly stateFolder: string
  readonly point: NftablesPoint
  readonly events: EventReader
  readonly state: () => Promise<DaemonState>
  /** Calls back when more can be read, with the id up to which; the result ends that. */
  readonly onRecorded: (listener: (last: EventId) => void) => () => void
  /** The policy of an application once more; null where it is not kept. */
  readonly policyOf: (sequence: number) => Promise<RememberedPolicy | null>
  /** What one device was given and told, by its name or an address it has, under the policy that is in force. */
  readonly saidOf: (who: string) => Promise<SaidOf>
  readonly flush: () => Promise<void>
  readonly close: () => Promise<void>
}

/** As in a bindings file; of the policy of that name, null where none is in force. */
export interface SaidOf extends BindingsJson {
  readonly policy: string | null
}

export interface DaemonState {
  /** Milliseconds since 1970. */
  readonly startedAt: number
  readonly watch: WatchState
  readonly recording: RecordingState
  readonly given: GivenState
  readonly privileged: { readonly kind: 'library' | 'program'; readonly restarts: number }
  /** Whether the kernel was seen to count the bytes of flows. */
  readonly countsBytes: boolean
}

/** Throws where the kernel cannot be asked at all. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { machine, log, now, state } = options
  const startedAt = now()
  const privileged = await openPrivileged(
    machine,
    options.launch === undefined ? {} : { launch: options.launch },
  )
  const point = await openNftablesPoint({ machine, state, now, nft: privileged, writer: 'gateway' })
  const policies = rememberPolicies(point, machine)
  const listeners = new Set<(last: EventId) => void>()
  const recording = openRecording({
    group: LOG_GROUP,
    openSockets: (group) => openEventSockets(privileged, group),
    start: startRecorder,
    store: { folder: eventFolder(state), keepHours: options.keepHours, maxBytes: options.maxBytes },
    recorded: (last) => {
      for (const listener of listeners) listener(last)
    },
    log,
    now,
    later: (act, afterMs) => {
      const timer = setTimeout(act, afterMs)
      return { cancel: () => clearTimeout(timer) }
    },
  })
  const given = openGiven({
    point,
    state,
    elements: privileged.elements,
    policies,
    leases: options.leases,
    openSocket: privileged.openSocket,
    learn: recording.learn,
    tell: (event) => recording.append([event]),
    log,
  })
  const counting = countBytes(privileged, log)
  const putBack = async (record: ApplicationRecord, anew = false): Promise<PutBack> => {
    const policy = await policies.afresh(record.sequence)
    return restore({ point, record, policy, given, machine, state, now, anew })
  }
  const watch = watchInForce({
    point,
    policyOf: policies.of,
    restore: (record) => putBack(record),
    loadAnew: async (record) => {
      if (!(await readClock({ machine, state, now })).isTrusted) return false
      return (await putBack(record, true)).outcome === 'restored'
    },
    clock: thisClock(),
    tell: (event) => recording.append([event]),
    follows: async ({ record }, policy) => {
      await counting.attempt()
      if (record !== null && record.log === null) {
        const text = 'what is refused is not logged: apply without --log none'
        recording.append([notice('packets-not-logged', text, now())])
      }
      if (record !== null) await recording.listen(record.log)
      if (policy === null) return
      const { ruleset, bindings } = policy
      await given.follows(ruleset)
      recording.know(directoryOf(ruleset, given.with(ruleset, bindings)))
    },
    log,
    now,
  })
  recording.append([
    notice('gateway-started', `asks the kernel through the ${privileged.backend.kind}`, startedAt),
  ])
  const changes = await followChanges(privileged, log, (by) => void watch.look(by))
  await watch.look()
  await recording.flush()
  const reader = openRestingReader(eventFolder(state))
  log.info({ backend: privileged.backend.kind, state }, 'the gateway is up')
  const saidOf = async (who: string): Promise<SaidOf> => {
    const { record } = await point.read()
    const policy = record === null ? null : await policies.of(record.sequence)
    const said = policy === null ? noBindings : given.of(policy, who)
    return { policy: policy?.ruleset.name ?? null, ...bindingsJson(said) }
  }
  return {
    stateFolder: state,
    point,
    events: reader,
    state: async () => ({
      startedAt,
      watch: watch.state(),
      recording: await recording.state(),
      given: given.state(),
      privileged: {
        kind: privileged.backend.kind,
        restarts: privileged.backend.kind === 'library' ? privileged.backend.restarts() : 0,
      },
      countsBytes: counting.isOn(),
    }),
    onRecorded: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    policyOf: policies.of,
    saidOf,
    flush: async () => {
      await recording.flush()
    },
    close: async () => {
      changes.end()
      await watch.close()
      await given.close()
      await recording.close()
      await reader.close()
      privileged.close()
      log.info({}, 'the gateway has ended')
    },
  }
}

/** Without `nf_conntrack_acct` flows are told without packets and bytes. The setting is there once tracking is. */
function countBytes(
  privileged: Pick<Privileged, 'setting'>,
  log: Log,
): { readonly attempt: () => Promise<void>; readonly isOn: () => boolean } {
  let isOn = false
  return {
    attempt: async () => {
      if (isOn) return
      isOn = await privileged.setting('net/netfilter/nf_conntrack_acct', 1).catch(() => false)
      if (!isOn)
        log.warn({}, 'the kernel does not count the bytes of flows (net.netfilter.nf_conntrack_acct)')
    },
    isOn: () => isOn,
  }
}
