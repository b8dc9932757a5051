/**
 * The unprivileged side of one privileged process: requests one after the other, and a new process when the old one ends,
 * later each time it ends early. A request that only looks is asked again; one that changes something is not, because
 * nobody can know whether it was done.
 */
import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { ThingwallError } from '../error.ts'
import { type Frame, FrameReader, writeFrame } from './frame.ts'
import type { Launch, Launched } from './launch.ts'
import type { Answer, Purpose } from './serve.ts'

export interface Question {
  readonly head: object
  readonly payload?: Buffer
  /** Whether it may be asked again where nobody knows if it was done. */
  readonly changes: 'nothing' | 'something'
  readonly withinMs: number
}

export interface Connection {
  /** Resolves once a process is there. Throws TW4021 where none can be started. */
  readonly ready: () => Promise<void>
  /** Throws TW4020 where the process ended over it, TW4021 where none can be started. */
  readonly ask: (question: Question) => Promise<{ readonly answer: Answer; readonly payload: Buffer }>
  /** The number of the process that serves now; null where there is none, or it was started by somebody else. */
  readonly pid: () => number | null
  /** How often a process ended that we had not ended. */
  readonly restarts: () => number
  readonly close: () => void
}

export interface ConnectionOptions {
  readonly launch: Launch
  readonly purpose: Purpose
  /** How long a process may take to be ready; default 60,000: a small gateway that starts everything at once is slow. */
  readonly readyWithinMs?: number
}

interface Link {
  readonly socket: Socket
  readonly launched: Launched
  readonly ended: Promise<void>
  /** Who waits for the next frame. */
  waiting: ((frame: Frame | null) => void) | null
}

const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 10_000

export function openConnection(options: ConnectionOptions): Connection {
  let link: Link | null = null
  let starting: Promise<Link> | null = null
  let failures = 0
  let restarts = 0
  let isClosed = false
  let last: Promise<unknown> = Promise.resolve()

  const start = async (): Promise<Link> => {
    if (failures > 0) await sleep(pauseAfter(failures))
    if (isClosed) throw closed()
    const made = await greet(options)
    if (isClosed) {
      end(made)
      throw closed()
    }
    link = made
    void made.ended.then(() => {
      if (link === made) link = null
      if (isClosed) return
      failures += 1
      restarts += 1
      // So that the next request finds it ready. Who needs it in vain is told then.
      connect().catch(() => {})
    })
    return made
  }
  const connect = (): Promise<Link> => {
    if (link !== null) return Promise.resolve(link)
    starting ??= start()
      .catch((error: unknown) => {
        failures += 1
        throw error
      })
      .finally(() => {
        starting = null
      })
    return starting
  }
  const attempt = async (question: Question): Promise<Frame | null> => {
    const current = await connect()
    const frame = await exchange(current, question)
    if (frame !== null) failures = 0
    else await current.ended
    return frame
  }
  const ask: Connection['ask'] = (question) => {
    const asked = last.then(async () => {
      if (isClosed) throw closed()
      let frame = await attempt(question)
      if (frame === null && question.changes === 'nothing' && !isClosed) frame = await attempt(question)
      if (frame === null) throw endedOver(question)
      return { answer: frame.head as Answer, payload: frame.payload }
    })
    last = asked.catch(() => {})
    return asked
  }
  return {
    ready: async () => {
      await connect()
    },
    ask,
    pid: () => link?.launched.pid ?? null,
    restarts: () => restarts,
    close: () => {
      isClosed = true
      if (link !== null) end(link)
    },
  }
}

function pauseAfter(failures: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 20))
}

/** Starts a process and waits until it says that it serves. */
async function greet({ launch, purpose, readyWithinMs = 60_000 }: ConnectionOptions): Promise<Link> {
  let link: Link
  try {
    link = linkTo(launch(purpose))
  } catch (cause) {
    throw cannotStart(cause instanceof Error ? cause.message : String(cause), cause)
  }
  const hello = await nextFrame(link, readyWithinMs)
  if ((hello?.head as Answer | undefined)?.kind === 'hello') return link
  end(link)
  await link.ended
  throw cannotStart((await link.launched.lastWords()) || 'it ended before it was ready')
}

function linkTo(launched: Launched): Link {
  const socket = new Socket({ fd: launched.fd, readable: true, writable: true })
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  const reader = new FrameReader()
  const link: Link = { socket, launched, ended, waiting: null }
  const tell = (frame: Frame | null): void => {
    const { waiting } = link
    link.waiting = null
    waiting?.(frame)
  }
  socket.on('data', (piece: Buffer) => {
    try {
      for (const frame of reader.push(piece)) tell(frame)
    } catch {
      // What it says makes no sense any more.
      end(link)
    }
  })
  // The reason is of no use: whatever it was, the process is gone.
  socket.on('error', () => {})
  socket.on('close', () => {
    tell(null)
    resolve()
  })
  socket.unref()
  return link
}

function end(link: Link): void {
  link.launched.kill()
  link.socket.destroy()
}

/** The answer, or null where the process ended over the question or took too long. */
function exchange(link: Link, question: Question): Promise<Frame | null> {
  const answer = nextFrame(link, question.withinMs)
  for (const bytes of writeFrame(question.head, question.payload)) link.socket.write(bytes)
  return answer
}

async function nextFrame(link: Link, withinMs: number): Promise<Frame | null> {
  if (link.socket.destroyed) return null
  const { promise, resolve } = Promise.withResolvers<Frame | null>()
  link.waiting = resolve
  const deadline = setTimeout(() => end(link), withinMs)
  link.socket.ref()
  try {
    return await promise
  } finally {
    clearTimeout(deadline)
    link.socket.unref()
  }
}

function endedOver(question: Question): ThingwallError {
  if (question.changes === 'nothing') {
    return new ThingwallError('TW4020', 'the privileged process ended twice over the same question', {
      hint: 'see what ended it: journalctl -k (a crash of libnftables, or the machine is out of memory)',
    })
  }
  return new ThingwallError(
    'TW4020',
    'the privileged process ended over a change: it is made whole or not at all, and which is not known',
    { hint: 'thingwall status tells what is in force; apply again where it is not what you want' },
  )
}

function cannotStart(why: string, cause?: unknown): ThingwallError {
  return new ThingwallError('TW4021', `the privileged process cannot be started: ${why}`, {
    hint: 'install libnftables (apt-get install libnftables1; apk add nftables), and start the gateway as root or by its unit',
    cause,
  })
}

function closed(): ThingwallError {
  return cannotStart('it was closed')
}
