/**
 * The policy as a document: canonical JSON, exactly what a policy file says, with the place each part was written.
 *
 * This is the form that leaves the process which ran the policy's code, and the form YAML or MUD import produces.
 * Names are still names here; `lower` resolves them. Nothing in it is trusted before `validate` has read it.
 */
import type { ApiRules } from './api.ts'
import type { Origin } from './diagnostic.ts'

export type Role = 'things' | 'trusted' | 'guest' | 'uplink'

/** Who keeps devices of one network apart from each other. */
export type Isolation = 'bridge-port' | 'access-point' | 'none'

/** What proves who sent a packet: link and network address together, or the network address alone. */
export type Identity = 'mac+ip' | 'ip'

/** Reasons and dates every documented thing may carry. Dates are `2026-03-02` or `2026-03-02T18:00:00Z`. */
export interface Documentation {
  readonly why: string
  readonly owner?: string
  readonly ticket?: string
  readonly source?: string
  readonly added?: string
  readonly review?: string
  readonly expires?: string
}

export interface NetworkDocument {
  readonly role: Role
  readonly why?: string
  readonly interface: readonly string[]
  /** Prefixes on this network; `from-interface` where they are delegated and read from the interface at apply. */
  readonly cidrs: readonly string[] | 'from-interface'
  /** The gateway's own addresses here; by default the first of each prefix. */
  readonly gateway: readonly string[] | null
  /** Addresses or prefixes of this network that may administer the gateway. */
  readonly admin: readonly string[]
  readonly masquerade: boolean
  readonly isolation: Isolation
  readonly identity: Identity
  readonly origin: Origin | null
}

/** One end of a rule, still by name. */
export type EndpointDocument =
  | { readonly kind: 'any' }
  | { readonly kind: 'gateway' }
  /** An address, prefix, network, device or DNS name: what it is shows when the whole policy is known. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'network' | 'device' | 'profile' | 'list' | 'name'; readonly name: string }
  | { readonly kind: 'label'; readonly labels: Readonly<Record<string, string>> }
  /** Set difference: everything in `of` that is not in `except`. */
  | {
      readonly kind: 'except'
      readonly of: readonly EndpointDocument[]
      readonly except: readonly EndpointDocument[]
    }

export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun'

/** Hours and days, in UTC: a kernel has no time zones. `hours` may wrap midnight: `22:00-06:00`. */
export interface When {
  readonly days?: readonly Weekday[]
  readonly hours?: string
}

export interface RuleDocument extends Documentation {
  readonly effect: 'allow' | 'deny'
  readonly direction: 'in' | 'out' | 'both'
  /** Absent inside a profile or a device, which are then who. */
  readonly who: readonly EndpointDocument[] | null
  readonly peer: readonly EndpointDocument[]
  readonly service: readonly string[]
  readonly when: When | null
  /** `stay` (the default for deny) or `lift`; an allow always ends. */
  readonly onExpiry: 'stay' | 'lift'
  readonly origin: Origin | null
}

/**
 * Lets in what is addressed to the gateway itself, by translating where it goes. Nothing else brings a flow in by a
 * translated address.
 */
export interface ForwardDocument extends Documentation {
  /** The network it comes in by; an uplink, unless another program translates. */
  readonly at: string
  /** The ports it is addressed to, `8554/tcp`. */
  readonly service: readonly string[]
  /** One device or address; where another program translates, whatever that may choose. */
  readonly to: readonly EndpointDocument[]
  /** The port it goes to; null: the one it is addressed to. */
  readonly port: number | null
  readonly from: readonly EndpointDocument[]
  /** The program that translates, for people; null: Thingwall does. */
  readonly by: string | null
  readonly when: When | null
  readonly origin: Origin | null
}

/** Ceilings for each device of a profile, as text with units: `64 kB/s`, `30/min`. */
export interface LimitsDocument {
  readonly egress?: string
  readonly newConnections?: string
}

export interface ProfileDocument extends Documentation {
  readonly limits: LimitsDocument
  readonly rules: Readonly<Record<string, RuleDocument>>
  readonly origin: Origin | null
}

export interface DeviceDocument {
  readonly why?: string
  readonly owner?: string
  readonly added?: string
  readonly review?: string
  readonly profile: string | null
  /** Told by `ip` where that lies in one network's prefix, or by name where it does not. */
  readonly network: string | null
  readonly mac: string | null
  readonly ip: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly rules: Readonly<Record<string, RuleDocument>>
  readonly origin: Origin | null
}

export interface ListEntryDocument extends Documentation {
  readonly onExpiry: 'stay' | 'lift'
  readonly origin: Origin | null
}

/** Entries are addresses, prefixes or DNS names. */
export interface ListDocument extends Documentation {
  readonly entries: Readonly<Record<string, ListEntryDocument>>
  readonly origin: Origin | null
}

/** A device cut off from everything but the fixed tier. It stays so past `expires` unless told to lift. */
export interface QuarantineDocument extends Documentation {
  /** Not before this instant: how a device that was let out for a while comes back by itself. */
  readonly starts?: string
  readonly onExpiry: 'stay' | 'lift'
  readonly origin: Origin | null
}

/** One flow and what the policy must say of it. `from` and `to` as `explain` reads them. */
export interface TestDocument {
  readonly name: string
  readonly from: string
  readonly to: string
  readonly expect: 'allow' | 'deny'
  /** The rule that must decide, where it matters. */
  readonly rule?: string
  /** The instant to judge at; by default that of the check. */
  readonly at?: string
  readonly origin: Origin | null
}

/** An HTTP backend that devices call, and all it takes. */
export interface ApiDocument extends ApiRules {
  readonly why?: string
  readonly owner?: string
  readonly host: string
  readonly origin: Origin | null
}

/** What becomes of a change that another program makes to the rules in the kernel: put back, or only told. */
export type OnDrift = 'restore' | 'report'

export interface PolicyDocument {
  readonly format: 1
  readonly name: string
  readonly why?: string
  readonly owner?: string
  /** `report` where nothing is said. */
  readonly drift?: OnDrift
  readonly networks: Readonly<Record<string, NetworkDocument>>
  readonly profiles: Readonly<Record<string, ProfileDocument>>
  readonly lists: Readonly<Record<string, ListDocument>>
  readonly devices: Readonly<Record<string, DeviceDocument>>
  readonly rules: Readonly<Record<string, RuleDocument>>
  /** Absent in documents that are older than forwards. */
  readonly forwards?: Readonly<Record<string, ForwardDocument>>
  readonly quarantine: Readonly<Record<string, QuarantineDocument>>
  readonly apis: Readonly<Record<string, ApiDocument>>
  readonly tests: readonly TestDocument[]
  readonly origin: Origin | null
}
