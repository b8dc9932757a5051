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
  PolicyDocument,
  ProfileDocument,
  QuarantineDocument,
} from '../model/policy.ts'
import type { NamedAs, NamesOf } from './around.ts'
import { writtenIn } from './deferred.ts'
import { type Test, type TestOptions, testDocumentOf } from './expectation.ts'
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
type Known<N extends string, D extends string, P extends string> = NamesOf<
  NamedAs<NoInfer<N>, NoInfer<D>, NoInfer<P>>
>

/** Where a rule stands in a policy. Within an interface `usable` is looked up only when it is asked for. */
interface RulePlace<Around extends Names> {
  in(around?: Around): WrittenRule<Around['usable'], 'with who'>
}

/** Where a device stands in a policy, and collects its `Kind`. */
interface DevicePlace<Around extends Names, Kind extends string> {
  in(around?: Around): WrittenDevice<Around['usable'], Kind>
}

/** Where tests stand: a tuple too, because of an array's elements TypeScript compares each with all others. */
interface TestPlace<Name extends string> {
  readonly in: readonly (Test<Name> | TestOptions<Name>)[] | readonly []
}

export interface PolicyOptions<N extends string, D extends string, P extends string> {
  readonly why?: string
  /** Owns every rule and list that names no owner nearer by. */
  readonly owner?: string
  readonly networks: Readonly<Record<N, NetworkDocument>>
  readonly devices?: Readonly<Record<D, DevicePlace<Known<N, D, P>, P>['in']>>
  /** Rules that say who they are about. */
  readonly rules?: Readonly<Record<string, RulePlace<Known<N, D, P>>['in']>>
  /** Devices cut off from everything, by name. */
  readonly quarantine?: { readonly [K in NoInfer<D>]?: QuarantineOptions }
  readonly apis?: Readonly<Record<string, ApiDocument>>
  readonly tests?: TestPlace<NoInfer<D>>['in']
  /** Profiles that no device has yet. */
  readonly profiles?: readonly Profile<P>[]
  /** Lists that no rule refers to, or only by name. */
  readonly lists?: readonly List[]
}

/** Puts a policy together. The result is plain data: export it from the policy file as its default. */
export function policy<
  const N extends string,
  const D extends string = never,
  const P extends string = string & {},
>(name: string, options: PolicyOptions<N, D, P>): PolicyDocument {
  const origin = originOfCaller(policy)
  const { networks, devices, rules, quarantine, apis, tests, profiles, lists, ...rest } =
    propertiesOf(options)
  const members = Object.values(propertiesOf<Readonly<Record<string, Device>>>(devices ?? {})).map(writtenIn)
  const kinds = profilesOf(members, severalOf(profiles))
  return {
    ...rest,
    format: 1,
    name,
    networks: mapRecord<NetworkDocument, NetworkDocument>(networks, (network) => network),
    profiles: recordOf<ProfileDocument>(kinds),
    lists: recordOf<ListDocument>([
      ...severalOf(lists),
      ...kinds.flatMap((kind) => kind.lists ?? []),
      ...members.flatMap((member) => propertiesOf(member).lists ?? []),
      ...listsOf(rules as Readonly<Record<string, Rule>> | undefined),
    ]),
    devices: mapRecord(devices as Readonly<Record<string, Device>> | undefined, documentOf),
    rules: mapRecord(rules, documentOf),
    quarantine: mapRecord(
      quarantine as Readonly<Record<string, QuarantineOptions>> | undefined,
      (entry): QuarantineDocument => ({ onExpiry: 'stay', ...propertiesOf(entry), origin }),
    ),
    apis: mapRecord<ApiDocument, ApiDocument>(apis, (api) => api),
    tests: severalOf(tests).map((one) =>
      'document' in propertiesOf(one) ? (one as Test).document : testDocumentOf(one as TestOptions, origin),
    ),
    origin,
  }
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
