/** Frames survive the way to bytes and back, and reading takes any bytes whatever. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addressText } from './bytes.ts'
import { buildFrame, parseFrame } from './ethernet.ts'
import { fragment } from './fragment.ts'
import type { Extension, Frame, Ipv4Packet, Ipv6Packet, TcpFlag, Transport } from './model.ts'

const u8 = fc.nat(0xff)
const u16 = fc.nat(0xffff)
const u32 = fc.nat(0xffffffff)
const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength })
const address = (size: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: size, maxLength: size }).map(addressText)
const link = fc.constantFrom('02:00:00:00:00:01', 'ff:ff:ff:ff:ff:ff', '33:33:00:00:00:01')
const flags = fc.subarray<TcpFlag>(['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr'])
const words = bytes(10).map((some) => some.slice(0, some.length & ~3))
const ports = { sourcePort: u16, destinationPort: u16 }

const transport = (icmp: 'icmp' | 'icmpv6'): fc.Arbitrary<Transport> =>
  fc.oneof(
    fc.record({
      kind: fc.constant('tcp' as const),
      ...ports,
      flags,
      sequence: u32,
      acknowledgment: u32,
      window: u16,
      options: words,
      data: bytes(40),
    }),
    fc.record({ kind: fc.constant('udp' as const), ...ports, data: bytes(40) }),
    fc.record({ kind: fc.constant(icmp), type: u8, code: u8, body: bytes(40) }),
    fc.record({
      kind: fc.constant('bytes' as const),
      protocol: fc.constantFrom(47, 89, 132),
      bytes: bytes(40),
    }),
  )

const ipv4: fc.Arbitrary<Ipv4Packet> = fc.record({
  kind: fc.constant('ipv4' as const),
  source: address(4),
  destination: address(4),
  hops: u8,
  trafficClass: u8,
  identification: u16,
  dontFragment: fc.boolean(),
  options: words,
  payload: transport('icmp'),
})

/** Options of a length that needs no padding, which parsing could not tell from options. */
const wholeOptions = fc.constantFrom(6, 14).map((length) => new Uint8Array(length).fill(0))
const extension: fc.Arbitrary<Extension> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('hop-by-hop' as const, 'destination-options' as const),
    options: wholeOptions,
  }),
  fc.record({
    kind: fc.constant('routing' as const),
    type: fc.constantFrom(0, 2, 3, 4),
    segmentsLeft: fc.nat(1),
    data: fc.uint8Array({ minLength: 20, maxLength: 20 }),
  }),
  fc.record({
    kind: fc.constant('fragment' as const),
    offsetBytes: fc.constant(0),
    more: fc.constant(false),
    identification: u32,
  }),
)
const ipv6: fc.Arbitrary<Ipv6Packet> = fc.record({
  kind: fc.constant('ipv6' as const),
  source: address(16),
  destination: address(16),
  hops: u8,
  trafficClass: u8,
  flowLabel: fc.nat(0xfffff),
  extensions: fc.array(extension, { maxLength: 3 }),
  payload: transport('icmpv6'),
})
const arp: fc.Arbitrary<Frame['payload']> = fc.record({
  kind: fc.constant('arp' as const),
  operation: fc.constantFrom('request' as const, 'reply' as const),
  senderLink: link,
  sender: address(4),
  targetLink: link,
  target: address(4),
})
const frame: fc.Arbitrary<Frame> = fc.record({
  destination: link,
  source: link,
  payload: fc.oneof(ipv4, ipv6, arp),
})

test('a frame comes back from its bytes as it was, without a word on its checksums', () => {
  fc.assert(
    fc.property(frame, (made) => {
      expect(parseFrame(buildFrame(made))).toEqual(made)
    }),
    { numRuns: 2000 },
  )
})

test('a wrong checksum is kept', () => {
  const spoilt: Frame = {
    destination: '02:00:00:00:00:01',
    source: '02:00:00:00:00:02',
    payload: {
      kind: 'ipv4',
      source: '10.20.0.11',
      destination: '198.51.100.10',
      checksum: 1,
      payload: { kind: 'udp', sourcePort: 5, destinationPort: 53, checksum: 2 },
    },
  }
  const found = parseFrame(buildFrame(spoilt))
  expect(found).toMatchObject({ payload: { checksum: 1, payload: { checksum: 2 } } })
  expect(buildFrame(found)).toEqual(buildFrame(spoilt))
})

test('any bytes can be read, and built again less what follows the packet', () => {
  fc.assert(
    fc.property(fc.constantFrom([8, 0], [8, 6], [0x86, 0xdd]), bytes(120), (etherType, rest) => {
      const whole = Uint8Array.from([...new Array<number>(12).fill(2), ...etherType, ...rest])
      expect(parseFrame(whole).source).toBe('02:02:02:02:02:02')
    }),
    { numRuns: 2000 },
  )
})

test('fragments cover the packet once, in multiples of 8, and only the last says so', () => {
  const sizes = fc.integer({ min: 1, max: 5 }).map((units) => units * 8)
  fc.assert(
    fc.property(fc.oneof(ipv4, ipv6), sizes, (packet, sizeBytes) => {
      const parts = fragment(packet, { sizeBytes, identification: 7 })
      let expected = 0
      for (const [at, part] of parts.entries()) {
        const field =
          part.kind === 'ipv4' ? part.fragment : part.extensions?.findLast(({ kind }) => kind === 'fragment')
        expect(field).toMatchObject({ offsetBytes: expected, more: at < parts.length - 1 })
        if (part.payload.kind === 'bytes') expected += part.payload.bytes.length
      }
    }),
  )
})
