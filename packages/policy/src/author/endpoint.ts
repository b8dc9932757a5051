/**
 * How a policy writes one end of a rule, and its translation into the document.
 *
 * What a rule names is collected in its type, by kind: texts, networks, devices and profiles. What is known where the
 * rule stands is offered and demanded there; what is not, `policy` checks. No name is resolved here.
 */
import type { EndpointDocument } from '../model/policy.ts'
import { severalOf } from './given.ts'
import type { List } from './list.ts'
import type { Fitting, Names } from './names.ts'

/** A profile as a value; all its devices. */
export interface ProfileReference<Profile extends string> {
  readonly kind: 'profile'
  readonly name: string
  /** For the type-checker only. */
  readonly is?: Profile | undefined
}

/** Set difference, on any form of peer. */
interface Except<T extends string, N extends string, D extends string, P extends string, O extends string> {
  readonly except?: Peers<T, N, D, P, O>
}

/**
 * One end of a rule, by the texts, networks, devices and profiles it names. `O` is collected for nothing but this:
 * TypeScript would take an object in which it infers nothing for a candidate of `T`, and forget the real ones.
 */
export type Peer<T extends string, N extends string, D extends string, P extends string, O extends string> =
  | T
  | List<O>
  | ProfileReference<P>
  | ({ readonly network: N } & Except<T, N, D, P, O>)
  | ({ readonly device: D } & Except<T, N, D, P, O>)
  | ({ readonly profile: P } & Except<T, N, D, P, O>)
  | ({ readonly label: Readonly<Record<string, O>> } & Except<T, N, D, P, O>)
  | ({ readonly list: O } & Except<T, N, D, P, O>)
  | ({ readonly name: O } & Except<T, N, D, P, O>)
  | { readonly of: Peers<T, N, D, P, O>; readonly except: Peers<T, N, D, P, O> }

/** One or several ends. */
export type Peers<T extends string, N extends string, D extends string, P extends string, O extends string> =
  | Peer<T, N, D, P, O>
  | readonly Peer<T, N, D, P, O>[]

/**
 * What stands in a rule as peers. What they name is collected, and what `Around` knows is offered; where something
 * does not fit, they become what would, and so the fault is shown at its own word. Where all is known by name, they
 * are one and the same type for every rule of a policy: that keeps a large one fast to check.
 */
type PeersAmong<
  Around extends Names,
  T extends string,
  N extends string,
  D extends string,
  P extends string,
  O extends string,
> = [T, N, D, P] extends [Around['text'], Around['network'], Around['device'], Around['profile']]
  ? Around['peers']
  : [T, N, D, P] extends [
        Fitting<T, Around['text']>,
        Fitting<N, Around['network']>,
        Fitting<D, Around['device']>,
        Fitting<P, Around['profile']>,
      ]
    ? Peers<T | Around['text'], N | Around['network'], D | Around['device'], P | Around['profile'], O>
    : Peers<
        Fitting<T, Around['text']>,
        Fitting<N, Around['network']>,
        Fitting<D, Around['device']>,
        Fitting<P, Around['profile']>,
        string
      >

/** Where peers stand in a rule. */
interface Sides<Given> {
  /** Of which devices or networks the rule speaks; only at the policy's level. */
  readonly who?: Given
  /** To whom flows are opened. */
  readonly to: Given
  /** By whom flows are opened. */
  readonly from: Given
  /** The other side, whichever of the two opens. */
  readonly peer: Given
  /** Who of the other side is not meant. */
  readonly except?: Given
}

/** The property in which a rule says its other side. */
export type Side = 'to' | 'from' | 'peer'

/** Both ends of a rule. */
export type Ends<
  S extends Side,
  Around extends Names,
  T extends string,
  N extends string,
  D extends string,
  P extends string,
  O extends string,
> = Pick<Sides<PeersAmong<Around, T, N, D, P, O>>, S | 'who' | 'except'>

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
