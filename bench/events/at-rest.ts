/**
 * The gateway's processes while nothing happens: memory and processor over a quiet minute, as the kernel counts them. A
 * policy of a hundred devices is in force, and nobody asks.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Measured } from '../rows.ts'
import { cpuSecondsOf, type Wire } from './wire.ts'

const root = join(import.meta.dirname, '../..')
/** As it is installed: sources that Node strips of their types itself take more memory. */
const program = [process.execPath, join(root, 'packages/cli/bin/start.cjs')] as const
const DEVICES = 100
const SETTLE_MS = 20_000
const QUIET_MS = 60_000

export async function* atRest(wire: Wire): AsyncGenerator<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'thingwall-bench-'))
  // The daemon is not root.
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, 'run'))
  const env = { THINGWALL_RUN: join(folder, 'run/gateway'), THINGWALL_STATE: join(folder, 'state') }
  writeFileSync(join(folder, 'site.policy.json'), policy())
  await wire.site.must('gateway', [...program, 'apply', '--policy', 'site.policy.json', '--no-confirm'], {
    env: { ...env, SSH_CONNECTION: '', SUDO_USER: '' },
    cwd: folder,
  })
  const inside = [`--net=${wire.site.namespacePath('gateway')}`]
  const gateway = spawn(
    'nsenter',
    [...inside, ...program, 'gateway', '--user', 'nobody', '--leases', 'none'],
    { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  try {
    await up(gateway)
    await sleep(SETTLE_MS)
    yield* quiet(gateway.pid ?? 0)
  } finally {
    gateway.kill('SIGTERM')
    await new Promise((resolve) => gateway.once('exit', resolve))
    await wire.site.must('gateway', ['nft', 'flush', 'ruleset'])
    rmSync(folder, { recursive: true })
  }
}

async function* quiet(parent: number): AsyncGenerator<Measured> {
  const below = childrenOf(parent)
  const one = (sign: string): number => below.find((pid) => commandOf(pid).includes(sign)) ?? Number.NaN
  // Where there is nobody else to become, the daemon is the parent itself.
  const daemon = below.some((pid) => commandOf(pid).includes('\0gateway\0')) ? one('\0gateway\0') : parent
  const own = [daemon, one('\0rules\0')]
  const before = own.map(cpuSecondsOf)
  const started = performance.now()
  await sleep(QUIET_MS)
  const seconds = (performance.now() - started) / 1000
  const spent = own.map((pid, at) => cpuSecondsOf(pid) - (before[at] ?? 0))
  const memory = own.map(memoryOf)
  const [its, helper] = memory as [Memory, Memory]
  const supervisor =
    daemon === parent ? '' : `; started by hand its parent has ${words(memoryOf(parent).own)} of its own`
  yield {
    measure: 'the daemon at rest: memory',
    value: (its.own + its.shared) / 1e6,
    unit: 'MB',
    bar: { op: '<=', value: 120 },
    note: `resident; ${words(its.own)} of its own, the rest is Node and libraries`,
  }
  yield {
    measure: '… with the privileged process',
    value: (its.own + helper.own + Math.max(its.shared, helper.shared)) / 1e6,
    unit: 'MB',
    note: `what both share counted once${supervisor}`,
  }
  yield {
    measure: '… of one core',
    value: (100 * sum(spent)) / seconds,
    unit: '%',
    bar: { op: '<=', value: 1 },
    note: `${sum(spent).toFixed(2)} s in ${seconds.toFixed(0)} s`,
  }
}

function policy(): string {
  const devices = Array.from({ length: DEVICES }, (_, at) => [
    `sensor-${at}`,
    {
      mac: `02:00:00:00:02:${at.toString(16).padStart(2, '0')}`,
      ip: [`10.9.1.${at + 1}`],
      network: 'things',
      rules: { echo: { allow: 'out', to: '203.0.113.9', service: '7000/udp', why: 'Is it there?' } },
    },
  ])
  return JSON.stringify({
    policy: 'at-rest',
    owner: 'bench@volcano.example',
    networks: {
      things: { role: 'things', interface: 'eth0', cidrs: ['10.9.0.0/16'], isolation: 'access-point' },
    },
    devices: Object.fromEntries(devices),
  })
}

async function up(gateway: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let logged = ''
  gateway.stderr?.on('data', (part: Buffer) => {
    logged = `${logged}${part.toString('utf8')}`.slice(-10_000)
    if (logged.includes('the gateway is up')) resolve()
  })
  gateway.once('exit', () => reject(new Error(logged)))
  return promise
}

function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number)
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
}

interface Memory {
  /** Bytes that are a process's own. */
  readonly own: number
  /** Those that it shares with whomever. */
  readonly shared: number
}

function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) * 1024
  const own = bytes('Private_Clean') + bytes('Private_Dirty')
  return { own, shared: bytes('Rss') - own }
}

function sum(values: readonly number[]): number {
  return values.reduce((all, one) => all + one, 0)
}

function words(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`
}
