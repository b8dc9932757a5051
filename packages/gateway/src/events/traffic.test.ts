/**
 * Counting what is alike together: nothing is lost, memory is bounded whatever comes, a loud sender takes no room from
 * the others, and names are those of the moment it is told. Packets are built as the kernel sends them.
 */
import { type Address, type LinkAddress, parseAddress } from '@thingwall/policy'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { buildFrame } from '../lab/frame/ethernet.ts'
import { CONNTRACK, CONNTRACK_DELETE, CONNTRACK_NEW } from '../netlink/conntrack-socket.ts'
import { attribute, bigEndian, message } from '../netlink/message.ts'
import { NFLOG, NFLOG_PACKET } from '../netlink/nflog-socket.ts'
import { readConntrack } from './conntrack-messages.ts'
import { keepNames } from './directory.ts'
import { type GatherOptions, gather } from './gather.ts'
import type { TrafficEvent } from './model.ts'
import { nflogMessages } from './nflog-messages.ts'
import { readPrefix } from './prefix.ts'
import { type Traffic, watchTraffic } from './traffic.ts'

const text = (value: string): Uint8Array => Buffer.from(`${value}\0`)
const clock = (ms: number): { wallMs: number; monotonicMs: number } => ({
  wallMs: 1e12 + ms,
  monotonicMs: ms,
})
const sender = '02:00:00:00:00:11'

interface Logged {
  readonly prefix?: string
  readonly from?: string
  readonly to?: string
  readonly port?: number
  readonly link?: string
  readonly sequence?: number
  readonly indev?: number
}

/** One message of the packet log. */
function logged({ prefix = 'thingwall:deny:default/deny', indev = 3, ...packet }: Logged): Uint8Array {
  const link = packet.link ?? sender
  const frame = buildFrame({
    source: link,
    destination: '02:00:00:00:00:01',
    payload: {
      kind: 'ipv4',
      source: packet.from ?? '10.20.0.11',
      destination: packet.to ?? '198.51.100.10',
      payload: { kind: 'udp', sourcePort: 4000, destinationPort: packet.port ?? 53 },
    },
  })
  const mac = Uint8Array.of(0, 6, 0, 0, ...frame.subarray(6, 12), 0, 0)
  return message(NFLOG_PACKET, [
    Uint8Array.of(2, 0, 0, 0),
    attribute(NFLOG.packetHeader, Uint8Array.of(8, 0, 2, 0)),
    attribute(NFLOG.prefix, text(prefix)),
    attribute(NFLOG.indev, bigEndian(4, indev)),
    attribute(NFLOG.senderLink, mac),
    attribute(NFLOG.payload, frame.subarray(14)),
    ...(packet.sequence === undefined ? [] : [attribute(NFLOG.sequence, bigEndian(4, packet.sequence))]),
  ])
}

function watch(gathering?: GatherOptions): { traffic: Traffic; names: ReturnType<typeof keepNames> } {
  const names = keepNames()
  const traffic = watchTraffic({
    names,
    interfaceName: (index) => `eth${index}`,
    ...(gathering === undefined ? {} : { gathering }),
  })
  return { traffic, names }
}

function feed(traffic: Traffic, bytes: Uint8Array, atMs: number): void {
  nflogMessages().read(bytes, 0, bytes.length, (packet) => traffic.packet(packet, clock(atMs)))
}

const total = (events: readonly TrafficEvent[]): number => events.reduce((sum, { count }) => sum + count, 0)

test('a flood of one kind is told at once and then once a minute', () => {
  const { traffic } = watch()
  const packet = logged({})
  const told: TrafficEvent[] = []
  for (let second = 0; second < 180; second++) {
    for (let of = 0; of < 50; of++) feed(traffic, packet, second * 1000 + of)
    told.push(...traffic.take(clock(second * 1000 + 999), 'due'))
  }
  told.push(...traffic.take(clock(180_000), 'all'))
  expect(total(told)).toBe(9000)
  expect(told.length).toBeLessThanOrEqual(5)
  expect(told[0]).toMatchObject({
    kind: 'denied',
    rule: 'default/deny',
    at: 1e12,
    count: 50,
    ingress: 'eth3',
    link: sender,
    protocol: 17,
    source: { address: parseAddress('10.20.0.11'), port: null },
    destination: { address: parseAddress('198.51.100.10'), port: 53 },
  })
})

test('whatever comes, counts add up and what is kept is bounded', () => {
  const limits = { kinds: 40, kindsPerGroup: 15, groups: 5, againMs: 60_000 }
  const packet = fc.record({
    from: fc.constantFrom('10.20.0.11', '10.20.0.12', '203.0.113.9'),
    to: fc.integer({ min: 1, max: 250 }).map((last) => `198.51.100.${last}`),
    port: fc.constantFrom(22, 53, 443),
    link: fc.integer({ min: 16, max: 60 }).map((last) => `02:00:00:00:00:${last.toString(16)}`),
    prefix: fc.constantFrom('thingwall:deny:default/deny', 'thingwall:allow:a/b', 'another', ''),
  })
  fc.assert(
    fc.property(fc.array(fc.tuple(packet, fc.nat(3000)), { maxLength: 400 }), (packets) => {
      const { traffic } = watch(limits)
      let now = 0
      let told = 0
      for (const [one, after] of packets) {
        now += after
        feed(traffic, logged(one), now)
        expect(traffic.size()).toBeLessThanOrEqual(limits.kinds + limits.groups + 1)
        if (after % 7 === 0) told += total(traffic.take(clock(now), 'due'))
      }
      expect(told + total(traffic.take(clock(now), 'all'))).toBe(packets.length)
      // What is over is forgotten.
      traffic.take(clock(now + 60_000), 'due')
      traffic.take(clock(now + 130_000), 'due')
      expect(traffic.size()).toBe(0)
    }),
    { numRuns: 100 },
  )
})

test('a loud sender takes no room from the others', () => {
  const { traffic, names } = watch({ kinds: 100, kindsPerGroup: 20, groups: 5, againMs: 60_000 })
  names.add([{ kind: 'link', device: 'vent-01', link: sender as LinkAddress }])
  for (let at = 0; at < 1000; at++) feed(traffic, logged({ port: at }), 0)
  feed(traffic, logged({ link: '02:00:00:00:00:12', from: '10.20.0.12' }), 1)
  const told = traffic.take(clock(1000), 'due')
  expect(total(told)).toBe(1001)
  const quiet = told.filter(({ link }) => link === '02:00:00:00:00:12')
  expect(quiet).toMatchObject([{ isGathered: false, destination: { port: 53 }, count: 1 }])
  const gathered = told.filter(({ isGathered }) => isGathered)
  expect(gathered).toMatchObject([
    {
      count: 980,
      rule: 'default/deny',
      source: { device: 'vent-01' },
      destination: { address: null, port: null },
    },
  ])
})

test('names are those known when it is told', () => {
  const { traffic, names } = watch()
  feed(traffic, logged({}), 0)
  names.add([
    { kind: 'device', device: 'vent-01', address: parseAddress('10.20.0.11') as Address },
    {
      kind: 'name',
      device: 'vent-01',
      address: parseAddress('198.51.100.10') as Address,
      name: 'api.volcano.example',
    },
  ])
  const [told] = traffic.take(clock(1000), 'due')
  expect(told).toMatchObject({ source: { device: 'vent-01' }, destination: { name: 'api.volcano.example' } })
})

function flow(type: number, mark: number, reply: { readonly from: string; readonly to: string }): Uint8Array {
  const address = (of: string): Uint8Array => Buffer.from(parseAddress(of) as string, 'hex')
  const tuple = (kind: number, from: string, to: string): Uint8Array =>
    attribute(
      kind | 0x8000,
      attribute(1 | 0x8000, attribute(1, address(from)), attribute(2, address(to))),
      attribute(
        2 | 0x8000,
        attribute(1, Uint8Array.of(6)),
        attribute(2, bigEndian(2, 40_000)),
        attribute(3, bigEndian(2, 443)),
      ),
    )
  const counters = (kind: number, packets: number, bytes: number): Uint8Array =>
    attribute(
      kind | 0x8000,
      attribute(1, bigEndian(4, 0), bigEndian(4, packets)),
      attribute(2, bigEndian(4, 1), bigEndian(4, bytes)),
    )
  return message(type, [
    Uint8Array.of(2, 0, 0, 0),
    tuple(CONNTRACK.original, '198.51.100.7', '192.0.2.2'),
    tuple(CONNTRACK.reply, reply.from, reply.to),
    attribute(CONNTRACK.mark, bigEndian(4, mark)),
    counters(CONNTRACK.countersOriginal, 5, 600),
    counters(CONNTRACK.countersReply, 7, 900),
  ])
}

test('a flow is told with its rule, what translation made of it, and how much went each way', () => {
  const { traffic, names } = watch()
  const to = parseAddress('10.20.0.11') as Address
  names.replace({
    rules: new Map([[0x01abcdef, 'camera/view']]),
    devices: new Map([[to, 'camera']]),
    links: new Map(),
    names: new Map(),
  })
  for (const type of [CONNTRACK_NEW, CONNTRACK_DELETE]) {
    // The part of the mark that is not ours may be anything.
    const bytes = flow(type, 0x51abcdef, { from: '10.20.0.11', to: '198.51.100.7' })
    readConntrack(bytes, 0, bytes.length, (change) => traffic.flow(change, clock(0)))
  }
  const told = traffic.take(clock(1000), 'due')
  expect(told.map(({ kind }) => kind)).toEqual(['opened', 'closed'])
  expect(told[1]).toMatchObject({
    rule: 'camera/view',
    source: { address: parseAddress('198.51.100.7'), port: 40_000 },
    destination: { address: parseAddress('192.0.2.2'), port: 443, device: 'camera' },
    translated: { source: null, destination: to },
    protocol: 6,
    sent: { packets: 5, bytes: 0x100000000 + 600 },
    answered: { packets: 7, bytes: 0x100000000 + 900 },
  })
})

test('messages of the kernel, spoilt anywhere, are read without an error and never make more of them', () => {
  const sound = [
    logged({ sequence: 1 }),
    logged({ sequence: 2 }),
    flow(CONNTRACK_NEW, 1, { from: '10.0.0.1', to: '10.0.0.2' }),
  ]
  const whole = Buffer.concat(sound.map((one) => Buffer.concat([one, Buffer.alloc(-one.length & 3)])))
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 }),
      fc.nat(whole.length),
      (spoils, length) => {
        const bytes = Buffer.from(whole.subarray(0, length))
        for (const [at, value] of spoils) if (at < length) bytes[at] = value
        const { traffic } = watch()
        let seen = 0
        nflogMessages().read(bytes, 0, length, (packet) => {
          seen += 1
          traffic.packet(packet, clock(0))
        })
        readConntrack(bytes, 0, length, (change) => {
          seen += 1
          traffic.flow(change, clock(0))
        })
        expect(seen).toBeLessThanOrEqual(length / 20)
        expect(total(traffic.take(clock(0), 'all'))).toBe(seen)
      },
    ),
    { numRuns: 1000 },
  )
})

test('gaps in the numbers are losses, also across the end of the numbers', () => {
  const log = nflogMessages()
  const read = (sequence: number): void => {
    const bytes = logged({ sequence })
    log.read(bytes, 0, bytes.length, () => {})
  }
  for (const sequence of [7, 8, 12, 13]) read(sequence)
  expect(log.lost()).toBe(3)
  const late = nflogMessages()
  for (const sequence of [0xfffffffe, 1]) {
    const bytes = logged({ sequence })
    late.read(bytes, 0, bytes.length, () => {})
  }
  expect(late.lost()).toBe(2)
})

test.each([
  ['thingwall:deny:default/deny', { kind: 'denied', rule: 'default/deny' }],
  ['thingwall:allow:vent-01/readings', { kind: 'allowed', rule: 'vent-01/readings' }],
  ['thingwall:allow:limit/camera/new-connections', { kind: 'allowed', rule: 'limit/camera/new-connections' }],
  ['thingwall:drop:x', { kind: 'denied', rule: null }],
  ['thingwall:allow:', { kind: 'denied', rule: null }],
  ['thingwall:allow:a b\u001b[2J', { kind: 'denied', rule: null }],
  ['', { kind: 'denied', rule: null }],
])('the prefix %j', (prefix, expected) => {
  expect(readPrefix(prefix)).toEqual(expected)
})

test('what is told once is not told again', () => {
  const table = gather<string>()
  const one = { count: 1, packets: 1, bytes: 1, answeredPackets: 0, answeredBytes: 0 }
  table.begin('a', { group: 'g', subject: (detail) => detail }, one, clock(0))
  expect(table.take(clock(1), 'due')).toMatchObject([{ subject: 'kind', count: 1 }])
  expect(table.take(clock(2), 'all')).toEqual([])
})
