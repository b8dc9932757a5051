/**
 * The names that one policy's rules, devices and tests may use, and how their types speak of them.
 *
 * Types only: whether a name is known when the policy runs is for `validate` and `lower`.
 */

/** Names by kind. */
export interface Named {
  readonly network: string
  readonly device: string
  readonly profile: string
  /** The texts that may stand as a peer. */
  readonly text: string
}

/** What may be named where a rule or device stands, and what is made of the names: see `NamesOf`. */
export interface Names extends Named {
  /** All that may stand as peers. */
  readonly peers: unknown
  /** Every word that may be used. */
  readonly usable: string
}

/** A text with a dot or a colon: an address, a prefix or a DNS name, never a word. */
export type Dotted = `${string}.${string}` | `${string}:${string}`

/**
 * What must stand where `Text` does and only `Known` may. A text that is computed says nothing to the type-checker; and
 * where nothing is known the names are not there yet, and `policy` judges.
 */
export type Fitting<Text extends string, Known extends string> = string extends Text
  ? string
  : [Known] extends [never]
    ? string
    : Known

/** A word without dot or colon. A computed text says nothing. */
export type Word<Text extends string> = string extends Text
  ? never
  : Exclude<Text, 'any' | 'gateway' | Dotted>

/**
 * The words a rule or device uses, each with what it must be. What does not fit where it stands is left out: it was
 * refused there already.
 */
export type Used<
  Around extends Names,
  Text extends string,
  Network extends string,
  Device extends string,
  Profile extends string,
> =
  | Word<Passed<Text, Around['text']>>
  | Said<'network', Word<Passed<Network, Around['network']>>>
  | Said<'device', Word<Passed<Device, Around['device']>>>
  | Said<'profile', Word<Passed<Profile, Around['profile']>>>

type Passed<Text extends string, Known extends string> = [Text] extends [Fitting<Text, Known>] ? Text : never

/** A name of which the kind is said. */
export type Said<Kind extends keyof Named, Name extends string> = [Name] extends [never]
  ? never
  : `${Kind} ${Name}`
