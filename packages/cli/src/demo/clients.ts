/**
 * The clients of the demo: curl for TCP and HTTPS, nmap for scans, ping, and a time client of the few bytes that a sensor
 * sends. Each says whether it was served; none knows what the policy thinks.
 */
import { createSocket } from 'node:dgram'
import { inNamespace, type Site } from '@thingwall/gateway/lab'
import type { Attempt, Seen } from './attempt.ts'
import type { Name, ToldName } from './world.ts'

type Act = Attempt['act']

/** `10.0.0.1:22` or `[fd00::1]:22`. */
export function socketAddress(address: string, port: number): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`
}

export interface Request {
  readonly name: ToldName | 'www.example.org'
  readonly address: string
  readonly path: string
  readonly body?: string
  /** Sends from this address of the host's. */
  readonly source?: string
}

/** Asks a server for something over HTTPS; what the name means is told as the gateway's resolver would tell it. */
export function https(from: Name, { name, address, path, body, source }: Request): Act {
  return async ({ site, authority }, { patienceMs }) => {
    const server = address.includes(':') ? `[${address}]` : address
    const post = body === undefined ? [] : ['--header', 'content-type: application/json', '--data', body]
    const bound = source === undefined ? [] : ['--interface', source]
    const url = `https://${name}${path}`
    const result = ['--resolve', `${name}:443:${server}`, '--cacert', authority, ...post, ...bound, url]
    const { connected, status, exit } = await curl(site, from, patienceMs, result)
    if (!connected) return { reached: false, words: 'no answer' }
    return {
      reached: true,
      words: status === '000' ? `connected, then curl ended with ${exit}` : `HTTP ${status}`,
    }
  }
}

/** Opens a TCP connection and hears what the other side says first. */
export function connect(from: Name, address: string, port: number): Act {
  return async ({ site }, { patienceMs }) => {
    const url = `telnet://${socketAddress(address, port)}`
    const { connected, text } = await curl(site, from, patienceMs, [url])
    return connected
      ? { reached: true, words: firstLine(text) || 'connected' }
      : { reached: false, words: 'no answer' }
  }
}

/** Asks a camera what it can do. */
export function rtsp(from: Name, address: string): Act {
  return async ({ site }, { patienceMs }) => {
    const asked = ['--request', 'OPTIONS', `rtsp://${socketAddress(address, 554)}/`]
    const { connected, status } = await curl(site, from, patienceMs, asked)
    return connected ? { reached: true, words: `RTSP ${status}` } : { reached: false, words: 'no answer' }
  }
}

interface CurlResult {
  readonly connected: boolean
  readonly status: string
  readonly exit: number | null
  readonly text: string
}

async function curl(
  site: Site,
  from: Name,
  patienceMs: number,
  args: readonly string[],
): Promise<CurlResult> {
  const seconds = `${patienceMs / 1000}`
  const limits = [
    '--silent',
    '--disable',
    '--noproxy',
    '*',
    '--connect-timeout',
    seconds,
    '--max-time',
    seconds,
  ]
  const report = ['--write-out', '\n%{time_connect} %{response_code}']
  const { status: exit, stdout } = await site.run(from, ['curl', ...limits, ...report, ...args])
  const [, text = '', time = '0', status = '000'] = /^([\s\S]*)\n([\d.]+) (\d+)$/.exec(stdout) ?? []
  return { connected: Number(time) > 0, status, exit, text }
}

export function ping(from: Name, address: string): Act {
  return async ({ site }, { patienceMs }) => {
    const { status } = await site.run(from, ['ping', '-n', '-c', '1', '-W', `${patienceMs / 1000}`, address])
    return status === 0 ? { reached: true, words: 'echo reply' } : { reached: false, words: 'no answer' }
  }
}

/** A scan of TCP ports, as an attacker starts it. */
export function scan(from: Name): Act {
  return async ({ site }, { openings }) => {
    const portsByAddress = Map.groupBy(openings, ({ to }) => to)
    const alike = Map.groupBy(portsByAddress, ([, those]) => those.map(({ port }) => port).join(','))
    const answers: string[] = []
    for (const [ports, entries] of alike) {
      const addresses = entries.map(([address]) => address)
      const family = addresses[0]?.includes(':') ? ['-6'] : []
      const what = ['-sS', '-Pn', '-n', '-p', ports, '-oG', '-', ...haste]
      const { status, stdout, stderr } = await site.run(from, ['nmap', ...family, ...what, ...addresses])
      if (status !== 0) return { reached: false, words: `nmap failed: ${firstLine(stderr)}` }
      answers.push(
        ...[...stdout.matchAll(/(\d+)\/(open|closed)\/tcp/g)].map(([, port, state]) => `${port} ${state}`),
      )
    }
    const words = answers.length === 0 ? `${openings.length} ports, all filtered` : answers.join(', ')
    return { reached: answers.length > 0, words: `nmap: ${words}` }
  }
}

/** No retries and short waits: the lab has no distance. */
const haste = ['--max-retries', '0', '--initial-rtt-timeout', '150ms', '--max-rtt-timeout', '150ms', '-T4']

/** Asks for the time (RFC 4330): 48 bytes there, 48 bytes back. */
export function askTime(from: Name, address: string): Act {
  return ({ site }, { patienceMs }) => {
    const family = address.includes(':') ? 6 : 4
    const { promise, resolve } = Promise.withResolvers<Seen>()
    const socket = createSocket({
      type: `udp${family}`,
      lookup: (host, _, found) => found(null, host, family),
    })
    const finish = (seen: Seen): void => {
      clearTimeout(deadline)
      socket.removeAllListeners('message')
      socket.close()
      resolve(seen)
    }
    const deadline = setTimeout(() => finish({ reached: false, words: 'no answer' }), patienceMs)
    socket.on('error', (error) => finish({ reached: false, words: error.message }))
    socket.on('message', (answer) =>
      finish({ reached: true, words: `${answer.length} bytes of time, stratum ${answer[1]}` }),
    )
    // No warning, version 4, client.
    const request = Buffer.alloc(48)
    request[0] = 0x23
    inNamespace(site.namespacePath(from), () => {
      socket.bind(0, family === 6 ? '::' : '0.0.0.0')
      socket.send(request, 123, address)
    })
    return promise
  }
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0]?.trim() ?? ''
}
