/**
 * Turns what was seen on a link into bindings, and decides who may have what. A lease that the gateway's own server gave is
 * bound as it says. An IPv6 address of a network's prefix that nobody was given belongs to the first known device that
 * claims it (RFC 6620), for a day from its last sign of life; whoever else claims it is told of and gets nothing, and its
 * packets are dropped as what they are, spoofed.
 *
 * Only devices that the policy names by their link address may claim. At most 16 addresses each are held (`facts.ts`), and
 * so many new claims a minute are listened to, so that a device which makes up addresses only ever pushes out its own.
 */
import {
  type Address,
  contains,
  familyOf,
  type LinkAddress,
  type Network,
  type Ruleset,
} from '@thingwall/policy'
import { isStated } from '@thingwall/policy/nftables'
import type { BindingClock } from '../bindings/clock.ts'
import type { Lease } from '../bindings/entry.ts'
import type { Journal } from '../bindings/journal.ts'
import type { Keeper } from '../bindings/keeper.ts'
import type { Sighting } from './sighting.ts'

export interface LearnOptions {
  readonly journal: Pick<Journal, 'holder' | 'holds'>
  readonly keeper: Pick<Keeper, 'bind' | 'release'>
  readonly clock: Pick<BindingClock, 'sinceBootMs'>
  /** The rule sets that packets meet or may meet: two while one is on trial. */
  readonly rulesets: () => readonly Ruleset[]
  /** Whether an address is this machine's own. */
  readonly isOurs: (address: Address) => boolean
  /** A device claims what the policy gives to another. What another was given or has claimed, the keeper tells of. */
  readonly conflict: (link: LinkAddress, address: Address) => void
}

/** Takes what was seen on an interface; resolves when packets meet what came of it. */
export type Learn = (sighting: Sighting, on: string) => Promise<void>

/** Hosts keep temporary addresses for a day before they take the next (RFC 8981 3.8). */
export const CLAIM_MS: number = 24 * 3_600_000
const MOST_CLAIMS_A_MINUTE = 16
const MINUTE_MS = 60_000

export function learning(options: LearnOptions): Learn {
  const { journal, keeper } = options
  const claims = new Budgets(options.clock)
  return async (sighting, on) => {
    const { link, address } = sighting
    const held = journal.holder(address)
    switch (sighting.kind) {
      case 'given':
        // The server decides about its own addresses, whoever has claimed one before.
        if (held !== null && held.lease.link !== link && held.lease.source === 'first-come')
          await keeper.release(held.lease)
        if (!journal.holds(leaseOf('wire', link, address), sighting.forMs))
          await keeper.bind(leaseOf('wire', link, address), sighting.forMs)
        return
      case 'given-back':
        if (held?.lease.link === link && held.lease.source === 'wire') await keeper.release(held.lease)
        return
      case 'claimed': {
        const isAnothers = held !== null && held.lease.link !== link
        if (
          !isAnothers &&
          held !== null &&
          (held.lease.source !== 'first-come' || held.leftMs > CLAIM_MS / 2)
        )
          return
        const verdict = mayClaim(options, link, address, on)
        if (verdict === 'nobody' || !claims.take(link)) return
        if (verdict === 'stated') options.conflict(link, address)
        else await keeper.bind(leaseOf('first-come', link, address), CLAIM_MS)
        return
      }
      default:
        sighting satisfies never
    }
  }
}

function leaseOf(source: Lease['source'], link: LinkAddress, address: Address): Lease {
  return { kind: 'lease', link, address, source }
}

/** `stated` where the policy gives the address to a device: to another, or to this one, which needs no claim. */
function mayClaim(
  { rulesets, isOurs }: LearnOptions,
  link: LinkAddress,
  address: Address,
  on: string,
): 'yes' | 'stated' | 'nobody' {
  if (familyOf(address) !== 6 || isOurs(address)) return 'nobody'
  let verdict: 'stated' | 'nobody' = 'nobody'
  for (const ruleset of rulesets()) {
    const device = ruleset.devices[ruleset.links.get(link) ?? -1]
    const network = device === undefined ? undefined : ruleset.networkByName.get(device.network)
    if (device === undefined || network === undefined || !isHome(network, on)) continue
    if (ruleset.gateway.has(address) || !contains(network.addresses, address)) continue
    if (!isStated(ruleset, address)) return 'yes'
    if (!device.addresses.includes(address)) verdict = 'stated'
  }
  return verdict
}

/** Where a hop hides link addresses, nobody can say who claims. */
function isHome({ role, identity, interfaces }: Network, on: string): boolean {
  return role !== 'uplink' && identity === 'mac+ip' && interfaces.includes(on)
}

/** What each device may claim in a minute. Only known devices come here, so there are no more of them than that. */
class Budgets {
  readonly #clock: Pick<BindingClock, 'sinceBootMs'>
  readonly #spent = new Map<LinkAddress, number>()
  #from: number

  constructor(clock: Pick<BindingClock, 'sinceBootMs'>) {
    this.#clock = clock
    this.#from = clock.sinceBootMs()
  }

  take(link: LinkAddress): boolean {
    const at = this.#clock.sinceBootMs()
    if (at - this.#from >= MINUTE_MS) {
      this.#spent.clear()
      this.#from = at
    }
    const spent = this.#spent.get(link) ?? 0
    if (spent >= MOST_CLAIMS_A_MINUTE) return false
    this.#spent.set(link, spent + 1)
    return true
  }
}
