/**
 * What keeps an open flow open: the number of what let it in, for as long as that stands.
 *
 * A number goes from `@live` by itself when its rule ends, and when a deny begins to cover more. Those of rules with hours are looked up together with the
 * hours. While a deny has its hours no flow is taken for granted: every packet is judged.
 */
import { timeTests } from './conditions.ts'
import type { NftablesOptions } from './options.ts'
import type { Slot, Slots } from './slots.ts'
import { type ChainDeclaration, element, hex, OUR_MARK, type SetDeclaration } from './text.ts'

export interface Live {
  readonly sets: readonly SetDeclaration[]
  readonly chains: readonly ChainDeclaration[]
  /** Rules that accept packets of open flows. */
  readonly accept: readonly string[]
  /** Rules that accept ICMP errors of open flows. */
  readonly errors: readonly string[]
}

export const ICMP_ERRORS = 'ct state related meta l4proto { icmp, icmpv6 }'
const TO_ERRORS = 'goto allow/fixed/icmp-errors'
const OPEN = 'ct state established'

export function keepLive(slots: Slots, options: NftablesOptions): Live {
  const stands = ({ endsAt }: Pick<Slot, 'endsAt'>): boolean => endsAt === null || endsAt > options.at
  const standing = slots.all.filter(stands)
  const allows = standing.filter(({ rule }) => rule.effect === 'allow')
  const timed = allows.filter(({ rule }) => rule.when !== null)
  const refusing = standing.filter(({ rule }) => rule.effect === 'deny' && rule.when !== null)
  const elements = allows
    .filter(({ rule }) => rule.when === null)
    .flatMap(({ numbers }) => numbers.filter(stands))
    .map(({ value, endsAt }) => element(hex(value), endsAt ?? Number.POSITIVE_INFINITY, options.at))
  const sets: SetDeclaration[] = [
    { kind: 'set', name: 'live', type: 'type mark', flags: ['timeout'], elements, isDerived: true },
  ]
  const doors: string[] = []
  const chains: ChainDeclaration[] = []
  for (const { rule, chain, numbers } of timed) {
    for (const [at, { value, endsAt }] of numbers.entries()) {
      const name = `hours/${chain}${at === 0 ? '' : `/AFTER-${at}`}`
      const rules = timeTests(rule, { startsAt: null, endsAt }).flatMap((time) => [
        `${OPEN} ${time} accept`,
        `ct state related ${time} ${TO_ERRORS}`,
      ])
      doors.push(`${hex(value)} : jump ${name}`)
      chains.push({ name, rules })
    }
  }
  const accept = [`${OPEN} ${OUR_MARK} @live accept`]
  const errors = [`${ICMP_ERRORS} ${OUR_MARK} @live ${TO_ERRORS}`]
  if (timed.length > 0) {
    sets.push({ kind: 'map', name: 'hours', type: 'type mark : verdict', elements: doors })
    accept.push(`${OPEN} ${OUR_MARK} vmap @hours`)
    errors.push(`${ICMP_ERRORS} ${OUR_MARK} vmap @hours`)
  }
  if (refusing.length === 0) return { sets, chains, accept, errors }
  const resting = [...new Set(refusing.flatMap(hoursOf))].map((time) => `${time} return`)
  return {
    sets,
    chains: [...chains, { name: 'open', rules: [...resting, ...accept] }],
    accept: ['jump open'],
    errors,
  }
}

/** When the part of the rule holds: one text for each alternative, its end among them. */
function hoursOf({ rule, endsAt }: Slot): readonly string[] {
  return timeTests(rule, { startsAt: null, endsAt })
}
