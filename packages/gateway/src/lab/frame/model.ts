/**
 * What a frame is, as plain data: an Ethernet header around ARP, IPv4 or IPv6 around a transport. The same
 * shape is built into bytes and parsed from them. Addresses are text. Whatever has no shape of its own here
 * is carried as bytes; nothing above the transport header is understood.
 */

/** A whole Ethernet II frame, untagged. */
export interface Frame {
  readonly destination: string
  readonly source: string
  readonly payload: ArpPacket | Ipv4Packet | Ipv6Packet | OtherPacket
}

/** RFC 826, for IPv4 over Ethernet. */
export interface ArpPacket {
  readonly kind: 'arp'
  readonly operation: 'request' | 'reply'
  readonly senderLink: string
  readonly sender: string
  readonly targetLink: string
  readonly target: string
}

/** RFC 791. */
export interface Ipv4Packet {
  readonly kind: 'ipv4'
  readonly source: string
  readonly destination: string
  /** Default 64. */
  readonly hops?: number
  /** Default 0. */
  readonly trafficClass?: number
  /** Default 0. */
  readonly identification?: number
  readonly dontFragment?: boolean
  readonly fragment?: { readonly offsetBytes: number; readonly more: boolean }
  /** Option bytes; padded to a multiple of 4 with end-of-options. */
  readonly options?: Uint8Array
  /** Of the header. Present only when it is not the right one. */
  readonly checksum?: number
  readonly payload: Transport
}

/** RFC 8200. */
export interface Ipv6Packet {
  readonly kind: 'ipv6'
  readonly source: string
  readonly destination: string
  /** Default 64. */
  readonly hops?: number
  readonly trafficClass?: number
  readonly flowLabel?: number
  readonly extensions?: readonly Extension[]
  readonly payload: Transport
}

/** An IPv6 extension header, in the order it is to stand in. */
export type Extension =
  /** Options as type-length-value bytes, padded with PadN. */
  | { readonly kind: 'hop-by-hop' | 'destination-options'; readonly options: Uint8Array }
  /** `data` is what follows "segments left"; its length is 4 more than a multiple of 8. */
  | {
      readonly kind: 'routing'
      readonly type: number
      readonly segmentsLeft: number
      readonly data: Uint8Array
    }
  | {
      readonly kind: 'fragment'
      readonly offsetBytes: number
      readonly more: boolean
      readonly identification: number
    }

/** Any other EtherType. */
export interface OtherPacket {
  readonly kind: 'other'
  readonly etherType: number
  readonly bytes: Uint8Array
}

export type Transport = Tcp | Udp | Icmp | Bytes

export type TcpFlag = 'fin' | 'syn' | 'rst' | 'psh' | 'ack' | 'urg' | 'ece' | 'cwr'

/** RFC 9293. */
export interface Tcp {
  readonly kind: 'tcp'
  readonly sourcePort: number
  readonly destinationPort: number
  readonly flags: readonly TcpFlag[]
  readonly sequence?: number
  readonly acknowledgment?: number
  /** Default 65,535. */
  readonly window?: number
  /** Padded to a multiple of 4 with end-of-options. */
  readonly options?: Uint8Array
  /** Present only when it is not the right one. */
  readonly checksum?: number
  readonly data?: Uint8Array
}

/** RFC 768. */
export interface Udp {
  readonly kind: 'udp'
  readonly sourcePort: number
  readonly destinationPort: number
  /** Present only when it is not the right one; 0 over IPv4 means "none". */
  readonly checksum?: number
  readonly data?: Uint8Array
}

/** RFC 792 and RFC 4443. `body` is everything after the checksum. */
export interface Icmp {
  readonly kind: 'icmp' | 'icmpv6'
  readonly type: number
  readonly code: number
  readonly body: Uint8Array
  /** Present only when it is not the right one. */
  readonly checksum?: number
}

/** Any other protocol, and the parts of a fragmented packet. */
export interface Bytes {
  readonly kind: 'bytes'
  readonly protocol: number
  readonly bytes: Uint8Array
}
