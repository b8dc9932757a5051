/**
 * Where forwards lead: a flow as it comes in, turned into the one that rules are about. The kernel does the same before
 * it judges. Nothing is decided here, and dates, hours and senders of a forward play no part.
 */
import { type Address, type Family, familyOf } from '../model/address.ts'
import { type Bindings, type BoundAddress, covers, type Flow } from '../model/flow.ts'
import { contains } from '../model/interval.ts'
import type { Forward, Ruleset } from '../model/ruleset.ts'
import { isGatewayAddress, ownerOf } from './ends.ts'

/** The flow with the destination that a forward gives it; the flow itself where none does. */
export function translate(ruleset: Ruleset, flow: Flow, bindings: Bindings, at: number): Flow {
  if (ruleset.forwards.length === 0 || flow.original !== undefined) return flow
  const { destination } = flow
  if (!isGatewayAddress(ruleset, bindings, destination) || contains(ruleset.local, destination)) return flow
  const forward = forwardOf(ruleset, flow)
  return forward === null ? flow : (along(ruleset, forward, flow, bindings, at) ?? flow)
}

/** The forward for what a flow comes in by and is opened for, whatever address it is sent to. */
export function forwardOf({ forwards }: Ruleset, flow: Flow): Forward | null {
  const isFor = ({ network, services }: Forward): boolean =>
    network === flow.ingress && services.some((service) => covers(service, flow))
  return forwards.find(isFor) ?? null
}

/**
 * The flow to where a forward leads as if it had come by one; null where none leads there. What it was addressed to is
 * an address of the gateway's, or where none is known outside, that of the target.
 */
export function cameBy(ruleset: Ruleset, flow: Flow, bindings: Bindings, at: number): Flow | null {
  const family = familyOf(flow.destination)
  for (const forward of ruleset.forwards) {
    if (forward.network !== flow.ingress) continue
    if (targetOf(ruleset, forward, bindings, at, family)?.address !== flow.destination) continue
    const addressed = forward.services.find(({ protocol, first, last }) => {
      const port = flow.destinationPort ?? 0
      return (
        protocol === flow.protocol &&
        (forward.port === null ? port >= first && port <= last : port === forward.port)
      )
    })
    if (addressed === undefined) continue
    const own = [...ruleset.gateway, ...bindings.gateway]
    const outside = own.find((one) => familyOf(one) === family && !contains(ruleset.local, one))
    const port = forward.port === null ? flow.destinationPort : addressed.first
    return {
      ...flow,
      original: { destination: outside ?? flow.destination, ...(port === undefined ? {} : { port }) },
    }
  }
  return null
}

/** The flow as a forward leads it; null where the target has no address of the flow's family. */
export function along(
  ruleset: Ruleset,
  forward: Forward,
  flow: Flow,
  bindings: Bindings,
  at: number,
): Flow | null {
  const target = targetOf(ruleset, forward, bindings, at, familyOf(flow.destination))
  if (target === null) return null
  const port = flow.destinationPort
  const original = { destination: flow.destination, ...(port === undefined ? {} : { port }) }
  return {
    ...flow,
    destination: target.address,
    ...(forward.port === null ? {} : { destinationPort: forward.port }),
    original,
  }
}

/**
 * The address that a forward leads to: the first that the policy states for the device, else the one that it has been
 * given for the longest. `until` is `Infinity` for what is stated.
 */
export function targetOf(
  ruleset: Ruleset,
  { to }: Forward,
  bindings: Bindings,
  at: number,
  family: Family,
): { readonly address: Address; readonly until: number } | null {
  if (to.kind === 'address')
    return familyOf(to.address) === family ? { address: to.address, until: Number.POSITIVE_INFINITY } : null
  const device = ruleset.devices[to.device]
  const stated = device?.addresses.find((one) => familyOf(one) === family && !one.startsWith('fe8'))
  if (stated !== undefined) return { address: stated, until: Number.POSITIVE_INFINITY }
  const given = [...bindings.owners]
    .filter(([address]) => familyOf(address) === family)
    .filter(([address]) => ownerOf(ruleset, bindings, address, at) === device)
    .map(([address, { until }]) => ({ address, until }))
  return longestGiven(ruleset, given)
}

/** Of the addresses that a device was given, all of one family, the one it has for the longest; none from outside. */
export function longestGiven(ruleset: Ruleset, given: readonly BoundAddress[]): BoundAddress | null {
  const inside = given.filter(({ address }) => contains(ruleset.local, address))
  return inside.sort((a, b) => b.until - a.until || (a.address < b.address ? -1 : 1))[0] ?? null
}
