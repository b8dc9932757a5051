/**
 * `allow` and `deny`: who may open which flows, and why.
 *
 * Inside a profile or a device the rule speaks of those devices and has no `who`; at the policy's level it says
 * who. A rule without a reason does not compile. What the words in it refer to, `policy` checks.
 */
import type { Documentation, RuleDocument, When } from '../model/policy.ts'
import type { ServiceText } from '../model/service.ts'
import { type Except, endpointsOf, endpointsWithout, type Peers, type PeerText } from './endpoint.ts'
import { propertiesOf, straysOf } from './given.ts'
import type { List } from './list.ts'
import { type Author, originOfCaller } from './origin.ts'
import { type CheckedService, type ServiceInput, servicesOf } from './service.ts'

/** A word without dot or colon: those with one are addresses and DNS names. A computed text says nothing. */
export type Word<Text extends string> = string extends Text
  ? never
  : Exclude<Text, 'any' | 'gateway' | `${string}.${string}` | `${string}:${string}`>

/** What the policy must know: networks and devices as they are, profiles as `profile NAME`. */
export type Uses<Name extends string, Profile extends string> =
  | Word<Name>
  | (Word<Profile> extends never ? never : `profile ${Word<Profile>}`)

/** A rule of a policy says who it is about; in a profile or device that is given. */
export type Placing = 'with who' | 'without who'

/** A rule as a value: its document and the lists it refers to. The other properties are for the type-checker only. */
export interface Rule<out Used extends string = string, out Placed extends Placing = Placing> {
  readonly kind: 'rule'
  readonly document: RuleDocument
  readonly lists: readonly List[]
  readonly uses?: Used | undefined
  readonly placed?: Placed | undefined
}

/** What every rule says, whatever its direction. */
export interface RuleOptions<N extends string, P extends string, O extends string>
  extends Documentation,
    Except<N, P, O> {
  /** Of which devices or networks the rule speaks; only at the policy's level. */
  readonly who?: Peers<N, P, O>
  /** Hours and days, in UTC. */
  readonly when?: When
}

/** An allow always ends with its date. */
export interface AllowOptions<N extends string, P extends string, O extends string, S>
  extends RuleOptions<N, P, O> {
  /** `any` must be written out. */
  readonly service: CheckedService<S>
}

export interface DenyOptions<N extends string, P extends string, O extends string, S>
  extends RuleOptions<N, P, O> {
  /** By default any. */
  readonly service?: CheckedService<S>
  /** `lift` ends a deny with its date; by default it stays in force and `check` warns. */
  readonly onExpiry?: 'stay' | 'lift'
}

export interface To<N extends string, P extends string, O extends string> {
  /** To whom flows are opened. */
  readonly to: Peers<N, P, O>
}

export interface From<N extends string, P extends string, O extends string> {
  /** By whom flows are opened. */
  readonly from: Peers<N, P, O>
}

export interface With<N extends string, P extends string, O extends string> {
  /** The other side, whichever of the two opens. */
  readonly peer: Peers<N, P, O>
}

type SaysWho<W> = { readonly who?: W }
type PlacingOf<W> = [W] extends [undefined] ? 'without who' : 'with who'

/** Permits flows. */
export interface Allow {
  /** Permits flows that who opens to a peer. */
  out<
    const N extends PeerText = never,
    const P extends string = never,
    const O extends string = never,
    const S extends ServiceInput = ServiceText,
    const W = undefined,
  >(options: AllowOptions<N, P, O, S> & To<N, P, O> & SaysWho<W>): Rule<Uses<N, P>, PlacingOf<W>>

  /** Permits flows that a peer opens to who. */
  in<
    const N extends PeerText = never,
    const P extends string = never,
    const O extends string = never,
    const S extends ServiceInput = ServiceText,
    const W = undefined,
  >(options: AllowOptions<N, P, O, S> & From<N, P, O> & SaysWho<W>): Rule<Uses<N, P>, PlacingOf<W>>

  /** Permits flows between who and a peer, whichever opens. */
  both<
    const N extends PeerText = never,
    const P extends string = never,
    const O extends string = never,
    const S extends ServiceInput = ServiceText,
    const W = undefined,
  >(options: AllowOptions<N, P, O, S> & With<N, P, O> & SaysWho<W>): Rule<Uses<N, P>, PlacingOf<W>>
}

/** Forbids flows, whatever any `allow` says. */
export interface Deny {
  /** Forbids flows that who opens to a peer. */
  out<
    const N extends PeerText = never,
    const P extends string = never,
    const O extends string = never,
    const S extends ServiceInput = ServiceText,
    const W = undefined,
  >(options: DenyOptions<N, P, O, S> & To<N, P, O> & SaysWho<W>): Rule<Uses<N, P>, PlacingOf<W>>

  /** Forbids flows that a peer opens to who. */
  in<
    const N extends PeerText = never,
    const P extends string = never,
    const O extends string = never,
    const S extends ServiceInput = ServiceText,
    const W = undefined,
  >(options: DenyOptions<N, P, O, S> & From<N, P, O> & SaysWho<W>): Rule<Uses<N, P>, PlacingOf<W>>

  /** Forbids flows between who and a peer, whichever opens. */
  both<
    const N extends PeerText = never,
    const P extends string = never,
    const O extends string = never,
    const S extends ServiceInput = ServiceText,
    const W = undefined,
  >(options: DenyOptions<N, P, O, S> & With<N, P, O> & SaysWho<W>): Rule<Uses<N, P>, PlacingOf<W>>
}

/** Permits: `allow.out({ to: 'api.volcano.example', service: 'https', why: 'POST /readings' })`. */
export const allow: Allow = {
  out: (options) => ruleOf('allow', 'out', options, allow.out),
  in: (options) => ruleOf('allow', 'in', options, allow.in),
  both: (options) => ruleOf('allow', 'both', options, allow.both),
}

/** Forbids: `deny.both({ who: 'any', peer: badHosts, why: 'Never, whatever else is allowed' })`. */
export const deny: Deny = {
  out: (options) => ruleOf('deny', 'out', options, deny.out),
  in: (options) => ruleOf('deny', 'in', options, deny.in),
  both: (options) => ruleOf('deny', 'both', options, deny.both),
}

function ruleOf(
  effect: RuleDocument['effect'],
  direction: RuleDocument['direction'],
  options: RuleOptions<string, string, string>,
  author: Author,
): Rule<never, never> {
  const lists: List[] = []
  const document = { ...ruleDocumentOf(effect, direction, options, lists), origin: originOfCaller(author) }
  return { kind: 'rule', document, lists }
}

/** What the other side of a rule is called. */
const sides: Readonly<Record<RuleDocument['direction'], 'to' | 'from' | 'peer'>> = {
  out: 'to',
  in: 'from',
  both: 'peer',
}

/** Properties of the document that are written in other words. */
const written = ['effect', 'direction', 'peer', 'origin']

/** The document of a rule, without a place, and the lists it refers to as values. */
export function ruleDocumentOf(
  effect: RuleDocument['effect'],
  direction: RuleDocument['direction'],
  options: RuleOptions<string, string, string>,
  lists: List[] = [],
): RuleDocument {
  const given: Readonly<Record<string, unknown>> = { ...propertiesOf(options) }
  const side = Object.hasOwn(sides, direction) ? sides[direction] : 'peer'
  const { who, [side]: peer, except, service, when, onExpiry, ...rest } = given
  return {
    ...(straysOf(rest, written) as unknown as Documentation),
    effect,
    direction,
    who: who === undefined ? null : endpointsOf(who, lists),
    peer: endpointsWithout(peer, except, lists),
    service: service === undefined && effect === 'deny' ? ['any'] : servicesOf(service as ServiceInput),
    when: (when as When | undefined) ?? null,
    onExpiry: (onExpiry as 'stay' | 'lift' | undefined) ?? (effect === 'allow' ? 'lift' : 'stay'),
    origin: null,
  }
}
