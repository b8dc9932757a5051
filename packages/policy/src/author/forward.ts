/**
 * `forward`: a port of the gateway's on an uplink that leads to one device, and why.
 *
 * It is a rule, too: it lets in what it translates, from whom and until when it says, and nothing else. What the words
 * in it refer to, `policy` checks; whether it can be, `lower`.
 */
import type { Documentation, ForwardDocument, When } from '../model/policy.ts'
import type { ServiceText } from '../model/service.ts'
import type { Anywhere } from './around.ts'
import { type Deferred, deferred } from './deferred.ts'
import { type Ends, endpointsOf } from './endpoint.ts'
import { propertiesOf, straysOf } from './given.ts'
import type { List } from './list.ts'
import type { Fitting, Names, Used } from './names.ts'
import { originOfCaller } from './origin.ts'
import { type CheckedPort, type CheckedService, type ServiceInput, servicesOf } from './service.ts'

/** The document of a forward and the lists it refers to. `uses` is for the type-checker only. */
export interface WrittenForward<out Words extends string = string> {
  readonly kind: 'forward'
  readonly document: ForwardDocument
  readonly lists: readonly List[]
  readonly uses?: Words | undefined
}

/** A forward as a value. */
export type Forward<Words extends string = string, Around extends Names = Anywhere> = Deferred<
  WrittenForward<Words>,
  Around
>

/** The network's name where it is known, or what would be one. */
type At<Around extends Names, L extends string> = [L] extends [Fitting<L, Around['network']>]
  ? L | Around['network']
  : Fitting<L, Around['network']>

interface Said<S, Port> extends Documentation {
  /** The ports it is addressed to. */
  readonly service: CheckedService<S>
  /** The port it goes to, where that is another. */
  readonly port?: CheckedPort<Port>
  /** The program that translates, where that is not Thingwall: `'docker'`. Its flows are let in, and nothing else. */
  readonly by?: string
  /** Hours and days, in UTC. */
  readonly when?: When
}

interface Place<L> {
  /** The uplink it is reached by. */
  readonly at: L
}

/**
 * Leads a port of the gateway's to a device:
 * `forward({ at: 'uplink', service: tcp(8554), to: 'crater-cam', port: 554, why: 'The observatory watches the crater' })`.
 * Without `from` anyone may come.
 */
export function forward<
  A extends Names = Anywhere,
  const L extends string = never,
  const T extends string = never,
  const N extends string = never,
  const D extends string = never,
  const P extends string = never,
  const O extends string = never,
  const S extends ServiceInput = ServiceText,
  const Port extends number = never,
>(
  options: Said<S, Port> &
    Place<At<A, L>> &
    Pick<Ends<'to', A, T, N, D, P, O>, 'to'> &
    Partial<Pick<Ends<'from', A, T, N, D, P, O>, 'from'>>,
): Forward<NoInfer<Used<A, T, N | L, D, P>>, A> {
  const lists: List[] = []
  const document = { ...forwardDocumentOf(options, lists), origin: originOfCaller(forward) }
  return deferred({ kind: 'forward', document, lists })
}

/** The document of a forward, without a place, and the lists it refers to as values. */
export function forwardDocumentOf(options: object, lists: List[] = []): ForwardDocument {
  const given: Readonly<Record<string, unknown>> = { ...propertiesOf(options) }
  const { at, service, to, port, from, by, when, ...rest } = given
  return {
    ...(straysOf(rest, ['origin']) as unknown as Documentation),
    at: at as string,
    service: servicesOf(service as ServiceInput),
    to: endpointsOf(to, lists),
    port: (port as number | undefined) ?? null,
    from: from === undefined ? [{ kind: 'any' }] : endpointsOf(from, lists),
    by: (by as string | undefined) ?? null,
    when: (when as When | undefined) ?? null,
    origin: null,
  }
}
