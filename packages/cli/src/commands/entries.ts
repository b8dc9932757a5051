/**
 * The entries that `thingwall list` shows, gathered from the policy and its rule set: rules (the built-in ones
 * too), devices, profiles, networks, lists, and what stands on one list; and of its APIs routes and exclusions.
 */
import {
  type Address,
  type Atom,
  type Documentation,
  formatAddress,
  formatInterval,
  type Interval,
  nameMatches,
  type PolicyDocument,
  parseDate,
  parseDnsName,
  parsePrefix,
  type Ruleset,
} from '@thingwall/policy'
import { sayRule } from '../render/rule.ts'
import { exclusionEntries, routeEntries } from './api-entries.ts'
import type { Entry } from './entry.ts'

/** What can be listed, besides the names of lists. */
export const kinds: readonly string[] = [
  'rules',
  'devices',
  'profiles',
  'networks',
  'lists',
  'routes',
  'exclusions',
]

/** The entries of one kind or one list, in the policy's order (rules: in the order in which they win); null for neither. */
export function entriesOf(
  what: string,
  document: PolicyDocument,
  ruleset: Ruleset,
  at: number,
): readonly Entry[] | null {
  switch (what) {
    case 'rules':
      return ruleEntries(ruleset, at)
    case 'devices':
      return deviceEntries(document, ruleset, at)
    case 'profiles':
      return profileEntries(document, ruleset, at)
    case 'networks':
      return networkEntries(document, ruleset)
    case 'lists':
      return listEntries(document, ruleset, at)
    case 'routes':
      return routeEntries(document)
    case 'exclusions':
      return exclusionEntries(document, at)
    default:
      return entriesOfList(what, document, ruleset, at)
  }
}

/** Whether an entry has a text in anything it says, or covers it where it is an address, prefix or DNS name. */
export function isMatch(entry: Entry, text: string): boolean {
  const interval = parsePrefix(text)
  if (typeof interval !== 'string' && entry.covers.some((atom) => coversInterval(atom, interval))) return true
  const name = parseDnsName(text)
  if (name !== null && entry.covers.some((atom) => coversName(atom, name))) return true
  if (typeof interval !== 'string' && entry.covers.length > 0) return entry.name === text
  const wanted = text.toLowerCase()
  const said = [entry.name, entry.says, entry.why, entry.owner, entry.ticket, entry.source, entry.state]
  return said.some((part) => part?.toLowerCase().includes(wanted))
}

function ruleEntries(ruleset: Ruleset, at: number): readonly Entry[] {
  return ruleset.rules.map((rule) => ({
    name: rule.id,
    says: sayRule(rule, ruleset),
    tier: rule.tier,
    effect: rule.effect,
    lists: rule.lists,
    ...datesOf(rule, at),
    owner: rule.owner,
    origin: rule.origin,
    covers: rule.matches.flatMap((match) => [
      ...match.from.include.flatMap((atom) => spoken(atom, ruleset)),
      ...match.to.include.flatMap((atom) => spoken(atom, ruleset)),
    ]),
  }))
}

/** Atoms as addresses and names; networks and everyone are no answer to "which rule names this address". */
function spoken(atom: Atom, ruleset: Ruleset): readonly Atom[] {
  if (atom.kind !== 'group') return atom.kind === 'addresses' || atom.kind === 'name' ? [atom] : []
  const devices = ruleset.groups[atom.group]?.devices ?? []
  const set = devices.flatMap((index) => ruleset.devices[index]?.addresses ?? []).map(single)
  return [{ kind: 'addresses', set }]
}

function deviceEntries(document: PolicyDocument, ruleset: Ruleset, at: number): readonly Entry[] {
  return ruleset.devices.map((device) => {
    const written = document.devices[device.name]
    const profile = device.profile === null ? undefined : document.profiles[device.profile]
    const addresses = device.addresses.filter((address) => !address.startsWith('fe80')).map(formatAddress)
    const labels = Object.entries(device.labels).map(([key, value]) => `${key}=${value}`)
    const quarantine = document.quarantine[device.name]
    const dates = datesOf({ why: written?.why ?? profile?.why ?? '', ...pick(written) }, at)
    return {
      name: device.name,
      says: [device.profile, device.network, ...addresses, device.link, ...labels].filter(Boolean).join(' '),
      profile: device.profile,
      network: device.network,
      addresses,
      mac: device.link,
      labels: device.labels,
      ...dates,
      why: quarantine?.why ?? dates.why,
      state: quarantine === undefined ? dates.state : 'quarantined',
      owner: written?.owner ?? profile?.owner ?? document.owner ?? null,
      origin: device.origin,
      covers: [{ kind: 'addresses', set: device.addresses.map(single) }],
    }
  })
}

function profileEntries(document: PolicyDocument, ruleset: Ruleset, at: number): readonly Entry[] {
  const sizes = new Map<string, number>()
  for (const { profile } of ruleset.devices)
    if (profile !== null) sizes.set(profile, (sizes.get(profile) ?? 0) + 1)
  return Object.entries(document.profiles).map(([name, profile]) => {
    const devices = sizes.get(name) ?? 0
    const rules = Object.keys(profile.rules)
    return {
      name,
      says: `devices: ${devices}, rules: ${rules.join(', ') || 'none'}`,
      devices,
      rules: rules.map((key) => `${name}/${key}`),
      limits: profile.limits,
      ...datesOf(profile, at),
      owner: profile.owner ?? document.owner ?? null,
      origin: profile.origin,
      covers: [],
    }
  })
}

function networkEntries(document: PolicyDocument, ruleset: Ruleset): readonly Entry[] {
  return ruleset.networks.map((network) => {
    const prefixes = network.role === 'uplink' ? [] : network.addresses.map(formatInterval)
    return {
      name: network.name,
      says: [network.role, network.interfaces.join('+'), ...prefixes, `isolation ${network.isolation}`].join(
        ' ',
      ),
      role: network.role,
      interfaces: network.interfaces,
      prefixes,
      gateway: network.gateway.map(formatAddress),
      admin: network.admin.map(formatInterval),
      masquerade: network.masquerade,
      isolation: network.isolation,
      identity: network.identity,
      ...datesOf({ why: document.networks[network.name]?.why ?? '' }, 0),
      owner: document.owner ?? null,
      origin: network.origin,
      covers: network.role === 'uplink' ? [] : [{ kind: 'addresses', set: network.addresses }],
    }
  })
}

function listEntries(document: PolicyDocument, ruleset: Ruleset, at: number): readonly Entry[] {
  return [...ruleset.lists.values()].map(({ name, entries, document: list }) => {
    const rules = ruleset.rules.filter((rule) => rule.lists.includes(name)).map((rule) => rule.id)
    return {
      name,
      says: `entries: ${entries.length}, rules: ${rules.join(', ') || 'none'}`,
      size: entries.length,
      rules,
      ...datesOf(list, at),
      owner: list.owner ?? document.owner ?? null,
      origin: list.origin,
      covers: entries.map((entry) => entry.atom),
    }
  })
}

function entriesOfList(
  name: string,
  document: PolicyDocument,
  ruleset: Ruleset,
  at: number,
): readonly Entry[] | null {
  const list = ruleset.lists.get(name)
  if (list === undefined) return null
  const rules = ruleset.rules.filter((rule) => rule.lists.includes(name)).map((rule) => rule.id)
  const isRefused = ruleset.rules.some((rule) => refusesBy(rule, name))
  return list.entries.map((entry) => {
    const dates = datesOf(entry.document, at)
    return {
      name: entry.text,
      says: '',
      list: name,
      rules,
      ...dates,
      state: dates.state === 'expired' && isRefused && !entry.lifts ? 'expired, still in force' : dates.state,
      owner: entry.document.owner ?? list.document.owner ?? document.owner ?? null,
      origin: entry.document.origin ?? list.document.origin,
      covers: [entry.atom],
    }
  })
}

/** Whether a rule refuses what is on a list: denies it, or leaves it out of what is allowed. */
function refusesBy({ effect, lists, leavesOut }: Ruleset['rules'][number], name: string): boolean {
  return lists.includes(name) && (effect === 'deny') !== leavesOut.includes(name)
}

type Dated = { readonly [Key in keyof Documentation]?: Documentation[Key] | null }

function datesOf(
  given: Dated,
  at: number,
): Pick<Entry, 'why' | 'ticket' | 'source' | 'added' | 'review' | 'expires' | 'state'> {
  const past = (date: string | null | undefined): boolean => {
    const instant = typeof date === 'string' ? parseDate(date) : null
    return instant !== null && instant <= at
  }
  return {
    why: given.why || null,
    ticket: given.ticket ?? null,
    source: given.source ?? null,
    added: given.added ?? null,
    review: given.review ?? null,
    expires: given.expires ?? null,
    state: past(given.expires) ? 'expired' : past(given.review) ? 'review overdue' : '',
  }
}

function pick(device: { readonly added?: string; readonly review?: string } | undefined): Dated {
  return { added: device?.added ?? null, review: device?.review ?? null }
}

function coversInterval(atom: Atom, { first, last }: Interval): boolean {
  if (atom.kind !== 'addresses') return false
  return atom.set.some(
    (part) => part.first.length === first.length && part.first <= first && last <= part.last,
  )
}

function coversName(atom: Atom, name: string): boolean {
  return atom.kind === 'name' && (atom.pattern === name || nameMatches(atom.pattern, name))
}

function single(address: Address): Interval {
  return { first: address, last: address }
}
