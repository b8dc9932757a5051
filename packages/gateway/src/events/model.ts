/**
 * What the gateway saw, as the store keeps it and people are told it. Plain data: it does not say where an event came
 * from in the kernel, nor how it is stored.
 */
import type { Address, LinkAddress } from '@thingwall/policy'

/**
 * `denied`: packets a rule refused. `allowed`: packets that a rule let open a flow. `opened`, `closed`: flows of the
 * connection table. `notice`: what the gateway itself has to say.
 */
export type EventKind = TrafficEvent['kind'] | NoticeEvent['kind']

/** One end of traffic. What is null is not known, or stands for several (see `TrafficEvent.isGathered`). */
export interface End {
  readonly address: Address | null
  readonly port: number | null
  /** The policy's name for the device. */
  readonly device: string | null
  /** The DNS name under which the other end was told this address. */
  readonly name: string | null
}

/** Packets and bytes. */
export interface Volume {
  readonly packets: number
  readonly bytes: number
}

/** Traffic between two ends under one rule: one packet or flow, or many alike. */
export interface TrafficEvent {
  readonly kind: 'denied' | 'allowed' | 'opened' | 'closed'
  /** First and last of what is counted, milliseconds since 1970. */
  readonly at: number
  readonly until: number
  /** Null where no rule of ours is known to have decided. */
  readonly rule: string | null
  /** Of a flow: as its opener addressed it. */
  readonly source: End
  readonly destination: End
  /** Where translation changed an end of the flow: what it became. */
  readonly translated: { readonly source: Address | null; readonly destination: Address | null }
  /** 0x0800, 0x86dd, 0x0806 (ARP) …; 0 where several or unknown. */
  readonly etherType: number
  /** IP protocol number; null where there is none, or the headers do not tell. */
  readonly protocol: number | null
  /** Of ICMP and ICMPv6. */
  readonly icmpType: number | null
  /** The sender's link address, where it was seen. */
  readonly link: LinkAddress | null
  /** The interface it came in by, where it was seen. */
  readonly ingress: string | null
  /** Packets of `denied` and `allowed`, flows of `opened` and `closed`. */
  readonly count: number
  /** What was sent, and for closed flows what was answered; zero where the kernel does not account. */
  readonly sent: Volume
  readonly answered: Volume
  /** True for what was counted together because there was too much to tell apart: the ends are what all had in common. */
  readonly isGathered: boolean
}

/** Something the gateway itself has to say: losses, a store set aside, a clock that jumped. */
export interface NoticeEvent {
  readonly kind: 'notice'
  readonly at: number
  readonly until: number
  /** Short, fixed, for programs: `events-lost`, `store-set-aside`. */
  readonly topic: string
  readonly text: string
  readonly device: string | null
  /** How much of it there was. */
  readonly count: number
}

export type Happening = TrafficEvent | NoticeEvent

/** An end of which nothing is known. */
export const nowhere: End = { address: null, port: null, device: null, name: null }
