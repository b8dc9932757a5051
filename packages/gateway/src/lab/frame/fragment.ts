/** Splits a packet into fragments, as a host would (RFC 791 section 3.2, RFC 8200 section 4.5). Joins none. */
import { addressBytes } from './bytes.ts'
import { buildChain } from './ip.ts'
import type { Extension, Ipv4Packet, Ipv6Packet } from './model.ts'
import { buildTransport, protocolOf } from './transport.ts'

export interface FragmentOptions {
  /** Payload of each fragment but the last: a multiple of 8. */
  readonly sizeBytes: number
  /** Tells the fragments of one packet from those of another. */
  readonly identification: number
}

/** The fragments in order. For IPv6 the options before the fragment header are repeated in each. */
export function fragment<P extends Ipv4Packet | Ipv6Packet>(packet: P, options: FragmentOptions): P[] {
  const { sizeBytes, identification } = options
  if (sizeBytes < 8 || sizeBytes % 8 !== 0) throw new Error(`not a multiple of 8: ${sizeBytes}`)
  const ends = { source: addressBytes(packet.source), destination: addressBytes(packet.destination) }
  if (packet.kind === 'ipv4') {
    const bytes = buildTransport(packet.payload, ends)
    const protocol = protocolOf(packet.payload)
    return pieces(bytes, sizeBytes).map(({ offsetBytes, more, piece }) => ({
      ...packet,
      identification,
      fragment: { offsetBytes, more },
      payload: { kind: 'bytes', protocol, bytes: piece },
    }))
  }
  const extensions = packet.extensions ?? []
  const last = extensions.findLastIndex(({ kind }) => kind === 'hop-by-hop' || kind === 'routing')
  const everywhere: readonly Extension[] = extensions.slice(0, last + 1)
  const { first, bytes } = buildChain(extensions.slice(last + 1), packet.payload, ends)
  return pieces(bytes, sizeBytes).map(({ offsetBytes, more, piece }) => ({
    ...packet,
    extensions: [...everywhere, { kind: 'fragment', offsetBytes, more, identification }],
    payload: { kind: 'bytes', protocol: first, bytes: piece },
  }))
}

function pieces(
  bytes: Uint8Array,
  sizeBytes: number,
): { readonly offsetBytes: number; readonly more: boolean; readonly piece: Uint8Array }[] {
  const count = Math.max(1, Math.ceil(bytes.length / sizeBytes))
  return Array.from({ length: count }, (_, at) => ({
    offsetBytes: at * sizeBytes,
    more: at < count - 1,
    piece: bytes.slice(at * sizeBytes, (at + 1) * sizeBytes),
  }))
}
