/**
 * The few frames of a link that say who has an address, taken apart as far as that needs: UDP for DHCP, and neighbour
 * discovery. Devices choose every byte of them, so what is not exactly as its standard says is nothing: no fragments, no
 * extension headers (RFC 6980), no hop limit but 255 in discovery (RFC 4861 7.1), lengths that agree.
 *
 * Checksums are not looked at: frames that this machine sends have none yet where the network card computes them, and a
 * device that may forge a checksum may as well write a right one.
 */
import type { Address, LinkAddress } from '@thingwall/policy'

export interface Packet {
  /** Link addresses of who sent it and whom it was sent to; null for a group. */
  readonly from: LinkAddress | null
  readonly to: LinkAddress | null
  readonly source: Address
  readonly destination: Address
  readonly content: Datagram | Discovery
}

export interface Datagram {
  readonly kind: 'udp'
  readonly sourcePort: number
  readonly destinationPort: number
  readonly data: Uint8Array
}

/** A neighbour solicitation or advertisement (RFC 4861 4.3, 4.4). */
export interface Discovery {
  readonly kind: 'solicitation' | 'advertisement'
  readonly target: Address
}

const HEADER_BYTES = 14
const UDP = 17
const ICMPV6 = 58

/** Null for every other frame. */
export function readPacket(frame: Uint8Array): Packet | null {
  if (frame.length < HEADER_BYTES) return null
  switch (u16(frame, 12)) {
    case 0x0800:
      return readFour(frame)
    case 0x86dd:
      return readSix(frame)
    default:
      return null
  }
}

function readFour(frame: Uint8Array): Packet | null {
  const head = frame[HEADER_BYTES] ?? 0
  const headBytes = (head & 15) * 4
  if (head >> 4 !== 4 || headBytes < 20 || frame.length < HEADER_BYTES + headBytes) return null
  // More fragments, or a later one.
  if ((u16(frame, 20) & 0x3fff) !== 0 || frame[23] !== UDP) return null
  const end = HEADER_BYTES + u16(frame, 16)
  if (end > frame.length) return null
  const content = readDatagram(frame.subarray(0, end), HEADER_BYTES + headBytes)
  return content === null ? null : { ...links(frame), ...ends(frame, 26, 4), content }
}

function readSix(frame: Uint8Array): Packet | null {
  const at = HEADER_BYTES + 40
  if (frame.length < at || (frame[HEADER_BYTES] as number) >> 4 !== 6) return null
  const end = at + u16(frame, 18)
  if (end > frame.length) return null
  const whole = frame.subarray(0, end)
  const content =
    frame[20] === UDP ? readDatagram(whole, at) : frame[20] === ICMPV6 ? readDiscovery(whole, at) : null
  return content === null ? null : { ...links(frame), ...ends(frame, 22, 16), content }
}

function readDatagram(bytes: Uint8Array, at: number): Datagram | null {
  if (at + 8 > bytes.length) return null
  const end = at + u16(bytes, at + 4)
  if (end < at + 8 || end > bytes.length) return null
  return {
    kind: 'udp',
    sourcePort: u16(bytes, at),
    destinationPort: u16(bytes, at + 2),
    data: bytes.subarray(at + 8, end),
  }
}

function readDiscovery(bytes: Uint8Array, at: number): Discovery | null {
  const type = bytes[at]
  if (at + 24 > bytes.length || bytes[21] !== 255 || bytes[at + 1] !== 0) return null
  if (type !== 135 && type !== 136) return null
  const target = addressAt(bytes, at + 8, 16)
  // A group has no neighbour (RFC 4861 7.1.1).
  if (target.startsWith('ff')) return null
  return { kind: type === 135 ? 'solicitation' : 'advertisement', target }
}

function links(frame: Uint8Array): Pick<Packet, 'from' | 'to'> {
  return { from: linkAt(frame, 6), to: linkAt(frame, 0) }
}

function ends(frame: Uint8Array, at: number, size: number): Pick<Packet, 'source' | 'destination'> {
  return { source: addressAt(frame, at, size), destination: addressAt(frame, at + size, size) }
}

/** The 4 or 16 bytes of an address. */
export function addressAt(bytes: Uint8Array, at: number, size: number): Address {
  return hexOf(bytes.subarray(at, at + size)).join('') as Address
}

/** The link address of one host; null for a group, and for that of nobody. */
export function linkAt(bytes: Uint8Array, at: number): LinkAddress | null {
  const own = bytes.subarray(at, at + 6)
  if (own.length < 6 || ((own[0] as number) & 1) === 1 || own.every((byte) => byte === 0)) return null
  return hexOf(own).join(':') as LinkAddress
}

/** A number of two bytes, in network order; 0 beyond the end. */
export function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}

/** A number of four bytes, in network order. */
export function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 0x10000 + u16(bytes, at + 2)
}

function hexOf(bytes: Uint8Array): readonly string[] {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
}
