/** Sorts the atoms of an endpoint by kind, the form in which `evaluate` asks. It adds and leaves out nothing. */
import { searchable, unionOf } from '../model/interval.ts'
import type { Atom, Endpoint, Network, Parts, Rule, SortedEndpoint } from '../model/ruleset.ts'

/** What atoms name, found by its name. */
export interface Named {
  readonly networks: ReadonlyMap<string, Network>
  /** Index into `Ruleset.patterns`. */
  readonly patterns: ReadonlyMap<string, number>
}

/** The endpoint with its atoms sorted. */
export function sortEndpoint({ include, except }: Endpoint, named: Named): SortedEndpoint {
  return {
    include: partsOf(include, named),
    except: except.length === 0 ? null : partsOf(except, named),
  }
}

/** The names and wildcards that rules speak of, each once. */
export function patternsOf(rules: readonly Rule[]): readonly string[] {
  const ends = rules.flatMap(({ matches }) => matches.flatMap(({ from, to }) => [from, to]))
  const atoms = ends.flatMap(({ include, except }) => [...include, ...except])
  return [...new Set(atoms.flatMap((atom) => (atom.kind === 'name' ? [atom.pattern] : [])))]
}

function partsOf(atoms: readonly Atom[], { networks, patterns }: Named): Parts {
  const sets = atoms.flatMap((atom) => (atom.kind === 'addresses' ? [atom.set] : []))
  return {
    any: atoms.some((atom) => atom.kind === 'any'),
    gateway: atoms.some((atom) => atom.kind === 'gateway'),
    networks: atoms.flatMap((atom) => (atom.kind === 'network' ? (networks.get(atom.name) ?? []) : [])),
    groups: atoms.flatMap((atom) => (atom.kind === 'group' ? [atom.group] : [])),
    addresses: searchable(sets.length === 1 && sets[0] !== undefined ? sets[0] : unionOf(sets.flat())),
    patterns: atoms.flatMap((atom) => (atom.kind === 'name' ? (patterns.get(atom.pattern) ?? []) : [])),
  }
}
