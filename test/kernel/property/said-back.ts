/** What is said back to a packet, as the transport that follows the network header: its answer, and errors that quote it. */
import { buildFrame, type Ipv4Packet, type Ipv6Packet, type Transport } from '@thingwall/gateway/lab'

/** What the one that was asked says to it; null where nothing does. */
export function reversed(payload: Transport): Transport | null {
  switch (payload.kind) {
    case 'tcp':
      return {
        kind: 'tcp',
        sourcePort: payload.destinationPort,
        destinationPort: payload.sourcePort,
        flags: ['syn', 'ack'],
        acknowledgment: 1,
      }
    case 'udp':
      return {
        kind: 'udp',
        sourcePort: payload.destinationPort,
        destinationPort: payload.sourcePort,
        data: new Uint8Array(40),
      }
    case 'icmp':
    case 'icmpv6': {
      const type = replies[payload.type]
      return type === undefined ? null : { ...payload, type }
    }
    case 'bytes':
      return payload
    default:
      return payload satisfies never
  }
}

/** Echo, timestamp, and node information. */
const replies: Readonly<Record<number, number>> = { 8: 0, 13: 14, 128: 129, 139: 140 }

/** The same, but of a flow that nobody opened. */
export function muddled(payload: Transport, strangePort: number): Transport | null {
  if (payload.kind === 'bytes') return null
  if (payload.kind === 'tcp' || payload.kind === 'udp') return { ...payload, sourcePort: strangePort }
  const body = Uint8Array.from(payload.body)
  body.set([strangePort >> 8, strangePort & 0xff], 0)
  return { ...payload, body }
}

/** The answer that one who asked got, to be quoted. */
export function backwards(met: Ipv4Packet | Ipv6Packet, payload: Transport): Ipv4Packet | Ipv6Packet | null {
  const answer = reversed(payload)
  return answer === null
    ? null
    : { ...met, source: met.destination, destination: met.source, payload: answer }
}

/** Unreachable, too big, time exceeded, malformed; no redirect. */
const errors = {
  ipv4: [3, 4, 11, 12],
  ipv6: [1, 2, 3, 4],
} as const

export function errorAbout(
  quote: Ipv4Packet | Ipv6Packet,
  given: { readonly errorType: number; readonly quotesAll: boolean },
): Transport {
  const ends = { destination: '02:00:00:00:00:01', source: '02:00:00:00:00:02' }
  const bytes = buildFrame({ ...ends, payload: quote }).subarray(14)
  const headers = bytes.length - transportBytesOf(quote)
  const body = Uint8Array.of(0, 0, 0, 0, ...bytes.subarray(0, given.quotesAll ? bytes.length : headers + 8))
  const type = errors[quote.kind][given.errorType] as number
  return { kind: quote.kind === 'ipv4' ? 'icmp' : 'icmpv6', type, code: type === 1 ? 4 : 0, body }
}

function transportBytesOf({ payload }: Ipv4Packet | Ipv6Packet): number {
  switch (payload.kind) {
    case 'tcp':
      return 20 + (payload.options?.length ?? 0) + (payload.data?.length ?? 0)
    case 'udp':
      return 8 + (payload.data?.length ?? 0)
    case 'icmp':
    case 'icmpv6':
      return 4 + payload.body.length
    case 'bytes':
      return payload.bytes.length
    default:
      return payload satisfies never
  }
}
