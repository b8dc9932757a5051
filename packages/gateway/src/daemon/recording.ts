/**
 * The recorder kept going: begun anew when its thread ends, later each time, and when the rules log to another group.
 * What a thread had counted when it ended is counted on. Sockets are opened by whoever has the right.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Directory, emptyDirectory } from '../events/directory.ts'
import type { Happening } from '../events/model.ts'
import type { Counted, RecordCounts } from '../events/record.ts'
import type { Recorder, RecorderOptions } from '../events/recorder.ts'
import type { EventId } from '../store/store.ts'
import type { Log } from './log.ts'
import { notice } from './notice.ts'

export interface RecordingOptions {
  /** Opens what is to be read; null for what there is none of. */
  readonly openSockets: (group: number | null) => Promise<RecordingSockets>
  readonly start: (options: RecorderOptions) => Recorder
  readonly store: RecorderOptions['store']
  readonly recorded: (last: EventId) => void
  readonly log: Log
  readonly now: () => number
  /** Before the second start, doubled with each; default 100. */
  readonly firstPauseMs?: number
}

export type RecordingSockets = RecorderOptions['sockets'] & { readonly close: () => void }

export interface Recording {
  /** Listens to this group from now on; null for no packets. */
  readonly listen: (group: number | null) => void
  /** Resolves when what was asked of `listen` is done, or has failed once. */
  readonly settled: () => Promise<void>
  readonly know: (directory: Directory) => void
  readonly append: (events: readonly Happening[]) => void
  readonly state: () => Promise<RecordingState>
  /** Reads and writes all there is. */
  readonly flush: () => Promise<void>
  readonly close: () => Promise<void>
}

export interface RecordingState {
  readonly isRunning: boolean
  /** How often it was begun anew after a fault. */
  readonly restarts: number
  /** Why the last one ended, or could not begin; null when all is well. */
  readonly fault: string | null
  readonly group: number | null
  readonly counts: RecordCounts
}

const LONGEST_PAUSE_MS = 30_000
/** Events that wait for a recorder; more are counted as lost. */
const MOST_WAITING = 1000

export function keepRecording(options: RecordingOptions): Recording {
  const { log, firstPauseMs = 100 } = options
  let group: number | null = null
  let directory: Directory = emptyDirectory
  let current: { readonly recorder: Recorder; readonly sockets: RecordingSockets } | null = null
  let fault: string | null = null
  let restarts = 0
  let failures = 0
  /** Of recorders that have ended, and of the one there is, as last heard. */
  let before: RecordCounts = nothing
  let heard: RecordCounts = nothing
  let waiting: Happening[] = []
  const closing = new AbortController()
  let last: Promise<void> = Promise.resolve()

  const inTurn = (work: () => Promise<void>): void => {
    last = last.then(work).catch((error: unknown) => {
      log.error({ error: String(error) }, 'recording')
    })
  }
  const failed = (recorder: Recorder | null, why: string): void => {
    if (recorder !== null && current?.recorder !== recorder) return
    current?.sockets.close()
    current = null
    before = added(before, heard)
    heard = nothing
    fault = why
    failures += 1
    if (closing.signal.aborted) return
    const pauseMs = Math.min(LONGEST_PAUSE_MS, firstPauseMs * 2 ** Math.min(failures - 1, 16))
    log.error({ why, pauseMs }, 'recording has ended, and is begun anew')
    inTurn(async () => {
      await sleep(pauseMs, undefined, { signal: closing.signal }).catch(() => {})
      if (closing.signal.aborted || current !== null) return
      restarts += 1
      const told = notice('recorder-restarted', `recording had ended: ${why}`, options.now())
      waiting = [...waiting, told].slice(-MOST_WAITING)
      await begin()
    })
  }
  const begin = async (): Promise<void> => {
    try {
      const sockets = await options.openSockets(group)
      const recorder: Recorder = options.start({
        sockets,
        store: options.store,
        recorded: options.recorded,
        failed: (error) => failed(recorder, error.message),
      })
      current = { recorder, sockets }
      fault = null
      recorder.know(directory)
      recorder.append(waiting.splice(0))
    } catch (error) {
      failed(null, error instanceof Error ? error.message : String(error))
    }
  }
  const end = async (): Promise<void> => {
    if (current === null) return
    const { recorder, sockets } = current
    current = null
    const counts = await recorder.close().catch(() => heard)
    sockets.close()
    before = added(before, counts)
    heard = nothing
  }
  return {
    listen: (wanted) =>
      inTurn(async () => {
        if (closing.signal.aborted || (current !== null && wanted === group)) return
        group = wanted
        await end()
        await begin()
      }),
    settled: () => last,
    know: (named) => {
      directory = named
      current?.recorder.know(named)
    },
    append: (events) => {
      if (current !== null) return current.recorder.append(events)
      const room = MOST_WAITING - waiting.length
      waiting.push(...events.slice(0, Math.max(0, room)))
      const lost = Math.max(0, events.length - room)
      before = { ...before, events: { ...before.events, lost: before.events.lost + lost } }
    },
    state: async () => {
      heard = (await current?.recorder.counts().catch(() => null)) ?? heard
      failures = current === null ? failures : 0
      return { isRunning: current !== null, restarts, fault, group, counts: added(before, heard) }
    },
    flush: async () => {
      await last
      heard = (await current?.recorder.flush().catch(() => null)) ?? heard
    },
    close: async () => {
      closing.abort()
      await last
      await end()
    },
  }
}

const none: Counted = { seen: 0, lost: 0, overruns: 0 }
const nothing: RecordCounts = {
  packets: { ...none, messagesLostSince: 0 },
  flows: none,
  events: { written: 0, lost: 0 },
  storeFault: null,
  kinds: 0,
}

function added(a: RecordCounts, b: RecordCounts): RecordCounts {
  const both = (one: Counted, other: Counted): Counted => ({
    seen: one.seen + other.seen,
    lost: one.lost + other.lost,
    overruns: one.overruns + other.overruns,
  })
  return {
    packets: {
      ...both(a.packets, b.packets),
      messagesLostSince: b.packets.messagesLostSince,
    },
    flows: both(a.flows, b.flows),
    events: { written: a.events.written + b.events.written, lost: a.events.lost + b.events.lost },
    storeFault: b.storeFault,
    kinds: b.kinds,
  }
}
