/** The daemon itself, from its start until somebody asks it to end: its parts, and where it answers questions. */
import { readFileSync } from 'node:fs'
import { connected, type LeasePlace, privilegedSockets, thisMachine } from '@thingwall/gateway'
import { listen, openLog, SHORTEST_TOKEN, startDaemon } from '@thingwall/gateway/daemon'
import { exits } from '../frame/exit.ts'
import { Failure } from '../frame/failure.ts'
import type { Host, Report } from '../frame/report.ts'

export interface RunOptions {
  readonly state: string
  /** The run folder. */
  readonly run: string
  /** The folder with the sockets of privileged processes; null where this process starts them itself. */
  readonly helper: string | null
  readonly leases: readonly LeasePlace[]
  readonly tcp: TcpPlace | null
}

/** Where questions are answered over TCP. The account that the daemon runs as reads the token. */
export interface TcpPlace {
  readonly host: string
  readonly port: number
  readonly tokenFile: string
}

const KEEP_HOURS = 30 * 24
const MOST_BYTES = 1 << 30

export async function runDaemon(options: RunOptions, host: Host): Promise<Report> {
  const { helper, leases, state, tcp } = options
  const remote = tcp === null ? null : { host: tcp.host, port: tcp.port, token: tokenIn(tcp.tokenFile) }
  const log = openLog()
  const ended = asked()
  const daemon = await startDaemon({
    machine: thisMachine,
    state,
    log,
    ...(helper === null ? {} : { launch: connected(privilegedSockets(helper)) }),
    leases,
    keepHours: KEEP_HOURS,
    maxBytes: MOST_BYTES,
    now: host.now,
  })
  try {
    const listening = await listen({ daemon, log, now: host.now, folder: options.run, tcp: remote })
    const signal = await ended
    log.info({ signal }, 'the gateway is asked to end')
    await listening.close()
  } finally {
    await daemon.close()
    if (process.connected) process.disconnect()
  }
  return { exit: exits.fine, json: { ok: true }, text: () => '', next: [] }
}

/** Asked to end by a signal, or because the one who supervises has ended. */
function asked(): Promise<NodeJS.Signals | 'disconnect'> {
  const { promise, resolve: settle } = Promise.withResolvers<NodeJS.Signals | 'disconnect'>()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, settle)
  process.once('disconnect', () => settle('disconnect'))
  return promise
}

function tokenIn(file: string): string {
  let token: string
  try {
    token = readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw new Failure(`${file} cannot be read`, {
      code: 'environment',
      hint: 'it holds the token, and the account that the gateway runs as must be able to read it',
      cause,
    })
  }
  if (token.length >= SHORTEST_TOKEN && /^[\x21-\x7e]+$/.test(token)) return token
  throw new Failure(`${file} holds no token`, {
    code: 'environment',
    hint: `write at least ${SHORTEST_TOKEN} characters without spaces: openssl rand -hex 32 > FILE`,
  })
}
