/**
 * A list of hosts that rules refer to, each entry with its own reason.
 *
 * A list is written once and used as a peer: `peer: badHosts`. It reaches the policy through the rules that use
 * it, or through `policy(…, { lists: [badHosts] })`.
 */
import type { Documentation, ListDocument, ListEntryDocument } from '../model/policy.ts'
import { mapRecord, propertiesOf } from './given.ts'
import { originOfCaller } from './origin.ts'

/** A reason, dates, and whether a passed `expires` lifts the entry (by default it stays and `check` warns). */
export interface ListEntryOptions extends Documentation {
  readonly onExpiry?: 'stay' | 'lift'
}

export interface ListOptions extends Documentation {
  /** By address, prefix or DNS name. */
  readonly entries: Readonly<Record<string, ListEntryOptions>>
}

/** A list as a value: a peer of rules. */
export interface List<out Name extends string = string> {
  readonly kind: 'list'
  readonly name: Name
  readonly document: ListDocument
}

/** Names a list of addresses, prefixes or DNS names and says why each of them is on it. */
export function list<const Name extends string>(name: Name, options: ListOptions): List<Name> {
  const origin = originOfCaller(list)
  const { entries, ...documentation } = propertiesOf(options)
  const document: ListDocument = {
    ...documentation,
    entries: mapRecord(
      entries,
      (entry): ListEntryDocument => ({ onExpiry: 'stay', ...propertiesOf(entry), origin }),
    ),
    origin,
  }
  return { kind: 'list', name, document }
}
