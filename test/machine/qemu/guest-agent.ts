/**
 * Talks to qemu's guest agent over the virtio serial port: runs programs in the machine and copies files there, with no
 * network at all. Requests go one after the other. It knows nothing of how the machine was started.
 */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Ended {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  /** Default five minutes: an emulated processor is slow. */
  readonly withinMs?: number
}

export interface Agent {
  /** Waits until the agent answers: after a boot, or a reboot. Throws when it does not within the time. */
  readonly awake: (withinMs: number) => Promise<void>
  /** Runs a program to its end. Throws when it takes longer than it may; it goes on running then. */
  readonly run: (program: string, args: readonly string[], options?: RunOptions) => Promise<Ended>
  readonly write: (path: string, content: Uint8Array | string) => Promise<void>
  readonly close: () => void
}

type Reply = { readonly return?: unknown; readonly error?: { readonly desc: string } }
type ExecStatus = {
  readonly exited: boolean
  readonly exitcode?: number
  readonly signal?: number
  readonly 'out-data'?: string
  readonly 'err-data'?: string
}

/** The machine's processor is emulated by one that others use too. */
const answerWithinMs = 120_000
const runWithinMs = 5 * 60_000
const chunkBytes = 48 * 1024

export async function openAgent(path: string): Promise<Agent> {
  const socket = await open(path)
  let buffered = ''
  let waiting: ((reply: Reply) => void) | null = null
  socket.setEncoding('utf8').on('data', (text: string) => {
    buffered += text
    const lines = buffered.split('\n')
    buffered = lines.pop() ?? ''
    for (const line of lines) {
      const reply = parse(line)
      if (reply !== null) waiting?.(reply)
    }
  })
  socket.on('error', () => {})

  /** Takes the first reply that `fits`; what was asked before and nobody waits for any more does not. */
  const ask = async (
    execute: string,
    args: object,
    { fits, withinMs }: { readonly fits: (reply: Reply) => boolean; readonly withinMs: number },
  ): Promise<unknown> => {
    const { promise, resolve } = Promise.withResolvers<Reply | null>()
    const timer = setTimeout(() => resolve(null), withinMs)
    const closed = (): void => resolve(null)
    socket.on('close', closed)
    waiting = (reply) => {
      if (fits(reply)) resolve(reply)
    }
    socket.write(`${JSON.stringify({ execute, arguments: args })}\n`)
    const reply = await promise
    clearTimeout(timer)
    socket.off('close', closed)
    waiting = null
    if (reply === null) throw new Error(`the machine's agent did not answer ${execute}`)
    if (reply.error !== undefined) throw new Error(`${execute}: ${reply.error.desc}`)
    return reply.return
  }
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work, work)
    last = next.catch(() => {})
    return next
  }
  const call = (execute: string, args: object): Promise<unknown> =>
    inTurn(() => ask(execute, args, { fits: () => true, withinMs: answerWithinMs }))

  let syncs = 0
  const awake = async (withinMs: number): Promise<void> => {
    const until = performance.now() + withinMs
    for (;;) {
      // What is written before the agent opens its port is lost, so it is asked again and again.
      const id = ++syncs
      const isMine = (reply: Reply): boolean => reply.return === id
      const isAwake = await inTurn(() => ask('guest-sync', { id }, { fits: isMine, withinMs: 1000 })).then(
        () => true,
        () => false,
      )
      if (isAwake) return
      if (socket.destroyed) throw new Error('qemu ended')
      if (performance.now() > until)
        throw new Error(`the machine did not come up within ${withinMs / 1000} s`)
    }
  }

  return {
    awake,
    run: async (program, args, options = {}) => {
      const { pid } = (await call('guest-exec', {
        path: program,
        arg: args,
        env: Object.entries({ PATH: searchPath, HOME: '/root', LC_ALL: 'C', TZ: 'UTC', ...options.env }).map(
          ([name, value]) => `${name}=${value}`,
        ),
        ...(options.input === undefined
          ? {}
          : { 'input-data': Buffer.from(options.input).toString('base64') }),
        'capture-output': true,
      })) as { readonly pid: number }
      const until = performance.now() + (options.withinMs ?? runWithinMs)
      for (let pauseMs = 10; ; pauseMs = Math.min(500, pauseMs * 1.5)) {
        const now = (await call('guest-exec-status', { pid })) as ExecStatus
        if (now.exited) {
          return {
            status: now.exitcode ?? 128 + (now.signal ?? 0),
            stdout: Buffer.from(now['out-data'] ?? '', 'base64').toString('utf8'),
            stderr: Buffer.from(now['err-data'] ?? '', 'base64').toString('utf8'),
          }
        }
        if (performance.now() > until)
          throw new Error(`${program} ${args.join(' ')} did not end in the machine`)
        await sleep(pauseMs)
      }
    },
    write: async (path, content) => {
      const bytes = Buffer.from(content)
      const handle = await call('guest-file-open', { path, mode: 'w' })
      for (let at = 0; at < bytes.length; at += chunkBytes) {
        const chunk = bytes.subarray(at, at + chunkBytes).toString('base64')
        await call('guest-file-write', { handle, 'buf-b64': chunk })
      }
      await call('guest-file-close', { handle })
    },
    close: () => socket.destroy(),
  }
}

const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Waits until qemu has made its socket. */
async function open(path: string): Promise<Socket> {
  for (let tries = 0; ; tries++) {
    const socket = connect(path)
    const { promise, resolve } = Promise.withResolvers<Error | null>()
    socket.once('connect', () => resolve(null)).once('error', resolve)
    const error = await promise
    socket.removeAllListeners('error')
    if (error === null) return socket
    if (tries > 100) throw error
    await sleep(100)
  }
}

function parse(line: string): Reply | null {
  try {
    return JSON.parse(line)
  } catch {
    // The agent cuts off in the middle of a line when it is restarted.
    return null
  }
}
