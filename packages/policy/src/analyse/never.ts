/** Rules that can never match: an end that is nobody, hours that are none, or a stronger rule that always wins. */
import type { Fault } from '../model/diagnostic.ts'
import type { Endpoint, Match, Rule, Ruleset } from '../model/ruleset.ts'
import { impossibleBy } from './possible.ts'
import { coverOf, type Ranked } from './rivals.ts'
import { type Check, faultOf, type Subject } from './subject.ts'

export const neverCheck: Check = {
  code: 'TW2007',
  *find(subject) {
    const { document, ruleset, at } = subject
    const unused = profilesWithoutDevices(subject)
    for (const name of unused) {
      const profile = document.profiles[name]
      yield {
        message: `no device has profile ${name}: its rules match nothing`,
        path: `profiles.${name}`,
        hint: 'Give it to a device, or remove it.',
        origin: profile?.origin ?? null,
      }
    }
    for (const [rank, rule] of ruleset.rules.entries()) {
      if (!isAuthored(rule) || isOver(rule.endsAt, at) || unused.has(rule.id.slice(0, rule.id.indexOf('/'))))
        continue
      const fault = neverOf(subject, { rule, rank })
      if (fault !== null) yield fault
    }
  },
}

/** Rules that the policy's author wrote: the fixed and default tiers are the same everywhere. */
export function isAuthored({ effect, tier }: Rule): boolean {
  return tier === 'allow' || tier === 'deny' || (tier === 'forward' && effect === 'allow')
}

/** Whether what ends then has ended. */
export function isOver(endsAt: number | null, at: number): boolean {
  return endsAt !== null && endsAt <= at
}

/** The matches of a rule that some flow can meet at this instant or later. */
export function liveMatches(rule: Rule, ruleset: Ruleset, at: number): readonly Match[] {
  if (rule.when?.length === 0 || isOver(rule.endsAt, at)) return []
  return rule.matches
    .filter(
      ({ from, to, services, endsAt }) =>
        services.length > 0 && !isOver(endsAt, at) && !isNobody(from, ruleset) && !isNobody(to, ruleset),
    )
    .filter((match) => impossibleBy(match, ruleset) === null)
}

function neverOf(subject: Subject, ranked: Ranked): Fault | null {
  const { ruleset, at } = subject
  const { rule } = ranked
  if (rule.when?.length === 0) {
    const hint = 'Name at least one day with at least one minute, or leave `when` out.'
    return faultOf(subject, rule, { message: `${rule.id} can never match: its hours are none`, hint }, 'when')
  }
  const live = liveMatches(rule, ruleset, at)
  if (live.length === 0) {
    const why = nobodyOf(rule, ruleset) ?? impossibleOf(rule, ruleset) ?? 'one of its ends is nobody'
    return faultOf(subject, rule, {
      message: `${rule.id} can never match: ${why}`,
      hint: 'Correct the peer, or remove the rule.',
    })
  }
  const own = live.map((match) => soleDevice(match, ruleset))
  if (own.every((device) => device !== null)) {
    return faultOf(subject, rule, {
      message: `${rule.id} can never match: ${own[0]} is both its ends, and what it says to itself passes no gateway`,
      hint: 'Correct the peer, or remove the rule.',
    })
  }
  const isStronger = (rival: Ranked): boolean =>
    (rival.rule.tier === 'quarantine' || rival.rule.tier === 'deny') && rival.rule.tier !== rule.tier
  const covers = live.map((match) => coverOf(ruleset, ranked, match, isStronger))
  if (covers.some((cover) => cover === null || cover.rank > ranked.rank)) return null
  const winners = [...new Set(covers.map((cover) => cover?.rule.id))].join(' and ')
  return faultOf(subject, rule, {
    message: `${rule.id} can never match: ${winners} always wins over it`,
    hint: 'Narrow the stronger rule, or remove this one.',
  })
}

function impossibleOf({ matches }: Rule, ruleset: Ruleset): string | null {
  for (const match of matches) {
    const why = impossibleBy(match, ruleset)
    if (why !== null) return why
  }
  return null
}

/** The one device that both ends are; null where there is more to either. */
function soleDevice({ from, to }: Match, { groups, devices }: Ruleset): string | null {
  const members = new Set<number | null>()
  for (const atom of [...from.include, ...to.include]) {
    const [first, ...others] = atom.kind === 'group' ? (groups[atom.group]?.devices.slice(0, 2) ?? []) : []
    members.add(others.length > 0 ? null : (first ?? null))
  }
  const [only = null] = members.size === 1 ? members : []
  return only === null ? null : (devices[only]?.name ?? null)
}

function nobodyOf(rule: Rule, ruleset: Ruleset): string | null {
  for (const { from, to } of rule.matches) {
    for (const end of [from, to]) {
      if (!isNobody(end, ruleset)) continue
      const groups = end.include.flatMap((atom) =>
        atom.kind === 'group' ? [ruleset.groups[atom.group]?.label] : [],
      )
      if (groups.length > 0) return `there is no device with ${groups.join(' or ')}`
      return 'nothing is left of one of its ends'
    }
  }
  return null
}

/** No device, no address, nothing; or everything taken away again. */
function isNobody({ include, except }: Endpoint, ruleset: Ruleset): boolean {
  return include.every((atom) => {
    if (atom.kind === 'group') {
      return (
        (ruleset.groups[atom.group]?.devices.length ?? 0) === 0 || except.some((hole) => hole.kind === 'any')
      )
    }
    if (atom.kind === 'addresses') return atom.set.length === 0
    return except.some((hole) => hole.kind === atom.kind && JSON.stringify(hole) === JSON.stringify(atom))
  })
}

function profilesWithoutDevices({ document, ruleset }: Subject): ReadonlySet<string> {
  const used = new Set(ruleset.devices.map(({ profile }) => profile))
  return new Set(Object.keys(document.profiles).filter((name) => !used.has(name)))
}
