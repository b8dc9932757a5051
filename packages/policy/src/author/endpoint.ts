/**
 * How a policy writes one end of a rule, and its translation into the document.
 *
 * `Name` collects the texts a rule uses and `Profile` the profiles, so that `policy` can check them once it knows
 * what there is. No name is resolved here.
 */
import type { EndpointDocument } from '../model/policy.ts'
import { severalOf } from './given.ts'
import type { List } from './list.ts'

/** Texts of peers; the first two are words of the language. */
export type PeerText = 'any' | 'gateway' | (string & {})

/** Set difference, on any form of peer. */
export interface Except<Name extends string, Profile extends string, Other extends string> {
  readonly except?: Peers<Name, Profile, Other>
}

/** A profile as a value; all its devices. */
export interface ProfileReference<Profile extends string> {
  readonly kind: 'profile'
  readonly name: string
  /** For the type-checker only. */
  readonly is?: Profile | undefined
}

/**
 * One end of a rule. `Other` is collected for nothing but this: TypeScript would take an object in which it infers
 * nothing for a candidate of `Name`, and forget the real ones.
 */
export type Peer<Name extends string, Profile extends string, Other extends string> =
  | Name
  | List<Other>
  | ProfileReference<Profile>
  | ({ readonly network: Name } & Except<Name, Profile, Other>)
  | ({ readonly device: Name } & Except<Name, Profile, Other>)
  | ({ readonly profile: Profile } & Except<Name, Profile, Other>)
  | ({ readonly label: Readonly<Record<string, Other>> } & Except<Name, Profile, Other>)
  | ({ readonly list: Other } & Except<Name, Profile, Other>)
  | ({ readonly name: Other } & Except<Name, Profile, Other>)
  | { readonly of: Peers<Name, Profile, Other>; readonly except: Peers<Name, Profile, Other> }

/** One or several ends. */
export type Peers<Name extends string, Profile extends string, Other extends string> =
  | Peer<Name, Profile, Other>
  | readonly Peer<Name, Profile, Other>[]

/** The document form of what was given as peers, and the lists found on the way. */
export function endpointsOf(given: unknown, lists: List[]): readonly EndpointDocument[] {
  return severalOf(given).map((one) => endpointOf(one, lists))
}

/** `of` without `except`, as one endpoint; just `of` when nothing is excepted. */
export function endpointsWithout(of: unknown, except: unknown, lists: List[]): readonly EndpointDocument[] {
  const whole = endpointsOf(of, lists)
  if (except === undefined) return whole
  return [{ kind: 'except', of: whole, except: endpointsOf(except, lists) }]
}

const selectors = ['network', 'device', 'profile', 'label', 'list', 'name'] as const

function endpointOf(given: unknown, lists: List[]): EndpointDocument {
  if (given === 'any' || given === 'gateway') return { kind: given }
  if (typeof given === 'string') return { kind: 'text', text: given }
  if (typeof given !== 'object' || given === null) return given as never
  if (isList(given)) {
    lists.push(given)
    return { kind: 'list', name: given.name }
  }
  const { except, ...rest } = given as Readonly<Record<string, unknown>>
  if (except === undefined) return selectorOf(rest)
  const { of, ...others } = rest
  const whole = of === undefined ? [selectorOf(rest)] : endpointsOf(of, lists)
  return {
    kind: 'except',
    of: whole,
    except: endpointsOf(except, lists),
    ...(of === undefined ? {} : others),
  }
}

/** What is not exactly one selector is left as it stands, for `validate` to refuse. */
function selectorOf(given: Readonly<Record<string, unknown>>): EndpointDocument {
  if (given.kind === 'profile') return { kind: 'profile', name: given.name as string }
  const named = selectors.filter((selector) => given[selector] !== undefined)
  const [selector] = named
  if (selector === undefined || named.length > 1 || 'kind' in given || 'labels' in given)
    return given as never
  const { [selector]: value, ...others } = given
  return selector === 'label'
    ? { ...others, kind: selector, labels: value as Record<string, string> }
    : { ...others, kind: selector, name: value as string }
}

function isList(given: object): given is List {
  return 'kind' in given && given.kind === 'list' && 'document' in given && 'name' in given
}
