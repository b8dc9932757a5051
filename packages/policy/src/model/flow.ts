/**
 * A flow as its first packet shows it, what is known at run time (bindings), and the decision about it.
 *
 * Only the opener is described: replies and ICMP errors belong to the flow they answer.
 */
import type { Address, LinkAddress } from './address.ts'
import type { AddressTable } from './address-table.ts'
import type { Rule } from './ruleset.ts'
import { ICMP, ICMPV6, type Service } from './service.ts'

export interface Flow {
  /** The network the packet came in by; `gateway` when the gateway itself opens; null for an interface no network names. */
  readonly ingress: string | null
  /** The sender's link address; absent where it was not seen (uplink, routed hop). */
  readonly link?: LinkAddress
  readonly source: Address
  /** After destination translation, before source translation. */
  readonly destination: Address
  /** What it was addressed to before its destination was translated; absent where it was not. */
  readonly original?: { readonly destination: Address; readonly port?: number }
  /** IP protocol number; for IPv6 that of the upper layer. */
  readonly protocol: number
  /** Of TCP and UDP. */
  readonly sourcePort?: number
  readonly destinationPort?: number
  /** Of ICMP and ICMPv6. */
  readonly icmpType?: number
  /** False for a TCP packet that is no SYN, and for whatever else cannot begin a flow. */
  readonly opens?: boolean
}

/** An address until an instant (milliseconds since 1970); `Infinity` for as long as the policy stands. */
export interface BoundAddress {
  readonly address: Address
  readonly until: number
}

/** What devices were given and told. Nothing else ever turns a name into addresses. */
export interface Said {
  /** Leased or learnt addresses → device name. */
  readonly owners: ReadonlyMap<Address, { readonly device: string; readonly until: number }>
  /** Device name (`*`: every device) → the DNS names it asked for → the answers it got. */
  readonly names: ReadonlyMap<string, ReadonlyMap<string, readonly BoundAddress[]>>
  /** The gateway's own addresses beyond those its networks state. */
  readonly gateway: ReadonlySet<Address>
}

/**
 * What was said, with tables for one rule set beside it, in which `evaluate` finds it by number. Made by `bind`: who
 * changes `owners` or `names` of a copy must bind it anew; `gateway` is in no table.
 */
export interface Bindings extends Said {
  readonly leases: Leases
  readonly told: Told
}

/** `owners` by number. Plain data. */
export interface Leases {
  /** Address → its place in the two lists. */
  readonly places: AddressTable
  /** Index into `Ruleset.devices`. */
  readonly devices: Int32Array
  readonly until: Float64Array
}

/** `names` by number, as `tellAll` makes it and `toldBy` reads it. Plain data. */
export interface Told {
  /** Every address that is an answer to a name rules speak of → its number. */
  readonly answers: AddressTable
  /** How many patterns there are, and how many answers with "any at all": what numbers in `rows` are made of. */
  readonly patterns: number
  readonly choices: number
  /** Whether there is anything that every device was told. */
  readonly isCommon: boolean
  /** A hash table, two numbers a slot: device, pattern and answer as one (0: free), and until when. */
  readonly rows: Float64Array
}

/** The key in `Bindings.names` of what every device was told. */
export const EVERY_DEVICE = '*'

export type Verdict = 'allow' | 'deny' | 'unknown'

export interface Decision {
  readonly verdict: Verdict
  /** The rule that decided; for `unknown` the rule that would, could it be told whether it matches. */
  readonly rule: Rule
  /** What is missing where the verdict is `unknown`; empty otherwise. */
  readonly needs: readonly string[]
  /** False where no one keeps the two ends apart: they talk without passing the gateway. */
  readonly enforced: boolean
}

/** Whether a service is what a flow is opened for. */
export function covers(service: Service, flow: Flow): boolean {
  switch (service.kind) {
    case 'any':
      return true
    case 'ports': {
      const port = flow.destinationPort ?? -1
      return flow.protocol === service.protocol && port >= service.first && port <= service.last
    }
    case 'icmp':
      return flow.protocol === (service.family === 4 ? ICMP : ICMPV6) && flow.icmpType === service.type
    case 'protocol':
      return flow.protocol === service.number
    default:
      return service satisfies never
  }
}

/**
 * What a flow is opened for as one number: the protocol, then 16 bits of port or ICMP type. Zeros where there is none:
 * no service has port or type 0.
 */
export function subjectOf(flow: Flow): number {
  const isIcmp = flow.protocol === ICMP || flow.protocol === ICMPV6
  const detail = (isIcmp ? flow.icmpType : flow.destinationPort) ?? 0
  return (flow.protocol << 16) | (detail <= 65_535 ? detail : 0)
}

/** The first and last subject of the flows that a service covers, and nothing else is between them. */
export function subjectsOf(service: Service): readonly [first: number, last: number] {
  switch (service.kind) {
    case 'any':
      return [0, 2 ** 24 - 1]
    case 'ports':
      return [(service.protocol << 16) | service.first, (service.protocol << 16) | service.last]
    case 'icmp': {
      const subject = ((service.family === 4 ? ICMP : ICMPV6) << 16) | service.type
      return [subject, subject]
    }
    case 'protocol':
      return [service.number << 16, (service.number << 16) | 65_535]
    default:
      return service satisfies never
  }
}
