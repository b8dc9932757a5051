/**
 * What is recorded, and from where: the sockets of the group that the rules log to and of connection tracking, opened by
 * whoever has the right, and the recorder that reads them. Another group takes other sockets. That a recorder ends and is
 * started again is `keep-recording.ts`.
 */
import type { Directory, DirectoryAddition } from '../events/directory.ts'
import { keepRecording, type RecorderStanding } from '../events/keep-recording.ts'
import type { Happening } from '../events/model.ts'
import type { RecordCounts } from '../events/record.ts'
import type { Recorder, RecorderOptions } from '../events/recorder.ts'
import type { EventId } from '../store/store.ts'
import type { Log } from './log.ts'

export interface RecordingOptions {
  /** The group to begin with; null for no packets. */
  readonly group: number | null
  /** Opens what is to be read; null for what there is none of. */
  readonly openSockets: (group: number | null) => Promise<RecordingSockets>
  readonly start: (options: RecorderOptions) => Recorder
  readonly store: RecorderOptions['store']
  readonly recorded: (last: EventId) => void
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Does it once, later, unless cancelled. */
  readonly later: (act: () => void, afterMs: number) => { readonly cancel: () => void }
}

export type RecordingSockets = RecorderOptions['sockets'] & { readonly close: () => void }

export interface Recording {
  /** Listens to this group from now on; null for no packets. */
  readonly listen: (group: number | null) => Promise<void>
  readonly know: (directory: Directory) => void
  readonly learn: (additions: readonly DirectoryAddition[]) => void
  readonly append: (events: readonly Happening[]) => void
  readonly state: () => Promise<RecordingState>
  /** Reads and writes all there is. */
  readonly flush: () => Promise<RecordCounts>
  readonly close: () => Promise<void>
}

export interface RecordingState extends RecorderStanding {
  readonly group: number | null
  readonly counts: RecordCounts
}

export function openRecording(options: RecordingOptions): Recording {
  const { log } = options
  let group = options.group
  let open: { readonly group: number | null; readonly sockets: RecordingSockets } | null = null

  const close = (): void => {
    open?.sockets.close()
    open = null
  }
  const socketsNow = async (): Promise<RecordingSockets> => {
    const wanted = group
    if (open?.group === wanted) return open.sockets
    close()
    const sockets = await options.openSockets(wanted)
    open = { group: wanted, sockets }
    return sockets
  }
  const kept = keepRecording({
    start: async (failed) => {
      const sockets = await socketsNow()
      return options.start({ sockets, store: options.store, recorded: options.recorded, failed })
    },
    failed: (error, againInMs) =>
      log.error({ why: error.message, againInMs }, 'recording has ended, and is begun anew'),
    clock: () => ({ wallMs: options.now(), monotonicMs: performance.now() }),
    later: options.later,
  })
  return {
    listen: async (wanted) => {
      if (wanted === group) return
      group = wanted
      await kept.anew()
    },
    know: kept.know,
    learn: kept.learn,
    append: kept.append,
    state: async () => ({ ...kept.standing(), group, counts: await kept.counts() }),
    flush: kept.flush,
    close: async () => {
      await kept.close()
      close()
    },
  }
}
