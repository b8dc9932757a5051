/**
 * Bindings while everything around them changes: names rotate under traffic while policies are applied, confirmed,
 * ended by hand and by the kernel's timer, and brought back after a restart. No packet to an address that the device was
 * told, and may use yet, is dropped; none to another address passes. Long because the site is built once for all of it.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type BindingClock,
  type BoundNow,
  boundNow,
  followLeaseFile,
  type Journal,
  type Keeper,
  type Machine,
  type NftablesPoint,
  noFile,
  openJournal,
  openJournalFile,
  openKeeper,
  openNftablesPoint,
  readJournal,
  thisClock,
} from '@thingwall/gateway'
import {
  buildFrame,
  buildSite,
  openPacketSocket,
  type PacketSocket,
  parseFrame,
  type Site,
} from '@thingwall/gateway/lab'
import {
  type Address,
  type Artifact,
  allow,
  bind,
  compileFor,
  deny,
  device,
  formatAddress,
  forward,
  type LinkAddress,
  lower,
  noBindings,
  parseAddress,
  policy,
  type Ruleset,
  validate,
} from '@thingwall/policy'
import { nftables } from '@thingwall/policy/nftables'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { writeChanges } from '../../packages/gateway/src/privileged/element-changes.ts'
import { order } from '../contracts/enforcement-point.ts'
import { until } from './wall/agent.ts'
import { gatewayLinks, networks, places, siteDescription } from './wall/places.ts'

const NAME = 'api.volcano.example'
const vent = places['vent-01']
const own = { four: '10.20.0.77', six: 'fd20::77' } as const
const read = (text: string): Address => parseAddress(text) as Address

interface Compiled {
  readonly ruleset: Ruleset
  readonly artifact: Artifact
}

/** The vent has no address but by lease, and reaches what its name means. */
function compiled(which: 'plain' | 'stricter' | 'forwarding'): Compiled {
  const [document] = validate(
    policy('volcano', {
      owner: 'geo@volcano.example',
      networks,
      devices: {
        other: device({ mac: places.valve.mac, ip: [places.valve.four, places.valve.six] }),
        'vent-01': device({
          mac: vent.mac,
          network: 'things',
          rules: { readings: allow.out({ to: NAME, service: '9000/udp', why: 'readings' }) },
        }),
      },
      forwards:
        which === 'forwarding'
          ? { door: forward({ at: 'uplink', service: '8022/tcp', to: 'vent-01', port: 22, why: 'repairs' }) }
          : {},
      rules:
        which !== 'stricter'
          ? {}
          : { telnet: deny.both({ who: 'any', peer: 'any', service: '23/tcp', why: 'Not in this century' }) },
    }),
  )
  const [ruleset] = lower(document ?? expect.fail('invalid'))
  const known = ruleset ?? expect.fail('does not lower')
  const gateway = new Set(
    [
      '10.20.0.1',
      'fd20::1',
      '10.21.0.1',
      'fd21::1',
      '10.30.0.1',
      'fd30::1',
      '192.0.2.2',
      '2001:db8:1::2',
    ].map(read),
  )
  const bindings = bind(known, { ...noBindings, gateway })
  const [artifact] = compileFor(nftables, known, { bindings, at: Date.now(), log: null })
  return { ruleset: known, artifact: artifact ?? expect.fail('does not compile') }
}

const plain = compiled('plain')
const stricter = compiled('stricter')
const forwarding = compiled('forwarding')

let site: Site
let machine: Machine
let sender: PacketSocket
let receiver: PacketSocket
let folders = 0
let folder = ''
let point: NftablesPoint
let journal: Journal
let keeper: Keeper
const conflicts: string[] = []

beforeAll(async () => {
  site = await buildSite(siteDescription)
  machine = {
    run: async (program, args) => {
      const result = await site.run('gateway', [program, ...args], { env: { LC_ALL: 'C', TZ: 'UTC' } })
      return { ...result, isMissing: false }
    },
    read: async () => null,
    write: async () => false,
    links: async () => [],
  }
  sender = openPacketSocket({ interface: 'eth0', namespacePath: site.namespacePath('vent-01') })
  receiver = openPacketSocket({ interface: 'eth0', namespacePath: site.namespacePath('internet') })
})
afterAll(async () => {
  sender?.close()
  receiver?.close()
  await site?.end()
})
beforeEach(async () => {
  folders += 1
  folder = `/run/thingwall-bindings-${folders}`
  point = await openNftablesPoint({ machine, state: folder })
  start(thisClock())
})
afterEach(async () => {
  await journal.close()
  await nft('flush', 'ruleset')
})

function nft(...args: readonly string[]): Promise<string> {
  return site.must('gateway', ['nft', ...args])
}

const DAY_MS = 86_400_000

/** The daemon's part, as after its start. */
function start(clock: BindingClock): void {
  journal = openJournal({ file: openJournalFile(folder), clock })
  conflicts.length = 0
  keeper = openKeeper({
    journal,
    clock,
    point,
    elements: async (changes) => {
      await site.must('gateway', ['nft', '-f', '/dev/stdin'], { input: writeChanges(changes) })
    },
    madeOf: async ({ digest }) => {
      const made = [plain, stricter, forwarding].find(({ artifact }) => artifact.digest === digest)
      return made === undefined ? null : { ruleset: made.ruleset, file: noFile }
    },
    conflict: ({ address }, { by }) => conflicts.push(`${formatAddress(address)} is ${by}'s`),
  })
}

/** Another process, as the command line is: it knows the journal's file and nothing else. */
function applied(what: Compiled, confirmWithinMs: number | null) {
  return point.apply(what.artifact, { ...order, at: Date.now(), confirmWithinMs }, boundBy(what, thisClock()))
}

function boundBy({ ruleset }: Compiled, clock: BindingClock): BoundNow {
  return (generation, sets) => boundNow(ruleset, readJournal(folder, clock), clock.now())(generation, sets)
}

async function leased(): Promise<void> {
  for (const text of [own.four, own.six]) {
    const fact = {
      kind: 'lease',
      link: vent.mac as LinkAddress,
      address: read(text),
      source: 'dnsmasq',
    } as const
    expect(await keeper.bind(fact, 3_600_000)).toMatchObject({ kind: 'kept' })
  }
}

const answer = (text: string) =>
  ({ kind: 'answer', device: 'vent-01', name: NAME, address: read(text) }) as const

/** One flow each, of one packet: every one of them is judged. */
const sent = new Map<string, 'told' | 'untold'>()
let port = 10_000
function send(to: string, kind: 'told' | 'untold', from: string = own.four): void {
  port = port >= 60_000 ? 10_001 : port + 1
  const isSix = to.includes(':')
  const payload = { kind: 'udp', sourcePort: port, destinationPort: 9000, data: new Uint8Array(8) } as const
  sent.set(`${to} ${port}`, kind)
  sender.send(
    buildFrame({
      destination: gatewayLinks.wlan0,
      source: vent.mac,
      payload: isSix
        ? { kind: 'ipv6', source: own.six, destination: to, payload }
        : { kind: 'ipv4', source: from, destination: to, payload },
    }),
  )
}

const arrived = new Set<string>()
function receive(): void {
  for (const bytes of receiver.drain()) {
    const { payload: packet } = parseFrame(bytes)
    if ((packet.kind !== 'ipv4' && packet.kind !== 'ipv6') || packet.payload.kind !== 'udp') continue
    arrived.add(`${packet.destination} ${packet.payload.sourcePort}`)
  }
}

/** Packets of a kind that got through, and that did not. */
function count(kind: 'told' | 'untold'): { readonly through: number; readonly dropped: number } {
  const all = [...sent].filter(([, one]) => one === kind).map(([key]) => key)
  const through = all.filter((key) => arrived.has(key)).length
  return { through, dropped: all.length - through }
}

const settled = async (): Promise<void> => {
  for (let quiet = 0, before = -1; quiet < 3; quiet = arrived.size === before ? quiet + 1 : 0) {
    before = arrived.size
    await sleep(50)
    receive()
  }
}

describe('names rotate under traffic', () => {
  test('through apply, confirm, rollback, the timer’s revert, a refresh, another daemon, a clock that jumps and a restart none is wrongly dropped', async () => {
    sent.clear()
    arrived.clear()
    await applied(plain, null)
    await leased()
    let isOver = false
    let mayLeak = false
    let rotations = 0
    let daemons = 0
    let wantsDaemon = false
    const valid: string[] = []
    const traffic = async (): Promise<void> => {
      while (!isOver) {
        rotations += 1
        if (wantsDaemon) {
          // Another daemon on the same journal, by a wall clock that is right, a day ahead, or a day behind.
          await journal.close()
          const offMs = [0, DAY_MS, -DAY_MS][daemons % 3] as number
          start({ ...thisClock(), now: () => Date.now() + offMs })
          await keeper.refresh()
          daemons += 1
          wantsDaemon = false
        }
        const low = (rotations % 200) + 20
        for (const text of [`203.0.113.${low}`, `2001:db8:a::${low.toString(16)}`]) {
          await keeper.bind(answer(text), 600_000)
          if (!valid.includes(text)) valid.push(text)
        }
        // The last ones, and those that were told before all this began.
        for (const text of [...valid.slice(0, 4), ...valid.slice(-20)])
          for (let at = 0; at < 3; at++) send(text, 'told')
        if (!mayLeak) for (const text of ['203.0.113.10', '2001:db8:a::10']) send(text, 'untold')
        receive()
        await sleep(1)
      }
    }
    const changes = async (): Promise<void> => {
      const by = { by: 'tests', at: Date.now() }
      for (let round = 0; round < 3; round++) {
        await applied(stricter, 60_000)
        await sleep(100)
        wantsDaemon = true
        await point.confirm(by)
        await sleep(100)
        await keeper.refresh()
        await applied(plain, 60_000)
        await sleep(100)
        wantsDaemon = true
        await keeper.refresh()
        await point.abandon(by)
        await sleep(100)
        await applied(plain, 1500)
        await sleep(2500)
        await point.tidy()
        expect((await point.read()).digest).toBe(stricter.artifact.digest)
        await applied(plain, null)
      }
      // A restart: nothing in the kernel, another boot, and the file of the journal.
      await point.exclusively('a restart', async () => {
        mayLeak = true
        await nft('flush', 'ruleset')
      })
      const next: BindingClock = { ...thisClock(), boot: 'another', sinceBootMs: () => performance.now() }
      const restart = { sequence: (await point.comesBack())?.sequence ?? 0, knowsTime: true }
      expect(await point.restore(plain.artifact, restart, boundBy(plain, next))).toBe('restored')
      mayLeak = false
      await sleep(300)
    }
    await Promise.all([
      traffic(),
      changes().finally(() => {
        isOver = true
      }),
    ])
    await settled()
    const told = count('told')
    expect(rotations).toBeGreaterThan(30)
    expect(daemons).toBeGreaterThanOrEqual(4)
    expect(told.through).toBeGreaterThan(2000)
    expect(told.dropped).toBe(0)
    const untold = count('untold')
    expect(untold.dropped).toBeGreaterThan(30)
    expect(untold.through).toBe(0)
  })

  test('an answer ends by itself, in what is on trial and in what stands; told again it lives on', async () => {
    sent.clear()
    arrived.clear()
    await applied(plain, null)
    await leased()
    await applied(stricter, 60_000)
    await keeper.bind(answer('203.0.113.30'), 3000)
    await keeper.bind(answer('203.0.113.31'), 3000)
    await keeper.bind(answer('203.0.113.31'), 60_000)
    const listed = await nft('list', 'table', 'inet', 'thingwall')
    // Of both generations.
    expect(listed.match(/10\.20\.0\.77 \. 203\.0\.113\.30 timeout/g)).toHaveLength(2)
    await sleep(3300)
    for (const text of ['203.0.113.30', '203.0.113.31']) send(text, text.endsWith('31') ? 'told' : 'untold')
    await settled()
    await point.abandon({ by: 'tests', at: Date.now() })
    for (const text of ['203.0.113.30', '203.0.113.31']) send(text, text.endsWith('31') ? 'told' : 'untold')
    await settled()
    expect([count('told'), count('untold')]).toEqual([
      { through: 2, dropped: 0 },
      { through: 0, dropped: 2 },
    ])
  })

  test('the first keeps an address; let go it is another’s, in one step', async () => {
    await applied(plain, null)
    const lease = (mac: string) =>
      ({ kind: 'lease', link: mac as LinkAddress, address: read(own.four), source: 'dnsmasq' }) as const
    await keeper.bind(lease(vent.mac), 60_000)
    expect(await keeper.bind(lease(places.valve.mac), 60_000)).toEqual({ kind: 'taken', by: vent.mac })
    expect(conflicts).toEqual([`${own.four} is ${vent.mac}'s`])
    expect(await nft('list', 'table', 'inet', 'thingwall')).toContain(`${vent.mac} . ${own.four}`)
    await keeper.release(lease(vent.mac))
    expect(await nft('list', 'table', 'inet', 'thingwall')).not.toContain(own.four)
    // The neighbour is of another network: the address is none of its.
    expect(await keeper.bind(lease(places.valve.mac), 60_000)).toMatchObject({ kind: 'kept' })
    expect(await nft('list', 'table', 'inet', 'thingwall')).not.toContain(own.four)
  })
})

test('what a real DHCP server leases is bound within moments, of known devices only, and let go with a release', async () => {
  sent.clear()
  arrived.clear()
  await applied(plain, null)
  const path = `${folder}/dnsmasq.leases`
  const server = site.spawn('gateway', [
    'dnsmasq',
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--port=0',
    '--user=root',
    '--log-facility=-',
    `--dhcp-leasefile=${path}`,
    '--dhcp-range=10.20.0.100,10.20.0.200,1h',
    '--no-ping',
  ])
  const faults: string[] = []
  const followed = followLeaseFile({
    kind: 'dnsmasq',
    path,
    journal,
    keeper,
    clock: thisClock(),
    trouble: (message) => faults.push(message),
  })
  try {
    await until('the server to listen', async () => /:67\b/.test(await site.must('gateway', ['ss', '-Hlun'])))
    const client = [
      'busybox',
      'udhcpc',
      '-i',
      'eth0',
      '-s',
      '/bin/true',
      '-t',
      '5',
      '-T',
      '1',
      '-A',
      '1',
    ] as const
    const running = site.spawn('vent-01', [...client, '-f', '-R'])
    const got = async (of: () => string): Promise<string> => {
      await until('a lease', () => of().includes('lease of '))
      return /lease of (\S+)/.exec(of())?.[1] ?? ''
    }
    const leased = await got(() => running.output().stderr)
    expect(leased).toMatch(/^10\.20\.0\.1\d\d$/)
    const bound = async (): Promise<string> => nft('list', 'set', 'inet', 'thingwall', 'a/bound/things/4')
    await until('the binding', async () => (await bound()).includes(`${vent.mac} . ${leased} timeout`))

    const stranger = await site.run('stranger', [...client, '-n', '-q'])
    const foreign = await got(() => stranger.stderr)
    await until('its lease in the file', () => readFileSync(path, 'utf8').includes(foreign))
    await followed.sync()
    expect(journal.leases().map(({ address }) => formatAddress(address))).toEqual(
      expect.arrayContaining([leased, foreign]),
    )
    expect(await nft('list', 'table', 'inet', 'thingwall')).not.toContain(foreign)

    await keeper.bind(answer('203.0.113.40'), 60_000)
    for (const [text, kind] of [
      ['203.0.113.40', 'told'],
      ['203.0.113.41', 'untold'],
    ] as const)
      send(text, kind, leased)
    await settled()
    expect([count('told').through, count('untold').through]).toEqual([1, 0])

    // Gives the address back, which its host must have for that.
    await site.must('vent-01', ['ip', 'address', 'add', `${leased}/24`, 'dev', 'eth0'])
    process.kill(running.pid as number, 'SIGUSR2')
    await until('it to be let go', async () => !(await bound()).includes(leased))
    await running.stop()
    expect(faults).toEqual([])
  } finally {
    followed.close()
    await server.stop()
  }
})

test('a forward leads to the lease of its device, and to the next one', async () => {
  await applied(forwarding, null)
  const led = async (): Promise<readonly string[]> =>
    [
      ...(await nft('list', 'table', 'inet', 'thingwall')).matchAll(
        /"wan0" \. (?:6|tcp) \. 8022 .*? : ([\d.]+)/g,
      ),
    ].map(([, address]) => address as string)
  const lease = (text: string) =>
    ({ kind: 'lease', link: vent.mac as LinkAddress, address: read(text), source: 'dnsmasq' }) as const
  expect(await led()).toEqual([])
  await keeper.bind(lease('10.20.0.77'), 60_000)
  expect(await led()).toEqual(['10.20.0.77'])
  await keeper.bind(lease('10.20.0.78'), 120_000)
  expect(await led()).toEqual(['10.20.0.78'])
  // A second generation gets it from the journal.
  await applied(stricter, null)
  expect(await led()).toEqual([])
  await applied(forwarding, null)
  expect(await led()).toEqual(['10.20.0.78'])
  await keeper.release(lease('10.20.0.78'))
  expect(await led()).toEqual(['10.20.0.77'])
  await keeper.release(lease('10.20.0.77'))
  expect(await led()).toEqual([])
})
