/**
 * What devices may have been told, for flows to addresses that rules know by name: each name on its own, and two of one
 * address where a rule refuses by name. Every other name was answered with something else, so that nothing is unknown.
 */
import { elsewhere } from '../../evaluate/assume.ts'
import { bind } from '../../evaluate/bind.ts'
import type { Address } from '../../model/address.ts'
import { type Bindings, type BoundAddress, EVERY_DEVICE, type Said } from '../../model/flow.ts'
import { nameMatches } from '../../model/name.ts'
import type { Candidates } from '../../model/ruleset.ts'
import type { End, Ends } from './ends.ts'

/** The names that one address is the answer to; empty for none. */
export type Tags = readonly string[]

export interface Told {
  /** What may have been told of an address on the uplink to a device: each set of names it may be the answer to. */
  readonly tagsFor: (device: End, patterns: readonly string[] | null) => readonly Tags[]
  readonly circumstancesOf: (tags: Tags, address: Address) => Circumstances
}

/** What was said, bound for the rule set before and the one after. */
export interface Circumstances {
  readonly said: Said
  readonly bound: readonly [Bindings, Bindings]
}

/** More names than this for one device, and no two of them are tried at once. */
const MOST_PAIRED = 8
/** How many numbers may be kept in tables of bindings. */
const MOST_KEPT = 8_000_000

export function toldIn(ends: Ends): Told {
  const owners = new Map(
    [...ends.leases].map(([address, device]) => [address, { device, until: Number.POSITIVE_INFINITY }]),
  )
  const others = new Map(ends.both.flatMap((ruleset) => [...elsewhere(ruleset)]))
  const circumstances = (names: ReadonlyMap<string, readonly BoundAddress[]>): Circumstances => {
    const said: Said = { owners, names: new Map([[EVERY_DEVICE, names]]), gateway: ends.gateway }
    return { said, bound: [bind(ends.both[0], said), bind(ends.both[1], said)] }
  }
  const plain = circumstances(others)
  const tagsOf = new Map<End, readonly Tags[]>()
  const known = new Map<string, Circumstances>()
  const devices = ends.both[0].devices.length + ends.both[1].devices.length
  return {
    tagsFor: (device, patterns) => {
      let all = tagsOf.get(device)
      if (all === undefined) {
        all = tagSets(ends, device)
        tagsOf.set(device, all)
      }
      if (patterns === null) return [[], ...all]
      return all.filter((tags) => tags.some((name) => patterns.some((pattern) => nameMatches(pattern, name))))
    },
    circumstancesOf: (tags, address) => {
      if (tags.length === 0) return plain
      const key = `${address} ${tags.join()}`
      let found = known.get(key)
      if (found === undefined) {
        // Each holds a number for every device.
        if (known.size * devices > MOST_KEPT) known.clear()
        const answer: readonly BoundAddress[] = [{ address, until: Number.POSITIVE_INFINITY }]
        found = circumstances(new Map([...others, ...tags.map((name) => [name, answer] as const)]))
        known.set(key, found)
      }
      return found
    },
  }
}

function tagSets({ both }: Ends, end: End): readonly Tags[] {
  if (end.kind !== 'device') return []
  const names = new Set<string>()
  let refuses = false
  for (const [side, device] of end.devices.entries()) {
    const index = both[side]?.index
    if (device === null || index === undefined) continue
    for (const candidates of [index.fromClass[device.class] ?? [], index.toClass[device.class] ?? []]) {
      for (const name of namesIn(candidates)) names.add(name)
      refuses ||= refusesByName(candidates)
    }
  }
  const sorted = [...names].sort()
  const pairs = refuses && sorted.length <= MOST_PAIRED ? pairsOf(sorted) : []
  return [...sorted.map((name) => [name]), ...pairs]
}

/** Of a wildcard: one name that it means. */
function namesIn(candidates: Candidates): readonly string[] {
  return candidates.flatMap(({ match }) =>
    [match.from, match.to]
      .flatMap(({ include, except }) => [...include, ...except])
      .flatMap((atom) => (atom.kind === 'name' ? [atom.pattern.replace('*', 'any-other')] : [])),
  )
}

function refusesByName(candidates: Candidates): boolean {
  return candidates.some(({ rule, match }) =>
    [match.from, match.to].some(
      ({ include, except }) =>
        except.some(({ kind }) => kind === 'name') ||
        (rule.effect === 'deny' && include.some(({ kind }) => kind === 'name')),
    ),
  )
}

function pairsOf(names: readonly string[]): readonly Tags[] {
  return names.flatMap((name, at) => names.slice(at + 1).map((other) => [name, other]))
}

/** A name that was made up for a wildcard, as the policy writes it. */
export function patternOf(name: string): string {
  return name.replace(/^any-other\./, '*.')
}
