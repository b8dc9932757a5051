/**
 * Reads the kernel's packet log: from the bytes of a netlink message to the packets in it, and how many were lost
 * before them. Nothing is copied: a packet is places in the bytes, good until the next read.
 *
 * The frame around a packet is the kernel's and trusted to be whole, but bounded all the same; what is inside is read
 * by `readHeaders`.
 */
import { NFLOG, NFLOG_PACKET } from '../netlink/nflog-socket.ts'
import { type Headers, readHeaders } from './headers.ts'

/** A logged packet. Offsets are places in `bytes`; −1 for what is not there. */
export interface LoggedPacket {
  readonly bytes: Uint8Array
  /** The prefix, without its closing zero. */
  readonly prefixFrom: number
  readonly prefixTo: number
  /** Interface index; 0 where the packet came from this machine. */
  readonly indev: number
  /** The sender's link address, 6 bytes. */
  readonly linkAt: number
  readonly headers: Headers
  /** As the packet itself says, not as far as it was copied; 0 where it does not. */
  readonly lengthBytes: number
}

export interface NflogMessages {
  /** Gives every packet in `bytes` from `from` to `to` to `take`. */
  readonly read: (bytes: Uint8Array, from: number, to: number, take: (packet: LoggedPacket) => void) => void
  /** Packets the kernel numbered that never came, so far. */
  readonly lost: () => number
}

const HEADER_BYTES = 16
const NFGENMSG_BYTES = 4
const TYPE_MASK = 0x3fff
const IPV4 = 0x0800
const IPV6 = 0x86dd
/** NFPROTO_* of linux/netfilter.h. */
const BY_FAMILY: Readonly<Record<number, number>> = { 2: IPV4, 3: 0x0806, 10: IPV6 }

/** Begins with whatever number comes first: what was lost before it is not known. */
export function nflogMessages(): NflogMessages {
  let expected = -1
  let missing = 0

  const readOne = (bytes: Uint8Array, family: number, from: number, to: number): LoggedPacket => {
    let [prefixFrom, prefixTo, indev, linkAt, payloadFrom, payloadTo, etherType] = [-1, -1, 0, -1, -1, -1, 0]
    for (let at = from; at + 4 <= to; ) {
      const lengthBytes = hostU16(bytes, at)
      const end = at + lengthBytes
      if (lengthBytes < 4 || end > to) break
      const value = at + 4
      switch (hostU16(bytes, at + 2) & TYPE_MASK) {
        case NFLOG.packetHeader:
          if (lengthBytes >= 8) etherType = ((bytes[value] as number) << 8) | (bytes[value + 1] as number)
          break
        case NFLOG.prefix:
          prefixFrom = value
          prefixTo = bytes[end - 1] === 0 ? end - 1 : end
          break
        case NFLOG.indev:
          if (lengthBytes >= 8) indev = u32(bytes, value)
          break
        case NFLOG.senderLink:
          // struct nfulnl_msg_packet_hw: length, padding, 8 bytes.
          if (lengthBytes >= 14 && bytes[value + 1] === 6) linkAt = value + 4
          break
        case NFLOG.payload:
          payloadFrom = value
          payloadTo = end
          break
        case NFLOG.sequence:
          if (lengthBytes >= 8) {
            const sequence = u32(bytes, value)
            if (expected !== -1) missing += (sequence - expected) >>> 0
            expected = (sequence + 1) >>> 0
          }
          break
        default:
          break
      }
      at = from + ((end - from + 3) & ~3)
    }
    // The ARP family states no ether type.
    if (etherType === 0) etherType = BY_FAMILY[family] ?? 0
    const headers = readHeaders(bytes, payloadFrom, payloadTo, payloadFrom === -1 ? 0 : etherType)
    const lengthBytes = lengthOf(bytes, payloadFrom, payloadTo, etherType)
    return { bytes, prefixFrom, prefixTo, indev, linkAt, headers, lengthBytes }
  }

  return {
    lost: () => missing,
    read(bytes, from, to, take) {
      for (let at = from; at + HEADER_BYTES <= to; ) {
        const lengthBytes = hostU16(bytes, at) + hostU16(bytes, at + 2) * 0x10000
        if (lengthBytes < HEADER_BYTES || at + lengthBytes > to) return
        if (hostU16(bytes, at + 4) === NFLOG_PACKET && lengthBytes >= HEADER_BYTES + NFGENMSG_BYTES) {
          take(
            readOne(
              bytes,
              bytes[at + HEADER_BYTES] as number,
              at + HEADER_BYTES + NFGENMSG_BYTES,
              at + lengthBytes,
            ),
          )
        }
        at += (lengthBytes + 3) & ~3
      }
    },
  }
}

function lengthOf(bytes: Uint8Array, from: number, to: number, etherType: number): number {
  if (etherType === IPV4 && from + 4 <= to)
    return ((bytes[from + 2] as number) << 8) | (bytes[from + 3] as number)
  if (etherType === IPV6 && from + 6 <= to)
    return 40 + (((bytes[from + 4] as number) << 8) | (bytes[from + 5] as number))
  return etherType === 0 || from === -1 ? 0 : to - from
}

/** Netlink's own fields are in host order, which is little-endian wherever this runs (see `message.ts`). */
function hostU16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
}

function u32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) * 0x1000000 +
    (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
  )
}
