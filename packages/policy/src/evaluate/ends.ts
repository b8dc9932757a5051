/**
 * The two ends of a flow as rules see them, and what bindings say at an instant: whose address, told which name.
 */
import { type Address, linkOf } from '../model/address.ts'
import { ABSENT, findWords } from '../model/address-table.ts'
import { type AddressWords, wordsOf } from '../model/address-words.ts'
import { classAt } from '../model/device-traits.ts'
import { type Bindings, type Flow, subjectOf } from '../model/flow.ts'
import { searchable } from '../model/interval.ts'
import type { Device, Door, Ruleset } from '../model/ruleset.ts'
import { toldBy } from './told.ts'
import { MAYBE, NO, type Truth, YES } from './truth.ts'

/** One flow, judged by one rule set at one instant. */
export interface Case {
  readonly ruleset: Ruleset
  readonly flow: Flow
  readonly bindings: Bindings
  /** Milliseconds since 1970. */
  readonly at: number
  /** Where the packet came in; `NOWHERE` for interfaces no network names. */
  readonly door: Door
  /** See `subjectOf`. */
  readonly subject: number
  readonly from: End
  readonly to: End
}

/** One end of a flow. */
export interface End {
  readonly address: Address
  readonly words: AddressWords
  readonly isGateway: boolean
  /** Index into `Ruleset.devices`, or `ABSENT`. */
  readonly device: number
  /** Index into `Ruleset.classes`, or `ABSENT`. */
  readonly class: number
}

/** Puts a flow before a rule set, both ends identified. */
export function caseOf(ruleset: Ruleset, flow: Flow, bindings: Bindings, at: number): Case {
  const { ingress, source, destination } = flow
  const from = endOf(ruleset, bindings, source, at, { isGateway: ingress === 'gateway' })
  const isToUs = isGatewayAddress(ruleset, bindings, destination)
  const to = endOf(ruleset, bindings, destination, at, { isGateway: isToUs })
  const door = ruleset.index.doors.get(ingress ?? '') ?? NOWHERE
  return { ruleset, flow, bindings, at, subject: subjectOf(flow), door, from, to }
}

/** The door of what comes in by no network. */
const NOWHERE: Door = { network: null, addresses: searchable([]), candidates: [] }

function endOf(
  ruleset: Ruleset,
  bindings: Bindings,
  address: Address,
  at: number,
  { isGateway }: Pick<End, 'isGateway'>,
): End {
  const words = wordsOf(address)
  const device = isGateway ? ABSENT : ownerAt(ruleset, bindings, address, words, at)
  const ofClass = device === ABSENT ? ABSENT : classAt(ruleset.traits, device)
  return { address, words, isGateway, device, class: ofClass }
}

/** The device an address belongs to: stated by the policy, or leased or learnt and still valid. */
export function ownerOf(ruleset: Ruleset, bindings: Bindings, address: Address, at: number): Device | null {
  return ruleset.devices[ownerAt(ruleset, bindings, address, wordsOf(address), at)] ?? null
}

/** As `ownerOf`, but the index of the device, or `ABSENT`. */
function ownerAt(
  ruleset: Ruleset,
  bindings: Bindings,
  address: Address,
  words: AddressWords,
  at: number,
): number {
  const stated = findWords(ruleset.owners, words)
  if (stated !== ABSENT) return stated
  const link = words.a === LINK_LOCAL ? linkOf(address) : null
  const formed = link === null ? undefined : ruleset.links.get(link)
  if (formed !== undefined) return formed
  const { places, devices, until } = bindings.leases
  const place = findWords(places, words)
  return place === ABSENT || (until[place] as number) <= at ? ABSENT : (devices[place] as number)
}

/** The first word of an address that `linkOf` reads: fe80::/64. */
const LINK_LOCAL = 0xfe800000 | 0

export function isGatewayAddress(ruleset: Ruleset, bindings: Bindings, address: Address): boolean {
  return ruleset.gateway.has(address) || (bindings.gateway.size > 0 && bindings.gateway.has(address))
}

/** Whether a device was told the address of an end for a name. Before it is told anything, that cannot be said. */
export function toldTruth(one: Case, device: number, pattern: number, end: End): Truth {
  const { told } = one.bindings
  const answer = findWords(told.answers, end.words)
  const own = toldBy(told, device, pattern, answer, one.at)
  if (own === YES || !told.isCommon) return own
  const common = toldBy(told, one.ruleset.devices.length, pattern, answer, one.at)
  // Of no and maybe: who was told anything can be told no.
  return common === YES ? YES : own === NO || common === NO ? NO : MAYBE
}
