/**
 * `policy`: one site's networks, devices, rules and tests as one document.
 *
 * Collects the profiles that devices use and the lists that rules use, and checks in the type that every word a
 * rule, a device or a test uses is known. At run time it judges nothing: `validate` does.
 */
import type {
  ApiDocument,
  Documentation,
  ListDocument,
  NetworkDocument,
  OnDrift,
  PolicyDocument,
  ProfileDocument,
  QuarantineDocument,
} from '../model/policy.ts'
import type { NamedAs, NamesOf } from './around.ts'
import { writtenIn } from './deferred.ts'
import { type Test, type TestOptions, testDocumentOf } from './expectation.ts'
import type { Forward, WrittenForward } from './forward.ts'
import { mapRecord, propertiesOf, saysTheSame, severalOf } from './given.ts'
import type { List } from './list.ts'
import type { Names } from './names.ts'
import { originOfCaller } from './origin.ts'
import { type Device, documentOf, listsOf, type Profile, type WrittenDevice } from './profile.ts'
import type { Rule, WrittenRule } from './rule.ts'

/** Why a device is cut off, and whether a passed `expires` lets it go (by default it stays and `check` warns). */
export interface QuarantineOptions extends Documentation {
  /** Not before this instant. */
  readonly starts?: string
  readonly onExpiry?: 'stay' | 'lift'
}

/** The names of one policy, which its networks and devices alone decide. */
type Known<
  N extends string,
  D extends string,
  P extends string,
  PN extends string,
  PD extends string,
> = NamesOf<NamedAs<NoInfer<N> | NoInfer<PN>, NoInfer<D> | NoInfer<PD>, NoInfer<P>>>

/** Where a rule stands in a policy. Within an interface `usable` is looked up only when it is asked for. */
interface RulePlace<Around extends Names> {
  in(around?: Around): WrittenRule<Around['usable'], 'with who'>
}

/** Where a forward stands in a policy. */
interface ForwardPlace<Around extends Names> {
  in(around?: Around): WrittenForward<Around['usable']>
}

/** Where a device stands in a policy, and collects its `Kind`. */
interface DevicePlace<Around extends Names, Kind extends string> {
  in(around?: Around): WrittenDevice<Around['usable'], Kind>
}

/** Where tests stand: a tuple too, because of an array's elements TypeScript compares each with all others. */
interface TestPlace<Name extends string> {
  readonly in: readonly (Test<Name> | TestOptions<Name>)[] | readonly []
}

export interface PolicyOptions<
  N extends string,
  D extends string,
  P extends string,
  PN extends string = never,
  PD extends string = never,
> {
  readonly why?: string
  /** Owns every rule and list that names no owner nearer by. */
  readonly owner?: string
  /** What the gateway does when another program changes these rules in the kernel; by default it reports. */
  readonly drift?: OnDrift
  readonly networks: Readonly<Record<N, NetworkDocument>>
  readonly devices?: Readonly<Record<D, DevicePlace<Known<N, D, P, PN, PD>, P>['in']>>
  /** Rules that say who they are about. */
  readonly rules?: Readonly<Record<string, RulePlace<Known<N, D, P, PN, PD>>['in']>>
  /** Ports of the gateway's that lead to a device. */
  readonly forwards?: Readonly<Record<string, ForwardPlace<Known<N, D, P, PN, PD>>['in']>>
  /** Devices cut off from everything, by name. */
  readonly quarantine?: { readonly [K in NoInfer<D> | NoInfer<PD>]?: QuarantineOptions }
  readonly apis?: Readonly<Record<string, ApiDocument>>
  readonly tests?: TestPlace<NoInfer<D> | NoInfer<PD>>['in']
  /** Profiles that no device has yet. */
  readonly profiles?: readonly Profile<P>[]
  /** Lists that no rule refers to, or only by name. */
  readonly lists?: readonly List[]
  /** What other files define. A thing that two of them define differently is an error with both places. */
  readonly parts?: readonly Part<PN, PD, P>[]
}

/**
 * What one file gives to a policy: `parts: [vents, cameras]`. Inside it any name may be used, of which the policy judges
 * when it runs; what it defines is known to the rules of the policy.
 */
export interface PartOptions<N extends string, D extends string, P extends string> {
  readonly networks?: Readonly<Record<N, NetworkDocument>>
  readonly devices?: Readonly<Record<D, Device<string, P>>>
  readonly rules?: Readonly<Record<string, Rule<string, 'with who'>>>
  readonly forwards?: Readonly<Record<string, Forward>>
  readonly quarantine?: { readonly [K in NoInfer<D>]?: QuarantineOptions }
  readonly apis?: Readonly<Record<string, ApiDocument>>
  readonly tests?: readonly (Test<string> | TestOptions<string>)[]
  readonly profiles?: readonly Profile<P>[]
  readonly lists?: readonly List[]
}

/** A part as a value. The last three properties are for the type-checker only. */
export interface Part<
  out N extends string = string,
  out D extends string = string,
  out P extends string = string,
> {
  readonly kind: 'part'
  readonly content: Content
  readonly network?: N | undefined
  readonly device?: D | undefined
  readonly profile?: P | undefined
}

/** Makes a part of a policy, to be written in a file of its own. */
export function part<
  const N extends string = never,
  const D extends string = never,
  const P extends string = never,
>(options: PartOptions<N, D, P>): Part<N, D, P> {
  return { kind: 'part', content: contentOf(options, originOfCaller(part)) }
}

/** Puts a policy together. The result is plain data: export it from the policy file as its default. */
export function policy<
  const N extends string,
  const D extends string = never,
  const P extends string = string & {},
  const PN extends string = never,
  const PD extends string = never,
>(name: string, options: PolicyOptions<N, D, P, PN, PD>): PolicyDocument {
  const origin = originOfCaller(policy)
  const { networks, devices, rules, forwards, quarantine, apis, tests, profiles, lists, parts, ...rest } =
    propertiesOf(options)
  const own = contentOf(
    { networks, devices, rules, forwards, quarantine, apis, tests, profiles, lists } as Given,
    origin,
  )
  const read = partsOf(parts)
  const all = [own, ...(read ?? [])]
  return {
    ...rest,
    // What is no part is not dropped: it stands there for `validate` to refuse.
    ...(read === null && { parts }),
    format: 1,
    name,
    networks: together(all, 'networks'),
    profiles: together(all, 'profiles'),
    lists: together(all, 'lists'),
    devices: together(all, 'devices'),
    rules: together(all, 'rules'),
    forwards: together(all, 'forwards'),
    quarantine: together(all, 'quarantine'),
    apis: together(all, 'apis'),
    tests: all.flatMap((one) => one.tests),
    origin,
  }
}

/** The sections of a policy, as a policy or a part writes them. */
type Content = Required<
  Pick<
    PolicyDocument,
    'networks' | 'profiles' | 'lists' | 'devices' | 'rules' | 'forwards' | 'quarantine' | 'apis' | 'tests'
  >
>
type Given = PartOptions<string, string, string>

/** What parts hold; null where one of them is none. */
function partsOf(parts: unknown): readonly Content[] | null {
  const contents = severalOf(parts as readonly Part[]).map((one) => propertiesOf(one).content)
  return contents.every((one) => typeof one === 'object' && one !== null) ? contents : null
}

function contentOf(given: Given, origin: PolicyDocument['origin']): Content {
  const { networks, devices, rules, forwards, quarantine, apis, tests, profiles, lists } = propertiesOf(given)
  const members = Object.values(propertiesOf<Readonly<Record<string, Device>>>(devices ?? {})).map(writtenIn)
  const kinds = profilesOf(members, severalOf(profiles))
  return {
    networks: mapRecord<NetworkDocument, NetworkDocument>(networks, (network) => network),
    profiles: recordOf<ProfileDocument>(kinds),
    lists: recordOf<ListDocument>([
      ...severalOf(lists),
      ...kinds.flatMap((kind) => kind.lists ?? []),
      ...members.flatMap((member) => propertiesOf(member).lists ?? []),
      ...listsOf(rules as Readonly<Record<string, Rule>> | undefined),
      ...listsOf(forwards as Readonly<Record<string, Forward>> | undefined),
    ]),
    devices: mapRecord(devices as Readonly<Record<string, Device>> | undefined, documentOf),
    rules: mapRecord(rules, documentOf),
    forwards: mapRecord(forwards as Readonly<Record<string, Forward>> | undefined, documentOf),
    quarantine: mapRecord(
      quarantine as Readonly<Record<string, QuarantineOptions>> | undefined,
      (entry): QuarantineDocument => ({ onExpiry: 'stay', ...propertiesOf(entry), origin }),
    ),
    apis: mapRecord<ApiDocument, ApiDocument>(apis, (api) => api),
    tests: severalOf(tests).map((one) =>
      'document' in propertiesOf(one) ? (one as Test).document : testDocumentOf(one as TestOptions, origin),
    ),
  }
}

/** One section of all; with no parts, as it is: what is no object stands there for `validate` to refuse. */
function together<S extends Exclude<keyof Content, 'tests'>>(
  all: readonly Content[],
  section: S,
): Content[S] {
  const [own, ...parts] = all.map((one) => one[section])
  if (parts.length === 0) return own as Content[S]
  const named = [own, ...parts].flatMap((things) =>
    Object.entries(things ?? {}).map(([name, document]) => ({ name, document })),
  )
  return recordOf(named) as Content[S]
}

function profilesOf(members: readonly WrittenDevice[], more: readonly Profile[]): readonly Profile[] {
  const kinds = new Set<Profile>(more)
  for (const member of members) {
    const kind = propertiesOf(member).profile
    if (typeof kind === 'object' && kind !== null) kinds.add(kind)
  }
  return [...kinds]
}

interface Named<Document> {
  readonly name: string
  readonly document: Document
}

/**
 * By name. Where one name has two meanings the second stands under `name#2`, which is no identifier, so that
 * `validate` can refuse both with their places.
 */
function recordOf<Document>(named: readonly Named<Document>[]): Record<string, Document> {
  const record = new Map<string, Document>()
  for (const { name, document } of new Set(named.filter(isNamed))) {
    const taken = record.has(name) && !saysTheSame(record.get(name), document)
    record.set(taken ? `${name}#2` : name, document)
  }
  return Object.fromEntries(record)
}

function isNamed<Document>(value: Named<Document>): boolean {
  return typeof value === 'object' && value !== null && typeof value.name === 'string'
}
