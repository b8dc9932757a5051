/**
 * What keeps an open flow open: the number of what let it in, for as long as that stands.
 *
 * A number goes from `@live` by itself when its rule ends. Those of rules with hours are looked up together with the
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

export const ICMP_ERRORS = 'ct state related meta l4proto { icmp, ipv6-icmp }'
const TO_ERRORS = 'goto allow/fixed/icmp-errors'
const OPEN = 'ct state established'

export function keepLive(slots: Slots, options: NftablesOptions): Live {
  const standing = slots.all.filter(({ endsAt }) => endsAt === null || endsAt > options.at)
  const allows = standing.filter(({ rule }) => rule.effect === 'allow')
  const timed = allows.filter(({ rule }) => rule.when !== null)
  const refusing = standing.filter(({ rule }) => rule.effect === 'deny' && rule.when !== null)
  const elements = allows
    .filter(({ rule }) => rule.when === null)
    .map(({ number, endsAt }) => element(hex(number), endsAt ?? Number.POSITIVE_INFINITY, options.at))
  const sets: SetDeclaration[] = [
    { kind: 'set', name: 'live', type: 'type mark', flags: ['timeout'], elements, isDerived: true },
  ]
  const chains: ChainDeclaration[] = timed.map((slot) => ({
    name: `hours/${slot.chain}`,
    rules: hoursOf(slot).flatMap((time) => [
      `${OPEN} ${time} accept`,
      `ct state related ${time} ${TO_ERRORS}`,
    ]),
  }))
  const accept = [`${OPEN} ${OUR_MARK} @live accept`]
  const errors = [`${ICMP_ERRORS} ${OUR_MARK} @live ${TO_ERRORS}`]
  if (timed.length > 0) {
    const doors = timed.map(({ number, chain }) => `${hex(number)} : jump hours/${chain}`)
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
  return timeTests(rule, { endsAt })
}
