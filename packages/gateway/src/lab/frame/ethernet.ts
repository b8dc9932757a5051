/**
 * Frames to bytes and back. `buildFrame(parseFrame(bytes))` gives the same bytes less the padding behind the
 * packet; a checksum that is wrong is kept as `checksum`, one that is right is left out. VLAN tags are not
 * understood: such a frame is `other`.
 */
import { addressBytes, addressText, concat, linkBytes, linkText, read16, u16 } from './bytes.ts'
import { buildIpv4, buildIpv6, parseIpv4, parseIpv6 } from './ip.ts'
import type { ArpPacket, Frame } from './model.ts'

const etherTypes = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const

/** The frame as it stands on the wire, without its check sequence. Throws on addresses that are none. */
export function buildFrame(frame: Frame): Uint8Array {
  const { payload } = frame
  const etherType = payload.kind === 'other' ? payload.etherType : etherTypes[payload.kind]
  return concat(linkBytes(frame.destination), linkBytes(frame.source), u16(etherType), body(payload))
}

/** Reads any bytes: what is not understood comes back as `other`. */
export function parseFrame(bytes: Uint8Array): Frame {
  const etherType = read16(bytes, 12)
  return {
    destination: linkText(bytes.subarray(0, 6)),
    source: linkText(bytes.subarray(6, 12)),
    payload: parsePacket(etherType, bytes.subarray(14)),
  }
}

/** Reads what stands behind the link header; also for payloads of the packet log. */
export function parsePacket(etherType: number, bytes: Uint8Array): Frame['payload'] {
  const known =
    etherType === etherTypes.ipv4
      ? parseIpv4(bytes)
      : etherType === etherTypes.ipv6
        ? parseIpv6(bytes)
        : etherType === etherTypes.arp
          ? parseArp(bytes)
          : null
  return known ?? { kind: 'other', etherType, bytes: bytes.slice() }
}

function body(payload: Frame['payload']): Uint8Array {
  switch (payload.kind) {
    case 'ipv4':
      return buildIpv4(payload)
    case 'ipv6':
      return buildIpv6(payload)
    case 'arp':
      return buildArp(payload)
    case 'other':
      return payload.bytes
    default:
      return payload satisfies never
  }
}

/** Ethernet (1), IPv4, with addresses of 6 and 4 bytes. */
const arpHeader = Uint8Array.of(0, 1, 8, 0, 6, 4)

function buildArp(arp: ArpPacket): Uint8Array {
  return concat(
    arpHeader,
    u16(arp.operation === 'request' ? 1 : 2),
    linkBytes(arp.senderLink),
    addressBytes(arp.sender),
    linkBytes(arp.targetLink),
    addressBytes(arp.target),
  )
}

function parseArp(bytes: Uint8Array): ArpPacket | null {
  const operation = read16(bytes, 6)
  if (bytes.length < 28 || !arpHeader.every((byte, at) => byte === bytes[at])) return null
  if (operation !== 1 && operation !== 2) return null
  return {
    kind: 'arp',
    operation: operation === 1 ? 'request' : 'reply',
    senderLink: linkText(bytes.subarray(8, 14)),
    sender: addressText(bytes.subarray(14, 18)),
    targetLink: linkText(bytes.subarray(18, 24)),
    target: addressText(bytes.subarray(24, 28)),
  }
}
