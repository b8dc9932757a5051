/** The header reader agrees with the lab's parser on whole packets, and survives any bytes cut off anywhere. */
import { type Address, formatAddress } from '@thingwall/policy'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildFrame, parsePacket } from '../lab/frame/ethernet.ts'
import type { Frame, Ipv6Packet, Transport } from '../lab/frame/model.ts'
import { type Headers, readHeaders } from './headers.ts'

const bytes = fc.uint8Array({ maxLength: 12 })
const port = fc.nat(0xffff)
const transport: fc.Arbitrary<Transport> = fc.oneof(
  fc.record({
    kind: fc.constant('tcp' as const),
    sourcePort: port,
    destinationPort: port,
    flags: fc.constant(['syn' as const]),
    data: bytes,
  }),
  fc.record({ kind: fc.constant('udp' as const), sourcePort: port, destinationPort: port, data: bytes }),
  fc.record({
    kind: fc.constantFrom('icmp' as const, 'icmpv6' as const),
    type: fc.nat(255),
    code: fc.nat(255),
    body: fc.uint8Array({ minLength: 4, maxLength: 12 }),
  }),
  fc.record({ kind: fc.constant('bytes' as const), protocol: fc.constantFrom(2, 47, 89), bytes }),
)
const extension: fc.Arbitrary<NonNullable<Ipv6Packet['extensions']>[number]> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('hop-by-hop' as const, 'destination-options' as const),
    options: fc.constant(new Uint8Array()),
  }),
  fc.record({
    kind: fc.constant('routing' as const),
    type: fc.constant(4),
    segmentsLeft: fc.constant(0),
    data: fc.constant(new Uint8Array(4)),
  }),
  fc.record({
    kind: fc.constant('fragment' as const),
    offsetBytes: fc.constantFrom(0, 8, 1400),
    more: fc.boolean(),
    identification: fc.nat(),
  }),
)
const link = '02:00:00:00:00:01'
const packet: fc.Arbitrary<Frame['payload']> = fc.oneof(
  fc.record({
    kind: fc.constant('ipv4' as const),
    source: fc.ipV4(),
    destination: fc.ipV4(),
    options: fc.constantFrom(new Uint8Array(), Uint8Array.of(148, 4, 0, 0)),
    fragment: fc.constantFrom({ offsetBytes: 0, more: false }, { offsetBytes: 1480, more: true }),
    payload: transport,
  }),
  fc.record({
    kind: fc.constant('ipv6' as const),
    source: fc.ipV6(),
    destination: fc.ipV6(),
    extensions: fc.array(extension, { maxLength: 3 }),
    payload: transport,
  }),
  fc.record({
    kind: fc.constant('arp' as const),
    operation: fc.constantFrom('request' as const, 'reply' as const),
    senderLink: fc.constant(link),
    sender: fc.ipV4(),
    targetLink: fc.constant(link),
    target: fc.ipV4(),
  }),
)

function frameOf(payload: Frame['payload']): Uint8Array {
  return buildFrame({ destination: link, source: link, payload })
}

function addressAt(frame: Uint8Array, headers: Headers, at: number): string {
  const hex = Buffer.from(frame.subarray(at, at + headers.addressBytes)).toString('hex')
  return formatAddress(hex as Address)
}

test('whole packets are read as the parser of the lab reads them', () => {
  let transports = 0
  fc.assert(
    fc.property(packet, (payload) => {
      const frame = frameOf(payload)
      const etherType = ((frame[12] as number) << 8) | (frame[13] as number)
      const parsed = parsePacket(etherType, frame.subarray(14))
      const headers = readHeaders(frame, 14, frame.length, etherType)
      if (parsed.kind === 'other') return
      const [source, destination] =
        parsed.kind === 'arp' ? [parsed.sender, parsed.target] : [parsed.source, parsed.destination]
      expect(addressAt(frame, headers, headers.sourceAt)).toBe(source)
      expect(addressAt(frame, headers, headers.destinationAt)).toBe(destination)
      if (parsed.kind === 'arp') return
      const above = parsed.payload
      // The lab leaves every fragment as bytes; of the first one the ports can be told.
      if (above.kind === 'tcp' || above.kind === 'udp') {
        transports++
        expect(headers).toMatchObject({
          protocol: above.kind === 'tcp' ? 6 : 17,
          sourcePort: above.sourcePort,
          destinationPort: above.destinationPort,
          icmpType: -1,
        })
      }
      if (above.kind === 'icmp' || above.kind === 'icmpv6') {
        expect(headers).toMatchObject({ icmpType: above.type, sourcePort: -1 })
      }
    }),
    { numRuns: 500 },
  )
  expect(transports).toBeGreaterThan(50)
})

test('cut off anywhere, what is still told is what the whole packet tells', () => {
  fc.assert(
    fc.property(packet, fc.nat(200), (payload, cut) => {
      const frame = frameOf(payload)
      const etherType = ((frame[12] as number) << 8) | (frame[13] as number)
      const whole = readHeaders(frame, 14, frame.length, etherType)
      const end = Math.min(frame.length, 14 + cut)
      const part = readHeaders(frame.subarray(0, end), 14, end, etherType)
      for (const key of Object.keys(whole) as (keyof Headers)[]) {
        if (part[key] !== -1 && part[key] !== 0) expect(part[key]).toBe(whole[key])
      }
      expect(part.destinationAt + part.addressBytes).toBeLessThanOrEqual(end)
    }),
    { numRuns: 500 },
  )
})

test('any bytes are read without an error and without leaving them', () => {
  const types = fc.oneof(fc.constantFrom(0x0800, 0x86dd, 0x0806, 0x8100, 0x88a8), fc.nat(0xffff))
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), types, fc.nat(20), (noise, type, from) => {
      const headers = readHeaders(noise, from, noise.length, type)
      for (const at of [headers.sourceAt, headers.destinationAt]) {
        expect(at === -1 || (at >= from && at + headers.addressBytes <= noise.length)).toBe(true)
      }
      expect(headers.sourcePort).toBeLessThanOrEqual(0xffff)
      expect(Object.values(headers).some(Number.isNaN)).toBe(false)
    }),
    { numRuns: 2000 },
  )
})

describe('by hand', () => {
  const ipv6 = (next: number, ...rest: number[]): Uint8Array =>
    Uint8Array.of(0x60, 0, 0, 0, 0, rest.length, next, 64, ...new Array(32).fill(1), ...rest)

  test('under two VLAN tags the packet is still found, under three it is not looked for', () => {
    const packet = frameOf({
      kind: 'ipv4',
      source: '10.0.0.1',
      destination: '10.0.0.2',
      payload: { kind: 'udp', sourcePort: 1, destinationPort: 53 },
    }).subarray(14)
    const tagged = (...tags: number[]): Uint8Array => Uint8Array.of(...tags, ...packet)
    const two = tagged(0, 5, 0x81, 0, 0, 6, 8, 0)
    expect(readHeaders(two, 0, two.length, 0x88a8)).toMatchObject({ etherType: 0x0800, destinationPort: 53 })
    const three = tagged(0, 5, 0x81, 0, 0, 6, 0x81, 0, 0, 7, 8, 0)
    expect(readHeaders(three, 0, three.length, 0x88a8)).toMatchObject({ etherType: 0x8100, addressBytes: 0 })
  })

  test('a chain of extension headers is followed to its eighth', () => {
    const options = (next: number): number[] => [next, 0, 1, 4, 0, 0, 0, 0]
    const chain = (length: number): Uint8Array =>
      ipv6(60, ...Array.from({ length }, (_, at) => options(at === length - 1 ? 17 : 60)).flat(), 0, 1, 0, 2)
    const eight = chain(8)
    expect(readHeaders(eight, 0, eight.length, 0x86dd)).toMatchObject({ protocol: 17, destinationPort: 2 })
    const nine = chain(9)
    expect(readHeaders(nine, 0, nine.length, 0x86dd)).toMatchObject({ protocol: -1, destinationPort: -1 })
  })

  test('a later fragment has a protocol and no ports', () => {
    const later = ipv6(44, 17, 0, 0x05, 0x78, 0, 0, 0, 1, 0, 1, 0, 2)
    expect(readHeaders(later, 0, later.length, 0x86dd)).toMatchObject({ protocol: 17, destinationPort: -1 })
    const hidden = ipv6(44, 60, 0, 0x05, 0x78, 0, 0, 0, 1, 17, 0, 0, 0)
    expect(readHeaders(hidden, 0, hidden.length, 0x86dd)).toMatchObject({ protocol: -1, destinationPort: -1 })
  })

  test('a header that claims to be shorter than one gives addresses and no ports', () => {
    const packet = frameOf({
      kind: 'ipv4',
      source: '10.0.0.1',
      destination: '10.0.0.2',
      payload: { kind: 'udp', sourcePort: 1, destinationPort: 53 },
    }).slice(14)
    packet[0] = 0x44
    expect(readHeaders(packet, 0, packet.length, 0x0800)).toMatchObject({
      sourceAt: 12,
      destinationPort: -1,
    })
  })
})
