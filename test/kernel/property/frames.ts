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

/** The packet as the gateway sends it itself, from its network header on. */
export function ownPacketOf(packet: RandomPacket, number: number): Uint8Array {
  const [payload] = packetsOf(packet, number)
  const link = packet.link
  return buildFrame({
    destination: link,
    source: link,
    payload: payload as Ipv4Packet | Ipv6Packet,
  }).subarray(14)
}

/** The frames of a packet; `number` goes into the IPv4 identification or the IPv6 flow label, to know it again. */
export function framesOf(packet: RandomPacket, number: number): readonly Uint8Array[] {
  const port = ports[packet.port as number] as Port
  return packetsOf(packet, number).map((payload) =>
    buildFrame({ destination: port.link, source: packet.link, payload }),
  )
}

function packetsOf(packet: RandomPacket, number: number): readonly (Ipv4Packet | Ipv6Packet)[] {
  const { source, destination, shape } = packet
  const payload = transportOf(packet, number)
  const hasOptions = shape === 'options' || shape === 'options-and-fragments'
  const pad: Extension[] = [
    { kind: 'hop-by-hop', options: Uint8Array.of(1, 4, 0, 0, 0, 0) },
    { kind: 'destination-options', options: Uint8Array.of(1, 4, 0, 0, 0, 0) },
  ]
  const isDiscovery = packet.protocol === 'icmp' && packet.icmpType >= 130 && packet.icmpType !== 139
  const whole: Ipv4Packet | Ipv6Packet = destination.includes(':')
    ? {
        kind: 'ipv6',
        source,
        destination,
        flowLabel: number,
        hops: isDiscovery ? 255 : 64,
        extensions: hasOptions ? pad : [],
        payload,
      }
    : {
        kind: 'ipv4',
        source,
        destination,
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

function transportOf(packet: RandomPacket, number: number): Transport {
  const { protocol, destinationPort } = packet
  const sourcePort = sourcePortOf(packet, number)
  if (protocol === 'tcp') return { kind: 'tcp', sourcePort, destinationPort, flags: packet.flags, data }
  if (protocol === 'udp') return { kind: 'udp', sourcePort, destinationPort, data }
  if (protocol === 'icmp') {
    const body = new Uint8Array(44)
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
