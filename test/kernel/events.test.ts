/**
 * Events from the real kernel: what its rules and its connection table saw is in the store, by rule, device and name,
 * and what came too fast is counted. Numbers are held against the kernel's own counters and against what was sent.
 * Its lines are many because the network is built once and every question is asked of the same.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  directoryOf,
  type EventSockets,
  openEventSockets,
  openSqliteStore,
  type RecordCounts,
  type Recorder,
  type Store,
  type StoredEvent,
  startRecorder,
  type TrafficEvent,
} from '@thingwall/gateway'
import {
  buildFrame,
  buildSite,
  type Frame,
  openPacketSocket,
  openRuleLoader,
  type PacketSocket,
  type RuleLoader,
  type Site,
} from '@thingwall/gateway/lab'
import {
  type Address,
  allow,
  type Bindings,
  compileFor,
  device,
  formatAddress,
  lower,
  network,
  policy,
  type Ruleset,
  readBindings,
} from '@thingwall/policy'
import { nftables } from '@thingwall/policy/nftables'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { until } from './wall/agent.ts'
import { gatewayLinks, networks, places, siteDescription } from './wall/places.ts'

const GROUP = 9
const document = policy('volcano', {
  owner: 'geo@volcano.example',
  networks: { ...networks, uplink: network({ role: 'uplink', interface: 'wan0', masquerade: true }) },
  devices: {
    'vent-01': device({
      mac: places['vent-01'].mac,
      ip: [places['vent-01'].four, places['vent-01'].six],
      rules: {
        readings: allow.out({ to: 'api.volcano.example', service: '5000-5999/udp', why: 'readings' }),
        echo: allow.out({ to: '203.0.113.10', service: 'ping', why: 'is it there' }),
      },
    }),
    'vent-02': device({ mac: places['vent-02'].mac, ip: [places['vent-02'].four, places['vent-02'].six] }),
  },
})

let site: Site
let loader: RuleLoader
let ruleset: Ruleset
let bindings: Bindings
let folder: string
let gateway: string
const wires = new Map<string, PacketSocket>()

beforeAll(async () => {
  site = await buildSite(siteDescription)
  gateway = site.namespacePath('gateway')
  await site.must('gateway', ['sysctl', '-qw', 'net.netfilter.nf_conntrack_acct=1'])
  loader = openRuleLoader(gateway)
  const [lowered] = lower(document)
  ruleset = lowered as Ruleset
  const [read] = readBindings(
    {
      format: 1,
      names: [
        {
          device: 'vent-01',
          name: 'api.volcano.example',
          addresses: [places.internet.four, places.internet.six],
        },
      ],
    },
    ruleset,
  )
  bindings = read as Bindings
  for (const host of ['vent-01', 'stranger', 'internet']) {
    wires.set(host, openPacketSocket({ interface: 'eth0', namespacePath: site.namespacePath(host) }))
  }
  // Neighbours are found before anything is counted.
  for (const to of [places.internet.four, places.internet.six]) {
    await site.run('vent-01', ['ping', '-c', '1', '-W', '2', to])
  }
})
afterAll(async () => {
  for (const wire of wires.values()) wire.close()
  loader?.close()
  await site?.end()
})

let sockets: EventSockets | null = null
let recorder: Recorder | null = null
let store: Store
const failures: Error[] = []

beforeEach(async () => {
  // Flows of the test before are not to end in this one.
  await site.must('gateway', ['conntrack', '-F'])
  folder = mkdtempSync(join(tmpdir(), 'thingwall-events-'))
  store = openSqliteStore({ folder, keepHours: 24, maxBytes: 1 << 30 })
})
afterEach(async () => {
  await recorder?.close()
  recorder = null
  sockets?.close()
  sockets = null
  rmSync(folder, { recursive: true })
  expect(failures.splice(0)).toEqual([])
})

/** Loads the rules anew, counters at zero, and begins to listen. */
function listen(receiveBufferBytes?: number): void {
  const log = { group: GROUP, verdicts: 'all', perDevice: null } as const
  const [artifact] = compileFor(nftables, ruleset, { bindings, at: Date.now(), log })
  loader.load(artifact?.text ?? '')
  const buffer = receiveBufferBytes === undefined ? {} : { receiveBufferBytes }
  sockets = openEventSockets({ group: GROUP, flows: 'all', namespacePath: gateway, ...buffer })
}

function begin(): Recorder {
  recorder = startRecorder({
    sockets: sockets as EventSockets,
    namespacePath: gateway,
    store: { folder, keepHours: 24, maxBytes: 1 << 30 },
    failed: (error) => failures.push(error),
  })
  recorder.know(directoryOf(ruleset, bindings))
  return recorder
}

/** Waits until the recorder has counted so much, and has written it. */
async function recorded(enough: (counts: RecordCounts) => boolean): Promise<RecordCounts> {
  let counts = await (recorder as Recorder).flush()
  await until('the recorder to have seen it', async () => {
    counts = await (recorder as Recorder).flush()
    return enough(counts)
  })
  return counts
}

async function events(): Promise<readonly (StoredEvent & TrafficEvent)[]> {
  const page = await store.query({ order: 'oldest', limit: 10_000 })
  expect(page).toMatchObject({ hasMore: false, unreadable: [] })
  return page.events.flatMap((event) => (event.kind === 'notice' ? [] : [event]))
}

function total(all: readonly TrafficEvent[]): number {
  return all.reduce((sum, { count }) => sum + count, 0)
}

/** Packets that the kernel says each rule has decided. */
async function kernelCounts(): Promise<ReadonlyMap<string, number>> {
  const listing = JSON.parse(
    await site.must('gateway', ['nft', '-j', 'list', 'counters', 'table', 'inet', 'thingwall']),
  ) as {
    readonly nftables: readonly { readonly counter?: { readonly name: string; readonly packets: number } }[]
  }
  return new Map(
    listing.nftables.flatMap(({ counter }) =>
      counter === undefined ? [] : [[counter.name.replace(/^rule\//, ''), counter.packets] as const],
    ),
  )
}

function udp(
  from: { four: string; six: string },
  link: string,
  to: string,
  ports: readonly [number, number],
): Uint8Array {
  const [sourcePort, destinationPort] = ports
  const payload = { kind: 'udp', sourcePort, destinationPort, data: new Uint8Array(20) } as const
  const packet: Frame['payload'] = to.includes(':')
    ? { kind: 'ipv6', source: from.six, destination: to, payload }
    : { kind: 'ipv4', source: from.four, destination: to, payload }
  return buildFrame({ source: link, destination: gatewayLinks.wlan0, payload: packet })
}

const send = (host: string, frame: Uint8Array): void => wires.get(host)?.send(frame)
const [vent, far] = [places['vent-01'], places.internet]

test('what is in the store adds up, by rule, to what the kernel has counted', async () => {
  listen()
  begin()
  const ports = Array.from({ length: 300 }, (_, at) => at)
  for (const port of ports) {
    for (const to of [far.four, far.six]) {
      send('vent-01', udp(vent, vent.mac, to, [30_000 + port, 5000 + (port % 7)]))
      send('vent-01', udp(vent, vent.mac, to, [30_000 + port, 7000 + (port % 5)]))
      send('vent-01', udp(vent, '24:6f:28:aa:00:99', to, [30_000 + port, 7000]))
    }
  }
  let counts = await recorded(({ packets }) => packets.seen >= 1800)
  // Hosts look for each other when they like, so both sides are asked until they speak of the same moment.
  let all: readonly TrafficEvent[] = []
  let byRule = new Map<string, number>()
  let kernel: ReadonlyMap<string, number> = new Map()
  await until('the store to say what the kernel says', async () => {
    kernel = await kernelCounts()
    counts = await (recorder as Recorder).flush()
    all = (await events()).filter(({ kind }) => kind === 'denied' || kind === 'allowed')
    byRule = new Map()
    // ARP has counters in a table of its own.
    for (const event of all.filter(({ etherType }) => etherType !== 0x0806)) {
      byRule.set(event.rule ?? 'none', (byRule.get(event.rule ?? 'none') ?? 0) + event.count)
    }
    return [...byRule].every(([rule, count]) => count === kernel.get(rule))
  })
  expect(counts).toMatchObject({ packets: { lost: 0, overruns: 0 }, events: { lost: 0 }, storeFault: null })
  for (const [rule, count] of byRule) expect([rule, count]).toEqual([rule, kernel.get(rule)])
  expect(byRule.get('vent-01/readings')).toBe(600)
  expect(byRule.get('default/deny')).toBeGreaterThanOrEqual(600)
  expect(byRule.get('fixed/spoofed')).toBeGreaterThanOrEqual(600)
  // 1,800 packets and more, told in a few dozen events.
  expect(all.length).toBeLessThan(100)
})

test('an event names the device, the rule, both ends, and the name the device asked for', async () => {
  listen()
  begin()
  send('vent-01', udp(vent, vent.mac, far.four, [40_000, 5001]))
  send('vent-01', udp(vent, vent.mac, far.six, [40_001, 7001]))
  await recorded(({ packets, flows }) => packets.seen >= 2 && flows.seen >= 1)
  await site.must('gateway', ['conntrack', '-F'])
  await recorded(({ flows }) => flows.seen >= 2)
  const all = await events()
  const find = (kind: string, rule: string, port: number): (StoredEvent & TrafficEvent) | undefined =>
    all.find((one) => one.kind === kind && one.rule === rule && one.destination.port === port)
  const words = (event: TrafficEvent | undefined): unknown =>
    event && {
      from: [event.source.device, event.source.port, formatAddress(event.source.address as Address)],
      to: [event.destination.name, formatAddress(event.destination.address as Address)],
      translated: event.translated.source === null ? null : formatAddress(event.translated.source),
      protocol: event.protocol,
      count: event.count,
      ingress: event.ingress,
      link: event.link,
    }
  const [four, six] = [
    { from: ['vent-01', 40_000, vent.four], to: ['api.volcano.example', far.four], protocol: 17, count: 1 },
    { from: ['vent-01', 40_001, vent.six], to: ['api.volcano.example', far.six], protocol: 17, count: 1 },
  ]
  const seen = { ingress: 'wlan0', link: vent.mac, translated: null }
  expect(words(find('allowed', 'vent-01/readings', 5001))).toEqual({ ...four, ...seen })
  expect(words(find('denied', 'default/deny', 7001))).toEqual({ ...six, ...seen })
  const flow = { ingress: null, link: null, translated: '192.0.2.2' }
  expect(words(find('opened', 'vent-01/readings', 5001))).toEqual({ ...four, ...flow })
  expect(words(find('closed', 'vent-01/readings', 5001))).toEqual({ ...four, ...flow })
  expect(find('closed', 'vent-01/readings', 5001)?.sent).toEqual({ packets: 1, bytes: 48 })
  const { id, ...event } = find('denied', 'default/deny', 7001) as StoredEvent
  expect(await store.find(id)).toEqual({ id, ...event })
})

test('packets nobody could read in time are counted as lost, each of them', async () => {
  const sent = 3000
  listen(4096)
  // Nobody reads yet; what the buffer does not hold is gone.
  for (let at = 0; at < sent; at++) send('vent-01', udp(vent, vent.mac, far.four, [30_000, 7000]))
  begin()
  // The kernel sends what it has gathered, and numbers go on: only a later packet shows what is missing.
  const first = await recorded(({ packets }) => packets.seen > 0 && packets.messagesLostSince > 0)
  expect(first.packets.lost).toBe(0)
  expect(first.packets.messagesLostSince).toBeLessThanOrEqual(sent - first.packets.seen)
  let later = 0
  const counts = await recorded(({ packets }) => {
    send('vent-01', udp(vent, vent.mac, far.four, [30_000, 7000]))
    later += 1
    return packets.lost > 0 && packets.seen + packets.lost >= sent
  })
  expect(counts.packets.overruns).toBeGreaterThan(0)
  const settled = await recorded(({ packets }) => packets.seen + packets.lost >= sent + later)
  const kernel = (await kernelCounts()).get('default/deny') ?? 0
  expect(kernel).toBeGreaterThanOrEqual(sent + later)
  expect(settled.packets.messagesLostSince).toBe(0)
  const all = await events()
  expect(total(all.filter(({ kind }) => kind === 'denied' || kind === 'allowed'))).toBe(settled.packets.seen)
  const { events: notices } = await store.query({ kinds: ['notice'] })
  expect(notices).toContainEqual(expect.objectContaining({ topic: 'packets-lost' }))
})

test('flows nobody could read in time are counted as lost, each of them', async () => {
  const opened = 400
  listen(4096)
  for (let at = 0; at < opened; at++) send('vent-01', udp(vent, vent.mac, far.four, [30_000 + at, 5000]))
  begin()
  const first = await recorded(({ flows }) => flows.seen + flows.lost >= opened)
  expect(first.flows.lost).toBeGreaterThan(0)
  expect(first.flows.seen + first.flows.lost).toBe(opened)
  expect(total((await events()).filter(({ kind }) => kind === 'opened'))).toBe(first.flows.seen)
})

test('a flood from everywhere to everywhere is counted whole and stored small', async () => {
  listen()
  begin()
  const sent = 6000
  for (let at = 0; at < sent; at++) {
    const to = `198.${18 + (at & 1)}.${(at >> 8) & 255}.${at & 255}`
    send('vent-01', udp(vent, vent.mac, to, [30_000, 1 + at]))
  }
  const counts = await recorded(({ packets }) => packets.seen + packets.lost >= sent)
  expect(counts.packets.lost).toBe(0)
  expect(counts.kinds).toBeLessThan(1200)
  const denied = (await events()).filter(({ rule }) => rule === 'default/deny')
  expect(total(denied)).toBeGreaterThanOrEqual(sent)
  const gathered = denied.filter(({ isGathered }) => isGathered)
  expect(gathered.length).toBeGreaterThan(0)
  expect(gathered[0]).toMatchObject({
    source: { device: 'vent-01' },
    ingress: 'wlan0',
    destination: { address: null },
  })
})

test('whatever a stranger sends, the recorder goes on', async () => {
  listen()
  begin()
  const shapes: Frame['payload'][] = [
    {
      kind: 'arp',
      operation: 'request',
      senderLink: '06:00:00:00:00:01',
      sender: vent.four,
      targetLink: '00:00:00:00:00:00',
      target: '10.20.0.1',
    },
    { kind: 'other', etherType: 0x88cc, bytes: new Uint8Array(60).fill(0xff) },
    { kind: 'other', etherType: 0x0800, bytes: Uint8Array.of(0x4f, 0, 0, 20) },
    {
      kind: 'ipv4',
      source: vent.four,
      destination: far.four,
      fragment: { offsetBytes: 1480, more: true },
      payload: { kind: 'bytes', protocol: 17, bytes: new Uint8Array(64) },
    },
    {
      kind: 'ipv6',
      source: vent.six,
      destination: far.six,
      extensions: [{ kind: 'destination-options', options: new Uint8Array() }],
      payload: { kind: 'bytes', protocol: 59, bytes: new Uint8Array() },
    },
    {
      kind: 'ipv4',
      source: vent.four,
      destination: far.four,
      payload: { kind: 'bytes', protocol: 6, bytes: Uint8Array.of(1) },
    },
  ]
  for (const payload of shapes) {
    send('stranger', buildFrame({ source: '06:00:00:00:00:01', destination: gatewayLinks.wlan0, payload }))
  }
  let all: readonly TrafficEvent[] = []
  await until('an ARP from an address that is another’s to be told', async () => {
    await recorder?.flush()
    all = await events()
    return all.some(({ etherType, kind }) => etherType === 0x0806 && kind === 'denied')
  })
  const from = '06:00:00:00:00:01'
  const arp = all.find(({ etherType, kind }) => etherType === 0x0806 && kind === 'denied')
  // Whose address it is, and who says so.
  expect(arp).toMatchObject({ link: from, ingress: 'wlan0', source: { device: 'vent-01', port: null } })
  const cut = all.filter(({ link, etherType }) => link === from && etherType !== 0x0806)
  expect(cut.length).toBeGreaterThan(0)
  for (const { kind } of cut) expect(kind).toBe('denied')
})
