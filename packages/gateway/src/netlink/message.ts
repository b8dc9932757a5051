/**
 * The framing of netlink messages (netlink(7)): header, attributes, padding. Nothing else: what a message
 * means is its reader's business, and sockets are opened elsewhere. Headers are in host order; Node runs on
 * little-endian machines and on s390x, which we leave out.
 */

/** An encoded attribute, padded, ready to be put into a message. */
export type Attribute = Uint8Array

export interface NetlinkMessage {
  readonly type: number
  /** What follows the header; shares memory with the buffer it was read from. */
  readonly body: Uint8Array
}

const HEADER_BYTES = 16
const NLM_F_REQUEST = 1
const NLM_F_ACK = 4
const TYPE_MASK = 0x3fff

/** `value` in network order, as nfnetlink wants its numbers. */
export function bigEndian(sizeBytes: 2 | 4, value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(sizeBytes))
  if (sizeBytes === 2) view.setUint16(0, value, false)
  else view.setUint32(0, value, false)
  return new Uint8Array(view.buffer)
}

/** One attribute of the parts given, in order. */
export function attribute(type: number, ...parts: readonly Uint8Array[]): Attribute {
  const lengthBytes = 4 + parts.reduce((sum, part) => sum + part.length, 0)
  const bytes = new Uint8Array(padded(lengthBytes))
  const view = new DataView(bytes.buffer)
  view.setUint16(0, lengthBytes, true)
  view.setUint16(2, type, true)
  let at = 4
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** A request that asks for an acknowledgement. */
export function message(type: number, parts: readonly Uint8Array[]): Uint8Array {
  const lengthBytes = HEADER_BYTES + parts.reduce((sum, part) => sum + part.length, 0)
  const bytes = new Uint8Array(lengthBytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, lengthBytes, true)
  view.setUint16(4, type, true)
  view.setUint16(6, NLM_F_REQUEST | NLM_F_ACK, true)
  let at = HEADER_BYTES
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** The messages in a datagram. A length that does not fit ends the reading. */
export function readMessages(bytes: Uint8Array): NetlinkMessage[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const messages: NetlinkMessage[] = []
  let at = 0
  while (at + HEADER_BYTES <= bytes.length) {
    const lengthBytes = view.getUint32(at, true)
    if (lengthBytes < HEADER_BYTES || at + lengthBytes > bytes.length) break
    messages.push({
      type: view.getUint16(at + 4, true),
      body: bytes.subarray(at + HEADER_BYTES, at + lengthBytes),
    })
    at += padded(lengthBytes)
  }
  return messages
}

/** The attributes in a message's body, by type; of two of one type the later counts. */
export function readAttributes(bytes: Uint8Array): Map<number, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const attributes = new Map<number, Uint8Array>()
  let at = 0
  while (at + 4 <= bytes.length) {
    const lengthBytes = view.getUint16(at, true)
    if (lengthBytes < 4 || at + lengthBytes > bytes.length) break
    attributes.set(view.getUint16(at + 2, true) & TYPE_MASK, bytes.subarray(at + 4, at + lengthBytes))
    at += padded(lengthBytes)
  }
  return attributes
}

function padded(lengthBytes: number): number {
  return (lengthBytes + 3) & ~3
}
