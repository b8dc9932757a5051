/**
 * The two ends of a flow as rules see them, and what bindings say at an instant: whose address, told which name.
 */
import { type Address, linkOf, wordOf } from '../model/address.ts'
import { ABSENT, findByWord } from '../model/address-table.ts'
import { type Bindings, type Flow, subjectOf } from '../model/flow.ts'
import type { Candidates, Device, Network, Ruleset } from '../model/ruleset.ts'
import { toldBy } from './told.ts'
import { MAYBE, NO, type Truth, YES } from './truth.ts'

/** One flow, judged by one rule set at one instant. */
export interface Case {
  readonly ruleset: Ruleset
  readonly flow: Flow
  readonly bindings: Bindings
  /** Milliseconds since 1970. */
  readonly at: number
  /** Where the packet came in; null for the gateway's own and for interfaces no network names. */
  readonly network: Network | null
  /** The general matches it can meet there. */
  readonly general: Candidates
  /** See `subjectOf`. */
  readonly subject: number
  readonly from: End
  readonly to: End
}

/** One end of a flow. */
export interface End {
  readonly address: Address
  /** The first 32 bits of the address (see `wordOf`). */
  readonly word: number
  readonly isGateway: boolean
  readonly isSource: boolean
  /** Index into `Ruleset.devices`, or `ABSENT`. */
  readonly device: number
}

/** Puts a flow before a rule set, both ends identified. */
export function caseOf(ruleset: Ruleset, flow: Flow, bindings: Bindings, at: number): Case {
  const { source, destination } = flow
  const isOwn = flow.ingress === 'gateway'
  const isToUs = isGatewayAddress(ruleset, bindings, destination)
  const first = wordOf(source, 0)
  const second = wordOf(destination, 0)
  const sender = isOwn ? ABSENT : ownerAt(ruleset, bindings, source, first, at)
  const target = isToUs ? ABSENT : ownerAt(ruleset, bindings, destination, second, at)
  const door = ruleset.index.doors.get(flow.ingress ?? '')
  return {
    ruleset,
    flow,
    bindings,
    at,
    subject: subjectOf(flow),
    network: door === undefined ? null : door.network,
    general: door === undefined ? [] : door.candidates,
    from: { address: source, word: first, isGateway: isOwn, isSource: true, device: sender },
    to: { address: destination, word: second, isGateway: isToUs, isSource: false, device: target },
  }
}

/** The device an address belongs to: stated by the policy, or leased or learnt and still valid. */
export function ownerOf(ruleset: Ruleset, bindings: Bindings, address: Address, at: number): Device | null {
  return ruleset.devices[ownerAt(ruleset, bindings, address, wordOf(address, 0), at)] ?? null
}

/** As `ownerOf`, but the index of the device, or `ABSENT`. `word` is the first of the address (see `wordOf`). */
function ownerAt(ruleset: Ruleset, bindings: Bindings, address: Address, word: number, at: number): number {
  const stated = findByWord(ruleset.owners, address, word)
  if (stated !== ABSENT) return stated
  const link = linkOf(address)
  const formed = link === null ? undefined : ruleset.links.get(link)
  if (formed !== undefined) return formed
  const { places, devices, until } = bindings.leases
  const place = findByWord(places, address, word)
  return place === ABSENT || (until[place] as number) <= at ? ABSENT : (devices[place] as number)
}

export function isGatewayAddress(ruleset: Ruleset, bindings: Bindings, address: Address): boolean {
  return ruleset.gateway.has(address) || bindings.gateway.has(address)
}

/** Whether a device was told the address of an end for a name. Before it is told anything, that cannot be said. */
export function toldTruth(one: Case, device: number, pattern: number, end: End): Truth {
  const { told } = one.bindings
  const answer = findByWord(told.answers, end.address, end.word)
  const own = toldBy(told, device, pattern, answer, one.at)
  if (own === YES) return YES
  const common = toldBy(told, one.ruleset.devices.length, pattern, answer, one.at)
  // Of no and maybe: who was told anything can be told no.
  return common === YES ? YES : own === NO || common === NO ? NO : MAYBE
}
