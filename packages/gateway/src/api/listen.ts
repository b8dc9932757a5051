/**
 * Where the API is heard: a unix socket whose file says who may call, and an address with a token where somebody asked
 * for that. A socket that a killed daemon left behind is taken over; one that answers is not.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { apiSocket } from '../daemon/places.ts'
import { ThingwallError } from '../error.ts'
import { openServer, type ServerOptions } from './server.ts'

export interface ListenOptions extends Omit<ServerOptions, 'token'> {
  /** The run folder. */
  readonly folder: string
  readonly tcp: TcpOptions | null
}

export interface TcpOptions {
  readonly host: string
  readonly port: number
  readonly token: string
}

export interface Listening {
  readonly close: () => Promise<void>
}

/** Throws TW4022 where another daemon answers there, or the socket cannot be made. */
export async function listen({ folder, tcp, ...options }: ListenOptions): Promise<Listening> {
  const path = apiSocket(folder)
  const servers: FastifyInstance[] = []
  const close = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.close()))
    if (servers.length > 0) rmSync(path, { force: true })
  }
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
    if (!(await isFree(path))) throw new Error('another gateway answers there')
    rmSync(path, { force: true })
    const local = openServer({ ...options, token: null })
    await local.ready()
    await bound(local, path)
    servers.push(local)
    if (tcp !== null) {
      const remote = openServer({ ...options, token: tcp.token })
      servers.push(remote)
      await remote.listen({ host: tcp.host, port: tcp.port })
    }
    return { close }
  } catch (cause) {
    await close()
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ThingwallError('TW4022', `the API cannot listen: ${why}`, {
      hint: 'end the other gateway, or take another folder: THINGWALL_RUN=DIR',
      cause,
    })
  }
}

const GONE_WITHIN_MS = 5000
const LOOK_AGAIN_MS = 100

/** Its owner and group may call from the first instant: the file is made with that mode. */
async function bound({ server }: FastifyInstance, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  const before = process.umask(0o117)
  try {
    server.listen(path, resolve)
  } finally {
    process.umask(before)
  }
  await promise
  server.removeListener('error', reject)
}

/** One that was killed with its parent, or restarted, may take a moment to end. */
async function isFree(path: string): Promise<boolean> {
  for (let waitedMs = 0; await answers(path); waitedMs += LOOK_AGAIN_MS) {
    if (waitedMs >= GONE_WITHIN_MS) return false
    await sleep(LOOK_AGAIN_MS)
  }
  return true
}

function answers(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(path)
  socket.once('connect', () => resolve(true))
  socket.once('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}
