/**
 * The daemon of one gateway: the recorder kept going, what is in force followed, questions answered. It puts the parts
 * together and owns their lives; what each does is in its own file. It needs no rights where somebody else starts the
 * privileged process.
 */
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { type NftablesPoint, openNftablesPoint } from '../enforce/nftables.ts'
import { directoryOf } from '../events/directory.ts'
import { startRecorder } from '../events/recorder.ts'
import type { Machine } from '../machine/machine.ts'
import type { Launch } from '../privileged/launch.ts'
import { openPrivileged, type Privileged } from '../privileged/privileged.ts'
import { startReader } from '../store/reader-handle.ts'
import type { EventId, EventReader } from '../store/store.ts'
import type { Log } from './log.ts'
import { notice } from './notice.ts'
import { policyOf, type RememberedPolicy } from './policy-in-force.ts'
import { keepRecording, type RecordingSockets, type RecordingState } from './recording.ts'
import { restore } from './restore.ts'
import { ruleChanges } from './rule-changes.ts'
import { type WatchState, watchInForce } from './watch.ts'

export interface DaemonOptions {
  readonly machine: Machine
  /** The state folder; events are in `events` below it. */
  readonly state: string
  readonly log: Log
  /** How the privileged process is started; default: by this one. */
  readonly launch?: Launch
  /** How long events are kept, and how much room they may take. */
  readonly keepHours: number
  readonly maxBytes: number
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export interface Daemon {
  readonly point: NftablesPoint
  readonly events: EventReader
  readonly state: () => Promise<DaemonState>
  /** Calls back when more can be read, with the id up to which; the result ends that. */
  readonly onRecorded: (listener: (last: EventId) => void) => () => void
  /** The policy of an application once more; null where it is not kept. */
  readonly policyOf: (sequence: number) => Promise<RememberedPolicy | null>
  readonly flush: () => Promise<void>
  readonly close: () => Promise<void>
}

export interface DaemonState {
  /** Milliseconds since 1970. */
  readonly startedAt: number
  readonly watch: WatchState
  readonly recording: RecordingState
  readonly privileged: { readonly kind: 'library' | 'program'; readonly restarts: number }
}

/** How often rule changes are read. A read without news is one system call. */
const READ_CHANGES_MS = 200
const CHANGES_BUFFER_BYTES = 1 << 20
/** As openEventSockets asks for it. */
const EVENT_BUFFER_BYTES = 32 << 20

/** The folder of the events of a state folder. */
export function eventFolder(state: string): string {
  return join(state, 'events')
}

/** Throws where the kernel cannot be asked at all. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { machine, log, now } = options
  const startedAt = now()
  const privileged = await openPrivileged(
    machine,
    options.launch === undefined ? {} : { launch: options.launch },
  )
  const point = await openNftablesPoint({ machine, state: options.state, now, nft: privileged })
  const folder = eventFolder(options.state)
  const listeners = new Set<(last: EventId) => void>()
  const recording = keepRecording({
    openSockets: (group) => openSockets(privileged, group),
    start: startRecorder,
    store: { folder, keepHours: options.keepHours, maxBytes: options.maxBytes },
    recorded: (last) => {
      for (const listener of listeners) listener(last)
    },
    log,
    now,
  })
  const watch = watchInForce({
    point,
    policyOf: (sequence) => policyOf(point, machine, sequence),
    restore: (record, policy, why) => restore({ point, record, policy, why, at: now() }),
    tell: (event) => recording.append([event]),
    follows: ({ record }, policy) => {
      if (policy !== null) recording.know(directoryOf(policy.ruleset, policy.bindings))
      if (record !== null && record.log === null) {
        const text = 'what is refused is not logged: apply without --log none'
        recording.append([notice('packets-not-logged', text, now())])
      }
      recording.listen(record?.log ?? null)
    },
    log,
    now,
  })
  recording.append([
    notice('gateway-started', `asks the kernel through the ${privileged.backend.kind}`, startedAt),
  ])
  const changes = await followChanges(privileged, log, (by) => void watch.look(by))
  await watch.look()
  // Nothing in force, or a kernel that could not be asked yet: flows are recorded all the same.
  if (watch.state().inForce?.record == null) recording.listen(null)
  await recording.settled()
  const reader = startReader(folder)
  log.info({ backend: privileged.backend.kind, state: options.state }, 'the gateway is up')
  return {
    point,
    events: reader,
    state: async () => ({
      startedAt,
      watch: watch.state(),
      recording: await recording.state(),
      privileged: {
        kind: privileged.backend.kind,
        restarts: privileged.backend.kind === 'library' ? privileged.backend.restarts() : 0,
      },
    }),
    onRecorded: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    policyOf: (sequence) => policyOf(point, machine, sequence),
    flush: recording.flush,
    close: async () => {
      changes.end()
      await watch.close()
      await recording.close()
      await reader.close()
      privileged.close()
      log.info({}, 'the gateway has ended')
    },
  }
}

async function openSockets(privileged: Privileged, group: number | null): Promise<RecordingSockets> {
  const receiveBufferBytes = EVENT_BUFFER_BYTES
  const log = {
    kind: 'packet-log',
    copyBytes: 128,
    batch: 64,
    flushAfterMs: 100,
    receiveBufferBytes,
  } as const
  // Each comes from a process of its own, so none waits for the other.
  const opened = await Promise.allSettled([
    group === null ? null : privileged.openSocket({ ...log, group }),
    privileged.openSocket({ kind: 'flow-events', receiveBufferBytes }),
  ])
  const [nflog, conntrack] = opened.map((one) => (one.status === 'fulfilled' ? one.value : null))
  const close = (): void => {
    for (const fd of [nflog, conntrack]) if (fd != null) closeSync(fd)
  }
  const refused = opened.find(({ status }) => status === 'rejected')
  if (refused?.status === 'rejected') {
    close()
    throw refused.reason
  }
  const held = (fd: number | null | undefined): RecordingSockets['nflog'] =>
    fd == null ? null : { fd, receiveBufferBytes, close: () => closeSync(fd) }
  return { nflog: held(nflog), conntrack: held(conntrack), close }
}

/** Without the socket the look once a minute is all there is, and the log says so. */
async function followChanges(
  privileged: Privileged,
  log: Log,
  changed: (by: ReturnType<ReturnType<typeof ruleChanges>>['by']) => void,
): Promise<{ readonly end: () => void }> {
  let fd: number
  try {
    fd = await privileged.openSocket({ kind: 'rule-changes', receiveBufferBytes: CHANGES_BUFFER_BYTES })
  } catch (error) {
    log.error({ error: String(error) }, 'changes of the rules are only looked for once a minute')
    return { end: () => {} }
  }
  const read = ruleChanges(fd)
  const timer = setInterval(() => {
    try {
      const { ours, by } = read()
      if (ours > 0) changed(by)
    } catch (error) {
      clearInterval(timer)
      log.error({ error: String(error) }, 'changes of the rules are only looked for once a minute')
    }
  }, READ_CHANGES_MS)
  return {
    end: () => {
      clearInterval(timer)
      closeSync(fd)
    },
  }
}
