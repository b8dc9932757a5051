/** Random packets as bytes: whole, in fragments, with options; each carries a number to know it again by. */
import {
  buildFrame,
  type Extension,
  fragment,
  type Ipv4Packet,
  type Ipv6Packet,
  type Transport,
} from '@thingwall/gateway/lab'
import { type LinkAddress, linkLocalOf, parseAddress } from '@thingwall/policy'
import { type RandomPacket, sourcePortOf } from './packets.ts'
import { type Port, ports } from './world.ts'

/** What a packet is made of, whatever it is for. */
export interface Content {
  readonly source: string
  readonly destination: string
  readonly shape: RandomPacket['shape']
  readonly hops: number
  readonly payload: Transport
}

/** The packet as bytes: the gateway's own from its network header on, anybody else's as frames. */
export function bytesOf(packet: RandomPacket, number: number): readonly Uint8Array[] {
  return packet.port === null ? [ownPacketOf(packet, number)] : framesOf(packet, number)
}

function ownPacketOf(packet: RandomPacket, number: number): Uint8Array {
  const [payload] = packetsOf(packet, number)
  const link = packet.link
  return buildFrame({
    destination: link,
    source: link,
    payload: payload as Ipv4Packet | Ipv6Packet,
  }).subarray(14)
}

function framesOf(packet: RandomPacket, number: number): readonly Uint8Array[] {
  return framesTo(packet.port as number, packet.link, packetsOf(packet, number))
}

/** Packets as frames from a link address to the gateway, by one of its ports. */
export function framesTo(
  port: number,
  link: string,
  packets: readonly (Ipv4Packet | Ipv6Packet)[],
): readonly Uint8Array[] {
  const { link: destination } = ports[port] as Port
  return packets.map((payload) => buildFrame({ destination, source: link, payload }))
}

function packetsOf(packet: RandomPacket, number: number): readonly (Ipv4Packet | Ipv6Packet)[] {
  const { source, destination, shape } = packet
  const isDiscovery = packet.protocol === 'icmp' && packet.icmpType >= 130 && packet.icmpType !== 139
  const hops = isDiscovery ? 255 : 64
  return shaped({ source, destination, shape, hops, payload: transportOf(packet, number) }, number)
}

/** One packet, whole or in parts; `number` goes into the IPv4 identification or the IPv6 flow label, to know it again. */
export function shaped(content: Content, number: number): readonly (Ipv4Packet | Ipv6Packet)[] {
  const { source, destination, shape, hops, payload } = content
  const hasOptions = shape === 'options' || shape === 'options-and-fragments'
  const pad: Extension[] = [
    { kind: 'hop-by-hop', options: Uint8Array.of(1, 4, 0, 0, 0, 0) },
    { kind: 'destination-options', options: Uint8Array.of(1, 4, 0, 0, 0, 0) },
  ]
  const whole: Ipv4Packet | Ipv6Packet = destination.includes(':')
    ? {
        kind: 'ipv6',
        source,
        destination,
        flowLabel: number,
        hops,
        extensions: hasOptions ? pad : [],
        payload,
      }
    : {
        kind: 'ipv4',
        source,
        destination,
        hops,
        identification: number,
        options: hasOptions ? Uint8Array.of(1, 1, 1, 0) : new Uint8Array(),
        payload,
      }
  const isFragmented = shape === 'fragments' || shape === 'options-and-fragments'
  if (!isFragmented) return [whole]
  // Fragments that never become a packet wait for a minute: IPv6 packets of later rule sets must not meet them.
  fragmented += 1
  return fragment(whole, { sizeBytes: 24, identification: whole.kind === 'ipv4' ? number : fragmented })
}

let fragmented = 0

const data = new Uint8Array(40).fill(0x61)

/** Bytes of solicitations and advertisements without options: what follows would be one. */
const bodies: Readonly<Record<number, number>> = { 133: 4, 135: 20, 136: 20 }

function transportOf(packet: RandomPacket, number: number): Transport {
  const { protocol, destinationPort } = packet
  const sourcePort = sourcePortOf(packet, number)
  if (protocol === 'tcp') return { kind: 'tcp', sourcePort, destinationPort, flags: packet.flags, data }
  if (protocol === 'udp') return { kind: 'udp', sourcePort, destinationPort, data }
  if (protocol === 'icmp') {
    const body = new Uint8Array(bodies[packet.icmpType] ?? 44)
    body.set([number >> 8, number & 0xff], 0)
    if (packet.icmpType === 135 || packet.icmpType === 136) body.set(claimOf(packet), 4)
    return {
      kind: packet.destination.includes(':') ? 'icmpv6' : 'icmp',
      type: packet.icmpType,
      code: 0,
      body,
    }
  }
  // A plain GRE header: connection tracking reads it, and calls what it cannot read invalid.
  return { kind: 'bytes', protocol, bytes: protocol === 47 ? Uint8Array.of(0, 0, 8, 0, ...data) : data }
}

/** A neighbour message speaks of its own sender; one from nowhere of an address nobody has. */
function claimOf(packet: RandomPacket): Uint8Array {
  const target =
    packet.source === '::' ? linkLocalOf('02:00:00:00:00:97' as LinkAddress) : parseAddress(packet.source)
  return Uint8Array.from((target as string).match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))
}
