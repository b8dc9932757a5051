/** Everything in a policy that carries a reason or a date: one flat list, so that no check forgets a kind of them. */
import { parseDate } from '../author/time.ts'
import type { Origin } from '../model/diagnostic.ts'
import type {
  DeviceDocument,
  Documentation,
  EndpointDocument,
  PolicyDocument,
  RuleDocument,
} from '../model/policy.ts'

export interface Part {
  readonly kind: 'rule' | 'profile' | 'list' | 'entry' | 'quarantine' | 'device' | 'exclusion'
  /** For people: `rule seismometer/readings`. */
  readonly label: string
  readonly path: string
  readonly says: Partial<Documentation>
  readonly origin: Origin | null
  /** The whole of it, where it is a rule. */
  readonly rule?: RuleDocument
  /**
   * What a passed `expires` does: ends it, leaves it in force, or both, as far as it allows and denies. Null where
   * nothing hangs on it.
   */
  readonly afterExpiry: 'ends' | 'stays' | 'both' | null
  /** Of an entry: whether a rule leaves it out of a deny. */
  readonly isSpared?: boolean
}

/** Every documented part of a policy, in the order in which it is written. */
export function partsOf(document: PolicyDocument): readonly Part[] {
  const parts: Part[] = []
  const uses = usesOf(document)
  const addRules = (rules: Readonly<Record<string, RuleDocument>>, path: string, prefix: string): void => {
    for (const [key, rule] of Object.entries(rules)) {
      parts.push({
        kind: 'rule',
        label: `rule ${prefix}${key}`,
        path: `${path}.${key}`,
        says: rule,
        rule,
        origin: rule.origin,
        afterExpiry: rule.effect === 'allow' || rule.onExpiry === 'lift' ? 'ends' : 'stays',
      })
    }
  }
  for (const [name, profile] of Object.entries(document.profiles)) {
    const path = `profiles.${name}`
    const says: Part['says'] = profile
    parts.push({
      kind: 'profile',
      label: `profile ${name}`,
      path,
      says,
      origin: profile.origin,
      afterExpiry: 'both',
    })
    addRules(profile.rules, `${path}.rules`, `${name}/`)
  }
  for (const [name, list] of Object.entries(document.lists)) {
    const path = `lists.${name}`
    const says: Part['says'] = list
    parts.push({ kind: 'list', label: `list ${name}`, path, says, origin: list.origin, afterExpiry: 'both' })
    for (const [text, entry] of Object.entries(list.entries)) {
      parts.push({
        kind: 'entry',
        label: `entry ${text} of list ${name}`,
        path: `${path}.entries["${text}"]`,
        says: entry,
        origin: entry.origin,
        afterExpiry: entry.onExpiry === 'lift' ? 'ends' : afterExpiryOf(uses.get(name) ?? NO_USE),
        isSpared: uses.get(name)?.has('spared') === true,
      })
    }
  }
  for (const [name, device] of Object.entries(document.devices)) {
    const path = `devices.${name}`
    if (isDocumented(device)) {
      parts.push({
        kind: 'device',
        label: `device ${name}`,
        path,
        says: device,
        origin: device.origin,
        afterExpiry: null,
      })
    }
    addRules(device.rules, `${path}.rules`, `${name}/`)
  }
  addRules(document.rules, 'rules', '')
  for (const [name, forward] of Object.entries(document.forwards ?? {})) {
    const { origin } = forward
    const path = `forwards.${name}`
    parts.push({
      kind: 'rule',
      label: `rule forward/${name}`,
      path,
      says: forward,
      origin,
      afterExpiry: 'ends',
    })
  }
  for (const [name, entry] of Object.entries(document.quarantine)) {
    parts.push({
      kind: 'quarantine',
      label: `quarantine of ${name}`,
      path: `quarantine.${name}`,
      says: entry,
      origin: entry.origin,
      afterExpiry: entry.onExpiry === 'lift' ? 'ends' : 'stays',
    })
  }
  for (const [name, { exclusions, origin }] of Object.entries(document.apis)) {
    for (const [key, exclusion] of Object.entries(exclusions ?? {})) {
      parts.push({
        kind: 'exclusion',
        label: `exclusion ${key} of API ${name}`,
        path: `apis.${name}.exclusions.${key}`,
        says: exclusion,
        origin,
        afterExpiry: 'ends',
      })
    }
  }
  return parts
}

/** What rules make of a list: they let it in, leave it out of a deny, or refuse it, be it by leaving it out. */
type Use = 'allowed' | 'spared' | 'refused'
const NO_USE: ReadonlySet<Use> = new Set()

function afterExpiryOf(uses: ReadonlySet<Use>): 'ends' | 'stays' | 'both' {
  const isPermission = uses.has('allowed') || uses.has('spared')
  return !isPermission ? 'stays' : uses.has('refused') ? 'both' : 'ends'
}

function usesOf(document: PolicyDocument): ReadonlyMap<string, ReadonlySet<Use>> {
  const uses = new Map<string, Set<Use>>()
  const add = (ends: readonly EndpointDocument[], use: Use, without: Use): void => {
    for (const end of ends) {
      if (end.kind === 'list') uses.set(end.name, (uses.get(end.name) ?? new Set()).add(use))
      if (end.kind !== 'except') continue
      add(end.of, use, without)
      add(end.except, without, without)
    }
  }
  const holders = [document, ...Object.values(document.profiles), ...Object.values(document.devices)]
  for (const { effect, who, peer } of holders.flatMap(({ rules }) => Object.values(rules))) {
    const ends = [...(who ?? []), ...peer]
    if (effect === 'allow') add(ends, 'allowed', 'refused')
    else add(ends, 'refused', 'spared')
  }
  for (const { from, to } of Object.values(document.forwards ?? {}))
    add([...from, ...to], 'allowed', 'refused')
  return uses
}

/** Milliseconds since 1970 of a date in the document; null where none is given. */
export function instantOf(date: string | undefined | null): number | null {
  return date === undefined || date === null ? null : parseDate(date)
}

function isDocumented(device: DeviceDocument): boolean {
  return device.why !== undefined || device.added !== undefined || device.review !== undefined
}
