/**
 * `profile`: what all devices of one kind may do, and why; and `device`, with a profile or without.
 *
 * A profile reaches the policy through its devices, or through `policy(…, { profiles: [...] })`. Which words its
 * rules use is carried in its type, because the networks are known only where the policy is written.
 */
import type { DeviceDocument, Documentation, LimitsDocument, ProfileDocument } from '../model/policy.ts'
import { mapRecord, propertiesOf, severalOf } from './given.ts'
import type { List } from './list.ts'
import { type Author, originOfCaller } from './origin.ts'
import type { Rule } from './rule.ts'

/** Rules of the devices they stand with, by name. */
type OwnRules<Used extends string> = Readonly<Record<string, Rule<Used, 'without who'>>>

export interface ProfileOptions<Used extends string> extends Documentation {
  /** Ceilings for each device: `{ egress: '64 kB/s', newConnections: '30/min' }`. */
  readonly limits?: LimitsDocument
  readonly rules?: OwnRules<Used>
}

export interface DeviceOptions<Used extends string, Network extends string = string> {
  readonly why?: string
  readonly owner?: string
  readonly added?: string
  readonly review?: string
  /** The link address; needed unless the network's identity is `ip`. */
  readonly mac?: string
  /** Fixed addresses; where there are none, leases and first-come binding tell. */
  readonly ip?: string | readonly string[]
  /** Needed where no address tells the network. */
  readonly network?: Network
  readonly labels?: Readonly<Record<string, string>>
  readonly rules?: OwnRules<Used>
}

/** A device as a value. The last two properties are for the type-checker only. */
export interface Device<out Used extends string = string, out Kind extends string = string> {
  readonly kind: 'device'
  readonly document: DeviceDocument
  readonly profile: Profile | null
  readonly lists: readonly List[]
  readonly uses?: Used | undefined
  readonly is?: Kind | undefined
}

/** A profile as a value: maker of devices, and a peer of rules (`who: seismometer`). */
export interface Profile<out Name extends string = string, out Used extends string = string> {
  readonly kind: 'profile'
  readonly name: string
  readonly document: ProfileDocument
  readonly lists: readonly List[]
  /** For the type-checker only, like `uses`. */
  readonly is?: Name | undefined
  readonly uses?: Used | undefined
  /** Makes a device of this kind. */
  device<const N extends string = never, const U extends string = never>(
    options: DeviceOptions<U, N>,
  ): Device<Used | U | N, Name>
}

/** Describes a kind of device: what each of them may do, and why. */
export function profile<const Name extends string, const Used extends string = never>(
  name: Name,
  options: ProfileOptions<Used>,
): Profile<Name, Used> {
  const { limits, rules, ...documentation } = propertiesOf(options)
  const document: ProfileDocument = {
    ...documentation,
    limits: limits ?? {},
    rules: mapRecord(rules, documentOf),
    origin: originOfCaller(profile),
  }
  const made: Profile<Name, Used> = {
    kind: 'profile',
    name,
    document,
    lists: listsOf(rules),
    device: (deviceOptions) => deviceOf(made, deviceOptions, made.device),
  }
  return made
}

/** Describes a device that no profile fits; its own rules say what it may do. */
export function device<const N extends string = never, const U extends string = never>(
  options: DeviceOptions<U, N>,
): Device<U | N, never> {
  return deviceOf(null, options, device)
}

/** The document of a rule; anything else as it is, for `validate` to refuse. */
export function documentOf<Document>(value: { readonly document: Document }): Document {
  return typeof value === 'object' && value !== null && 'document' in value ? value.document : value
}

/** The lists that rules refer to. */
export function listsOf(
  rules: Readonly<Record<string, { readonly lists: readonly List[] }>> | undefined,
): List[] {
  return Object.values(propertiesOf(rules ?? {})).flatMap((rule) => propertiesOf(rule).lists ?? [])
}

const none: readonly never[] = []

function deviceOf(
  from: Profile | null,
  options: DeviceOptions<string>,
  author: Author,
): Device<never, never> {
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
  return { kind: 'device', document, profile: from, lists: rules === undefined ? none : listsOf(rules) }
}
