/**
 * The lowered policy: groups resolved, addresses parsed, rules in the order in which they win.
 *
 * Everything downstream (`evaluate`, analysis, every compiler) reads this and nothing else. Each rule keeps its
 * reasons and its place in the source, so "why" costs nothing. Plain data: no functions, no clock.
 */
import type { Address, LinkAddress } from './address.ts'
import type { AddressTable } from './address-table.ts'
import type { DeviceTraits } from './device-traits.ts'
import type { Origin } from './diagnostic.ts'
import type { AddressSet, SearchableSet } from './interval.ts'
import type { Identity, Isolation, ListDocument, ListEntryDocument, Role } from './policy.ts'
import type { Service } from './service.ts'
import type { Zones } from './zones.ts'

/**
 * From strongest to weakest. Rules of a stronger tier decide, whatever weaker ones say. `forward` speaks of translated
 * flows only and leaves none of them undecided: what an `allow` says is never about them.
 */
export const tiers = ['fixed', 'quarantine', 'deny', 'forward', 'allow', 'default'] as const
export type Tier = (typeof tiers)[number]

export interface Network {
  readonly name: string
  readonly role: Role
  readonly interfaces: readonly string[]
  /** What lives here; for an uplink: everything that lives nowhere else. */
  readonly addresses: AddressSet
  readonly gateway: readonly Address[]
  readonly admin: AddressSet
  readonly masquerade: boolean
  readonly isolation: Isolation
  readonly identity: Identity
  readonly origin: Origin | null
}

export interface Device {
  readonly name: string
  readonly network: string
  readonly profile: string | null
  readonly link: LinkAddress | null
  /** Static addresses, the link-local one its link address forms included. */
  readonly addresses: readonly Address[]
  readonly labels: Readonly<Record<string, string>>
  /** Index into `Ruleset.classes`. */
  readonly class: number
  readonly origin: Origin | null
}

/** Devices that no rule tells apart: they are in the same groups. Compilers grow with classes, not devices. */
export interface DeviceClass {
  readonly groups: ReadonlySet<number>
}

/** A set of devices some rule speaks of. */
export interface Group {
  /** For people: `profile seismometer`, `device vent-01`. */
  readonly label: string
  /** Indexes into `Ruleset.devices`, ascending. */
  readonly devices: readonly number[]
}

/** One thing an end of a flow may be. `gateway` is the gateway itself; nothing else ever means it. */
export type Atom =
  | { readonly kind: 'any' }
  | { readonly kind: 'gateway' }
  | { readonly kind: 'network'; readonly name: string }
  | { readonly kind: 'group'; readonly group: number }
  | { readonly kind: 'addresses'; readonly set: AddressSet }
  /** The addresses beyond the local networks that the device at the flow's other end was told for a name. */
  | { readonly kind: 'name'; readonly pattern: string }

/** In any of `include` and in none of `except`. Empty `include` matches nothing. */
export interface Endpoint {
  readonly include: readonly Atom[]
  readonly except: readonly Atom[]
}

/**
 * Flows opened by `from` towards `to` for any of `services`. Each end's `include` is either one group or no group
 * at all, so that a match has one place in the index.
 */
export interface Match {
  readonly from: Endpoint
  readonly to: Endpoint
  readonly services: readonly Service[]
  /** Only flows whose destination was translated so; absent: whether it was or not. */
  readonly translated?: Translation
  /** From then on, where the part of a rule comes in force when an exception from it ends; null: always. */
  readonly startsAt: number | null
  /** As `Rule.endsAt`, for the part of a rule that rests on list entries which end earlier. */
  readonly endsAt: number | null
}

/** What a flow was addressed to before its destination was translated. */
export interface Translation {
  /** The network it came in by; null for any. */
  readonly network: string | null
  readonly services: readonly Service[]
}

/** A destination that the gateway translates, whoever sends. Whether the flow is then let in is for rules. */
export interface Forward {
  /** That of its rule. */
  readonly id: string
  /** The uplink it comes in by. */
  readonly network: string
  /** What it is addressed to, at an address of the gateway's that is on no inside network. */
  readonly services: readonly (Service & { readonly kind: 'ports' })[]
  readonly to:
    | { readonly kind: 'device'; readonly device: number }
    | { readonly kind: 'address'; readonly address: Address }
  /** Null: the port it is addressed to. */
  readonly port: number | null
}

/** Minutes since Monday 00:00 UTC, as disjoint half-open ranges [first, end). */
export type WeekRanges = readonly (readonly [first: number, end: number])[]

export interface Rule {
  readonly id: string
  readonly tier: Tier
  readonly effect: 'allow' | 'deny'
  readonly matches: readonly Match[]
  /** Milliseconds since 1970: from then on the rule matches nothing. Null: never, or stays in force past its date. */
  readonly endsAt: number | null
  readonly when: WeekRanges | null
  readonly why: string
  readonly owner: string | null
  readonly ticket: string | null
  readonly added: string | null
  readonly review: string | null
  /** The date as written, whether or not the rule ends with it. */
  readonly expires: string | null
  /** Names of the lists whose entries its ends take part from. */
  readonly lists: readonly string[]
  /** Those of them whose entries it leaves out. */
  readonly leavesOut: readonly string[]
  readonly origin: Origin | null
}

/** One documented entry of a list: an address set or a DNS name. */
export interface ListEntry {
  readonly text: string
  readonly atom: Atom
  /** When the entry ends, if it does. */
  readonly expiresAt: number | null
  readonly lifts: boolean
  readonly document: ListEntryDocument
}

export interface List {
  readonly name: string
  readonly entries: readonly ListEntry[]
  /** When what is allowed by the whole list ends. */
  readonly expiresAt: number | null
  readonly document: ListDocument
}

/** Ceilings that the kernel keeps for each device of a group; not part of `evaluate`. */
export interface Limit {
  readonly id: string
  readonly group: number
  readonly measure: 'egress-bytes' | 'new-connections'
  /** Bytes or connections each `perSeconds`. */
  readonly amount: number
  readonly perSeconds: 1 | 60 | 3600
  readonly why: string
  readonly origin: Origin | null
}

/** Atoms sorted by kind, so that whether an address is in any of them is asked without a walk over them. */
export interface Parts {
  readonly any: boolean
  readonly gateway: boolean
  /** Of a source, where its packet came in tells which network it is on. Of a destination there are none. */
  readonly networks: readonly Network[]
  readonly groups: readonly number[]
  /** Of a destination, those of its networks too. Null: none. */
  readonly addresses: SearchableSet | null
  /** Indexes into `Ruleset.patterns`. */
  readonly patterns: readonly number[]
}

/** An endpoint with its atoms sorted; null where it leaves nothing out. */
export interface SortedEndpoint {
  readonly include: Parts
  readonly except: Parts | null
}

/** From when until when, and in which hours, a match of a rule is in force. */
export interface Term {
  /** Milliseconds since 1970, or minus `Infinity`. */
  readonly startsAt: number
  /** The first instant past it, or `Infinity`. */
  readonly endsAt: number
  readonly when: WeekRanges | null
}

/** A match that can concern a flow, with its rule and that rule's rank: its index in `Ruleset.rules`. */
export interface Candidate {
  readonly rank: number
  /** The first and the last subject (see `subjectsOf`) of `match.services`. */
  readonly first: number
  readonly last: number
  /** Where they leave some out between: first and last subject of each service, one after the other; else null. */
  readonly subjects: readonly number[] | null
  /** Null: always in force. */
  readonly term: Term | null
  /** `match.translated`. */
  readonly translated: Translation | null
  /** What `match.from` and `match.to` ask beyond the place the candidate is filed in; null: nothing. */
  readonly from: SortedEndpoint | null
  readonly to: SortedEndpoint | null
  readonly rule: Rule
  readonly match: Match
}

/** In the order in which they win. */
export type Candidates = readonly Candidate[]

/** Where a flow comes in. */
export interface Door {
  /** Null where the gateway itself opens. */
  readonly network: Network | null
  /** What lives there. */
  readonly addresses: SearchableSet
  /** The general matches it can meet. Without the last rule, which refuses whatever none matches. */
  readonly candidates: Candidates
}

/** Which matches can concern a flow, by what its ends are. Every match stands in exactly one kind of place. */
export interface RuleIndex {
  /** Matches whose `from` names groups, by class of the source. */
  readonly fromClass: readonly Candidates[]
  /** Matches whose `to` names groups and whose `from` does not, by class of the destination. */
  readonly toClass: readonly Candidates[]
  /** The rest. */
  readonly general: Candidates
  /** By where a flow comes in: the name of a network, or `gateway`. */
  readonly doors: ReadonlyMap<string, Door>
  /** `Ruleset.local`. */
  readonly local: SearchableSet
  /** By all sets and services of the matches, and `local`. */
  readonly zones: Zones
}

export interface Ruleset {
  readonly name: string
  readonly networks: readonly Network[]
  readonly devices: readonly Device[]
  readonly groups: readonly Group[]
  readonly classes: readonly DeviceClass[]
  /** In the order in which they win: tier, then longest-lived, then id. */
  readonly rules: readonly Rule[]
  readonly limits: readonly Limit[]
  readonly forwards: readonly Forward[]
  readonly lists: ReadonlyMap<string, List>
  /** The names and wildcards that rules speak of, each once. */
  readonly patterns: readonly string[]
  readonly index: RuleIndex
  /** Static addresses of devices → index into `devices`. Link-local ones are found by `links`. */
  readonly owners: AddressTable
  /** Link addresses → index into `devices`. */
  readonly links: ReadonlyMap<LinkAddress, number>
  readonly traits: DeviceTraits
  /** Everything that lives on a network that is no uplink. A DNS name never means any of it. */
  readonly local: AddressSet
  /** The gateway's own addresses as far as the policy states them. */
  readonly gateway: ReadonlySet<Address>
  /** Index into `devices` by name. */
  readonly deviceByName: ReadonlyMap<string, number>
  readonly networkByName: ReadonlyMap<string, Network>
}

/** Whether an instant (milliseconds since 1970) falls into the ranges. 1970 began three days into a week. */
export function isWithin(ranges: WeekRanges, at: number): boolean {
  const minute = (Math.floor(at / 60_000) + 3 * 1440) % (7 * 1440)
  return ranges.some(([first, end]) => minute >= first && minute < end)
}
