/**
 * DHCP messages (RFC 2131, RFC 2132), as far as they give an address or give it back: an acknowledgement with a lease
 * time, and a release. Anything that is not exactly that is nothing; a message that says one thing twice too, because the
 * server and we might each believe another of the two.
 *
 * Who may say it is not decided here.
 */
import type { Address, LinkAddress } from '@thingwall/policy'
import { addressAt, linkAt, u32 } from './packet.ts'

export type LeaseMessage =
  | {
      readonly kind: 'given'
      /** The client by what its message said; null where the message has no such field (DHCPv6). */
      readonly link: LinkAddress | null
      readonly address: Address
      /** `Infinity` for a lease without end. */
      readonly forMs: number
    }
  | { readonly kind: 'given-back'; readonly link: LinkAddress | null; readonly address: Address }

const REQUEST = 1
const REPLY = 2
const ETHERNET = 1
const OPTIONS_AT = 240
const MAGIC = 0x63825363

const PAD = 0
const END = 255
const LEASE_TIME = 51
const OVERLOAD = 52
const MESSAGE_TYPE = 53
const ACKNOWLEDGEMENT = 5
const RELEASE = 7
/** RFC 2131 3.3: infinity. */
const ENDLESS = 0xffffffff

/** What a BOOTP message of either direction says; null for nothing of that kind. */
export function readDhcpFour(data: Uint8Array): LeaseMessage | null {
  if (data.length < OPTIONS_AT || u32(data, 236) !== MAGIC) return null
  if (data[1] !== ETHERNET || data[2] !== 6) return null
  const link = linkAt(data, 28)
  const options = readOptions(data)
  if (link === null || options === null) return null
  const type = options.get(MESSAGE_TYPE)
  if (type?.length !== 1) return null
  if (data[0] === REPLY && type[0] === ACKNOWLEDGEMENT) {
    const address = addressAt(data, 16, 4)
    const time = options.get(LEASE_TIME)
    // Of an INFORM (RFC 2131 4.3.5) neither is there.
    if (address === NOBODY || time?.length !== 4) return null
    const seconds = u32(time, 0)
    if (seconds === 0) return null
    return {
      kind: 'given',
      link,
      address,
      forMs: seconds === ENDLESS ? Number.POSITIVE_INFINITY : seconds * 1000,
    }
  }
  if (data[0] !== REQUEST || type[0] !== RELEASE) return null
  const address = addressAt(data, 12, 4)
  return address === NOBODY ? null : { kind: 'given-back', link, address }
}

const NOBODY = '00000000'

/** Null where they are torn, do not end, or one that we look at is there twice. */
function readOptions(data: Uint8Array): ReadonlyMap<number, Uint8Array> | null {
  const options = new Map<number, Uint8Array>()
  if (!readField(data.subarray(OPTIONS_AT), options)) return null
  // RFC 2132 9.3: the fields for names hold options too.
  const overload = options.get(OVERLOAD)?.[0] ?? 0
  if (overload > 3) return null
  if ((overload & 1) !== 0 && !readField(data.subarray(108, 236), options)) return null
  if ((overload & 2) !== 0 && !readField(data.subarray(44, 108), options)) return null
  return options
}

const LOOKED_AT: ReadonlySet<number> = new Set([LEASE_TIME, OVERLOAD, MESSAGE_TYPE])

function readField(field: Uint8Array, options: Map<number, Uint8Array>): boolean {
  for (let at = 0; at < field.length; ) {
    const code = field[at] as number
    if (code === END) return true
    if (code === PAD) {
      at += 1
      continue
    }
    const length = field[at + 1]
    if (length === undefined || at + 2 + length > field.length) return false
    if (LOOKED_AT.has(code)) {
      if (options.has(code)) return false
      options.set(code, field.subarray(at + 2, at + 2 + length))
    }
    at += 2 + length
  }
  return false
}

/** Whether a message by its ports goes from a server to a client, or the other way; null for neither. */
export function directionOf(
  sourcePort: number,
  destinationPort: number,
  [client, server]: readonly [client: number, server: number],
): 'to-client' | 'to-server' | null {
  if (sourcePort === server && destinationPort === client) return 'to-client'
  return sourcePort === client && destinationPort === server ? 'to-server' : null
}
