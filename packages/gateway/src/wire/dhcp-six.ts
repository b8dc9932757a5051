/**
 * DHCPv6 messages (RFC 8415), as far as they give addresses or give them back: a reply with addresses, and a release. The
 * client is known by a name that it chose itself (DUID), which is no evidence of who it is and is not read: whom a reply
 * is for, its frame says. Prefixes, relayed messages and answers without success give nothing.
 */
import type { LeaseMessage } from './dhcp-four.ts'
import { addressAt, u16, u32 } from './packet.ts'

const REPLY = 7
const RELEASE = 8
const IA_NA = 3
const IA_TA = 4
const IA_ADDRESS = 5
const STATUS = 13
/** An identity association has a name and two times before its options; one of temporary addresses only the name. */
const HEAD_BYTES: Readonly<Record<number, number>> = { [IA_NA]: 12, [IA_TA]: 4 }
const ADDRESS_HEAD_BYTES = 24
/** RFC 8415 7.7: infinity. */
const ENDLESS = 0xffffffff
/** No device has more (RFC 6620). */
const MOST_ADDRESSES = 16

/** What a message of either direction says, address by address; empty for one that is torn or says nothing of the kind. */
export function readDhcpSix(data: Uint8Array): readonly LeaseMessage[] {
  const type = data[0]
  if (data.length < 4 || (type !== REPLY && type !== RELEASE)) return []
  const found: LeaseMessage[] = []
  const isWhole = eachOption(data.subarray(4), (code, value) => {
    if (code === STATUS) return u16(value, 0) === 0
    const head = HEAD_BYTES[code]
    return head === undefined || (value.length >= head && readAssociation(value.subarray(head), type, found))
  })
  return isWhole && found.length <= MOST_ADDRESSES ? found : []
}

function readAssociation(options: Uint8Array, type: number, found: LeaseMessage[]): boolean {
  const own: LeaseMessage[] = []
  let isGranted = true
  const isWhole = eachOption(options, (code, value) => {
    if (code === STATUS) isGranted = u16(value, 0) === 0
    if (code !== IA_ADDRESS) return true
    if (value.length < ADDRESS_HEAD_BYTES) return false
    const isGiven = eachOption(
      value.subarray(ADDRESS_HEAD_BYTES),
      (inner, status) => inner !== STATUS || u16(status, 0) === 0,
    )
    if (isGiven) own.push(messageOf(value, type))
    return true
  })
  if (isWhole && isGranted) found.push(...own)
  return isWhole
}

function messageOf(value: Uint8Array, type: number): LeaseMessage {
  const address = addressAt(value, 0, 16)
  const seconds = u32(value, 20)
  // RFC 8415 18.2.10.1: with no time left the client has it no more.
  if (type === RELEASE || seconds === 0) return { kind: 'given-back', link: null, address }
  const forMs = seconds === ENDLESS ? Number.POSITIVE_INFINITY : seconds * 1000
  return { kind: 'given', link: null, address, forMs }
}

/** False where the options are torn, or where one of them says to stop. */
function eachOption(bytes: Uint8Array, read: (code: number, value: Uint8Array) => boolean): boolean {
  let at = 0
  while (at + 4 <= bytes.length) {
    const end = at + 4 + u16(bytes, at + 2)
    if (end > bytes.length || !read(u16(bytes, at), bytes.subarray(at + 4, end))) return false
    at = end
  }
  return at === bytes.length
}
