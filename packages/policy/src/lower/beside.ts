/**
 * What lowering finds in those parts of a policy that `validate` did not refuse, so that a reference to nothing is told
 * together with a missing reason, and not one after the other.
 *
 * Refused parts are left out, and nothing is said that may only follow from their absence. Where a network is refused,
 * or reads its prefixes from its interface, nothing is said at all: too much hangs on where things live.
 */

import { isObject } from '../author/validate/shape.ts'
import { readDocument } from '../author/validate.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { PolicyDocument } from '../model/policy.ts'
import { lower } from './lower.ts'

type Path = readonly (string | number)[]
type Data = Readonly<Record<string, unknown>>

/** What lowering copies and does not read. */
const CARRIED: ReadonlySet<unknown> = new Set([
  'why',
  'owner',
  'ticket',
  'source',
  'added',
  'review',
  'drift',
])
/** What nothing refers to and lowering does not read. */
const UNREAD: ReadonlySet<unknown> = new Set(['apis', 'tests'])
/** What rules refer to by name. */
const NAMED: ReadonlySet<unknown> = new Set(['profiles', 'lists', 'devices'])

/** The faults beside those of `validate`; none where `validate` finds none, which is then lowered as it is. */
export function faultsBeside(input: unknown): readonly Diagnostic[] {
  const [read, { refused }] = readDocument(input)
  if (read !== null || !isObject(input)) return []
  const without = refused.flatMap((path) => leftOutFor(path))
  if (without.some((path) => path.length < 2 || path[0] === 'networks')) return []
  const rest = without.reduce(leaveOut, input) as unknown as PolicyDocument
  if (Object.values(rest.networks).some(({ cidrs }) => cidrs === 'from-interface')) return []
  const [, found] = lower({ ...rest, apis: {}, tests: [] })
  const missing = new Set(without.flatMap(([section, name]) => (NAMED.has(section) ? [name] : [])))
  const follows = found.filter(({ code, value }) => code === 'TW1005' && missing.has(value ?? ''))
  const roots = follows.map(({ path }) => rootOf(path))
  return found.filter(({ path }) => !roots.includes(rootOf(path)))
}

/** The smallest part that lowering can do without and that holds the fault; none where it does not read the fault. */
function leftOutFor(path: Path): readonly Path[] {
  const [section, , inner, name] = path
  // Names and properties take turns: a device may be called `owner`.
  const isProperty = path.length % 2 === 1
  if (UNREAD.has(section) || (isProperty && CARRIED.has(path.at(-1)))) return []
  const isNested = (inner === 'rules' || inner === 'entries') && name !== undefined
  return [path.slice(0, isNested ? 4 : 2)]
}

function leaveOut(from: Data, [key, ...inner]: Path): Data {
  const kept = Object.entries(from).flatMap(([one, value]): readonly (readonly [string, unknown])[] => {
    if (one !== key) return [[one, value]]
    return inner.length > 0 && isObject(value) ? [[one, leaveOut(value, inner)]] : []
  })
  return Object.fromEntries(kept)
}

/** `rules.a`, `profiles.sensor.rules.a`: the rule or the thing that a fault is in. */
function rootOf(path: string): string {
  const parts = path.split('.')
  return parts.slice(0, parts[2] === 'rules' ? 4 : 2).join('.')
}
