/**
 * What things are called: rule numbers, device addresses and DNS names, as data that may be sent to another thread and
 * changed a little at a time. Nothing is looked up for a packet; only for what is written down.
 */
import type { Address, Bindings, LinkAddress, Ruleset } from '@thingwall/policy'
import { EVERY_DEVICE } from '@thingwall/policy'
import { rulesByNumber } from '@thingwall/policy/nftables'

/** Names as they are now, whole. */
export interface Directory {
  /** Number in a connection mark → rule id. */
  readonly rules: ReadonlyMap<number, string>
  readonly devices: ReadonlyMap<Address, string>
  readonly links: ReadonlyMap<LinkAddress, string>
  /** Device (or `*`) → address → the name it asked for. */
  readonly names: ReadonlyMap<string, ReadonlyMap<Address, string>>
}

/** What has been learnt since: added to the directory there is. */
export type DirectoryAddition =
  | { readonly kind: 'device'; readonly device: string; readonly address: Address }
  | { readonly kind: 'link'; readonly device: string; readonly link: LinkAddress }
  | { readonly kind: 'name'; readonly device: string; readonly address: Address; readonly name: string }

export const emptyDirectory: Directory = {
  rules: new Map(),
  devices: new Map(),
  links: new Map(),
  names: new Map(),
}

/** The directory of a policy and what its devices were given and told. */
export function directoryOf(ruleset: Ruleset, bindings: Bindings): Directory {
  const devices = new Map<Address, string>()
  const links = new Map<LinkAddress, string>()
  for (const { name, link, addresses } of ruleset.devices) {
    if (link !== null) links.set(link, name)
    for (const address of addresses) devices.set(address, name)
  }
  for (const [address, { device }] of bindings.owners) devices.set(address, device)
  const names = new Map<string, Map<Address, string>>()
  for (const [device, asked] of bindings.names) {
    const told = new Map<Address, string>()
    for (const [name, answers] of asked) for (const { address } of answers) told.set(address, name)
    names.set(device, told)
  }
  return { rules: rulesByNumber(ruleset), devices, links, names }
}

/** Look-ups over a directory that changes. */
export interface Names {
  /** Takes another directory. Numbers of rules stay known: flows of an earlier policy are still open. */
  readonly replace: (directory: Directory) => void
  readonly add: (additions: readonly DirectoryAddition[]) => void
  readonly rule: (number: number) => string | null
  readonly device: (address: Address | null, link: LinkAddress | null) => string | null
  readonly name: (device: string | null, address: Address | null) => string | null
}

/** Of earlier policies this many rule numbers are remembered. */
const OLD_RULES = 65_536

export function keepNames(): Names {
  const rules = new Map<number, string>()
  let devices = new Map<Address, string>()
  let links = new Map<LinkAddress, string>()
  let names = new Map<string, Map<Address, string>>()
  return {
    replace(directory) {
      for (const [number, id] of directory.rules) {
        rules.delete(number)
        rules.set(number, id)
      }
      for (const number of rules.keys()) {
        if (rules.size <= OLD_RULES) break
        rules.delete(number)
      }
      devices = new Map(directory.devices)
      links = new Map(directory.links)
      names = new Map([...directory.names].map(([device, told]) => [device, new Map(told)]))
    },
    add(additions) {
      for (const one of additions) {
        switch (one.kind) {
          case 'device':
            devices.set(one.address, one.device)
            break
          case 'link':
            links.set(one.link, one.device)
            break
          case 'name': {
            const told = names.get(one.device) ?? new Map<Address, string>()
            names.set(one.device, told.set(one.address, one.name))
            break
          }
          default:
            one satisfies never
        }
      }
    },
    rule: (number) => rules.get(number) ?? null,
    device: (address, link) =>
      (link === null ? undefined : links.get(link)) ??
      (address === null ? undefined : devices.get(address)) ??
      null,
    name(device, address) {
      if (address === null) return null
      const own = device === null ? undefined : names.get(device)?.get(address)
      return own ?? names.get(EVERY_DEVICE)?.get(address) ?? null
    },
  }
}
