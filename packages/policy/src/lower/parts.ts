/** Sorts the atoms of an endpoint by kind, the form in which `evaluate` asks. It adds and leaves out nothing. */
import { type AddressSet, searchable, unionOf } from '../model/interval.ts'
import type { Atom, Endpoint, Network, Parts, Rule, SortedEndpoint } from '../model/ruleset.ts'

/** What atoms name, found by its name. */
export interface Named {
  readonly networks: ReadonlyMap<string, Network>
  /** Index into `Ruleset.patterns`. */
  readonly patterns: ReadonlyMap<string, number>
}

/** Which end of a flow is asked about. */
type Side = 'source' | 'destination'

/** The endpoint with its atoms sorted. */
export function sortEndpoint({ include, except }: Endpoint, side: Side, named: Named): SortedEndpoint {
  return {
    include: partsOf(include, side, named),
    except: except.length === 0 ? null : partsOf(except, side, named),
  }
}

/** The names and wildcards that rules speak of, each once. */
export function patternsOf(rules: readonly Rule[]): readonly string[] {
  const ends = rules.flatMap(({ matches }) => matches.flatMap(({ from, to }) => [from, to]))
  const atoms = ends.flatMap(({ include, except }) => [...include, ...except])
  return [...new Set(atoms.flatMap((atom) => (atom.kind === 'name' ? [atom.pattern] : [])))]
}

function partsOf(atoms: readonly Atom[], side: Side, named: Named): Parts {
  const networks = atoms.flatMap((atom) =>
    atom.kind === 'network' ? (named.networks.get(atom.name) ?? []) : [],
  )
  const sets = atoms.flatMap((atom) => (atom.kind === 'addresses' ? [atom.set] : []))
  // Of a source where its packet came in tells, of a destination the address.
  const places = side === 'source' ? sets : [...sets, ...networks.map(({ addresses }) => addresses)]
  return {
    any: atoms.some((atom) => atom.kind === 'any'),
    gateway: atoms.some((atom) => atom.kind === 'gateway'),
    networks: side === 'source' ? networks : [],
    groups: atoms.flatMap((atom) => (atom.kind === 'group' ? [atom.group] : [])),
    addresses: places.length === 0 ? null : searchable(onlyOf(places) ?? unionOf(places.flat())),
    patterns: atoms.flatMap((atom) => (atom.kind === 'name' ? (named.patterns.get(atom.pattern) ?? []) : [])),
  }
}

function onlyOf([only, ...others]: readonly AddressSet[]): AddressSet | undefined {
  return others.length === 0 ? only : undefined
}
