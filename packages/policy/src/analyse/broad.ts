/** Allows that are wider than a thing can need: everyone, or a large part of the internet. */

import { formatInterval, type Interval } from '../model/address.ts'
import type { Fault } from '../model/diagnostic.ts'
import { includes } from '../model/interval.ts'
import type { Atom, Endpoint, Match, Ruleset } from '../model/ruleset.ts'
import { formatService } from '../model/service.ts'
import { isAuthored, isOver } from './never.ts'
import { type Check, faultOf } from './subject.ts'

/** Shorter prefixes of the internet than these are questioned. */
const SHORTEST_IPV4 = 16
const SHORTEST_IPV6 = 32

/** A forward of more ports than this for anyone is questioned. */
const MOST_PORTS = 100

export const broadCheck: Check = {
  code: 'TW2009',
  *find(subject) {
    const { ruleset, at } = subject
    for (const rule of ruleset.rules) {
      if (!isAuthored(rule) || rule.effect !== 'allow' || isOver(rule.endsAt, at)) continue
      const words = rule.matches.map((match) => breadthOf(match, ruleset)).find((found) => found !== null)
      if (words) yield faultOf(subject, rule, words)
    }
  },
}

type Words = Pick<Fault, 'message' | 'hint' | 'value'>

function breadthOf(match: Match, ruleset: Ruleset): Words | null {
  if (match.translated !== undefined) return breadthOfForward(match, ruleset)
  for (const [own, peer] of [
    [match.from, match.to],
    [match.to, match.from],
  ] as const) {
    if (!isThings(own, ruleset)) continue
    const everyone = peer.include.find((atom) => isEveryone(atom, ruleset))
    const everything = match.services.some(({ kind }) => kind === 'any')
    if (everyone !== undefined) {
      const who = everyone.kind === 'network' ? everyone.name : 'any'
      const way = own === match.from ? `reach ${who}` : `be reached from ${who}`
      const how = everything ? ' for any service: this is no wall' : ': the whole internet is part of that'
      return {
        message: `things may ${way}${how}`,
        value: who,
        hint: `Name the hosts${everything ? ' or the services' : ''} they need; \`thingwall explain\` shows what a narrower rule would do.`,
      }
    }
    const wide = peer.include.flatMap((atom) => wideIntervals(atom, ruleset))[0]
    if (wide !== undefined) {
      return {
        message: `${formatInterval(wide)} is a large part of the internet`,
        value: formatInterval(wide),
        hint: 'Name the hosts by DNS name, or the prefixes that are really theirs.',
      }
    }
  }
  return null
}

/** That anyone may come is what most forwards are for; not that they find whatever the device happens to offer. */
function breadthOfForward(match: Match, ruleset: Ruleset): Words | null {
  const wide = match.services.find((one) => one.kind === 'ports' && one.last - one.first >= MOST_PORTS)
  if (wide === undefined || !match.from.include.some((atom) => isEveryone(atom, ruleset))) return null
  return {
    message: `anyone may reach ${formatService(wide)} from outside: a device offers more there than it needs to`,
    value: formatService(wide),
    hint: 'Forward the ports it needs, or say from whom.',
  }
}

/** Devices, or a network of things. */
function isThings({ include }: Endpoint, ruleset: Ruleset): boolean {
  return include.some(
    (atom) =>
      atom.kind === 'group' ||
      (atom.kind === 'network' && ruleset.networkByName.get(atom.name)?.role === 'things'),
  )
}

function isEveryone(atom: Atom, ruleset: Ruleset): boolean {
  return (
    atom.kind === 'any' ||
    (atom.kind === 'network' && ruleset.networkByName.get(atom.name)?.role === 'uplink')
  )
}

/** Parts of a set that are larger than a /16 or /32 and do not live on a network of this site. */
function wideIntervals(atom: Atom, ruleset: Ruleset): readonly Interval[] {
  if (atom.kind !== 'addresses') return []
  const inside = ruleset.networks.filter(({ role }) => role !== 'uplink')
  return atom.set.filter(
    (interval) => isWide(interval) && !inside.some(({ addresses }) => includes(addresses, [interval])),
  )
}

function isWide({ first, last }: Interval): boolean {
  const bits = first.length * 4
  const shortest = bits === 32 ? SHORTEST_IPV4 : SHORTEST_IPV6
  return BigInt(`0x${last}`) - BigInt(`0x${first}`) >= 1n << BigInt(bits - shortest)
}
