/**
 * Reads the events of the connection table: from the bytes of a netlink message to the flows that began or ended.
 * Nothing is copied: a flow is places in the bytes, good until the next read. It counts no losses: these messages
 * carry no number, the socket counts what it drops (`droppedMessages`).
 */
import {
  CONNTRACK,
  CONNTRACK_DELETE,
  CONNTRACK_NEW,
  COUNTERS,
  TUPLE,
  TUPLE_IP,
  TUPLE_TRANSPORT,
} from '../netlink/conntrack-socket.ts'

/** One direction of a flow. Offsets are places in the bytes; −1 for what is not there. */
export interface Tuple {
  sourceAt: number
  destinationAt: number
  /** Of each address: 4, 16, or 0 where there is none. */
  addressBytes: number
  protocol: number
  sourcePort: number
  destinationPort: number
  icmpType: number
}

export interface FlowChange {
  readonly kind: 'opened' | 'closed'
  readonly bytes: Uint8Array
  /** As the opener sent it. */
  readonly original: Tuple
  /** As the answers come. */
  readonly reply: Tuple
  /** The whole connection mark. */
  readonly mark: number
  /** Zero unless the kernel accounts (`nf_conntrack_acct`); of flows that end only. */
  readonly sentPackets: number
  readonly sentBytes: number
  readonly answeredPackets: number
  readonly answeredBytes: number
}

const HEADER_BYTES = 16
const NFGENMSG_BYTES = 4
const TYPE_MASK = 0x3fff

/** Gives every flow in `bytes` from `from` to `to` to `take`. What does not fit ends the reading. */
export function readConntrack(
  bytes: Uint8Array,
  from: number,
  to: number,
  take: (change: FlowChange) => void,
): void {
  for (let at = from; at + HEADER_BYTES <= to; ) {
    const lengthBytes = hostU16(bytes, at) + hostU16(bytes, at + 2) * 0x10000
    if (lengthBytes < HEADER_BYTES || at + lengthBytes > to) return
    const type = hostU16(bytes, at + 4)
    if (
      (type === CONNTRACK_NEW || type === CONNTRACK_DELETE) &&
      lengthBytes >= HEADER_BYTES + NFGENMSG_BYTES
    ) {
      const kind = type === CONNTRACK_NEW ? 'opened' : 'closed'
      take(readFlow(kind, bytes, at + HEADER_BYTES + NFGENMSG_BYTES, at + lengthBytes))
    }
    at += (lengthBytes + 3) & ~3
  }
}

function readFlow(kind: FlowChange['kind'], bytes: Uint8Array, from: number, to: number): FlowChange {
  const original = emptyTuple()
  const reply = emptyTuple()
  const sent = { packets: 0, bytes: 0 }
  const answered = { packets: 0, bytes: 0 }
  let mark = 0
  eachAttribute(bytes, from, to, (type, value, end) => {
    switch (type) {
      case CONNTRACK.original:
        readTuple(bytes, value, end, original)
        break
      case CONNTRACK.reply:
        readTuple(bytes, value, end, reply)
        break
      case CONNTRACK.mark:
        if (value + 4 <= end) mark = u32(bytes, value)
        break
      case CONNTRACK.countersOriginal:
        readCounters(bytes, value, end, sent)
        break
      case CONNTRACK.countersReply:
        readCounters(bytes, value, end, answered)
        break
      default:
        break
    }
  })
  return {
    kind,
    bytes,
    original,
    reply,
    mark,
    sentPackets: sent.packets,
    sentBytes: sent.bytes,
    answeredPackets: answered.packets,
    answeredBytes: answered.bytes,
  }
}

function emptyTuple(): Tuple {
  return {
    sourceAt: -1,
    destinationAt: -1,
    addressBytes: 0,
    protocol: -1,
    sourcePort: -1,
    destinationPort: -1,
    icmpType: -1,
  }
}

function readTuple(bytes: Uint8Array, from: number, to: number, tuple: Tuple): void {
  eachAttribute(bytes, from, to, (part, partFrom, partTo) => {
    if (part === TUPLE.ip) readEnds(bytes, partFrom, partTo, tuple)
    if (part === TUPLE.transport) readTransport(bytes, partFrom, partTo, tuple)
  })
}

function readEnds(bytes: Uint8Array, from: number, to: number, tuple: Tuple): void {
  eachAttribute(bytes, from, to, (type, value, end) => {
    const isSource = type === TUPLE_IP.source4 || type === TUPLE_IP.source6
    const addressBytes = type === TUPLE_IP.source4 || type === TUPLE_IP.destination4 ? 4 : 16
    if (type < TUPLE_IP.source4 || type > TUPLE_IP.destination6 || value + addressBytes > end) return
    if (isSource) tuple.sourceAt = value
    else tuple.destinationAt = value
    tuple.addressBytes = addressBytes
  })
  // One end alone is none.
  if (tuple.sourceAt === -1 || tuple.destinationAt === -1) {
    tuple.sourceAt = -1
    tuple.destinationAt = -1
    tuple.addressBytes = 0
  }
}

function readTransport(bytes: Uint8Array, from: number, to: number, tuple: Tuple): void {
  eachAttribute(bytes, from, to, (type, value, end) => {
    switch (type) {
      case TUPLE_TRANSPORT.number:
        if (value < end) tuple.protocol = bytes[value] as number
        break
      case TUPLE_TRANSPORT.sourcePort:
        if (value + 2 <= end) tuple.sourcePort = u16(bytes, value)
        break
      case TUPLE_TRANSPORT.destinationPort:
        if (value + 2 <= end) tuple.destinationPort = u16(bytes, value)
        break
      case TUPLE_TRANSPORT.icmpType:
      case TUPLE_TRANSPORT.icmpv6Type:
        if (value < end) tuple.icmpType = bytes[value] as number
        break
      default:
        break
    }
  })
}

function readCounters(
  bytes: Uint8Array,
  from: number,
  to: number,
  into: { packets: number; bytes: number },
): void {
  eachAttribute(bytes, from, to, (type, value, end) => {
    if (value + 8 > end) return
    // Exact up to 2^53, which is nine petabytes.
    const amount = u32(bytes, value) * 0x100000000 + u32(bytes, value + 4)
    if (type === COUNTERS.packets) into.packets = amount
    if (type === COUNTERS.bytes) into.bytes = amount
  })
}

function eachAttribute(
  bytes: Uint8Array,
  from: number,
  to: number,
  take: (type: number, value: number, end: number) => void,
): void {
  for (let at = from; at + 4 <= to; ) {
    const lengthBytes = hostU16(bytes, at)
    if (lengthBytes < 4 || at + lengthBytes > to) return
    take(hostU16(bytes, at + 2) & TYPE_MASK, at + 4, at + lengthBytes)
    at += (lengthBytes + 3) & ~3
  }
}

function hostU16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}

function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 0x10000 + u16(bytes, at + 2)
}
