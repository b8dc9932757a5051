/**
 * The sets that rule conditions look addresses up in, made on first use and shared where their content is the same.
 *
 * Three kinds: static address sets (intervals), groups of devices, and names (by device, what it was told).
 */
import { type Address, type Family, familyOf, formatAddress, linkOf } from '../../model/address.ts'
import { ABSENT, findAddress } from '../../model/address-table.ts'
import { EVERY_DEVICE } from '../../model/flow.ts'
import { type AddressSet, contains } from '../../model/interval.ts'
import { nameMatches } from '../../model/name.ts'
import type { Ruleset } from '../../model/ruleset.ts'
import type { NftablesOptions } from './options.ts'
import { element, type SetDeclaration, writeInterval } from './text.ts'

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
  readonly family: Family
  readonly text: string
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
  const patterns = new Map(ruleset.patterns.map((pattern, index) => [pattern, index]))
  const made = new Map<string, SetDeclaration>()

  const make = (name: string, declare: () => SetDeclaration): string => {
    if (!made.has(name)) made.set(name, declare())
    return `@${name}`
  }
  const nameSets = (pattern: string, family: Family): string => {
    const index = `${patterns.get(pattern)}/${family}`
    const type = addressType(family)
    if (!made.has(`name/${index}`)) {
      const { answers, told } = answersFor(ruleset, options, held, pattern, family)
      const common = {
        kind: 'set',
        flags: ['timeout'],
        isDerived: true,
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
        elements: content,
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
            .filter((one) => one.family === family)
            .map((one) => element(one.text, one.until, options.at)),
        ),
        isDerived: true,
      })),
    name: (pattern, family) => `@name/${nameSets(pattern, family)}`,
    told: (pattern, family) => `@told/${nameSets(pattern, family)}`,
    declarations: () => [...made.values()],
  }
}

function heldAddresses(ruleset: Ruleset, options: NftablesOptions): readonly (readonly Held[])[] {
  const held = ruleset.devices.map((device): Held[] =>
    device.addresses.map((address) => holding(address, Number.POSITIVE_INFINITY)),
  )
  for (const [address, { device, until }] of options.bindings.owners) {
    const index = ruleset.deviceByName.get(device)
    // What the policy states wins over what was leased.
    if (index === undefined || until <= options.at || isStated(ruleset, address)) continue
    held[index]?.push(holding(address, until))
  }
  return held
}

/** Stated by the policy: an address of a device, or the link-local one of its link address. It wins over a lease. */
export function isStated(ruleset: Ruleset, address: Address): boolean {
  const link = linkOf(address)
  return findAddress(ruleset.owners, address) !== ABSENT || (link !== null && ruleset.links.has(link))
}

function holding(address: Address, until: number): Held {
  return { address, family: familyOf(address), text: formatAddress(address), until }
}

function answersFor(
  ruleset: Ruleset,
  options: NftablesOptions,
  held: Sets['held'],
  pattern: string,
  family: Family,
): { readonly answers: readonly string[]; readonly told: readonly string[] } {
  const answers = new Map<string, number>()
  const told = new Map<string, number>()
  const keep = (map: Map<string, number>, key: string, until: number): void => {
    map.set(key, Math.max(until, map.get(key) ?? 0))
  }
  for (const [device, names] of options.bindings.names) {
    const given = [...names].filter(([name]) => nameMatches(pattern, name)).flatMap(([, answers]) => answers)
    const valid = given.filter((answer) => answer.until > options.at)
    if (valid.length === 0) continue
    const index = ruleset.deviceByName.get(device) ?? -1
    for (const own of device === EVERY_DEVICE ? held : [held[index] ?? []]) {
      for (const one of own) {
        // Link-local addresses are never forwarded, so nothing is told to them that a rule could be about.
        if (one.family !== family || one.text.startsWith('fe8')) continue
        for (const answer of valid) {
          const until = Math.min(answer.until, one.until)
          keep(told, one.text, until)
          const isOutside = !contains(ruleset.local, answer.address)
          if (isOutside && familyOf(answer.address) === family)
            keep(answers, `${one.text} . ${formatAddress(answer.address)}`, until)
        }
      }
    }
  }
  const elements = (map: Map<string, number>): string[] =>
    Array.from(map, ([text, until]) => element(text, until, options.at))
  return { answers: elements(answers), told: elements(told) }
}
