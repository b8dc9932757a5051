/** Set algebra on the atoms of one end: fewer atoms that mean the same. What is about time is not here. */
import { type AddressSet, differenceOf, unionOf } from '../model/interval.ts'
import type { Atom, Endpoint } from '../model/ruleset.ts'
import { groupOf, type Lowering } from './context.ts'

/** Unites address sets and groups, and takes exceptions of the same kind out of them at once. */
export function simplify(lowering: Lowering, include: readonly Atom[], except: readonly Atom[]): Endpoint {
  const united = unite(lowering, include)
  const without = unite(lowering, except)
  const removed = without.find((atom) => atom.kind === 'addresses')
  const excluded = without.find((atom) => atom.kind === 'group')
  const narrowed = united.map((atom): Atom => {
    if (atom.kind === 'addresses' && removed !== undefined) {
      return { kind: 'addresses', set: differenceOf(atom.set, removed.set) }
    }
    if (atom.kind === 'group' && excluded !== undefined)
      return subtractGroup(lowering, atom.group, excluded.group)
    return atom
  })
  const rest = without.filter(
    (atom) =>
      !(atom === removed && narrowed.every((kept) => kept.kind === 'addresses')) &&
      !(atom === excluded && narrowed.every((kept) => kept.kind === 'group')),
  )
  return { include: narrowed, except: rest }
}

function unite(lowering: Lowering, atoms: readonly Atom[]): Atom[] {
  const sets: AddressSet[] = []
  const groups: number[] = []
  const rest = new Map<string, Atom>()
  for (const atom of atoms) {
    if (atom.kind === 'addresses') sets.push(atom.set)
    else if (atom.kind === 'group') groups.push(atom.group)
    else rest.set(JSON.stringify(atom), atom)
  }
  const united: Atom[] = [...rest.values()]
  if (sets.length > 0) united.push({ kind: 'addresses', set: unionOf(sets.flat()) })
  if (groups.length === 1) united.push({ kind: 'group', group: groups[0] as number })
  else if (groups.length > 1) united.push({ kind: 'group', group: unionGroup(lowering, groups) })
  return united
}

function unionGroup(lowering: Lowering, groups: readonly number[]): number {
  const unique = [...new Set(groups)].sort((a, b) => a - b)
  const parts = unique.map((group) => lowering.groups[group])
  const devices = new Set(parts.flatMap((part) => part?.devices ?? []))
  const label = parts
    .map((part) => part?.label)
    .sort()
    .join(' and ')
  return groupOf(
    lowering,
    label,
    [...devices].sort((a, b) => a - b),
  )
}

function subtractGroup(lowering: Lowering, from: number, without: number): Atom {
  const gone = new Set(lowering.groups[without]?.devices)
  const devices = lowering.groups[from]?.devices.filter((device) => !gone.has(device)) ?? []
  const label = `${lowering.groups[from]?.label} except ${lowering.groups[without]?.label}`
  return { kind: 'group', group: groupOf(lowering, label, devices) }
}
