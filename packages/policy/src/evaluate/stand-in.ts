/**
 * The address that stands for "whatever the answer will be": one that nothing in the rule set, and nothing known at run
 * time, speaks of. So a rule about some address is never taken for one about the name.
 */
import { type Address, type Family, familyOf, type Interval } from '../model/address.ts'
import type { Bindings } from '../model/flow.ts'
import { type AddressSet, differenceOf, unionOf } from '../model/interval.ts'
import type { Ruleset } from '../model/ruleset.ts'

/** No packet that rules judge goes to it or comes from it: the answer to names that no question is about. */
export const NOBODYS: Address = '00000000' as Address

/**
 * A stand-in of a family: on the uplink, and in as few of the address sets of the rules as there is room for, wide ones
 * rather than narrow ones. Null where the uplink has no address of it.
 */
export function standInFor(ruleset: Ruleset, bindings: Bindings, family: Family): Address | null {
  let free: AddressSet = outside(ruleset).filter(({ first }) => familyOf(first) === family)
  const bySize = Map.groupBy(spokenOf(ruleset, bindings), sizeOf)
  for (const size of [...bySize.keys()].sort((a, b) => a - b)) {
    const left = differenceOf(free, unionOf(bySize.get(size) ?? []))
    if (left.length > 0) free = left
  }
  return free[0]?.first ?? null
}

/** Where the answer to a name may be: on the uplink; where there is none, anywhere that is not here. */
function outside({ networks, local }: Ruleset): AddressSet {
  return networks.find(({ role }) => role === 'uplink')?.addresses ?? differenceOf(UNICAST, local)
}

const UNICAST: AddressSet = [
  { first: '01000000' as Address, last: '7effffff' as Address },
  { first: `2${'0'.repeat(31)}` as Address, last: `3${'f'.repeat(31)}` as Address },
]

function spokenOf(ruleset: Ruleset, bindings: Bindings): readonly Interval[] {
  const ends = ruleset.rules.flatMap(({ matches }) => matches.flatMap(({ from, to }) => [from, to]))
  const atoms = ends.flatMap(({ include, except }) => [...include, ...except])
  const answers = [...bindings.names.values()].flatMap((told) => [...told.values()].flat())
  const single = [
    ...ruleset.gateway,
    ...bindings.gateway,
    ...bindings.owners.keys(),
    ...answers.map(({ address }) => address),
  ]
  return [
    ...atoms.flatMap((atom) => (atom.kind === 'addresses' ? atom.set : [])),
    ...single.map((address) => ({ first: address, last: address })),
  ]
}

/** In bits, rounded up. */
function sizeOf({ first, last }: Interval): number {
  return (BigInt(`0x${last}`) - BigInt(`0x${first}`)).toString(2).length
}
