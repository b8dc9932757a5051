/** A rule in a few words: `allow seismometer → api.volcano.example 443/tcp`. */
import {
  type Atom,
  type Endpoint,
  formatInterval,
  formatService,
  type Match,
  type Rule,
  type Ruleset,
} from '@thingwall/policy'

/** What a rule says; the fixed rules speak of packets, not of ends, and their reason says what. */
export function sayRule(rule: Rule, ruleset: Ruleset): string {
  const words = `${rule.tier} ${rule.effect === rule.tier ? '' : `${rule.effect} `}`
  if (rule.matches.length === 0) return words.trim()
  const sayings = new Set(rule.matches.map((match) => sayMatch(match, ruleset)))
  return words + few([...sayings], '; ')
}

function sayMatch(match: Match, ruleset: Ruleset): string {
  const services = few(match.services.map(formatService), ' ')
  return `${sayEndpoint(match.from, ruleset)} → ${sayEndpoint(match.to, ruleset)} ${services}`
}

function sayEndpoint({ include, except }: Endpoint, ruleset: Ruleset): string {
  const all = few(
    include.flatMap((atom) => sayAtom(atom, ruleset)),
    ', ',
  )
  return except.length === 0
    ? all
    : `${all} except ${few(
        except.flatMap((atom) => sayAtom(atom, ruleset)),
        ', ',
      )}`
}

function sayAtom(atom: Atom, ruleset: Ruleset): readonly string[] {
  switch (atom.kind) {
    case 'any':
    case 'gateway':
      return [atom.kind]
    case 'network':
      return [atom.name]
    case 'group':
      return [ruleset.groups[atom.group]?.label ?? '']
    case 'addresses':
      return atom.set.map(formatInterval)
    case 'name':
      return [atom.pattern]
    default:
      return atom satisfies never
  }
}

function few(parts: readonly string[], separator: string): string {
  if (parts.length === 0) return 'nothing'
  return parts.length <= 4
    ? parts.join(separator)
    : `${parts.slice(0, 3).join(separator)}${separator}+${parts.length - 3}`
}
