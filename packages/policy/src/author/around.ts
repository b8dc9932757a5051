/**
 * The names around a rule or device, each set of them as one type, and what is made of them.
 *
 * One type, because TypeScript works out a property of it once, and would build a union anew, name by name, wherever
 * one is passed on: for each rule and device of a policy, which with thousands of names takes minutes. So whoever
 * needs all names takes such a type and looks the property up where it is used. See decision 0017.
 */
import type { Peers } from './endpoint.ts'
import type { Dotted, Named, Names, Said } from './names.ts'

/** Names by kind, and the texts that may stand as a peer. */
export interface NamedAs<Network extends string, Device extends string, Profile extends string>
  extends Named {
  readonly network: Network
  readonly device: Device
  readonly profile: Profile
  readonly text: Network | Device | 'any' | 'gateway' | Dotted
}

/** What may be named where `N` are the names. */
export interface NamesOf<N extends Named> extends Names {
  readonly network: N['network']
  readonly device: N['device']
  readonly profile: N['profile']
  readonly text: N['text']
  readonly peers: Peers<N['text'], N['network'], N['device'], N['profile'], string>
  readonly usable:
    | N['network']
    | N['device']
    | Said<'network', N['network']>
    | Said<'device', N['device']>
    | Said<'profile', N['profile']>
}

/** Where no policy is around, as in a profile: anything may be named, and the policy it gets into will judge. */
export interface Anywhere extends NamesOf<NamedAs<string & {}, string & {}, string & {}>> {}

/** As `Anywhere`; one profile, the one whose rules these are, is known by name. */
export interface Within<Profile extends string>
  extends NamesOf<NamedAs<string & {}, string & {}, Profile | (string & {})>> {}
