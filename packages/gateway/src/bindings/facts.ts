/**
 * What is bound now, in memory: addresses by their device's link address, answers by device and name, each until an
 * instant counted since boot. It keeps everything bounded, and of two that claim an address the first keeps it. No disk
 * and no kernel.
 */
import type { Address, BoundAddress, LinkAddress, Ruleset, Said } from '@thingwall/policy'
import { contains } from '@thingwall/policy'
import type { GivenDevice } from '@thingwall/policy/nftables'
import type { Answer, Fact, Lease } from './entry.ts'

/** RFC 6620 asks for a limit; hosts with temporary addresses of a week have about ten. */
const MOST_ADDRESSES = 16
/** A device that asks for random names must not fill the gateway's memory. */
const MOST_ANSWERS = 1024
/** Leases of strangers count too: their number is what the server's pools hold, or this. */
const MOST_LINKS = 250_000
const MOST_DEVICES = 250_000

/** What became of a fact that was put. */
export type Outcome =
  | { readonly kind: 'kept'; readonly evicted: readonly Fact[] }
  /** Another device has the address. */
  | { readonly kind: 'taken'; readonly by: LinkAddress }
  /** There is no room for one more device. */
  | { readonly kind: 'full' }

export interface Held {
  readonly fact: Fact
  /** Milliseconds since boot; `Infinity` for no end. */
  readonly ends: number
}

export class Facts {
  readonly #leases = new Map<Address, { readonly lease: Lease; readonly ends: number }>()
  readonly #byLink = new Map<LinkAddress, Set<Address>>()
  readonly #answers = new Map<string, Map<string, { readonly answer: Answer; readonly ends: number }>>()

  /** Puts or renews a fact at an instant since boot. */
  put(fact: Fact, ends: number, at: number): Outcome {
    return fact.kind === 'lease' ? this.#lease(fact, ends, at) : this.#answer(fact, ends, at)
  }

  /** Lets a fact go; false where it was not there. */
  drop(fact: Fact): boolean {
    if (fact.kind === 'answer') {
      const own = this.#answers.get(fact.device)
      const gone = own?.delete(keyOf(fact)) ?? false
      if (own?.size === 0) this.#answers.delete(fact.device)
      return gone
    }
    if (this.#leases.get(fact.address)?.lease.link !== fact.link) return false
    this.#leases.delete(fact.address)
    const own = this.#byLink.get(fact.link)
    own?.delete(fact.address)
    if (own?.size === 0) this.#byLink.delete(fact.link)
    return true
  }

  /** Forgets what has ended. */
  expire(at: number): void {
    for (const { fact, ends } of [...this.all()]) if (ends <= at) this.drop(fact)
  }

  *all(): Generator<Held> {
    for (const { lease, ends } of this.#leases.values()) yield { fact: lease, ends }
    for (const own of this.#answers.values())
      for (const { answer, ends } of own.values()) yield { fact: answer, ends }
  }

  /** The lease of an address, and when it ends. */
  lease(address: Address): { readonly lease: Lease; readonly ends: number } | null {
    return this.#leases.get(address) ?? null
  }

  /** What one device of a rule set was given and told; instants are turned into such since 1970 by adding `offset`. */
  given(ruleset: Ruleset, index: number, offset: number): GivenDevice {
    const device = ruleset.devices[index]
    if (device === undefined) return { addresses: [], names: new Map() }
    const addresses = [...((device.link === null ? null : this.#byLink.get(device.link)) ?? [])].flatMap(
      (address): readonly BoundAddress[] => {
        const held = this.#leases.get(address)
        return held === undefined || !mayHave(ruleset, device.network, address)
          ? []
          : [{ address, until: held.ends + offset }]
      },
    )
    const names = new Map<string, BoundAddress[]>()
    for (const { answer, ends } of this.#answers.get(device.name)?.values() ?? []) {
      const told = names.get(answer.name) ?? []
      told.push({ address: answer.address, until: ends + offset })
      names.set(answer.name, told)
    }
    return { addresses, names }
  }

  /** What all devices of a rule set were given and told. Who is no device of it has nothing. */
  said(ruleset: Ruleset, offset: number): Said {
    const owners = new Map<Address, { device: string; until: number }>()
    const names = new Map<string, ReadonlyMap<string, readonly BoundAddress[]>>()
    for (const [index, { name }] of ruleset.devices.entries()) {
      const given = this.given(ruleset, index, offset)
      for (const { address, until } of given.addresses) owners.set(address, { device: name, until })
      if (given.names.size > 0) names.set(name, given.names)
    }
    return { owners, names, gateway: new Set() }
  }

  #lease(lease: Lease, ends: number, at: number): Outcome {
    const before = this.#leases.get(lease.address)
    if (before !== undefined && before.lease.link !== lease.link) {
      if (before.ends > at) return { kind: 'taken', by: before.lease.link }
      this.drop(before.lease)
    }
    const own = this.#byLink.get(lease.link) ?? new Set()
    if (own.size === 0 && this.#byLink.size >= MOST_LINKS) return { kind: 'full' }
    const evicted: Fact[] = []
    if (!own.has(lease.address) && own.size >= MOST_ADDRESSES) {
      const held = [...own].flatMap((address) => this.#leases.get(address) ?? [])
      const first = soonest(held)
      if (first !== undefined) evicted.push(first.lease)
    }
    for (const one of evicted) this.drop(one)
    this.#leases.set(lease.address, { lease, ends })
    this.#byLink.set(lease.link, own.add(lease.address))
    return { kind: 'kept', evicted }
  }

  #answer(answer: Answer, ends: number, at: number): Outcome {
    const own = this.#answers.get(answer.device) ?? new Map()
    if (own.size === 0 && this.#answers.size >= MOST_DEVICES) return { kind: 'full' }
    const key = keyOf(answer)
    const evicted: Fact[] = []
    if (!own.has(key) && own.size >= MOST_ANSWERS) {
      const over = [...own.values()].filter((one) => one.ends <= at)
      const gone = over.length > 0 ? over : [soonest([...own.values()])]
      for (const one of gone) if (one !== undefined) evicted.push(one.answer)
    }
    for (const one of evicted) own.delete(keyOf(one as Answer))
    // An answer that is told again never ends sooner than it was told at first.
    own.set(key, { answer, ends: Math.max(ends, own.get(key)?.ends ?? ends) })
    this.#answers.set(answer.device, own)
    return { kind: 'kept', evicted }
  }
}

function keyOf({ name, address }: Answer): string {
  return `${name} ${address}`
}

function soonest<T extends { readonly ends: number }>(all: readonly T[]): T | undefined {
  return all.reduce<T | undefined>(
    (first, one) => (first === undefined || one.ends < first.ends ? one : first),
    undefined,
  )
}

/** An address of its network, or one that never leaves its link; never the gateway's. */
function mayHave(ruleset: Ruleset, name: string, address: Address): boolean {
  const network = ruleset.networkByName.get(name)
  if (network === undefined || network.role === 'uplink' || ruleset.gateway.has(address)) return false
  return contains(network.addresses, address) || (address.length === 32 && /^fe[89ab]/.test(address))
}
