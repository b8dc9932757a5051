/**
 * Devices get their addresses while the daemon watches, and nobody applies anything: from a real DHCP server on the gateway,
 * by DHCPv6, and by claiming an IPv6 address first. What others say about it, from their own side of the link, is in vain.
 * One site and one daemon serve all of it, in one file; the tests follow each other.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  buildFrame,
  buildSite,
  type HostProcess,
  openPacketSocket,
  type PacketSocket,
  parseFrame,
  type Site,
} from '@thingwall/gateway/lab'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cli } from './program.ts'
import { until } from './wall/agent.ts'
import { gatewayLinks, places, siteDescription } from './wall/places.ts'

const [vent, other] = [places['vent-01'], places['vent-02']]
const outside = { four: places.internet.four, six: places.internet.six }

let site: Site
let folder: string
let daemon: ChildProcess | null = null
let server: HostProcess
let logged = ''
let receiver: PacketSocket
const wires = new Map<string, PacketSocket>()

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'thingwall-wire-'))
  // The daemon is not root.
  chmodSync(folder, 0o755)
  const bare = (mac: string) => ({ interfaces: { eth0: { link: mac } } })
  site = await buildSite({
    ...siteDescription,
    hosts: { ...siteDescription.hosts, 'vent-01': bare(vent.mac), 'vent-02': bare(other.mac) },
  })
  for (const name of ['vent-01', 'vent-02']) {
    // Off in the lab, because it takes a second.
    const settings = ['accept_dad=1', 'dad_transmits=1'].map((one) => `net.ipv6.conf.eth0.${one}`)
    await site.must(name, ['sysctl', '-qw', ...settings])
    wires.set(name, openPacketSocket({ interface: 'eth0', namespacePath: site.namespacePath(name) }))
  }
  // Frames that claim to be the gateway's do not move it: the access point knows at which port it is.
  const fixed = [gatewayLinks.wlan0, 'dev', 'up', 'master', 'static', 'sticky']
  await site.must('air', ['bridge', 'fdb', 'replace', ...fixed])
  receiver = openPacketSocket({ interface: 'eth0', namespacePath: site.namespacePath('internet') })
  server = site.spawn('gateway', [
    'dnsmasq',
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--port=0',
    '--user=root',
    '--log-facility=-',
    `--dhcp-leasefile=${join(folder, 'leases')}`,
    '--dhcp-range=10.20.0.100,10.20.0.200,1h',
    '--dhcp-range=fd20::100,fd20::1ff,64,1h',
    '--no-ping',
  ])
  await until('the server to listen', async () => /:67\b/.test(await site.must('gateway', ['ss', '-Hlun'])))
  await apply('7000/udp')
  await begin()
})
afterAll(async () => {
  await ended('SIGTERM')
  await server?.stop()
  for (const socket of [...wires.values(), receiver]) socket?.close()
  await site?.end()
  rmSync(folder, { recursive: true, force: true })
})

const env = (): Record<string, string> => ({
  THINGWALL_RUN: join(folder, 'run'),
  THINGWALL_STATE: join(folder, 'state'),
})

/** Neither device has an address by the policy. */
async function apply(service: string): Promise<void> {
  const things = {
    network: 'things',
    rules: { echo: { allow: 'out', to: 'any', service, why: 'Is it there?' } },
  }
  const local = (role: string, name: string, at: number) => ({
    role,
    interface: name,
    cidrs: [`10.${at}.0.0/24`, `fd${at}::/64`],
    isolation: 'access-point',
  })
  const document = {
    policy: 'volcano',
    owner: 'geo@volcano.example',
    networks: {
      things: local('things', 'wlan0', 20),
      field: local('things', 'zone0', 21),
      station: local('trusted', 'lan0', 30),
      uplink: { role: 'uplink', interface: 'wan0' },
    },
    devices: { 'vent-01': { mac: vent.mac, ...things }, 'vent-02': { mac: other.mac, ...things } },
  }
  writeFileSync(join(folder, 'site.policy.json'), JSON.stringify(document))
  const args = ['apply', '--policy', 'site.policy.json', '--no-confirm', '--json']
  const { status, stdout, stderr } = await site.run('gateway', [...cli, ...args], {
    env: { SSH_CONNECTION: '', SUDO_USER: '', ...env() },
    cwd: folder,
  })
  expect([status, stdout, stderr]).toEqual([0, stdout, ''])
}

async function begin(): Promise<void> {
  // Somebody without rights who is on every Debian; and what servers write is of no use here.
  const gateway = ['gateway', '--user', 'daemon', '--leases', 'none']
  daemon = spawn('nsenter', [`--net=${site.namespacePath('gateway')}`, ...cli, ...gateway], {
    env: { ...process.env, ...env() },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  daemon.stderr?.on('data', (part: Buffer) => {
    logged += part.toString('utf8')
  })
  // As long as it takes on a busy machine; vitest ends a wait in vain.
  for (;;) {
    if (daemon.exitCode !== null) throw new Error(logged)
    const watched = await status().catch((): readonly string[] => [])
    if (['wlan0', 'zone0', 'lan0'].every((name) => watched.includes(name))) return
    await sleep(50)
  }
}

async function ended(signal: NodeJS.Signals): Promise<void> {
  const child = daemon
  daemon = null
  if (child === null || child.exitCode !== null) return
  const { promise, resolve } = Promise.withResolvers<void>()
  child.on('exit', () => resolve())
  child.kill(signal)
  await promise
}

async function ask<T>(path: string): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  request({ socketPath: join(folder, 'run/api.sock'), path, agent: false }, async (answer) => {
    let text = ''
    for await (const part of answer) text += String(part)
    resolve(JSON.parse(text) as T)
  })
    .on('error', reject)
    .end()
  return promise
}

async function status(): Promise<readonly string[]> {
  return (await ask<{ readonly given: { readonly watched: readonly string[] } }>('/v1/status')).given.watched
}

let port = 20_000
/** Whether a packet of a device gets out; each is a flow of its own. */
async function getsOut(from: 'vent-01' | 'vent-02', source: string, to = 7000): Promise<boolean> {
  port += 1
  const isSix = source.includes(':')
  const payload = { kind: 'udp', sourcePort: port, destinationPort: to, data: new Uint8Array(8) } as const
  const packet = isSix
    ? ({ kind: 'ipv6', source, destination: outside.six, payload } as const)
    : ({ kind: 'ipv4', source, destination: outside.four, payload } as const)
  wires
    .get(from)
    ?.send(buildFrame({ destination: gatewayLinks.wlan0, source: places[from].mac, payload: packet }))
  for (let look = 0; look < 10; look++) {
    for (const bytes of receiver.drain()) {
      const { payload: seen } = parseFrame(bytes)
      if ((seen.kind === 'ipv4' || seen.kind === 'ipv6') && seen.payload.kind === 'udp')
        if (seen.payload.sourcePort === port) return true
    }
    await sleep(10)
  }
  return false
}

const bound = (family: 4 | 6): Promise<string> =>
  site.must('gateway', [
    'sh',
    '-c',
    `nft list ruleset | sed -n '/set [a-z].bound.things.${family} /,/^\\t}/p'`,
  ])
const isBound = async (mac: string, address: string): Promise<boolean> =>
  (await bound(address.includes(':') ? 6 : 4)).includes(`${mac} . ${address} timeout`)
const getsBound = (mac: string, address: string): Promise<void> =>
  until(`${address} to be bound`, () => isBound(mac, address)).catch(async (error: Error) => {
    throw new Error(`${error.message}\n${await bound(6)}\n${logged}`)
  })

test('a lease of the gateway’s own server is bound as it is given, and let go when it is given back', async () => {
  const client = site.spawn('vent-01', [
    'busybox',
    ...['udhcpc', '-i', 'eth0', '-s', '/bin/true', '-f', '-R', '-t', '5', '-T', '1', '-A', '1'],
  ])
  try {
    const leased = (): string => /lease of (\S+)/.exec(client.output().stderr)?.[1] ?? ''
    await until('a lease', () => leased() !== '')
    await getsBound(vent.mac, leased())
    expect(await getsOut('vent-01', leased())).toBe(true)
    expect(await getsOut('vent-02', leased())).toBe(false)
    // Gives the address back, which its host must have for that.
    await site.must('vent-01', ['ip', 'address', 'add', `${leased()}/24`, 'dev', 'eth0'])
    process.kill(client.pid as number, 'SIGUSR2')
    await until('it to be let go', async () => !(await isBound(vent.mac, leased())))
    expect(await getsOut('vent-01', leased())).toBe(false)
    await site.must('vent-01', ['ip', 'address', 'flush', 'dev', 'eth0', 'scope', 'global'])
  } finally {
    await client.stop()
  }
})

const pair = (value: number): readonly number[] => [value >> 8, value & 255]
const option = (code: number, ...value: readonly number[]): readonly number[] => [
  ...pair(code),
  ...pair(value.length),
  ...value,
]
const bytesOf = (mac: string): readonly number[] => mac.split(':').map((text) => Number.parseInt(text, 16))

test('a lease by DHCPv6 is bound to the link address that it is sent to', async () => {
  // RFC 8415 18.2.1: solicit, with rapid commit; the client’s name is that of another device.
  const duid = option(1, 0, 3, 0, 1, ...bytesOf(other.mac))
  const solicit = [
    1,
    0x12,
    0x34,
    0x56,
    ...duid,
    ...option(14),
    ...option(8, 0, 0),
    ...option(3, 0, 0, 0, 7, ...Array<number>(8).fill(0)),
  ]
  const frame = buildFrame({
    destination: '33:33:00:01:00:02',
    source: vent.mac,
    payload: {
      kind: 'ipv6',
      source: 'fe80::266f:28ff:feaa:1',
      destination: 'ff02::1:2',
      payload: { kind: 'udp', sourcePort: 546, destinationPort: 547, data: Uint8Array.from(solicit) },
    },
  })
  const leased = async (): Promise<string> =>
    new RegExp(`${vent.mac} \\. (fd20::1[0-9a-f]{2}) timeout`).exec(await bound(6))?.[1] ?? ''
  await until('the lease', async () => {
    wires.get('vent-01')?.send(frame)
    await sleep(200)
    return (await leased()) !== ''
  })
  expect(await getsOut('vent-01', await leased())).toBe(true)
  expect(await getsOut('vent-02', await leased())).toBe(false)
  expect(await bound(6)).not.toContain(`${other.mac} . fd20`)
})

test('the first to claim an IPv6 address has it; who comes second is told of, and gets nothing', async () => {
  expect(await getsOut('vent-01', 'fd20::57')).toBe(false)
  // Its kernel asks whether anybody has it (RFC 4862 5.4).
  await site.must('vent-01', ['ip', 'address', 'add', 'fd20::57/64', 'dev', 'eth0'])
  await getsBound(vent.mac, 'fd20::57')
  expect(await getsOut('vent-01', 'fd20::57')).toBe(true)
  // The access point keeps them apart, so it does not learn that the address is taken.
  await site.must('vent-02', ['ip', 'address', 'add', 'fd20::57/64', 'dev', 'eth0'])
  await until('it to be told', async () => {
    const { events } = await ask<{
      readonly events: readonly { readonly topic?: string; readonly text?: string }[]
    }>('/v1/events?kind=notice')
    return events.some(
      ({ topic, text }) =>
        topic === 'address-taken' && text === `fd20::57 is claimed by ${other.mac}, and ${vent.mac} has it`,
    )
  })
  expect([await getsOut('vent-02', 'fd20::57'), await getsOut('vent-01', 'fd20::57')]).toEqual([false, true])
  await site.must('vent-02', ['ip', 'address', 'del', 'fd20::57/64', 'dev', 'eth0'])
  await site.must('vent-02', ['ip', 'address', 'add', 'fd20::58/64', 'dev', 'eth0'])
  await getsBound(other.mac, 'fd20::58')
  // An address of no network here, and those that are others’.
  for (const [name, address] of [
    ['vent-01', 'fd21::57'],
    ['vent-01', 'fd20::1'],
  ] as const) {
    await site.must(name, ['ip', 'address', 'add', `${address}/64`, 'dev', 'eth0', 'nodad'])
    const claim = {
      kind: 'icmpv6',
      type: 136,
      code: 0,
      body: Uint8Array.from([
        0x20,
        0,
        0,
        0,
        0xfd,
        address === 'fd20::1' ? 0x20 : 0x21,
        ...Array<number>(13).fill(0),
        address === 'fd20::1' ? 1 : 0x57,
      ]),
    } as const
    const payload = {
      kind: 'ipv6',
      source: 'fe80::266f:28ff:feaa:1',
      destination: 'ff02::1',
      hops: 255,
      payload: claim,
    } as const
    wires.get(name)?.send(buildFrame({ destination: '33:33:00:00:00:01', source: vent.mac, payload }))
    await site.must(name, ['ip', 'address', 'del', `${address}/64`, 'dev', 'eth0'])
  }
  await sleep(200)
  const all = await bound(6)
  expect(all).not.toContain('fd21::57')
  expect(all).not.toContain('fd20::1 ')
})

test('no device gives leases: not with the gateway’s addresses, nor to itself', async () => {
  const head = Array<number>(240).fill(0)
  head.splice(0, 3, 2, 1, 6)
  head.splice(16, 4, 10, 20, 0, 66)
  head.splice(28, 6, ...bytesOf(other.mac))
  head.splice(236, 4, 0x63, 0x82, 0x53, 0x63)
  const data = Uint8Array.from([...head, 53, 1, 5, 51, 4, 0, 0, 14, 16, 255])
  const payload = { kind: 'udp', sourcePort: 67, destinationPort: 68, data } as const
  for (const [source, link, destination, to] of [
    ['10.20.0.1', gatewayLinks.wlan0, '255.255.255.255', 'ff:ff:ff:ff:ff:ff'],
    ['10.20.0.1', other.mac, '10.20.0.1', gatewayLinks.wlan0],
    ['10.20.0.66', other.mac, '10.20.0.1', gatewayLinks.wlan0],
  ] as const) {
    const packet = { kind: 'ipv4', source, destination, payload } as const
    wires.get('vent-02')?.send(buildFrame({ destination: to, source: link, payload: packet }))
  }
  // What comes behind them is learnt, so they have been looked at.
  await site.must('vent-02', ['ip', 'address', 'add', 'fd20::59/64', 'dev', 'eth0'])
  await getsBound(other.mac, 'fd20::59')
  expect(await bound(4)).not.toContain('10.20.0.66')
  expect(await getsOut('vent-02', '10.20.0.66')).toBe(false)
})

test('what was learnt outlives the daemon and another policy, and is there again after a restart', async () => {
  await ended('SIGKILL')
  expect(await getsOut('vent-01', 'fd20::57')).toBe(true)
  await apply('7001/udp')
  expect([await getsOut('vent-01', 'fd20::57', 7001), await getsOut('vent-02', 'fd20::57', 7001)]).toEqual([
    true,
    false,
  ])
  await site.must('gateway', ['nft', 'flush', 'ruleset'])
  await apply('7000/udp')
  expect([await getsOut('vent-01', 'fd20::57'), await getsOut('vent-02', 'fd20::57')]).toEqual([true, false])
  await begin()
  await site.must('vent-01', ['ip', 'address', 'add', 'fd20::5a/64', 'dev', 'eth0'])
  await getsBound(vent.mac, 'fd20::5a')
})
