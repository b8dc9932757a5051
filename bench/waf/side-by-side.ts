/**
 * Servers one after the other under the same load: bare Node, with ours, with easy-waf, and nginx without and with ModSecurity
 * and the Core Rule Set. Requests a second against the same server without the firewall, CPU time of a request from /proc,
 * latencies. The load comes from a process of its own.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Measured } from '../rows.ts'
import { missingNginx, startNginx } from './servers/nginx.ts'
import { cpuSecondsOf, freePort, type Running, startNode } from './servers/running.ts'

export interface Load {
  readonly method: 'GET' | 'POST'
  readonly target: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array | null
}

interface Taken {
  readonly perSecond: number
  readonly cpuMicroseconds: number
  readonly p50: number
  readonly p99: number
}

type Name = 'bare Node' | 'ours' | 'easy-waf' | 'nginx' | 'nginx + CRS 3'

const names: readonly Name[] = ['bare Node', 'ours', 'easy-waf', 'nginx', 'nginx + CRS 3']

/** Measures all of it; `seconds` for each load of each server, in each of `rounds`. */
export async function* sideBySide(
  loads: readonly Load[],
  { seconds, rounds }: { readonly seconds: number; readonly rounds: number },
): AsyncGenerator<Measured> {
  const busy = loadavg()[0] ?? 0
  const missing = missingNginx()
  for (const load of loads) {
    const taken = new Map<Name, Taken>()
    // Everybody has a turn in each round, so that a busy moment is not one server's alone; the best round counts.
    for (let round = 0; round < rounds; round++)
      for (const name of names) {
        if (name.startsWith('nginx') && missing !== null) continue
        const one = await measure(name, load, seconds)
        const best = taken.get(name)
        if (best === undefined || one.perSecond > best.perSecond) taken.set(name, one)
      }
    yield* rowsOf(load, taken, [
      busy > 1 ? `a busy machine: its load was ${busy.toFixed(1)}` : '',
      missing === null ? '' : `nginx with ModSecurity is not there: ${missing.split('\n')[0]}`,
    ])
  }
}

function* rowsOf(
  { method, body }: Load,
  taken: ReadonlyMap<Name, Taken>,
  notes: readonly string[],
): Generator<Measured> {
  const ours = taken.get('ours') as Taken
  const share = (name: Name, of: Name): number | null => {
    const [one, without] = [taken.get(name), taken.get(of)]
    return one === undefined || without === undefined ? null : (100 * one.perSecond) / without.perSecond
  }
  const others = (value: (one: Taken) => number): Record<string, number | null> =>
    Object.fromEntries(
      names
        .filter((name) => name !== 'ours')
        .map((name) => [name, taken.has(name) ? value(taken.get(name) as Taken) : null]),
    )
  const note = [body === null ? '' : `${body.length} bytes`, ...notes]
    .filter((text) => text !== '')
    .join('; ')
  const noted = note === '' ? {} : { note }
  yield {
    measure: `${method}: requests/s of those without a firewall`,
    value: share('ours', 'bare Node'),
    unit: '%',
    bar: { op: '>=', value: method === 'GET' ? 50 : 35 },
    peers: { 'easy-waf': share('easy-waf', 'bare Node'), 'nginx + CRS 3': share('nginx + CRS 3', 'nginx') },
    ...noted,
  }
  yield {
    measure: `${method}: requests/s`,
    value: ours.perSecond,
    unit: '/s',
    peers: others((one) => one.perSecond),
  }
  yield {
    measure: `${method}: CPU time of a request`,
    value: ours.cpuMicroseconds,
    unit: 'µs',
    peers: others((one) => one.cpuMicroseconds),
  }
  yield { measure: `${method}: latency, p50`, value: ours.p50, unit: 'ms', peers: others((one) => one.p50) }
  yield { measure: `${method}: latency, p99`, value: ours.p99, unit: 'ms', peers: others((one) => one.p99) }
}

async function measure(name: Name, load: Load, seconds: number): Promise<Taken> {
  const running = await start(name)
  try {
    // Node compiles what is hot, and takes some thousand requests to find out what is.
    await fire(running.url, load, name.startsWith('nginx') ? { seconds: 1 } : { amount: 20_000 })
    const before = cpuSecondsOf(running.processes())
    const fired = await fire(running.url, load, { seconds })
    const spent = cpuSecondsOf(running.processes()) - before
    return { ...fired, cpuMicroseconds: (spent * 1e6) / fired.requests }
  } finally {
    await running.stop()
  }
}

async function start(name: Name): Promise<Running> {
  switch (name) {
    case 'bare Node':
      return startNode('bare')
    case 'ours':
    case 'easy-waf':
      return startNode(name)
    case 'nginx':
    case 'nginx + CRS 3':
      return startNginx(await freePort(), { rules: name !== 'nginx' })
    default:
      return name satisfies never
  }
}

const autocannon = createRequire(import.meta.url).resolve('autocannon')
const run = promisify(execFile)

/** What autocannon prints, as far as it is needed. */
interface Report {
  readonly requests: { readonly average: number; readonly total: number }
  readonly latency: { readonly p50: number; readonly p99: number }
  readonly '2xx': number
  readonly errors: number
}

async function fire(
  url: string,
  { method, target, headers, body }: Load,
  long: { readonly seconds: number } | { readonly amount: number },
): Promise<{ perSecond: number; requests: number; p50: number; p99: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'thingwall-load-'))
  try {
    const args = ['--json', '--connections', '16', '--method', method]
    args.push(...('amount' in long ? ['--amount', `${long.amount}`] : ['--duration', `${long.seconds}`]))
    for (const [name, value] of headers)
      if (name !== 'content-length') args.push('--header', `${name}: ${value}`)
    if (body !== null) {
      writeFileSync(join(folder, 'body'), body)
      args.push('--input', join(folder, 'body'))
    }
    const { stdout } = await run(process.execPath, [autocannon, ...args, url + target], {
      maxBuffer: 16_777_216,
    })
    const { requests, latency, errors, '2xx': good } = JSON.parse(stdout) as Report
    // A firewall that refuses is fast.
    if (errors > 0 || good < requests.total)
      throw new Error(
        `${method} ${url}: ${requests.total - good} of ${requests.total} were not answered with 200`,
      )
    return { perSecond: requests.average, requests: requests.total, p50: latency.p50, p99: latency.p99 }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
