/**
 * What one frame on a link of the gateway says about who has an address, and whether whoever says it may.
 *
 * A lease is believed of the gateway itself only: of a server or relay that runs here, in a frame that leaves by this link
 * from an address of ours. What comes in cannot be such a frame, and what is forwarded cannot have our address as its
 * source, because that is refused before it is routed (`fixed/spoofed`). Whatever a device says binds nobody but the link
 * address that it says it from.
 */
import type { Address, LinkAddress } from '@thingwall/policy'
import { directionOf, type LeaseMessage, readDhcpFour } from './dhcp-four.ts'
import { readDhcpSix } from './dhcp-six.ts'
import { type Datagram, type Packet, readPacket } from './packet.ts'

export type Sighting =
  | {
      readonly kind: 'given'
      readonly link: LinkAddress
      readonly address: Address
      readonly forMs: number
    }
  | { readonly kind: 'given-back'; readonly link: LinkAddress; readonly address: Address }
  /** A host says that it has the address, or is about to take it (RFC 6620 3.2.2). */
  | { readonly kind: 'claimed'; readonly link: LinkAddress; readonly address: Address }

export interface Seen {
  readonly frame: Uint8Array
  /** Whether this machine sent it. */
  readonly isOutgoing: boolean
}

const FOUR = [68, 67] as const
const SIX = [546, 547] as const
const UNSPECIFIED = '0'.repeat(32)

/** What a frame says; empty for nothing that is to be believed. Never throws. */
export function sightingsIn(
  { frame, isOutgoing }: Seen,
  isOurs: (address: Address) => boolean,
): readonly Sighting[] {
  const packet = readPacket(frame)
  if (packet === null) return []
  if (packet.content.kind !== 'udp') return isOutgoing ? [] : claimIn(packet)
  if (isOutgoing && !isOurs(packet.source)) return []
  return leasesIn(packet, packet.content, isOutgoing)
}

function leasesIn(packet: Packet, udp: Datagram, isOutgoing: boolean): readonly Sighting[] {
  const isFour = packet.source.length === 8
  const direction = directionOf(udp.sourcePort, udp.destinationPort, isFour ? FOUR : SIX)
  if (direction !== (isOutgoing ? 'to-client' : 'to-server')) return []
  const messages = isFour ? [readDhcpFour(udp.data)].filter((one) => one !== null) : readDhcpSix(udp.data)
  return messages.flatMap((message) => sightingOf(message, packet, isOutgoing))
}

function sightingOf(message: LeaseMessage, packet: Packet, isOutgoing: boolean): readonly Sighting[] {
  // A client speaks for itself, whatever its message says.
  if (!isOutgoing) {
    if (message.kind !== 'given-back' || packet.from === null) return []
    if (message.link !== null && message.link !== packet.from) return []
    return [{ ...message, link: packet.from }]
  }
  const link = message.link ?? packet.to
  return link === null ? [] : [{ ...message, link }]
}

/**
 * Whoever looks for a neighbour from an address has it; whoever asks for one from no address wants it (RFC 4862 5.4); an
 * advertisement says so outright.
 */
function claimIn({ from, source, content }: Packet): readonly Sighting[] {
  if (from === null || content.kind === 'udp') return []
  const address = content.kind === 'advertisement' || source === UNSPECIFIED ? content.target : source
  return [{ kind: 'claimed', link: from, address }]
}
