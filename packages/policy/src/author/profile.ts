/**
 * `profile`: what all devices of one kind may do, and why; and `device`, with a profile or without.
 *
 * A profile reaches the policy through its devices, or through `policy(…, { profiles: [...] })`. Which words its
 * rules use is carried in its type, because the networks are known only where the policy is written.
 */
import type { DeviceDocument, Documentation, LimitsDocument, ProfileDocument } from '../model/policy.ts'
import type { Anywhere, Within } from './around.ts'
import { type Deferred, deferred, writtenIn } from './deferred.ts'
import { mapRecord, propertiesOf, severalOf } from './given.ts'
import type { List } from './list.ts'
import type { Fitting, Names, Used } from './names.ts'
import { type Author, originOfCaller } from './origin.ts'
import type { Rule } from './rule.ts'

/** Rules of the devices they stand with, by name. */
type OwnRules<Words extends string, Around extends Names> = Readonly<
  Record<string, Rule<Words, 'without who', Around>>
>

export interface ProfileOptions<Words extends string, Around extends Names> extends Documentation {
  /** Ceilings for each device: `{ egress: '64 kB/s', newConnections: '30/min' }`. */
  readonly limits?: LimitsDocument
  readonly rules?: OwnRules<Words, Around>
}

export interface DeviceOptions<
  Words extends string = string,
  Network extends string = string,
  Around extends Names = Anywhere,
> {
  readonly why?: string
  readonly owner?: string
  readonly added?: string
  readonly review?: string
  /** The link address; needed unless the network's identity is `ip`. */
  readonly mac?: string
  /** Fixed addresses; where there are none, leases and first-come binding tell. */
  readonly ip?: string | readonly string[]
  /** Needed where no address tells the network. */
  readonly network?: Network | Around['network']
  readonly labels?: Readonly<Record<string, string>>
  readonly rules?: OwnRules<Words, Around>
}

/** Shows a network that is none at its word. */
type FittingNetwork<Network extends string, Around extends Names> = [Network] extends [
  Fitting<Network, Around['network']>,
]
  ? unknown
  : { readonly network?: Fitting<Network, Around['network']> }

/** The document of a device, its profile and its lists. The last two properties are for the type-checker only. */
export interface WrittenDevice<out Words extends string = string, out Kind extends string = string> {
  readonly kind: 'device'
  readonly document: DeviceDocument
  readonly profile: Profile | null
  readonly lists: readonly List[]
  readonly uses?: Words | undefined
  readonly is?: Kind | undefined
}

/** A device as a value. */
export type Device<
  Words extends string = string,
  Kind extends string = string,
  Around extends Names = Anywhere,
> = Deferred<WrittenDevice<Words, Kind>, Around>

/** A profile as a value: maker of devices, and a peer of rules (`who: seismometer`). */
export interface Profile<out Name extends string = string, out Words extends string = string> {
  readonly kind: 'profile'
  readonly name: string
  readonly document: ProfileDocument
  readonly lists: readonly List[]
  /** For the type-checker only, like `uses`. */
  readonly is?: Name | undefined
  readonly uses?: Words | undefined
  /** Makes a device of this kind. */
  device<A extends Names = Anywhere, const N extends string = never, const U extends string = never>(
    options: DeviceOptions<U, N, A> & FittingNetwork<N, A>,
  ): Device<NoInfer<Words | U | Used<A, never, N, never, never>>, Name, A>
}

/** Describes a kind of device: what each of them may do, and why. */
export function profile<const Name extends string, const Words extends string = never>(
  name: Name,
  options: ProfileOptions<Words, Within<NoInfer<Name>>>,
): Profile<Name, Words> {
  const { limits, rules, ...documentation } = propertiesOf(options)
  const document: ProfileDocument = {
    ...documentation,
    limits: limits ?? {},
    rules: mapRecord(rules, documentOf),
    origin: originOfCaller(profile),
  }
  const made: Profile<Name, Words> = {
    kind: 'profile',
    name,
    document,
    lists: listsOf(rules),
    device: (deviceOptions) => deviceOf(made, deviceOptions, made.device),
  }
  return made
}

/** Describes a device that no profile fits; its own rules say what it may do. */
export function device<
  A extends Names = Anywhere,
  const N extends string = never,
  const U extends string = never,
>(
  options: DeviceOptions<U, N, A> & FittingNetwork<N, A>,
): Device<NoInfer<U | Used<A, never, N, never, never>>, never, A> {
  return deviceOf(null, options, device)
}

/** The document of a rule or device; anything else as it is, for `validate` to refuse. */
export function documentOf<Document>(given: Deferred<{ readonly document: Document }, never>): Document {
  const value = writtenIn(given)
  return typeof value === 'object' && value !== null && 'document' in value
    ? value.document
    : (value as Document)
}

/** The lists that rules or forwards refer to. */
export function listsOf(
  rules: Readonly<Record<string, Deferred<{ readonly lists: readonly List[] }, never>>> | undefined,
): List[] {
  return Object.values(propertiesOf(rules ?? {})).flatMap((rule) => propertiesOf(writtenIn(rule)).lists ?? [])
}

const none: readonly never[] = []

function deviceOf(
  from: Profile | null,
  options: DeviceOptions<string, string, Names>,
  author: Author,
): Device<never, never, never> {
  const { mac, ip, network, labels, rules, ...rest } = propertiesOf(options)
  const document: DeviceDocument = {
    ...rest,
    profile: from === null ? null : from.name,
    network: network ?? null,
    mac: mac ?? null,
    ip: severalOf(ip),
    labels: labels ?? {},
    rules: mapRecord(rules, documentOf),
    origin: originOfCaller(author),
  }
  return deferred({
    kind: 'device',
    document,
    profile: from,
    lists: rules === undefined ? none : listsOf(rules),
  })
}
