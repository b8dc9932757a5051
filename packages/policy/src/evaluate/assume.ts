/**
 * What a question leaves open: which addresses its ends have, and what stands in for those that nobody knows yet, so
 * that the rule which would decide is found all the same. Nothing is decided here.
 */
import { type Address, type Family, familyOf, predecessor } from '../model/address.ts'
import { type Bindings, type BoundAddress, EVERY_DEVICE } from '../model/flow.ts'
import type { Ruleset } from '../model/ruleset.ts'
import { formatService, type Service } from '../model/service.ts'
import { bind } from './bind.ts'
import { ownerOf } from './ends.ts'
import type { AskedEnd } from './question.ts'
import { NOBODYS, standInFor } from './stand-in.ts'

/** A question whose words are understood. */
export interface Ask {
  readonly ruleset: Ruleset
  readonly from: AskedEnd
  readonly to: AskedEnd
  readonly bindings: Bindings
  readonly at: number
}

/** The addresses the flow can run between: one family, and for a name what the other end was told. */
export function addressPairs(ask: Ask, service: Service): readonly Pair[] {
  const sources = ask.from.kind === 'name' ? toldTo(ask, ask.to, ask.from.text) : ask.from.addresses
  const destinations = ask.to.kind === 'name' ? toldTo(ask, ask.from, ask.to.text) : ask.to.addresses
  const pairs = sources.flatMap((source) =>
    destinations
      .filter((destination) => familyOf(source) === familyOf(destination) && fits(service, source))
      .filter((destination) => isLinkLocal(source) === isLinkLocal(destination))
      .map((destination) => [source, destination] as const),
  )
  // Several answers to one name may be judged differently. A device's addresses of one family are judged alike; those
  // of two need not be.
  return ask.from.kind === 'name' || ask.to.kind === 'name' ? pairs : oneOfEachFamily(pairs)
}

type Pair = readonly [source: Address, destination: Address]

function oneOfEachFamily(pairs: readonly Pair[]): readonly Pair[] {
  return FAMILIES.flatMap((family) => pairs.filter(([source]) => familyOf(source) === family).slice(0, 1))
}

const FAMILIES: readonly Family[] = [4, 6]

function isLinkLocal(address: Address): boolean {
  return address.startsWith('fe8') && address.length === 32
}

function fits(service: Service, address: Address): boolean {
  return service.kind !== 'icmp' || service.family === familyOf(address)
}

function toldTo(ask: Ask, end: AskedEnd, name: string): readonly Address[] {
  if (end.device === null) return []
  const answers = [end.device.name, EVERY_DEVICE].flatMap(
    (key) => ask.bindings.names.get(key)?.get(name) ?? [],
  )
  return answers.filter((answer) => answer.until > ask.at).map((answer) => answer.address)
}

export function missing(ask: Ask): readonly string[] {
  const needs: string[] = []
  for (const [end, other] of [
    [ask.from, ask.to],
    [ask.to, ask.from],
  ] as const) {
    if (end.kind === 'name') needs.push(`an answer for ${end.text} told to ${other.text}`)
    else if (end.addresses.every(isLinkLocal)) needs.push(`an address of ${end.text}`)
  }
  return needs.length > 0 ? needs : ['two addresses of one family']
}

/** Why no packet can be what is asked about, whatever else is given or told: a sentence; null where one can. */
export function impossible({ from, to }: Ask, service: Service): string | null {
  const sides = [
    [from.text, familiesOf(from)],
    [to.text, familiesOf(to)],
    [formatService(service), service.kind === 'icmp' ? [service.family] : FAMILIES],
  ] as const
  if (FAMILIES.some((family) => sides.every(([, families]) => families.includes(family)))) return null
  const words = sides.flatMap(([text, [only, ...others]]) =>
    others.length > 0 ? [] : [`${text} is IPv${only}`],
  )
  return `${from.text} → ${to.text} ${formatService(service)}: no packet can be that; ${words.join(', ')}.`
}

/** What an end has, or may yet be given: only an address that was asked about is all that it is. */
function familiesOf(end: AskedEnd): readonly Family[] {
  const isFixed = end.addresses.length === 1 && (end.kind === 'address' || end.kind === 'gateway')
  return isFixed && end.text !== 'gateway' ? end.addresses.map(familyOf) : FAMILIES
}

/** Stands addresses in for what is not known, to find the rule that would decide. */
export function assumedPairs(ask: Ask, service: Service): readonly Pair[] {
  const stand = (end: AskedEnd): readonly Address[] =>
    end.kind === 'name' ? standIns(ask) : isUnplaced(end) ? freeAddresses(ask, end) : end.addresses
  const pairs = stand(ask.from)
    .flatMap((source) => stand(ask.to).map((destination) => [source, destination] as const))
    .filter(([source, destination]) => familyOf(source) === familyOf(destination) && fits(service, source))
    .filter(([source, destination]) => isLinkLocal(source) === isLinkLocal(destination))
  return oneOfEachFamily(pairs)
}

function standIns({ ruleset, bindings }: Ask): readonly Address[] {
  return FAMILIES.flatMap((family) => standInFor(ruleset, bindings, family) ?? [])
}

/** A device that nobody has given an address yet. */
function isUnplaced(end: AskedEnd): boolean {
  return end.kind === 'device' && end.addresses.every(isLinkLocal)
}

/** An address of each family that the device might be given: on its network, and nobody's. */
function freeAddresses(ask: Ask, end: AskedEnd): readonly Address[] {
  return (end.network?.addresses ?? []).flatMap(({ first, last }) => {
    for (let free = predecessor(last); free !== null && free >= first; free = predecessor(free)) {
      if (!ask.ruleset.gateway.has(free) && ownerOf(ask.ruleset, ask.bindings, free, ask.at) === null)
        return [free]
    }
    return []
  })
}

/** The name has the stand-in for its answer, and no other name that rules speak of shares it. */
export function assumedBindings(ask: Ask): Bindings {
  const names = new Map(ask.bindings.names)
  for (const [end, other] of [
    [ask.from, ask.to],
    [ask.to, ask.from],
  ] as const) {
    if (end.kind !== 'name' || other.device === null) continue
    const told = new Map(ask.bindings.names.get(other.device.name))
    names.set(other.device.name, told.set(end.text, standIns(ask).map(forGood)))
    names.set(EVERY_DEVICE, new Map([...elsewhere(ask.ruleset), ...(names.get(EVERY_DEVICE) ?? [])]))
  }
  const owners = new Map(ask.bindings.owners)
  for (const end of [ask.from, ask.to]) {
    if (!isUnplaced(end) || end.device === null) continue
    const held = { device: end.device.name, until: Number.POSITIVE_INFINITY }
    for (const address of freeAddresses(ask, end)) owners.set(address, held)
  }
  return bind(ask.ruleset, { ...ask.bindings, names, owners })
}

function forGood(address: Address): BoundAddress {
  return { address, until: Number.POSITIVE_INFINITY }
}

/** An answer that no question is about, for every name that rules speak of. */
export function elsewhere(ruleset: Ruleset): ReadonlyMap<string, readonly BoundAddress[]> {
  const answer = [forGood(NOBODYS)]
  return new Map(ruleset.patterns.map((pattern) => [pattern.replace('*', 'any-other'), answer]))
}
