/**
 * `thingwall gateway` on a router between real hosts: what was blocked is told by device, rule and ends, explained from
 * its id, and followed; what other programs do to the rules is noticed, and put back where the policy says so; whatever is
 * killed comes back. Its lines are many because one site and one daemon serve all of it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EventExplanation, EventJson } from '@thingwall/gateway'
import { buildFrame, buildSite, openPacketSocket, type PacketSocket, type Site } from '@thingwall/gateway/lab'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { cli } from './program.ts'
import { until } from './wall/agent.ts'
import { gatewayLinks, places, siteDescription } from './wall/places.ts'

/** Somebody without rights who is on every Debian. */
const account = 'daemon'

let site: Site
let wire: PacketSocket
let folder: string
let daemon: ChildProcess | null = null
let logged = ''

beforeAll(async () => {
  site = await buildSite(siteDescription)
  wire = openPacketSocket({ interface: 'eth0', namespacePath: site.namespacePath('vent-01') })
})
afterAll(async () => {
  wire?.close()
  await site?.end()
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'thingwall-gateway-'))
  // The daemon is not root.
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, 'leases'))
})
afterEach(async () => {
  await ended('SIGTERM')
  await site.must('gateway', ['nft', 'flush', 'ruleset'])
  rmSync(folder, { recursive: true })
})

function policyWith(drift: 'restore' | 'report', echo: string): string {
  const vent = places['vent-01']
  return JSON.stringify({
    policy: 'volcano',
    owner: 'geo@volcano.example',
    drift,
    networks: {
      things: {
        role: 'things',
        interface: 'wlan0',
        cidrs: ['10.20.0.0/24', 'fd20::/64'],
        isolation: 'access-point',
      },
      field: {
        role: 'things',
        interface: 'zone0',
        cidrs: ['10.21.0.0/24', 'fd21::/64'],
        isolation: 'access-point',
      },
      station: {
        role: 'trusted',
        interface: 'lan0',
        cidrs: ['10.30.0.0/24', 'fd30::/64'],
        isolation: 'access-point',
      },
      uplink: { role: 'uplink', interface: 'wan0' },
    },
    devices: {
      'vent-01': {
        mac: vent.mac,
        ip: [vent.four, vent.six],
        rules: { echo: { allow: 'out', to: places.internet.four, service: echo, why: 'Is it there?' } },
      },
    },
  })
}

const env = (): Record<string, string> => ({
  THINGWALL_RUN: join(folder, 'run'),
  THINGWALL_STATE: join(folder, 'state'),
})

/** The command line on the gateway, and what it answered. */
async function thingwall<T>(...args: readonly string[]): Promise<T> {
  const { status, stdout, stderr } = await site.run('gateway', [...cli, ...args, '--json'], {
    env: { SSH_CONNECTION: '', SUDO_USER: '', ...env() },
    cwd: folder,
  })
  expect([status, stdout, stderr]).toEqual([0, stdout, ''])
  return JSON.parse(stdout) as T
}

async function apply(drift: 'restore' | 'report', echo = '7000/udp'): Promise<void> {
  writeFileSync(join(folder, 'site.policy.json'), policyWith(drift, echo))
  await thingwall('apply', '--policy', 'site.policy.json', '--no-confirm')
}

async function begin(): Promise<void> {
  logged = ''
  const leases = `dnsmasq:${join(folder, 'leases/dnsmasq.leases')}`
  const gateway = ['gateway', '--user', account, '--leases', leases]
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
    if ((await get('/v1/status').catch(() => null))?.status === 200) return
    await sleep(20)
  }
}

async function ended(signal: NodeJS.Signals): Promise<number | null> {
  const child = daemon
  daemon = null
  if (child === null || child.exitCode !== null) return child?.exitCode ?? null
  const { promise, resolve } = Promise.withResolvers<number | null>()
  child.on('exit', resolve)
  child.kill(signal)
  return promise
}

interface Answer {
  readonly status: number
  readonly text: string
}

function get(path: string): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const socketPath = join(folder, 'run/api.sock')
  request({ socketPath, path, agent: false }, async (answer) => {
    let text = ''
    for await (const part of answer) text += String(part)
    resolve({ status: answer.statusCode ?? 0, text })
  })
    .on('error', reject)
    .end()
  return promise
}

async function json<T>(path: string): Promise<T> {
  const { status, text } = await get(path)
  expect([status, text]).toEqual([200, text])
  return JSON.parse(text) as T
}

interface Status {
  readonly inForce: {
    readonly application: { readonly sequence: number }
    readonly integrity: { readonly kind: string }
  }
  readonly drifts: number
  readonly restores: number
  readonly privileged: { readonly kind: string; readonly restarts: number }
}

/** Waits until there is such an event. */
async function seen(what: string, query: string, is: (event: EventJson) => boolean): Promise<EventJson> {
  let found: EventJson | undefined
  await until(what, async () => {
    const { events } = await json<{ readonly events: readonly EventJson[] }>(`/v1/events?${query}`)
    found = events.find(is)
    return found !== undefined
  }).catch((error: Error) => {
    throw new Error(`${error.message}\n${logged}`)
  })
  return found as EventJson
}

const noticed = (topic: string): Promise<EventJson> =>
  seen(topic, 'kind=notice', (event) => event.kind === 'notice' && event.topic === topic)

function send(destinationPort: number, source: string = places['vent-01'].four): void {
  const [{ mac }, to] = [places['vent-01'], places.internet.four]
  const payload = { kind: 'udp', sourcePort: 40_000, destinationPort, data: new Uint8Array(20) } as const
  const packet = { kind: 'ipv4', source, destination: to, payload } as const
  wire.send(buildFrame({ source: mac, destination: gatewayLinks.wlan0, payload: packet }))
}

test('what was blocked is told and explained, by the policy of then and of now, with and without the daemon', async () => {
  await apply('report')
  await begin()
  for (let sent = 0; sent < 5; sent++) send(7001)
  const isOurs = (event: EventJson): boolean => event.kind === 'denied' && event.destination.port === 7001
  const first = await seen('the packets to be told', 'device=vent-01&kind=denied', isOurs)
  expect(first).toMatchObject({
    rule: 'default/deny',
    source: { device: 'vent-01', address: places['vent-01'].four },
    destination: { address: places.internet.four, port: 7001 },
    ingress: 'wlan0',
  })
  // By now the port is open.
  await apply('report', '7001/udp')
  await noticed('policy-applied')
  const explained = await thingwall<EventExplanation>('explain', first.id)
  expect(explained).toMatchObject({
    decided: { id: 'default/deny' },
    past: { application: 1, verdict: 'deny', rule: { id: 'default/deny' } },
    present: { application: 2, verdict: 'allow', rule: { id: 'vent-01/echo' } },
  })
  const noSuchEvent = async (): Promise<readonly [number | null, string]> => {
    const { status, stderr } = await site.run('gateway', [...cli, 'explain', '2s-zzzz'], {
      env: env(),
      cwd: folder,
    })
    return [status, stderr]
  }
  const isNo = [1, expect.stringMatching(/no such event[\s\S]*thingwall events/)]
  expect(await noSuchEvent()).toEqual(isNo)
  expect(await ended('SIGTERM')).toBe(0)
  expect(await noSuchEvent()).toEqual(isNo)
  const { events } = await thingwall<{ events: EventJson[] }>(
    'events',
    '--device',
    'vent-01',
    '--kind',
    'denied',
  )
  expect(events.filter(isOurs).reduce((sum, { count }) => sum + count, 0)).toBe(5)
  expect(await thingwall('explain', first.id)).toMatchObject({ past: explained.past })
  // Nothing that we applied ourselves is taken for another's.
  const notices = await thingwall<{ events: EventJson[] }>('events', '--kind', 'notice')
  expect(notices.events.filter((one) => one.kind === 'notice' && one.topic === 'rules-changed')).toEqual([])
})

test('a flood is followed as a few events that count it all', async () => {
  await apply('report')
  await begin()
  const follower = spawn(cli[0], [...cli.slice(1), 'events', '--follow', '--json', '--kind', 'denied'], {
    env: { ...process.env, ...env() },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let lines = ''
  follower.stdout.on('data', (part: Buffer) => {
    lines += part.toString('utf8')
  })
  try {
    const told = (): EventJson[] =>
      lines
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as EventJson)
    send(6999)
    await until('the first to be followed', () => told().length > 0)
    for (let sent = 0; sent < 2000; sent++) send(7001)
    const metric = async (name: string): Promise<number> =>
      Number(new RegExp(`^${name} (\\d+)$`, 'm').exec((await get('/metrics')).text)?.[1])
    const rule = 'thingwall_rule_packets_total{rule="default/deny"}'.replace(/[{}]/g, '\\$&')
    await until('the kernel to have met them', async () => (await metric(rule)) >= 2001)
    await until('the flood to be followed', () =>
      told().some((one) => one.kind === 'denied' && one.destination.port === 7001),
    )
    const { events } = await json<{ events: EventJson[] }>('/v1/events?kind=denied')
    expect(events.length).toBeLessThan(50)
    expect(await metric('thingwall_packets_seen_total')).toBeGreaterThan(1)
  } finally {
    follower.kill('SIGKILL')
  }
})

test('what another program does to the rules is told, with who did it', async () => {
  await apply('report')
  await begin()
  await site.must('gateway', ['nft', 'add', 'rule', 'inet', 'thingwall', 'forward', 'accept'])
  const changed = await noticed('rules-changed')
  expect(changed).toMatchObject({
    text: expect.stringMatching(/forward was changed, by nft \(process \d+\)$/),
  })
  expect(await json<Status>('/v1/status')).toMatchObject({
    drifts: 1,
    restores: 0,
    inForce: { integrity: { kind: 'changed' } },
  })
  await apply('report')
  await noticed('rules-intact')
})

test('where the policy says so it is put back, also when everything is flushed', async () => {
  await apply('restore')
  await begin()
  await site.must('gateway', ['nft', 'add', 'rule', 'inet', 'thingwall', 'forward', 'accept'])
  await noticed('rules-restored')
  await site.must('gateway', ['nft', 'flush', 'ruleset'])
  await until('a second time', async () => (await json<Status>('/v1/status')).restores === 2)
  const status = await json<Status>('/v1/status')
  expect(status).toMatchObject({ drifts: 2, inForce: { integrity: { kind: 'intact' } } })
  const { text } = await get('/metrics')
  expect(text).toMatch(/^thingwall_restores_total 2$/m)
  expect(text).toMatch(/^thingwall_in_force 1$/m)
})

test('the daemon has no rights, and writes to its own part of the state folder only', async () => {
  await apply('restore')
  await begin()
  const state = join(folder, 'state')
  const pid = unprivilegedOf(daemon?.pid ?? 0)
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  expect(/^Uid:\s+(.*)$/m.exec(status)?.[1]).toMatch(/^(?!0\b)(\d+)\t\1\t\1\t\1$/)
  for (const set of ['CapEff', 'CapPrm', 'CapInh', 'CapAmb'])
    expect([set, new RegExp(`^${set}:\\s+(.*)$`, 'm').exec(status)?.[1]]).toEqual([set, '0000000000000000'])
  await site.must('gateway', ['nft', 'flush', 'ruleset'])
  await noticed('rules-restored')
  // What root loads, follows or removes is root's: nobody else can have put it there.
  const owners = (path: string): readonly string[] => {
    const { uid, gid, mode } = lstatSync(path)
    const isOpen = !lstatSync(path).isSymbolicLink() && (mode & 0o022) !== 0 && !path.endsWith('/lock')
    const below = lstatSync(path).isDirectory() && !path.endsWith('/gateway') ? readdirSync(path) : []
    const found =
      path.endsWith('/gateway') || (uid === 0 && !isOpen) ? [] : [`${path} ${uid} ${gid} ${mode.toString(8)}`]
    return [...found, ...below.flatMap((name) => owners(join(path, name)))]
  }
  expect(owners(state)).toEqual([])
  expect(statSync(join(state, 'gateway')).uid).not.toBe(0)
  expect(statSync(join(state, 'gateway/restored.json')).uid).not.toBe(0)
  expect(await thingwall('status')).toMatchObject({
    integrity: { kind: 'intact' },
    isTimeless: expect.anything(),
  })
  const { applications } = await json<{ readonly applications: readonly object[] }>('/v1/history')
  expect(applications.length).toBe(1)
})

test('a lease becomes a binding without an apply, by name in events, and outlives an apply, a flush and a kill', async () => {
  const vent = places['vent-01']
  const leased = '10.20.0.77'
  await apply('restore')
  await begin()
  const inSet = async (): Promise<boolean> =>
    (await site.must('gateway', ['nft', 'list', 'ruleset'])).includes(leased)
  expect(await inSet()).toBe(false)
  const line = `${Math.floor(Date.now() / 1000) + 3600} ${vent.mac} ${leased} vent *\n`
  writeFileSync(join(folder, 'leases/dnsmasq.leases'), line)
  await until('it to be bound', inSet)
  send(7001, leased)
  await seen(
    'it to be told by name',
    'device=vent-01&kind=denied',
    (event) => event.kind === 'denied' && event.source.address === leased && event.rule === 'default/deny',
  )
  await apply('restore', '7002/udp')
  expect(await inSet()).toBe(true)
  await site.must('gateway', ['nft', 'flush', 'ruleset'])
  await noticed('rules-restored')
  expect(await inSet()).toBe(true)
  await ended('SIGKILL')
  await apply('restore', '7003/udp')
  expect(await inSet()).toBe(true)
  await begin()
  writeFileSync(join(folder, 'leases/dnsmasq.leases'), '')
  await until('it to be let go', async () => !(await inSet()))
})

test('what a bindings file told holds for addresses that are leased later, until the application is gone', async () => {
  const vent = places['vent-01']
  const [leased, name] = ['10.20.0.77', 'api.volcano.example']
  const site1 = JSON.parse(policyWith('restore', '7000/udp')) as { devices: Record<string, object> }
  const rule = { allow: 'out', to: name, service: '7000/udp', why: 'readings' }
  site1.devices = { 'vent-01': { mac: vent.mac, network: 'things', rules: { readings: rule } } }
  writeFileSync(join(folder, 'site.policy.json'), JSON.stringify(site1))
  const told = [{ device: 'vent-01', name, addresses: [places.internet.four] }]
  writeFileSync(join(folder, 'told.json'), JSON.stringify({ format: 1, names: told }))
  const applying = ['apply', '--policy', 'site.policy.json', '--bindings', 'told.json', '--no-confirm']
  await thingwall(...applying)
  await begin()
  const line = `${Math.floor(Date.now() / 1000) + 3600} ${vent.mac} ${leased} vent *\n`
  writeFileSync(join(folder, 'leases/dnsmasq.leases'), line)
  const inKernel = async (): Promise<boolean> =>
    (await site.must('gateway', ['nft', 'list', 'ruleset'])).includes(`${leased} . ${places.internet.four}`)
  await until('it to reach what the name means', inKernel)
  send(7000, leased)
  const isOurs = (event: EventJson): boolean => event.kind === 'opened' && event.rule === 'vent-01/readings'
  const opened = await seen('it to be let through', 'device=vent-01&kind=opened', isOurs)
  send(7001, leased)
  const denied = await seen(
    'another port to be refused',
    'device=vent-01&kind=denied',
    (event) => event.kind === 'denied' && event.destination.port === 7001,
  )
  for (const [{ id }, verdict] of [
    [opened, 'allow'],
    [denied, 'deny'],
  ] as const)
    expect(await thingwall<EventExplanation>('explain', id)).toMatchObject({ past: { verdict } })
  await site.must('gateway', ['nft', 'flush', 'ruleset'])
  await noticed('rules-restored')
  expect(await inKernel()).toBe(true)
  // Another policy without the file, and back to this one: what was told with it comes back with it.
  await apply('restore')
  expect(await inKernel()).toBe(false)
  await thingwall('rollback', '1', '--no-confirm')
  expect(await inKernel()).toBe(true)
  await thingwall('quarantine', 'vent-01', '--why', 'scans', '--policy', 'site.policy.json')
  await thingwall('release', 'vent-01', '--why', 'mended', '--policy', 'site.policy.json')
  expect(await inKernel()).toBe(true)
  await ended('SIGTERM')
  await site.must('gateway', ['nft', 'flush', 'ruleset'])
  await thingwall('boot', '--trust-clock')
  expect(await inKernel()).toBe(true)
})

test('an operator without rights is told by the daemon what root sees, and changes nothing', async () => {
  const vent = places['vent-01']
  const site1 = JSON.parse(policyWith('report', '7000/udp')) as { devices: Record<string, object> }
  const rule = { allow: 'out', to: 'api.volcano.example', service: '7000/udp', why: 'readings' }
  site1.devices = { 'vent-01': { mac: vent.mac, network: 'things', rules: { readings: rule } } }
  writeFileSync(join(folder, 'site.policy.json'), JSON.stringify(site1))
  const told = [{ device: 'vent-01', name: 'api.volcano.example', addresses: [places.internet.four] }]
  writeFileSync(join(folder, 'told.json'), JSON.stringify({ format: 1, names: told }))
  await thingwall('apply', '--policy', 'site.policy.json', '--bindings', 'told.json', '--no-confirm')
  const run = (who: readonly string[], args: readonly string[]) =>
    site.run('gateway', ['env', ...who, ...cli, ...args], {
      env: { SSH_CONNECTION: '', ...env() },
      cwd: folder,
    })
  const group = ['setpriv', '--reuid=nobody', `--regid=${account}`, '--clear-groups', '--bounding-set=-all']
  const stranger = group.with(2, '--regid=nogroup')
  const asking = ['status', '--policy', 'site.policy.json', '--bindings', 'told.json']
  // Without the daemon nobody answers.
  expect(await run(group, asking)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('sudo thingwall status'),
  })
  await begin()
  site1.devices['other'] = { mac: places.valve.mac, ip: [places.valve.four] }
  writeFileSync(join(folder, 'site.policy.json'), JSON.stringify(site1))
  await thingwall(
    'apply',
    '--policy',
    'site.policy.json',
    '--bindings',
    'told.json',
    '--confirm-within',
    '1h',
    '--why',
    'so',
  )
  // Without the file again: what it said is kept with the application.
  const later = asking.slice(0, 3)
  for (const args of [asking, [...asking, '--json'], later, [...later, '--json'], ['history', '--json']]) {
    const [root, operator] = [await run([], args), await run(group, args)]
    // Of a trial that runs: how long it has left.
    const withoutTime = (text: string): string =>
      text.replace(/"leftMs": [\d.]+/, '').replace(/trial for [\d smh]+ more/, '')
    expect([args, operator.stderr, withoutTime(operator.stdout)]).toEqual([
      args,
      root.stderr,
      withoutTime(root.stdout),
    ])
    expect([root.status, operator.status]).toEqual([0, 0])
  }
  expect((await run(stranger, ['history'])).stderr).toContain('as a member of the group of its socket')
  for (const args of [['confirm'], ['apply', '--policy', 'site.policy.json']]) {
    const { status, stderr } = await run(group, args)
    expect([status, stderr]).toEqual([2, expect.stringContaining(`sudo thingwall ${args[0]}`)])
    expect(stderr).toContain('changes nothing')
  }
  expect((await json<Status>('/v1/status')).inForce.application.sequence).toBe(2)
  const folders = ['history', '--state', join(folder, 'elsewhere')]
  expect((await run(group, folders)).stderr).toContain(join(folder, 'state'))
  // What it was leased and told is known here, and nowhere else.
  const line = `${Math.floor(Date.now() / 1000) + 3600} ${vent.mac} 10.20.0.77 vent *\n`
  writeFileSync(join(folder, 'leases/dnsmasq.leases'), line)
  await until(
    'it to be bound',
    async () => (await json<{ addresses: object[] }>('/v1/bindings?of=10.20.0.77')).addresses.length === 1,
  )
  const why = [
    'explain',
    '--policy',
    'site.policy.json',
    '--from',
    '10.20.0.77',
    '--to',
    `${places.internet.four}:7000/udp`,
  ]
  const { stdout } = await run(group, [...why, '--json'])
  expect(JSON.parse(stdout)).toMatchObject({ verdict: 'allow', rule: { id: 'vent-01/readings' } })
  expect((await run(stranger, why)).stdout).not.toMatch(/^allow/)
})

test('flows that are open and closed are told, with their bytes', async () => {
  await apply('report')
  await begin()
  send(7000)
  const opened = await seen(
    'a flow',
    'kind=opened',
    (event) => event.kind === 'opened' && event.rule === 'vent-01/echo',
  )
  expect(opened).toMatchObject({ source: { device: 'vent-01' }, destination: { port: 7000 } })
  expect(await json('/v1/status')).toMatchObject({ countsBytes: true })
  await site.must('gateway', ['conntrack', '-D', '-p', 'udp'])
  const closed = await seen(
    'its end',
    'kind=closed',
    (event) => event.kind === 'closed' && event.rule === 'vent-01/echo',
  )
  expect(closed).toMatchObject({ sent: { packets: 1, bytes: 48 } })
})

test('a trial that nobody confirms is told when it is over, and nothing is left of it in the kernel', async () => {
  await apply('report')
  await begin()
  const objects = (): Promise<string> => site.must('gateway', ['nft', '--terse', 'list', 'ruleset'])
  const before = await objects()
  writeFileSync(join(folder, 'site.policy.json'), policyWith('report', '7001/udp'))
  await thingwall('apply', '--policy', 'site.policy.json', '--confirm-within', '1s')
  expect(await noticed('trial-over')).toMatchObject({ text: expect.stringContaining('was not confirmed') })
  expect((await json<Status>('/v1/status')).inForce.application.sequence).toBe(1)
  expect(await noticed('trial-cleared')).toMatchObject({ text: expect.stringContaining('(application 2)') })
  expect(await objects()).toBe(before)
  // Root still finds out what became of it.
  const { applications } = await thingwall<{ applications: object[] }>('history')
  expect(applications[0]).toMatchObject({ sequence: 2, fate: { kind: 'reverted' } })
  expect(await thingwall('status')).toMatchObject({ sequence: 1, over: { record: { sequence: 2 } } })
  const { events } = await json<{ readonly events: readonly object[] }>('/v1/events?kind=notice')
  expect(events.filter((one) => 'topic' in one && one.topic === 'trial-cleared')).toHaveLength(1)
})

test('a trial that another program ends is told as that', async () => {
  await apply('report')
  await begin()
  writeFileSync(join(folder, 'site.policy.json'), policyWith('report', '7001/udp'))
  await thingwall('apply', '--policy', 'site.policy.json', '--confirm-within', '1h')
  await site.must('gateway', ['nft', 'flush set inet thingwall trial; flush set arp thingwall trial'])
  expect(await noticed('trial-over')).toMatchObject({
    text: expect.stringMatching(
      / was ended before its time by nft \(process \d+\); volcano \(application 1\)/,
    ),
  })
  const { applications } = await thingwall<{ readonly applications: readonly { readonly fate: object }[] }>(
    'history',
  )
  expect(applications[0]?.fate).toMatchObject({ kind: 'reverted', isEarly: true })
})

test('a killed privileged process is begun anew and counted; a killed daemon takes its socket over', async () => {
  await apply('report')
  await begin()
  expect((await json<Status>('/v1/status')).privileged).toEqual({ kind: 'library', restarts: 0 })
  process.kill(helperOf(daemon?.pid ?? 0), 'SIGKILL')
  await until('it to be begun anew', async () => (await json<Status>('/v1/status')).privileged.restarts === 1)
  await site.must('gateway', ['nft', 'add', 'rule', 'inet', 'thingwall', 'forward', 'accept'])
  await noticed('rules-changed')
  await ended('SIGKILL')
  await begin()
  expect(statSync(join(folder, 'run/api.sock')).mode & 0o777).toBe(0o660)
  send(7001)
  await seen(
    'packets to be told again',
    'kind=denied',
    (event) => event.kind === 'denied' && event.rule === 'default/deny',
  )
})

/** The process that was started for rules. */
function helperOf(parent: number): number {
  return childOf(parent, '\0rules\0')
}

/** The daemon itself, which runs without rights. */
function unprivilegedOf(parent: number): number {
  return childOf(parent, '\0gateway\0')
}

function childOf(parent: number, sign: string): number {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ')
  const found = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(sign))
  if (found === undefined) throw new Error(`there is no process with ${sign} in ${children.join(', ')}`)
  return Number(found)
}
