/**
 * Reads the ends of a packet from the first bytes of it: addresses, protocol, ports.
 *
 * The bytes are whatever a device sent, and may be cut off anywhere: every read is bounded, nothing throws, and what
 * cannot be told is absent. Linear in the bytes given. It verifies no checksum and joins no fragments; of a later
 * fragment the ports are therefore unknown.
 */
import { ICMP, ICMPV6 } from '@thingwall/policy'

/** Where things stand in the bytes; −1 for what is not there. */
export interface Headers {
  readonly etherType: number
  /** Offsets of the addresses, and how long one is: 4, 16, or 0 where there is none. */
  readonly sourceAt: number
  readonly destinationAt: number
  readonly addressBytes: number
  readonly protocol: number
  readonly sourcePort: number
  readonly destinationPort: number
  readonly icmpType: number
}

const IPV4 = 0x0800
const ARP = 0x0806
const IPV6 = 0x86dd
const VLAN_TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8])
/** Outer and inner tag; more is nobody's network. */
const MOST_TAGS = 2
/** A packet has at most eight extension headers in any sane network; a longer chain is not followed. */
const MOST_EXTENSIONS = 8

const HOP_BY_HOP = 0
const TCP = 6
const UDP = 17
const ROUTING = 43
const FRAGMENT = 44
const AUTHENTICATION = 51
const NO_NEXT = 59
const DESTINATION = 60
const WITH_PORTS: ReadonlySet<number> = new Set([TCP, UDP, 33, 132, 136])

/** Reads what begins at `from`, behind a link header that announced `etherType`, and ends at `to`. */
export function readHeaders(bytes: Uint8Array, from: number, to: number, etherType: number): Headers {
  let type = etherType
  let at = from
  for (let tags = 0; tags < MOST_TAGS && VLAN_TAGS.has(type) && at + 4 <= to; tags++) {
    type = u16(bytes, at + 2)
    at += 4
  }
  switch (type) {
    case IPV4:
      return readIpv4(bytes, at, to)
    case IPV6:
      return readIpv6(bytes, at, to)
    case ARP:
      return readArp(bytes, at, to)
    default:
      return { ...unknown, etherType: type }
  }
}

const unknown: Headers = {
  etherType: 0,
  sourceAt: -1,
  destinationAt: -1,
  addressBytes: 0,
  protocol: -1,
  sourcePort: -1,
  destinationPort: -1,
  icmpType: -1,
}

function readIpv4(bytes: Uint8Array, at: number, to: number): Headers {
  if (at + 20 > to || (bytes[at] as number) >> 4 !== 4) return { ...unknown, etherType: IPV4 }
  const headerBytes = ((bytes[at] as number) & 15) * 4
  // A header that says it is shorter than a header: the addresses are where they are, the rest is not to be believed.
  const isSound = headerBytes >= 20
  const isLater = (u16(bytes, at + 6) & 0x1fff) !== 0
  const protocol = bytes[at + 9] as number
  return upper(bytes, isSound && !isLater ? at + headerBytes : -1, to, {
    etherType: IPV4,
    sourceAt: at + 12,
    destinationAt: at + 16,
    addressBytes: 4,
    protocol,
  })
}

function readIpv6(bytes: Uint8Array, at: number, to: number): Headers {
  if (at + 40 > to || (bytes[at] as number) >> 4 !== 6) return { ...unknown, etherType: IPV6 }
  let next = bytes[at + 6] as number
  let head = at + 40
  for (let seen = 0; isExtension(next); seen++) {
    // Cut off, or longer than we follow: the protocol is not known.
    if (seen === MOST_EXTENSIONS || head + 8 > to) {
      next = -1
      head = -1
      break
    }
    const isLater = next === FRAGMENT && (u16(bytes, head + 2) & 0xfff8) !== 0
    const lengthBytes = lengthOf(next, bytes[head + 1] as number)
    next = bytes[head] as number
    head += lengthBytes
    if (isLater) {
      // What follows is a middle part: its protocol is the one named here only when it is no extension itself.
      if (isExtension(next)) next = -1
      head = -1
      break
    }
  }
  return upper(bytes, next === NO_NEXT ? -1 : head, to, {
    etherType: IPV6,
    sourceAt: at + 8,
    destinationAt: at + 24,
    addressBytes: 16,
    protocol: next,
  })
}

function isExtension(next: number): boolean {
  return (
    next === HOP_BY_HOP ||
    next === ROUTING ||
    next === FRAGMENT ||
    next === DESTINATION ||
    next === AUTHENTICATION
  )
}

/** In bytes; RFC 8200 section 4, and RFC 4302 section 2.2, which counts in fours. */
function lengthOf(extension: number, field: number): number {
  if (extension === FRAGMENT) return 8
  return extension === AUTHENTICATION ? (field + 2) * 4 : (field + 1) * 8
}

type Network = Pick<Headers, 'etherType' | 'sourceAt' | 'destinationAt' | 'addressBytes' | 'protocol'>

/** `head`: where the transport header begins, or −1 where there is none to read. */
function upper(bytes: Uint8Array, head: number, to: number, network: Network): Headers {
  const { protocol } = network
  const hasPorts = head !== -1 && WITH_PORTS.has(protocol) && head + 4 <= to
  const isIcmp = head !== -1 && head < to && (protocol === ICMP || protocol === ICMPV6)
  return {
    etherType: network.etherType,
    sourceAt: network.sourceAt,
    destinationAt: network.destinationAt,
    addressBytes: network.addressBytes,
    protocol,
    sourcePort: hasPorts ? u16(bytes, head) : -1,
    destinationPort: hasPorts ? u16(bytes, head + 2) : -1,
    icmpType: isIcmp ? (bytes[head] as number) : -1,
  }
}

/** Ethernet and IPv4 only (RFC 826); of anything else the ends are unknown. */
function readArp(bytes: Uint8Array, at: number, to: number): Headers {
  const isUsual =
    at + 28 <= to && u16(bytes, at) === 1 && u16(bytes, at + 2) === IPV4 && u16(bytes, at + 4) === 0x0604
  if (!isUsual) return { ...unknown, etherType: ARP }
  return { ...unknown, etherType: ARP, sourceAt: at + 14, destinationAt: at + 24, addressBytes: 4 }
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}
