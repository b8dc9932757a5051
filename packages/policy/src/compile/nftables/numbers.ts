/**
 * The numbers that flows carry while they are open: 28 bits of a digest, of all that could change the verdict on them.
 *
 * Two rules whose digests meet in those bits are told apart by digests salted with both. So a rule's number changes when
 * it gets such a partner and when it loses one, and its open flows are judged anew: none is ever taken for another
 * rule's. Which rule comes first never matters.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Rule, Ruleset } from '../../model/ruleset.ts'
import { FIRST_LIVE, NO_RANK } from './options.ts'

/** What numbers are derived from, beside the rule itself. */
export interface NumberContext {
  /** Rules as text, groups by what they hold. */
  readonly write: (rules: readonly Rule[]) => string
  /** Everything that may overrule an allow, and where networks are. */
  readonly surroundings: string
}

export function contextOf(ruleset: Ruleset): NumberContext {
  const contents = ruleset.groups.map(({ devices }) =>
    digestOf(devices.map((device) => ruleset.devices[device]?.name).join()),
  )
  const write = (rules: readonly Rule[]): string =>
    JSON.stringify(
      rules.map(({ id, when, endsAt, matches }) => [id, when, endsAt, matches]),
      (_, value: unknown) => (isGroupAtom(value) ? { group: contents[value.group] } : value),
    )
  const stronger = ruleset.rules.filter(({ tier }) => tier === 'quarantine' || tier === 'deny')
  const places = ruleset.networks
    .map(({ name, role, interfaces, addresses }) => JSON.stringify([name, role, interfaces, addresses]))
    .sort()
  return { write, surroundings: digestOf(write(stronger) + places.join()) }
}

/** A number for each digest, in their order: from `FIRST_LIVE` on, none twice. Digests are distinct. */
export function numbersFor(
  digests: readonly string[],
  span: number = NO_RANK - FIRST_LIVE,
): readonly number[] {
  if (digests.length > span || new Set(digests).size < digests.length)
    throw new Error(`no ${span} numbers for ${digests.length} digests`)
  const salted = [...digests]
  const numberAt = (at: number): number => Number.parseInt((salted[at] as string).slice(0, 8), 16) % span
  for (;;) {
    const meeting = [...Map.groupBy(salted.keys(), numberAt).values()].filter((all) => all.length > 1)
    if (meeting.length === 0) return salted.map((_, at) => FIRST_LIVE + numberAt(at))
    for (const partners of meeting) {
      const salt = partners
        .map((at) => salted[at])
        .sort()
        .join()
      for (const at of partners) salted[at] = digestOf(`${salted[at]} among ${salt}`)
    }
  }
}

export function digestOf(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)))
}

function isGroupAtom(value: unknown): value is { readonly kind: 'group'; readonly group: number } {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'group'
}
