/**
 * IPv4 and IPv6 packets to bytes and back: headers, options, extension headers, fragment fields. It neither
 * splits nor joins fragments (see fragment.ts), and takes an authentication header for a transport.
 */
import { addressBytes, addressText, checksum, concat, padded, read16, read32, u16, u32 } from './bytes.ts'
import type { Extension, Ipv4Packet, Ipv6Packet, Transport } from './model.ts'
import { buildTransport, type Ends, parseTransport, protocolOf } from './transport.ts'

const extensionNumbers = { 'hop-by-hop': 0, routing: 43, fragment: 44, 'destination-options': 60 } as const
const nothing = new Uint8Array()

export function buildIpv4(packet: Ipv4Packet): Uint8Array {
  const ends = { source: addressBytes(packet.source), destination: addressBytes(packet.destination) }
  if (ends.source.length !== 4 || ends.destination.length !== 4) throw new Error('not IPv4 addresses')
  const options = padded(packet.options ?? nothing, 4)
  const payload = buildTransport(packet.payload, ends)
  const { offsetBytes = 0, more = false } = packet.fragment ?? {}
  const header = concat(
    Uint8Array.of(0x40 | (5 + options.length / 4), packet.trafficClass ?? 0),
    u16(20 + options.length + payload.length),
    u16(packet.identification ?? 0),
    u16((packet.dontFragment ? 0x4000 : 0) | (more ? 0x2000 : 0) | (offsetBytes / 8)),
    Uint8Array.of(packet.hops ?? 64, protocolOf(packet.payload)),
    u16(0),
    ends.source,
    ends.destination,
    options,
  )
  header.set(u16(packet.checksum ?? checksum(header)), 10)
  return concat(header, payload)
}

/** Null when the bytes are no IPv4 packet. */
export function parseIpv4(bytes: Uint8Array): Ipv4Packet | null {
  const headerBytes = ((bytes[0] ?? 0) & 15) * 4
  const totalBytes = read16(bytes, 2)
  if ((bytes[0] ?? 0) >> 4 !== 4 || headerBytes < 20 || totalBytes < headerBytes) return null
  if (totalBytes > bytes.length) return null
  const ends = { source: bytes.slice(12, 16), destination: bytes.slice(16, 20) }
  const flags = read16(bytes, 6)
  const fragment = { offsetBytes: (flags & 0x1fff) * 8, more: (flags & 0x2000) !== 0 }
  const fragmented = fragment.offsetBytes > 0 || fragment.more
  const header = bytes.slice(0, headerBytes)
  header.set(u16(0), 10)
  const found = read16(bytes, 10)
  return {
    kind: 'ipv4',
    source: addressText(ends.source),
    destination: addressText(ends.destination),
    hops: bytes[8] ?? 0,
    trafficClass: bytes[1] ?? 0,
    identification: read16(bytes, 4),
    dontFragment: (flags & 0x4000) !== 0,
    ...(fragmented ? { fragment } : {}),
    options: bytes.slice(20, headerBytes),
    ...(found === checksum(header) ? {} : { checksum: found }),
    payload: upper(bytes[9] ?? 0, bytes.slice(headerBytes, totalBytes), ends, fragmented),
  }
}

export function buildIpv6(packet: Ipv6Packet): Uint8Array {
  const ends = { source: addressBytes(packet.source), destination: addressBytes(packet.destination) }
  if (ends.source.length !== 16 || ends.destination.length !== 16) throw new Error('not IPv6 addresses')
  const { first, bytes } = buildChain(packet.extensions ?? [], packet.payload, ends)
  return concat(
    u32(0x60000000 + (packet.trafficClass ?? 0) * 0x100000 + (packet.flowLabel ?? 0)),
    u16(bytes.length),
    Uint8Array.of(first, packet.hops ?? 64),
    ends.source,
    ends.destination,
    bytes,
  )
}

/** Extension headers and transport, and the number of the first of them. */
export function buildChain(
  extensions: readonly Extension[],
  transport: Transport,
  ends: Ends,
): { readonly first: number; readonly bytes: Uint8Array } {
  const destination = extensions.map(finalDestination).find((found) => found !== undefined)
  let bytes = buildTransport(transport, { ...ends, ...(destination === undefined ? {} : { destination }) })
  let next = protocolOf(transport)
  for (const extension of extensions.toReversed()) {
    bytes = concat(extensionBytes(extension, next), bytes)
    next = extensionNumbers[extension.kind]
  }
  return { first: next, bytes }
}

/** Null when the bytes are no IPv6 packet, or an extension header runs past the end. */
export function parseIpv6(bytes: Uint8Array): Ipv6Packet | null {
  const endBytes = 40 + read16(bytes, 4)
  if ((bytes[0] ?? 0) >> 4 !== 6 || endBytes > bytes.length) return null
  const ends = { source: bytes.slice(8, 24), destination: bytes.slice(24, 40) }
  const extensions: Extension[] = []
  let next = bytes[6] ?? 0
  let at = 40
  let fragmented = false
  for (;;) {
    const number = next
    if (fragmented || !Object.values(extensionNumbers).some((known) => known === number)) break
    const lengthBytes = next === extensionNumbers.fragment ? 8 : ((bytes[at + 1] ?? 0) + 1) * 8
    if (at + lengthBytes > endBytes) return null
    const extension = parseExtension(next, bytes.subarray(at, at + lengthBytes))
    fragmented = extension.kind === 'fragment' && (extension.offsetBytes > 0 || extension.more)
    extensions.push(extension)
    next = bytes[at] ?? 0
    at += lengthBytes
  }
  const destination = extensions.map(finalDestination).find((found) => found !== undefined)
  return {
    kind: 'ipv6',
    source: addressText(ends.source),
    destination: addressText(ends.destination),
    hops: bytes[7] ?? 0,
    trafficClass: (read16(bytes, 0) >> 4) & 0xff,
    flowLabel: read32(bytes, 0) & 0xfffff,
    extensions,
    payload: upper(
      next,
      bytes.slice(at, endBytes),
      { ...ends, ...(destination === undefined ? {} : { destination }) },
      fragmented,
    ),
  }
}

function upper(protocol: number, bytes: Uint8Array, ends: Ends, fragmented: boolean): Transport {
  return fragmented ? { kind: 'bytes', protocol, bytes } : parseTransport(protocol, bytes, ends)
}

function extensionBytes(extension: Extension, next: number): Uint8Array {
  switch (extension.kind) {
    case 'hop-by-hop':
    case 'destination-options': {
      const { options } = extension
      const gap = (8 - ((options.length + 2) % 8)) % 8
      // Pad1 is a single zero; PadN says how many follow it (RFC 8200 section 4.2).
      const padding =
        gap < 2 ? new Uint8Array(gap) : concat(Uint8Array.of(1, gap - 2), new Uint8Array(gap - 2))
      return concat(Uint8Array.of(next, (options.length + 2 + gap) / 8 - 1), options, padding)
    }
    case 'routing': {
      const { type, segmentsLeft, data } = extension
      if (data.length % 8 !== 4) throw new Error(`a routing header's data has 8n+4 bytes, not ${data.length}`)
      return concat(Uint8Array.of(next, (data.length + 4) / 8 - 1, type, segmentsLeft), data)
    }
    case 'fragment': {
      const { offsetBytes, more, identification } = extension
      return concat(Uint8Array.of(next, 0), u16(offsetBytes | (more ? 1 : 0)), u32(identification))
    }
    default:
      return extension satisfies never
  }
}

function parseExtension(number: number, bytes: Uint8Array): Extension {
  switch (number) {
    case extensionNumbers.fragment: {
      const field = read16(bytes, 2)
      return {
        kind: 'fragment',
        offsetBytes: field & 0xfff8,
        more: (field & 1) === 1,
        identification: read32(bytes, 4),
      }
    }
    case extensionNumbers.routing:
      return { kind: 'routing', type: bytes[2] ?? 0, segmentsLeft: bytes[3] ?? 0, data: bytes.slice(4) }
    default:
      return {
        kind: number === extensionNumbers['hop-by-hop'] ? 'hop-by-hop' : 'destination-options',
        options: bytes.slice(2),
      }
  }
}

/** Where a packet with hops left to visit ends up, which is what its checksum covers (RFC 8200 section 8.1). */
function finalDestination(extension: Extension): Uint8Array | undefined {
  if (extension.kind !== 'routing' || extension.segmentsLeft === 0) return undefined
  const { type, data } = extension
  if ((type === 0 || type === 2) && data.length >= 20) return data.slice(-16)
  // A segment list stands in reverse (RFC 8754 section 2).
  return type === 4 && data.length >= 20 ? data.slice(4, 20) : undefined
}
