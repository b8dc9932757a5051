/**
 * The router of the soak: a gateway whose interfaces end in packet sockets, the command line on it, and the daemon beside
 * it. It forwards to any address without asking who has it, so that there may be as many devices as wanted.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildSite, openPacketSocket, type PacketSocket, type Site } from '@thingwall/gateway/lab'
import type { PolicyDocument } from '@thingwall/policy'
import { cli } from '../kernel/program.ts'

/** Interfaces of the gateway by network, with their link addresses. */
export const doors = {
  things: { name: 'wlan0', link: '02:00:00:00:ff:01', addresses: ['10.20.0.1/24', 'fd20::1/64'] },
  station: { name: 'lan0', link: '02:00:00:00:ff:03', addresses: ['10.30.0.1/24', 'fd30::1/64'] },
  uplink: { name: 'wan0', link: '02:00:00:00:ff:04', addresses: ['192.0.2.2/24', '2001:db8:1::2/64'] },
} as const
export type Door = keyof typeof doors
export const everyDoor = Object.keys(doors) as readonly Door[]

export interface Ground {
  readonly site: Site
  readonly sockets: Readonly<Record<Door, PacketSocket>>
  /** The state folder. */
  readonly state: string
  /** The command line; throws unless it ends with 0. */
  readonly thingwall: (...args: readonly string[]) => Promise<void>
  readonly write: (file: string, content: PolicyDocument | object) => void
  /** Memory of the daemon and of the processes beside it, in bytes; what they share is shared out among them. */
  readonly memory: () => Memory
  readonly nft: (...args: readonly string[]) => Promise<string>
  readonly end: () => Promise<void>
}

export interface Memory {
  readonly daemon: number
  /** Holds the sockets and the library. */
  readonly privileged: number
  /** Has started both, as there is no systemd here. */
  readonly parent: number
}

/** Starts it all, with `first` in force. */
export async function buildGround(folder: string, first: PolicyDocument): Promise<Ground> {
  // The daemon is not root.
  chmodSync(folder, 0o755)
  const site = await buildSite({
    hosts: {
      gateway: {
        forwards: true,
        interfaces: Object.fromEntries(
          Object.values(doors).map(({ name, link, addresses }) => [name, { link, addresses, arp: 'off' }]),
        ),
        routes: [
          { to: 'default', dev: 'wan0', family: 4 },
          { to: 'default', dev: 'wan0', family: 6 },
        ],
        sysctls: { 'net.ipv4.conf.all.send_redirects': 0, 'net.ipv4.conf.default.send_redirects': 0 },
      },
      ...Object.fromEntries(
        everyDoor.map((door) => [`at-${door}`, { sysctls: { 'net.ipv6.conf.all.disable_ipv6': 1 } }]),
      ),
    },
    links: everyDoor.map((door) => [`gateway:${doors[door].name}`, `at-${door}:eth0`]),
  })
  const open = (door: Door): PacketSocket =>
    openPacketSocket({ interface: 'eth0', namespacePath: site.namespacePath(`at-${door}`) })
  const sockets = { things: open('things'), station: open('station'), uplink: open('uplink') }
  const env = { THINGWALL_RUN: join(folder, 'run'), THINGWALL_STATE: join(folder, 'state') }
  const write: Ground['write'] = (file, content) => writeFileSync(join(folder, file), JSON.stringify(content))
  const thingwall: Ground['thingwall'] = async (...args) => {
    const { status, stderr, stdout } = await site.run('gateway', [...cli, ...args], {
      env: { SSH_CONNECTION: '', SUDO_USER: '', ...env },
      cwd: folder,
      withinMs: 120_000,
    })
    if (status !== 0) throw new Error(`thingwall ${args.join(' ')}: ${status} ${stderr} ${stdout}`)
  }
  write('soak.policy.json', first)
  await thingwall('apply', '--policy', 'soak.policy.json', '--no-confirm')
  const daemon = await startDaemon(site, env)
  return {
    site,
    sockets,
    state: env.THINGWALL_STATE,
    thingwall,
    write,
    memory: () => memoryOf(daemon.pid as number),
    nft: (...args) => site.must('gateway', ['nft', ...args]),
    end: async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      daemon.on('exit', () => resolve())
      if (daemon.exitCode === null && daemon.kill('SIGTERM')) await promise
      for (const socket of Object.values(sockets)) socket.close()
      await site.end()
    },
  }
}

async function startDaemon(site: Site, env: Readonly<Record<string, string>>): Promise<ChildProcess> {
  const gateway = ['gateway', '--user', 'daemon', '--leases', 'none']
  const daemon = spawn('nsenter', [`--net=${site.namespacePath('gateway')}`, ...cli, ...gateway], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let logged = ''
  daemon.stderr?.on('data', (part: Buffer) => {
    logged = (logged + part.toString('utf8')).slice(-10_000)
  })
  for (;;) {
    if (daemon.exitCode !== null) throw new Error(logged)
    const watched = await watchedBy(join(env['THINGWALL_RUN'] as string, 'api.sock')).catch(() => [''])
    if (watched.includes('wlan0')) return daemon
    await sleep(50)
  }
}

async function watchedBy(socketPath: string): Promise<readonly string[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>()
  request({ socketPath, path: '/v1/status', agent: false }, async (answer) => {
    let text = ''
    for await (const part of answer) text += String(part)
    resolve((JSON.parse(text) as { given: { watched: readonly string[] } }).given.watched)
  })
    .on('error', reject)
    .end()
  return promise
}

/** Of a process and those below it. */
function memoryOf(parent: number): Memory {
  const found = { daemon: 0, privileged: 0, parent: 0 }
  const add = (pid: number): void => {
    const [command, rollup] = [procOf(pid, 'cmdline'), procOf(pid, 'smaps_rollup')]
    const bytes = Number(/^Pss:\s*(\d+)/m.exec(rollup)?.[1] ?? 0) * 1024
    // Both are begun by the same words: the daemon is the one that the other has started.
    if (pid === parent) found.parent += bytes
    else if (command.includes('\0gateway\0')) found.daemon += bytes
    else found.privileged += bytes
    for (const child of childrenOf(pid)) add(child)
  }
  add(parent)
  return found
}

function childrenOf(pid: number): readonly number[] {
  let tasks: readonly string[]
  try {
    tasks = readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
  return tasks.flatMap((task) =>
    procOf(pid, `task/${task}/children`).trim().split(' ').filter(Boolean).map(Number),
  )
}

/** Empty for a process that has ended. */
function procOf(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return ''
  }
}
