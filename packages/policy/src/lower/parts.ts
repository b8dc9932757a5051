/** Sorts the atoms of an endpoint by kind, the form in which `evaluate` asks. It adds and leaves out nothing. */
import { searchable, unionOf } from '../model/interval.ts'
import type { Atom, Endpoint, Network, Parts, SortedEndpoint } from '../model/ruleset.ts'

/** The endpoint with its atoms sorted; `networks` are all there are, by name. */
export function sortEndpoint(
  { include, except }: Endpoint,
  networks: ReadonlyMap<string, Network>,
): SortedEndpoint {
  return {
    include: partsOf(include, networks),
    except: except.length === 0 ? null : partsOf(except, networks),
  }
}

function partsOf(atoms: readonly Atom[], networks: ReadonlyMap<string, Network>): Parts {
  const sets = atoms.flatMap((atom) => (atom.kind === 'addresses' ? [atom.set] : []))
  return {
    any: atoms.some((atom) => atom.kind === 'any'),
    gateway: atoms.some((atom) => atom.kind === 'gateway'),
    networks: atoms.flatMap((atom) => (atom.kind === 'network' ? (networks.get(atom.name) ?? []) : [])),
    groups: atoms.flatMap((atom) => (atom.kind === 'group' ? [atom.group] : [])),
    addresses: searchable(sets.length === 1 && sets[0] !== undefined ? sets[0] : unionOf(sets.flat())),
    patterns: atoms.flatMap((atom) => (atom.kind === 'name' ? [atom.pattern] : [])),
  }
}
