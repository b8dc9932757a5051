/**
 * Keeps a recorder going: when its thread ends without being told to, another is started, after a second and then twice
 * as long each time, up to a minute. The next one is told all names again, and writes down that there was a gap.
 *
 * The sockets stay open meanwhile, so what fits their buffers is read late and not lost. What the thread had read and
 * not yet written is gone with it: at most a second of what was new and a minute of what went on.
 */
import type { Directory, DirectoryAddition } from './directory.ts'
import type { Happening, NoticeEvent } from './model.ts'
import type { Recorder } from './recorder.ts'

export interface KeepOptions {
  /** Starts a recorder (`startRecorder`) that says so when it fails. May throw: that is a failure like others. */
  readonly start: (failed: (error: Error) => void) => Recorder
  /** It has failed, and another starts in so long. */
  readonly failed: (error: Error, againInMs: number) => void
  readonly clock: () => { readonly wallMs: number; readonly monotonicMs: number }
  /** Does it once, later, unless cancelled. */
  readonly later: (act: () => void, afterMs: number) => { readonly cancel: () => void }
}

const FIRST_MS = 1000
const LONGEST_MS = 60_000
/** The daemon's own events that wait for the next recorder; beyond they are counted. */
const MOST_WAITING = 1000

/** Counts are those of the recorder at work; asking while there is none is refused with why the last one ended. */
export function keepRecording(options: KeepOptions): Recorder {
  const { clock } = options
  let recorder: Recorder | null = null
  let startedAt = 0
  let pauseMs = FIRST_MS
  let waitingFor: { readonly cancel: () => void } | null = null
  let isClosed = false
  let lastError = new Error('the recorder was never started')
  let known: Directory | null = null
  /** By what is named, so that learning the same again takes no more room. */
  const learnt = new Map<string, DirectoryAddition>()
  let waiting: Happening[] = []
  let unkept = 0

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
    lastError = error
    if (isClosed) return
    // One that has lasted is not the one that fails at once.
    if (clock().monotonicMs - startedAt > LONGEST_MS) pauseMs = FIRST_MS
    const againInMs = pauseMs
    pauseMs = Math.min(LONGEST_MS, pauseMs * 2)
    waitingFor = options.later(() => begin(error), againInMs)
    options.failed(error, againInMs)
  }
  const begin = (after: Error | null): void => {
    waitingFor = null
    startedAt = clock().monotonicMs
    let isOver = false
    try {
      const next = options.start((error) => {
        // Each life ends once.
        if (isOver) return
        isOver = true
        fail(error)
      })
      recorder = next
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
      isOver = true
      fail(error instanceof Error ? error : new Error(String(error)))
    }
  }
  begin(null)

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
    counts: () => recorder?.counts() ?? Promise.reject(lastError),
    flush: () => recorder?.flush() ?? Promise.reject(lastError),
    close() {
      isClosed = true
      waitingFor?.cancel()
      return recorder?.close() ?? Promise.reject(lastError)
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
