/**
 * TCP, UDP and ICMP headers to bytes and back, with their checksums. What does not parse as what its protocol
 * number says stays bytes.
 */
import { checksum, concat, padded, read16, read32, u16, u32 } from './bytes.ts'
import type { Icmp, Tcp, TcpFlag, Transport, Udp } from './model.ts'

const TCP = 6
const UDP = 17
const ICMP = 1
const ICMPV6 = 58

/** Bit 0 first. */
const tcpFlags: readonly TcpFlag[] = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr']
const nothing = new Uint8Array()

/** The addresses a transport checksum covers: as bytes, the final destination behind a routing header. */
export interface Ends {
  readonly source: Uint8Array
  readonly destination: Uint8Array
}

/** The number that stands in the IP header for this transport. */
export function protocolOf(transport: Transport): number {
  switch (transport.kind) {
    case 'tcp':
      return TCP
    case 'udp':
      return UDP
    case 'icmp':
      return ICMP
    case 'icmpv6':
      return ICMPV6
    case 'bytes':
      return transport.protocol
    default:
      return transport satisfies never
  }
}

export function buildTransport(transport: Transport, ends: Ends): Uint8Array {
  switch (transport.kind) {
    case 'tcp':
      return withChecksum(tcpBytes(transport), 16, TCP, ends, transport.checksum)
    case 'udp':
      return withChecksum(udpBytes(transport), 6, UDP, ends, transport.checksum)
    case 'icmp':
    case 'icmpv6':
      return withChecksum(icmpBytes(transport), 2, protocolOf(transport), ends, transport.checksum)
    case 'bytes':
      return transport.bytes
    default:
      return transport satisfies never
  }
}

/** Reads a whole transport segment; a wrong checksum is kept in the result. */
export function parseTransport(protocol: number, bytes: Uint8Array, ends: Ends): Transport {
  const asBytes: Transport = { kind: 'bytes', protocol, bytes }
  const place = { [TCP]: 16, [UDP]: 6, [ICMP]: 2, [ICMPV6]: 2 }[protocol]
  if (place === undefined || bytes.length < place + 2) return asBytes
  const found = read16(bytes, place)
  const right = read16(withChecksum(bytes.slice(), place, protocol, ends, undefined), place)
  const wrong = found === right ? {} : { checksum: found }
  if (protocol === ICMP || protocol === ICMPV6) {
    const kind = protocol === ICMP ? 'icmp' : 'icmpv6'
    return { kind, type: bytes[0] ?? 0, code: bytes[1] ?? 0, body: bytes.slice(4), ...wrong }
  }
  const ports = { sourcePort: read16(bytes, 0), destinationPort: read16(bytes, 2) }
  if (protocol === UDP) {
    if (read16(bytes, 4) !== bytes.length) return asBytes
    return { kind: 'udp', ...ports, ...wrong, data: bytes.slice(8) }
  }
  const headerBytes = ((bytes[12] ?? 0) >> 4) * 4
  if (headerBytes < 20 || headerBytes > bytes.length) return asBytes
  return {
    kind: 'tcp',
    ...ports,
    sequence: read32(bytes, 4),
    acknowledgment: read32(bytes, 8),
    flags: tcpFlags.filter((_, bit) => ((bytes[13] ?? 0) >> bit) & 1),
    window: read16(bytes, 14),
    options: bytes.slice(20, headerBytes),
    ...wrong,
    data: bytes.slice(headerBytes),
  }
}

function tcpBytes(tcp: Tcp): Uint8Array {
  const options = padded(tcp.options ?? nothing, 4)
  const flags = tcp.flags.reduce((bits, flag) => bits | (1 << tcpFlags.indexOf(flag)), 0)
  return concat(
    u16(tcp.sourcePort),
    u16(tcp.destinationPort),
    u32(tcp.sequence ?? 0),
    u32(tcp.acknowledgment ?? 0),
    Uint8Array.of(((20 + options.length) / 4) << 4, flags),
    u16(tcp.window ?? 0xffff),
    u32(0),
    options,
    tcp.data ?? nothing,
  )
}

function udpBytes(udp: Udp): Uint8Array {
  const data = udp.data ?? nothing
  return concat(u16(udp.sourcePort), u16(udp.destinationPort), u16(8 + data.length), u16(0), data)
}

function icmpBytes(icmp: Icmp): Uint8Array {
  return concat(Uint8Array.of(icmp.type, icmp.code), u16(0), icmp.body)
}

/** Writes into `bytes` the checksum wanted, or the right one. */
function withChecksum(
  bytes: Uint8Array,
  place: number,
  protocol: number,
  ends: Ends,
  wanted: number | undefined,
): Uint8Array {
  bytes.set(u16(0), place)
  // ICMP for IPv4 alone covers no addresses. The order and size of the other fields do not change the sum.
  const pseudo =
    protocol === ICMP ? nothing : concat(ends.source, ends.destination, u32(bytes.length), u32(protocol))
  const sum = wanted ?? checksum(pseudo, bytes)
  bytes.set(u16(protocol === UDP && sum === 0 && wanted === undefined ? 0xffff : sum), place)
  return bytes
}
