/**
 * `allow` and `deny`: who may open which flows, and why.
 *
 * Inside a profile or a device the rule speaks of those devices and has no `who`; at the policy's level it says
 * who. A rule without a reason does not compile. What the words in it refer to, `policy` checks.
 */
import type { Documentation, RuleDocument, When } from '../model/policy.ts'
import type { ServiceText } from '../model/service.ts'
import type { Anywhere } from './around.ts'
import { type Deferred, deferred } from './deferred.ts'
import { type Ends, endpointsOf, endpointsWithout, type Side } from './endpoint.ts'
import { propertiesOf, straysOf } from './given.ts'
import type { List } from './list.ts'
import type { Names, Used } from './names.ts'
import { type Author, originOfCaller } from './origin.ts'
import { type CheckedService, type ServiceInput, servicesOf } from './service.ts'

/** A rule of a policy says who it is about; in a profile or device that is given. */
export type Placing = 'with who' | 'without who'

/** The document of a rule and the lists it refers to. The other properties are for the type-checker only. */
export interface WrittenRule<out Words extends string = string, out Placed extends Placing = Placing> {
  readonly kind: 'rule'
  readonly document: RuleDocument
  readonly lists: readonly List[]
  readonly uses?: Words | undefined
  readonly placed?: Placed | undefined
}

/** A rule as a value. */
export type Rule<
  Words extends string = string,
  Placed extends Placing = Placing,
  Around extends Names = Anywhere,
> = Deferred<WrittenRule<Words, Placed>, Around>

/** What every rule says, whatever its direction. */
export interface Said extends Documentation {
  /** Hours and days, in UTC. */
  readonly when?: When
}

/** An allow always ends with its date. */
interface SaidOfAllow<S> extends Said {
  /** `any` must be written out. */
  readonly service: CheckedService<S>
}

interface SaidOfDeny<S> extends Said {
  /** By default any. */
  readonly service?: CheckedService<S>
  /** `lift` ends a deny with its date; by default it stays in force and `check` warns. */
  readonly onExpiry?: 'stay' | 'lift'
}

/** Finds out whether there is a `who`, and adds nothing to what it may be. */
type SaysWho<W> = { readonly [K in keyof W & 'who']?: unknown }
type PlacingOf<W> = 'who' extends keyof W ? 'with who' : 'without who'

type AllowBy<By extends Side> = <
  A extends Names = Anywhere,
  const T extends string = never,
  const N extends string = never,
  const D extends string = never,
  const P extends string = never,
  const O extends string = never,
  const S extends ServiceInput = ServiceText,
  const W = unknown,
>(
  options: SaidOfAllow<S> & Ends<By, A, T, N, D, P, O> & SaysWho<W>,
) => Rule<NoInfer<Used<A, T, N, D, P>>, PlacingOf<W>, A>

type DenyBy<By extends Side> = <
  A extends Names = Anywhere,
  const T extends string = never,
  const N extends string = never,
  const D extends string = never,
  const P extends string = never,
  const O extends string = never,
  const S extends ServiceInput = ServiceText,
  const W = unknown,
>(
  options: SaidOfDeny<S> & Ends<By, A, T, N, D, P, O> & SaysWho<W>,
) => Rule<NoInfer<Used<A, T, N, D, P>>, PlacingOf<W>, A>

/** Permits flows. */
export interface Allow {
  /** Permits flows that who opens to a peer. */
  readonly out: AllowBy<'to'>
  /** Permits flows that a peer opens to who. */
  readonly in: AllowBy<'from'>
  /** Permits flows between who and a peer, whichever opens. */
  readonly both: AllowBy<'peer'>
}

/** Forbids flows, whatever any `allow` says. */
export interface Deny {
  /** Forbids flows that who opens to a peer. */
  readonly out: DenyBy<'to'>
  /** Forbids flows that a peer opens to who. */
  readonly in: DenyBy<'from'>
  /** Forbids flows between who and a peer, whichever opens. */
  readonly both: DenyBy<'peer'>
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
  options: Said,
  author: Author,
): Rule<never, never, never> {
  const lists: List[] = []
  const document = { ...ruleDocumentOf(effect, direction, options, lists), origin: originOfCaller(author) }
  return deferred({ kind: 'rule', document, lists })
}

/** What the other side of a rule is called. */
const sides: Readonly<Record<RuleDocument['direction'], Side>> = {
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
  options: Said,
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
