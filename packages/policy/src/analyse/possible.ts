/**
 * Whether any packet can be what a match speaks of: its ends and its service need a family in common, and the fixed tier
 * must let such packets come as far as the policy's rules. It answers no only where that is certain: what devices and
 * names may yet be given counts as possible, and exceptions are not looked at.
 */
import { FIXED_DESTINATIONS, fixedSources } from '../evaluate/fixed.ts'
import { type Family, familyOf, formatInterval } from '../model/address.ts'
import { type AddressSet, differenceOf } from '../model/interval.ts'
import type { Atom, Endpoint, Match, Ruleset } from '../model/ruleset.ts'
import { formatService, type Service } from '../model/service.ts'

const FAMILIES: readonly Family[] = [4, 6]

/** Why no packet is of this match, as the end of a sentence; null where one can be. */
export function impossibleBy({ from, to, services }: Match, ruleset: Ruleset): string | null {
  const source = familiesOf(from, sourcesIn(ruleset))
  const target = familiesOf(to, destinations)
  if (source.length === 0) return `no packet comes from ${endText(from)}: fixed/spoofed refuses it`
  if (target.length === 0) return `no packet goes to ${endText(to)}: fixed/martian refuses it`
  const served = FAMILIES.filter((family) => services.some((service) => isOf(service, family)))
  if (FAMILIES.some((family) => [source, target, served].every((own) => own.includes(family)))) return null
  const sides = [
    [endText(from), source],
    [endText(to), target],
    [services.map(formatService).join(' '), served],
  ] as const
  const bound = sides.flatMap(([text, [only, ...others]]) =>
    others.length > 0 ? [] : [`${text} is IPv${only}`],
  )
  return `no packet is of two families, and ${bound.join(', ')}`
}

type Narrow = (set: AddressSet) => AddressSet

const destinations: Narrow = (set) => differenceOf(set, FIXED_DESTINATIONS)

function sourcesIn({ networks }: Ruleset): Narrow {
  const refused = fixedSources(networks)
  return (set) => differenceOf(set, refused)
}

function familiesOf({ include }: Endpoint, narrow: Narrow): readonly Family[] {
  const found = new Set(include.flatMap((atom) => familiesOfAtom(atom, narrow)))
  return FAMILIES.filter((family) => found.has(family))
}

function familiesOfAtom(atom: Atom, narrow: Narrow): readonly Family[] {
  switch (atom.kind) {
    case 'addresses':
      return narrow(atom.set).map(({ first }) => familyOf(first))
    // A device may be given addresses of either family, and a name may be answered with either; a network without
    // prefixes of a family still has link-local addresses.
    case 'any':
    case 'gateway':
    case 'group':
    case 'name':
    case 'network':
      return FAMILIES
    default:
      return atom satisfies never
  }
}

function isOf(service: Service, family: Family): boolean {
  return service.kind !== 'icmp' || service.family === family
}

function endText({ include }: Endpoint): string {
  const texts = include.flatMap((atom) => (atom.kind === 'addresses' ? atom.set.map(formatInterval) : []))
  return texts.length > 3 ? `${texts.slice(0, 3).join(', ')} …` : texts.join(', ')
}
