/**
 * Keeps a recorder going: when its thread ends without being told to, another is started, after a second and then twice
 * as long each time, up to a minute. The next one is told all names again, and writes down that there was a gap; what
 * the ones before had counted is counted on.
 *
 * The sockets stay open meanwhile, so what fits their buffers is read late and not lost. What the thread had read and
 * not yet written is gone with it: at most a second of what was new and a minute of what went on.
 */
import type { Directory, DirectoryAddition } from './directory.ts'
import type { Happening, NoticeEvent } from './model.ts'
import { addedCounts, noCounts } from './record-counts.ts'
import type { Recorder } from './recorder.ts'

export interface KeepOptions {
  /** Starts a recorder (`startRecorder`) that says so when it fails. May fail itself: that is a failure like others. */
  readonly start: (failed: (error: Error) => void) => Promise<Recorder>
  /** It has failed, and another starts in so long. */
  readonly failed: (error: Error, againInMs: number) => void
  readonly clock: () => { readonly wallMs: number; readonly monotonicMs: number }
  /** Does it once, later, unless cancelled. */
  readonly later: (act: () => void, afterMs: number) => { readonly cancel: () => void }
}

/** Counts are those of all the recorders there were, as far as the ones that failed had been asked for them. */
export interface KeptRecorder extends Recorder {
  /** Ends the one at work, with all it has read written, and starts another: there are other sockets to read. */
  readonly anew: () => Promise<void>
  readonly standing: () => RecorderStanding
}

export interface RecorderStanding {
  readonly isRunning: boolean
  /** How often another was started after a failure. */
  readonly restarts: number
  /** Why the last one ended, or could not start; null while one is at work. */
  readonly fault: string | null
}

const FIRST_MS = 1000
const LONGEST_MS = 60_000
/** The daemon's own events that wait for the next recorder; beyond they are counted. */
const MOST_WAITING = 1000

export function keepRecording(options: KeepOptions): KeptRecorder {
  const { clock } = options
  let recorder: Recorder | null = null
  let startedAt = 0
  let pauseMs = FIRST_MS
  let waitingFor: { readonly cancel: () => void } | null = null
  let isClosed = false
  let fault: Error | null = null
  let restarts = 0
  let known: Directory | null = null
  /** By what is named, so that learning the same again takes no more room. */
  const learnt = new Map<string, DirectoryAddition>()
  let waiting: Happening[] = []
  let unkept = 0
  /** Of those that ended, and of the one at work as last heard. */
  let before = noCounts
  let heard = noCounts
  let last: Promise<unknown> = Promise.resolve()

  /** Beginning and ending take a while; one waits for the other. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work)
    last = done.catch(() => undefined)
    return done
  }
  const notice = (topic: string, text: string, count: number): NoticeEvent => {
    const { wallMs } = clock()
    return { kind: 'notice', at: wallMs, until: wallMs, topic, text, device: null, count }
  }
  const keep = (events: readonly Happening[]): void => {
    const room = Math.max(0, MOST_WAITING - waiting.length)
    waiting.push(...events.slice(0, room))
    unkept += Math.max(0, events.length - room)
  }
  const fail = (error: Error): void => {
    recorder = null
    fault = error
    // The next one reads the same sockets, and a socket of flows counts what it dropped from its own beginning.
    const { lost } = heard.flows
    before = addedCounts(before, { ...heard, flows: { ...heard.flows, lost: 0 } })
    heard = { ...noCounts, flows: { ...noCounts.flows, lost } }
    if (isClosed) return
    // One that has lasted is not the one that fails at once.
    if (clock().monotonicMs - startedAt > LONGEST_MS) pauseMs = FIRST_MS
    const againInMs = pauseMs
    pauseMs = Math.min(LONGEST_MS, pauseMs * 2)
    waitingFor = options.later(() => {
      waitingFor = null
      restarts += 1
      void inTurn(() => begin(error))
    }, againInMs)
    options.failed(error, againInMs)
  }
  const begin = async (after: Error | null): Promise<void> => {
    if (isClosed || recorder !== null) return
    startedAt = clock().monotonicMs
    let isOver = false
    const ended = (error: Error): void => {
      // Each life ends once.
      if (isOver) return
      isOver = true
      fail(error)
    }
    try {
      const next = await options.start(ended)
      if (isOver) return
      recorder = next
      fault = null
      if (known !== null) next.know(known)
      if (learnt.size > 0) next.learn([...learnt.values()])
      const told =
        after === null ? [] : [notice('recorder-restarted', `the recorder had failed: ${after.message}`, 1)]
      const lost = unkept === 0 ? [] : [notice('events-lost', 'too many came while nobody recorded', unkept)]
      const events = [...told, ...lost, ...waiting]
      if (events.length > 0) next.append(events)
      waiting = []
      unkept = 0
    } catch (error) {
      ended(error instanceof Error ? error : new Error(String(error)))
    }
  }
  const end = async (): Promise<void> => {
    waitingFor?.cancel()
    waitingFor = null
    const one = recorder
    // What comes from here on waits for the next.
    recorder = null
    heard = (await one?.close().catch(() => null)) ?? heard
    before = addedCounts(before, heard)
    heard = noCounts
  }
  const ask = async (question: 'counts' | 'flush'): Promise<typeof heard> => {
    const one = recorder
    const counts = (await one?.[question]().catch(() => null)) ?? null
    if (counts !== null && one === recorder) heard = counts
    return addedCounts(before, heard)
  }
  void inTurn(() => begin(null))

  return {
    know(directory) {
      known = directory
      learnt.clear()
      recorder?.know(directory)
    },
    learn(additions) {
      for (const one of additions) learnt.set(keyOf(one), one)
      recorder?.learn(additions)
    },
    append(events) {
      if (recorder === null) keep(events)
      else recorder.append(events)
    },
    counts: () => ask('counts'),
    flush: async () => {
      await last
      return ask('flush')
    },
    anew: () =>
      inTurn(async () => {
        await end()
        await begin(null)
      }),
    standing: () => ({ isRunning: recorder !== null, restarts, fault: fault?.message ?? null }),
    async close() {
      isClosed = true
      await inTurn(end)
      return before
    },
  }
}

function keyOf(one: DirectoryAddition): string {
  switch (one.kind) {
    case 'device':
      return `device ${one.address}`
    case 'link':
      return `link ${one.link}`
    case 'name':
      return `name ${one.address} ${one.device}`
    default:
      return one satisfies never
  }
}
