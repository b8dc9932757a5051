/**
 * The sets that rule conditions look addresses up in, made on first use and shared where their content is the same.
 *
 * Three kinds: static address sets (intervals), groups of devices, and names (by device, what it was told).
 */
import { type Address, type Family, familyOf, formatAddress } from '../../model/address.ts'
import type { AddressSet } from '../../model/interval.ts'
import { nameMatches } from '../../model/name.ts'
import type { Ruleset } from '../../model/ruleset.ts'
import type { NftablesOptions } from './options.ts'
import { type Element, type SetDeclaration, writeInterval } from './text.ts'

export const FAMILIES: readonly Family[] = [4, 6]

/** `ip` or `ip6`: the header word of a family. */
export function headerOf(family: Family): string {
  return family === 4 ? 'ip' : 'ip6'
}

export function addressType(family: Family): string {
  return family === 4 ? 'ipv4_addr' : 'ipv6_addr'
}

/** An address a device has, static or leased, and until when (`Infinity` for static). */
export interface Held {
  readonly address: Address
  readonly until: number
}

export interface Sets {
  /** What to write after `ip saddr`, or null where the set has nothing of this family. */
  readonly addresses: (set: AddressSet, family: Family) => string | null
  readonly group: (group: number, family: Family) => string
  /** Looked up by `device . answer`. */
  readonly name: (pattern: string, family: Family) => string
  /** Holds the devices that have an answer for the name. */
  readonly told: (pattern: string, family: Family) => string
  readonly declarations: () => readonly SetDeclaration[]
  /** All addresses of a device at the artifact's instant. */
  readonly held: readonly (readonly Held[])[]
}

export function createSets(ruleset: Ruleset, options: NftablesOptions): Sets {
  const held = heldAddresses(ruleset, options)
  const addressSets = new Map<string, string>()
  const patterns = new Map<string, number>()
  const made = new Map<string, SetDeclaration>()

  const make = (name: string, declare: () => SetDeclaration): string => {
    if (!made.has(name)) made.set(name, declare())
    return `@${name}`
  }
  const patternIndex = (pattern: string): number => {
    const known = patterns.get(pattern)
    if (known !== undefined) return known
    patterns.set(pattern, patterns.size)
    return patterns.size - 1
  }
  const nameSets = (pattern: string, family: Family): string => {
    const index = `${patternIndex(pattern)}/${family}`
    const type = addressType(family)
    if (!made.has(`name/${index}`)) {
      const { answers, told } = answersFor(ruleset, options, held, pattern, family)
      const common = {
        kind: 'set',
        flags: ['timeout'],
        extra: [`comment "${pattern.slice(0, 120)}"`],
      } as const
      made.set(`name/${index}`, {
        ...common,
        name: `name/${index}`,
        type: `type ${type} . ${type}`,
        elements: answers,
      })
      made.set(`told/${index}`, { ...common, name: `told/${index}`, type: `type ${type}`, elements: told })
    }
    return index
  }

  return {
    held,
    addresses: (set, family) => {
      const own = set.filter((interval) => familyOf(interval.first) === family)
      if (own.length === 0) return null
      if (own.length === 1) return writeInterval(own[0] as (typeof own)[number])
      const content = own.map(writeInterval)
      const key = content.join()
      const name = addressSets.get(key) ?? `addresses/${addressSets.size}/${family}`
      addressSets.set(key, name)
      return make(name, () => ({
        kind: 'set',
        name,
        type: `type ${addressType(family)}`,
        flags: ['interval'],
        elements: content.map((text) => ({ text })),
      }))
    },
    group: (group, family) =>
      make(`group/${group}/${family}`, () => ({
        kind: 'set',
        name: `group/${group}/${family}`,
        type: `type ${addressType(family)}`,
        flags: ['timeout'],
        elements: (ruleset.groups[group]?.devices ?? []).flatMap((device) =>
          (held[device] ?? [])
            .filter((one) => familyOf(one.address) === family)
            .map((one) => heldElement(one, options)),
        ),
      })),
    name: (pattern, family) => `@name/${nameSets(pattern, family)}`,
    told: (pattern, family) => `@told/${nameSets(pattern, family)}`,
    declarations: () => [...made.values()],
  }
}

/** An address as an element that lives as long as the device holds it. */
export function heldElement(one: Held, options: NftablesOptions, data = ''): Element {
  return element(`${formatAddress(one.address)}${data}`, one.until, options)
}

export function element(text: string, until: number, options: NftablesOptions): Element {
  return until === Number.POSITIVE_INFINITY ? { text } : { text, timeoutMs: until - options.at }
}

function heldAddresses(ruleset: Ruleset, options: NftablesOptions): readonly (readonly Held[])[] {
  const held = ruleset.devices.map((device): Held[] =>
    device.addresses.map((address) => ({ address, until: Number.POSITIVE_INFINITY })),
  )
  for (const [address, { device, until }] of options.bindings.owners) {
    const index = ruleset.deviceByName.get(device)
    // What the policy states wins over what was leased.
    if (index === undefined || until <= options.at || ruleset.owners.has(address)) continue
    held[index]?.push({ address, until })
  }
  return held
}

function answersFor(
  ruleset: Ruleset,
  options: NftablesOptions,
  held: Sets['held'],
  pattern: string,
  family: Family,
): { readonly answers: readonly Element[]; readonly told: readonly Element[] } {
  const answers = new Map<string, number>()
  const told = new Map<string, number>()
  const keep = (map: Map<string, number>, key: string, until: number): void => {
    map.set(key, Math.max(until, map.get(key) ?? 0))
  }
  for (const [device, names] of options.bindings.names) {
    const own = (held[ruleset.deviceByName.get(device) ?? -1] ?? []).filter(
      (one) => familyOf(one.address) === family,
    )
    for (const [name, given] of names) {
      if (!nameMatches(pattern, name)) continue
      for (const answer of given) {
        if (answer.until <= options.at) continue
        for (const one of own) {
          const until = Math.min(answer.until, one.until)
          const address = formatAddress(one.address)
          keep(told, address, until)
          if (familyOf(answer.address) !== family) continue
          keep(answers, `${address} . ${formatAddress(answer.address)}`, until)
        }
      }
    }
  }
  const elements = (map: Map<string, number>): Element[] =>
    [...map].map(([text, until]) => element(text, until, options))
  return { answers: elements(answers), told: elements(told) }
}
