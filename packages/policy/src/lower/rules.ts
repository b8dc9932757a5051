/**
 * Lowers rules of the policy, its profiles and its devices, and quarantined devices, to directed matches.
 *
 * "out" opens from who to peer, "in" from peer to who, "both" either way. Rules have no order here; `lower` sorts.
 */
import { parseDate, weekRangesOf } from '../author/time.ts'
import { didYouMean } from '../model/name.ts'
import type { QuarantineDocument, RuleDocument } from '../model/policy.ts'
import type { Endpoint, Match, Rule } from '../model/ruleset.ts'
import type { Service } from '../model/service.ts'
import { parseService } from '../model/service.ts'
import { type Lowering, report } from './context.ts'
import { deviceAtom, isEmpty, type Place, profileAtom, type ResolvedEnd, resolveEnd } from './endpoints.ts'

export const ANY_SERVICE: readonly Service[] = [{ kind: 'any' }]

/** Every rule the policy's author wrote, unsorted. */
export function lowerRules(lowering: Lowering): Rule[] {
  const { document } = lowering
  const rules: Rule[] = []
  for (const [name, profile] of Object.entries(document.profiles)) {
    const who = { parts: [whole(profileAtom(lowering, name))], lists: [], leavesOut: [] }
    for (const [key, rule] of Object.entries(profile.rules)) {
      const path = `profiles.${name}.rules.${key}`
      rules.push(
        lowerRule(lowering, `${name}/${key}`, path, withinDate(rule, profile.expires), who, profile.owner),
      )
    }
  }
  for (const [name, device] of Object.entries(document.devices)) {
    const index = lowering.deviceByName.get(name)
    const entries = Object.entries(device.rules)
    if (index === undefined || entries.length === 0) continue
    const who = { parts: [whole(deviceAtom(lowering, name, index))], lists: [], leavesOut: [] }
    const profile = device.profile === null ? undefined : document.profiles[device.profile]
    for (const [key, rule] of entries) {
      const owner = device.owner ?? profile?.owner
      rules.push(lowerRule(lowering, `${name}/${key}`, `devices.${name}.rules.${key}`, rule, who, owner))
    }
  }
  for (const [key, rule] of Object.entries(document.rules)) {
    const path = `rules.${key}`
    const who = resolveEnd(lowering, rule.who ?? [], rule.effect, {
      path: `${path}.who`,
      origin: rule.origin,
    })
    rules.push(lowerRule(lowering, key, path, rule, who, undefined))
  }
  for (const [name, quarantine] of Object.entries(document.quarantine)) {
    const rule = lowerQuarantine(lowering, name, quarantine)
    if (rule !== null) rules.push(rule)
  }
  return rules
}

/** An allow ends with the profile it stands in, if that ends first. A deny stands: forgetting must never open. */
function withinDate(rule: RuleDocument, expires: string | undefined): RuleDocument {
  if (rule.effect === 'deny' || expires === undefined) return rule
  const own = rule.expires === undefined ? null : parseDate(rule.expires)
  return own !== null && own <= (parseDate(expires) ?? own) ? rule : { ...rule, expires }
}

function lowerRule(
  lowering: Lowering,
  id: string,
  path: string,
  rule: RuleDocument,
  who: ResolvedEnd,
  owner: string | undefined,
): Rule {
  const place = { path: `${path}.${peerProperty(rule)}`, origin: rule.origin }
  const peer = resolveEnd(lowering, rule.peer, rule.effect, place)
  refuseUntellable(lowering, who, peer, place)
  const services = rule.service.flatMap((text) => {
    const parsed = parseService(text)
    return typeof parsed === 'string' ? [] : parsed
  })
  const expiresAt = rule.expires === undefined ? null : parseDate(rule.expires)
  const ruleEndsAt = rule.effect === 'allow' || rule.onExpiry === 'lift' ? expiresAt : null
  const matches: Match[] = []
  for (const one of who.parts) {
    for (const other of peer.parts) {
      const endsAt = earliest(one.endsAt, other.endsAt)
      const startsAt = latest(one.startsAt, other.startsAt)
      if (isEmpty(startsAt, endsAt) || isEmpty(startsAt, ruleEndsAt)) continue
      const outward = { from: one.endpoint, to: other.endpoint, services, startsAt, endsAt }
      const inward = { from: other.endpoint, to: one.endpoint, services, startsAt, endsAt }
      if (rule.direction !== 'in') matches.push(outward)
      if (rule.direction !== 'out') matches.push(inward)
    }
  }
  const lists = [...new Set([...who.lists, ...peer.lists])]
  return {
    id,
    tier: rule.effect,
    effect: rule.effect,
    matches,
    endsAt: ruleEndsAt,
    when: rule.when === null ? null : weekRangesOf(rule.when),
    ...documentationOf(rule, owner ?? lowering.document.owner ?? ownerOfList(lowering, lists)),
    lists,
    leavesOut: [...new Set([...who.leavesOut, ...peer.leavesOut])],
    origin: rule.origin,
  }
}

/** A rule about a list that nobody else answers for is answered for by the list's owner. */
function ownerOfList(lowering: Lowering, lists: readonly string[]): string | undefined {
  return lists.map((name) => lowering.lists.get(name)?.document.owner).find((owner) => owner !== undefined)
}

function lowerQuarantine(lowering: Lowering, name: string, quarantine: QuarantineDocument): Rule | null {
  const index = lowering.deviceByName.get(name)
  if (index === undefined) {
    const near = didYouMean(name, lowering.deviceByName.keys())
    report(lowering, 'TW1005', {
      message: `quarantine.${name} names no device of this policy`,
      path: `quarantine.${name}`,
      value: name,
      hint: near === null ? 'Quarantine a device by its name in devices.' : `Did you mean ${near}?`,
      origin: quarantine.origin,
    })
    return null
  }
  const device = { include: [deviceAtom(lowering, name, index)], except: [] }
  const everyone: Endpoint = { include: [{ kind: 'any' }, { kind: 'gateway' }], except: [] }
  const startsAt = quarantine.starts === undefined ? null : parseDate(quarantine.starts)
  const expiresAt = quarantine.expires === undefined ? null : parseDate(quarantine.expires)
  return {
    id: `quarantine/${name}`,
    tier: 'quarantine',
    effect: 'deny',
    matches: [
      { from: device, to: everyone, services: ANY_SERVICE, startsAt, endsAt: null },
      { from: everyone, to: device, services: ANY_SERVICE, startsAt, endsAt: null },
    ],
    endsAt: quarantine.onExpiry === 'lift' ? expiresAt : null,
    when: null,
    ...documentationOf(quarantine, lowering.document.owner),
    lists: [],
    leavesOut: [],
    origin: quarantine.origin,
  }
}

/** A DNS name means what a device was told; a rule whose other end is no device has nobody who was told. */
export function refuseUntellable(
  lowering: Lowering,
  who: ResolvedEnd,
  peer: ResolvedEnd,
  place: Place,
): void {
  const named = [...peer.parts, ...who.parts].some((part) => hasName(part.endpoint))
  const both = who.parts.some((part) => hasName(part.endpoint))
  const devicesOnly = who.parts.every((part) => part.endpoint.include.every((atom) => atom.kind === 'group'))
  if (!named || (devicesOnly && !both)) return
  report(lowering, 'TW1015', {
    message: `${place.path} is a DNS name, but the rule is not about devices`,
    path: place.path,
    hint: 'A name means the addresses a device was told. Say which devices (who: a profile, label or device), or name addresses.',
    origin: place.origin,
  })
}

function hasName(endpoint: Endpoint): boolean {
  return [...endpoint.include, ...endpoint.except].some((atom) => atom.kind === 'name')
}

function whole(atom: Endpoint['include'][number]): ResolvedEnd['parts'][number] {
  return { endpoint: { include: [atom], except: [] }, startsAt: null, endsAt: null }
}

export function documentationOf(
  document: Pick<RuleDocument, 'why' | 'owner' | 'ticket' | 'added' | 'review' | 'expires'>,
  inherited: string | undefined,
): Pick<Rule, 'why' | 'owner' | 'ticket' | 'added' | 'review' | 'expires'> {
  return {
    why: document.why,
    owner: document.owner ?? inherited ?? null,
    ticket: document.ticket ?? null,
    added: document.added ?? null,
    review: document.review ?? null,
    expires: document.expires ?? null,
  }
}

function peerProperty(rule: RuleDocument): string {
  return rule.direction === 'out' ? 'to' : rule.direction === 'in' ? 'from' : 'peer'
}

export function latest(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.max(a, b)
}

export function earliest(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b)
}
