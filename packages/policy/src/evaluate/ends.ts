/**
 * The two ends of a flow as rules see them, and what bindings say at an instant: whose address, told which name.
 */
import { type Address, linkOf } from '../model/address.ts'
import { type Bindings, type BoundAddress, EVERY_DEVICE, type Flow } from '../model/flow.ts'
import { nameMatches } from '../model/name.ts'
import type { Device, Network, Ruleset } from '../model/ruleset.ts'

/** One flow, judged by one rule set at one instant. */
export interface Case {
  readonly ruleset: Ruleset
  readonly flow: Flow
  readonly bindings: Bindings
  /** Milliseconds since 1970. */
  readonly at: number
  /** Where the packet came in; null for the gateway's own and for interfaces no network names. */
  readonly network: Network | null
  readonly from: End
  readonly to: End
}

/** One end of a flow. */
export interface End {
  readonly address: Address
  readonly isGateway: boolean
  /** Where a source's packet came in. Null for a destination: there the address tells. */
  readonly network: string | null
  readonly device: Device | null
}

/** No, cannot be told (a name has no binding), yes. Ordered, so that "any of" is the greatest. */
export type Truth = 0 | 1 | 2
export const NO = 0
export const MAYBE = 1
export const YES = 2

/** Puts a flow before a rule set, both ends identified. */
export function caseOf(ruleset: Ruleset, flow: Flow, bindings: Bindings, at: number): Case {
  const isOwn = flow.ingress === 'gateway'
  const isToUs = isGatewayAddress(ruleset, bindings, flow.destination)
  return {
    ruleset,
    flow,
    bindings,
    at,
    network: ruleset.networkByName.get(flow.ingress ?? '') ?? null,
    from: {
      address: flow.source,
      isGateway: isOwn,
      network: flow.ingress,
      device: isOwn ? null : ownerOf(ruleset, bindings, flow.source, at),
    },
    to: {
      address: flow.destination,
      isGateway: isToUs,
      network: null,
      device: isToUs ? null : ownerOf(ruleset, bindings, flow.destination, at),
    },
  }
}

/** The device an address belongs to: stated by the policy, or leased or learnt and still valid. */
export function ownerOf(ruleset: Ruleset, bindings: Bindings, address: Address, at: number): Device | null {
  let index = ruleset.owners.get(address)
  if (index === undefined) {
    const link = linkOf(address)
    index = link === null ? undefined : ruleset.links.get(link)
  }
  if (index === undefined) {
    const leased = bindings.owners.get(address)
    if (leased === undefined || leased.until <= at) return null
    index = ruleset.deviceByName.get(leased.device)
  }
  return index === undefined ? null : (ruleset.devices[index] ?? null)
}

export function isGatewayAddress(ruleset: Ruleset, bindings: Bindings, address: Address): boolean {
  return ruleset.gateway.has(address) || bindings.gateway.has(address)
}

/** Whether this device was told this address for a name. Before it is told anything, that cannot be said. */
export function toldTruth(one: Case, device: Device, pattern: string, address: Address): Truth {
  const { names } = one.bindings
  const common = answersTruth(names.get(EVERY_DEVICE), pattern, address, one.at)
  if (common === YES) return YES
  const own = answersTruth(names.get(device.name), pattern, address, one.at)
  return own === MAYBE ? common : own
}

function answersTruth(
  told: ReadonlyMap<string, readonly BoundAddress[]> | undefined,
  pattern: string,
  address: Address,
  at: number,
): Truth {
  if (told === undefined) return MAYBE
  if (!pattern.startsWith('*')) return answerTruth(told.get(pattern), address, at)
  let truth: Truth = MAYBE
  for (const [name, answers] of told) {
    const within = nameMatches(pattern, name) ? answerTruth(answers, address, at) : MAYBE
    if (within === YES) return YES
    if (within === NO) truth = NO
  }
  return truth
}

function answerTruth(answers: readonly BoundAddress[] | undefined, address: Address, at: number): Truth {
  let truth: Truth = MAYBE
  for (const answer of answers ?? []) {
    if (answer.until <= at) continue
    if (answer.address === address) return YES
    truth = NO
  }
  return truth
}
