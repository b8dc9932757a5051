/**
 * `thingwall gateway`: the daemon in the foreground, until SIGTERM or SIGINT. Logs are JSON lines on standard error. As
 * root it starts the privileged process itself; otherwise `$THINGWALL_PRIVILEGED` names the folder with its sockets,
 * `rules` and `kernel`.
 */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { connected, LEASE_PLACES, requireNetAdmin, thisMachine } from '@thingwall/gateway'
import { listen, openLog, SHORTEST_TOKEN, startDaemon, type TcpOptions } from '@thingwall/gateway/daemon'
import { runFolder } from '../events/api.ts'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import { Failure, usage } from '../frame/failure.ts'
import type { Host, Report } from '../frame/report.ts'
import { safe } from '../render/text.ts'
import { stateFolderOf } from './site.ts'

const KEEP_HOURS = 30 * 24
const MOST_BYTES = 1 << 30

export async function run(call: Call, host: Host): Promise<Report> {
  const tcp = tcpOf(call, host)
  const helper = host.env.THINGWALL_PRIVILEGED
  const isHelped = helper !== undefined && helper !== ''
  if (!isHelped) await requireNetAdmin(thisMachine, 'thingwall gateway')
  const launch = isHelped
    ? connected({ rules: join(helper, 'rules'), kernel: join(helper, 'kernel') })
    : undefined
  const log = openLog()
  const ended = asked()
  const daemon = await startDaemon({
    machine: thisMachine,
    state: stateFolderOf(call, host),
    log,
    ...(launch === undefined ? {} : { launch }),
    leases: LEASE_PLACES,
    keepHours: KEEP_HOURS,
    maxBytes: MOST_BYTES,
    now: host.now,
  })
  try {
    const listening = await listen({ daemon, log, now: host.now, folder: runFolder(host), tcp })
    const signal = await ended
    log.info({ signal }, 'the gateway is asked to end')
    await listening.close()
  } finally {
    await daemon.close()
  }
  return { exit: exits.fine, json: { ok: true }, text: () => '', next: [] }
}

function asked(): Promise<NodeJS.Signals> {
  const { promise, resolve: settle } = Promise.withResolvers<NodeJS.Signals>()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, settle)
  return promise
}

function tcpOf({ options }: Call, host: Host): TcpOptions | null {
  const { listen: where, 'token-file': file } = options
  if (where === undefined && file === undefined) return null
  if (where === undefined || file === undefined)
    throw usage(
      '--listen and --token-file belong together',
      '--listen 10.30.0.1:8520 --token-file /etc/thingwall/token',
    )
  const found = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)):(\d{1,5})$/i.exec(where)
  const port = Number(found?.[3])
  if (found === null || port > 65_535)
    throw usage(
      `--listen ${safe(where, 60)} is no address with a port`,
      'write 10.30.0.1:8520 or [fd30::1]:8520',
    )
  return { host: found[1] ?? found[2] ?? '', port, token: tokenIn(resolve(host.cwd, file)) }
}

function tokenIn(file: string): string {
  let token: string
  try {
    token = readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw new Failure(`${file} cannot be read`, { code: 'environment', hint: 'it holds the token', cause })
  }
  if (token.length >= SHORTEST_TOKEN && /^[\x21-\x7e]+$/.test(token)) return token
  throw new Failure(`${file} holds no token`, {
    code: 'environment',
    hint: `write at least ${SHORTEST_TOKEN} characters without spaces: openssl rand -hex 32 > FILE`,
  })
}
