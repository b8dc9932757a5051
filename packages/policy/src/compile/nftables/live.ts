/**
 * What keeps an open flow open: the number of what let it in, for as long as that stands.
 *
 * A number without an end is in `@live`, and its flows meet nothing else. One that ends, because its rule does or because
 * a deny begins to cover more, is looked up with its instant: by the clock on the wall, so a clock put forward ends it,
 * and by the kernel's own timer (`@ending`, counted from the load), so one put back does not lengthen it. Whichever comes
 * first, the flow's next packet is judged anew, and there the same two hold (`verdicts.ts`). Numbers of rules with hours
 * are looked up together with the hours. While a deny has its hours no flow is taken for granted: every packet is judged.
 */
import { timeBetween, timeTests } from './conditions.ts'
import type { NftablesOptions } from './options.ts'
import type { Slot, SlotNumber, Slots } from './slots.ts'
import { type ChainDeclaration, element, handle, hex, OUR_MARK, type SetDeclaration } from './text.ts'

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
/** The timer of a number that ends still runs. */
const RUNS = `${OUR_MARK} @ending`

/** Set of the ranks of allows that end: each for as long as its timer runs. */
export const STANDING = 'standing'

export function keepLive(slots: Slots, options: NftablesOptions): Live {
  const stands = ({ endsAt }: Pick<Slot, 'endsAt'>): boolean => endsAt === null || endsAt > options.at
  const allows = slots.all.filter(({ rule }) => rule.effect === 'allow')
  const refusing = slots.all.filter((slot) => slot.rule.effect === 'deny' && slot.rule.when !== null)
  const numbers = allows.flatMap((slot) => slot.numbers.map((number) => ({ slot, number })))
  const { doors, chains } = clockedDoors(numbers)
  const ending = numbers.filter(({ number }) => number.endsAt !== null && stands(number))
  const sets: SetDeclaration[] = [
    timed(
      'live',
      numbers
        .filter(({ slot, number }) => slot.rule.when === null && number.endsAt === null)
        .map(({ number }) => hex(number.value)),
    ),
  ]
  if (numbers.some(({ number }) => number.endsAt !== null))
    sets.push(
      timed(
        'ending',
        ending.map(({ number }) => element(hex(number.value), number.endsAt as number, options.at)),
      ),
    )
  const mortal = allows.filter(({ endsAt }) => endsAt !== null)
  if (mortal.length > 0)
    sets.push(
      timed(
        STANDING,
        mortal.filter(stands).map(({ rank, endsAt }) => element(handle(rank), endsAt as number, options.at)),
        'classid',
      ),
    )
  const accept = [`${OPEN} ${OUR_MARK} @live accept`]
  const errors = [`${ICMP_ERRORS} ${OUR_MARK} @live ${TO_ERRORS}`]
  if (doors.length > 0) {
    sets.push({ kind: 'map', name: 'clocked', type: 'type mark : verdict', elements: doors })
    accept.push(`${OPEN} ${OUR_MARK} vmap @clocked`)
    errors.push(`${ICMP_ERRORS} ${OUR_MARK} vmap @clocked`)
  }
  const resting = [...new Set(refusing.filter(stands).flatMap(hoursOf))].map((time) => `${time} return`)
  if (resting.length === 0) return { sets, chains, accept, errors }
  return {
    sets,
    chains: [...chains, { name: 'open', rules: [...resting, ...accept] }],
    accept: ['jump open'],
    errors,
  }
}

/**
 * For each number that hangs on the clock the chain that looks at it. Those that end at one instant share it. Numbers that
 * have ended by now have theirs too: what is compiled does not depend on when.
 */
function clockedDoors(numbers: readonly { readonly slot: Slot; readonly number: SlotNumber }[]): {
  readonly doors: readonly string[]
  readonly chains: readonly ChainDeclaration[]
} {
  const doors: string[] = []
  const chains = new Map<string, ChainDeclaration>()
  for (const { slot, number } of numbers) {
    const { rule, chain } = slot
    const { value, endsAt } = number
    if (rule.when === null && endsAt === null) continue
    const part = slot.numbers.indexOf(number)
    const name =
      rule.when === null
        ? `until/${Math.floor((endsAt as number) / 1000)}`
        : `hours/${chain}${part === 0 ? '' : `/AFTER-${part}`}`
    const times =
      rule.when === null ? [timeBetween(null, endsAt)] : timeTests(rule, { startsAt: null, endsAt })
    const runs = endsAt === null ? '' : `${RUNS} `
    doors.push(`${hex(value)} : jump ${name}`)
    chains.set(name, {
      name,
      rules: times.flatMap((time) => [
        `${OPEN} ${runs}${time} accept`,
        `ct state related ${runs}${time} ${TO_ERRORS}`,
      ]),
    })
  }
  return { doors, chains: [...chains.values()] }
}

function timed(name: string, elements: readonly string[], type: 'mark' | 'classid' = 'mark'): SetDeclaration {
  return { kind: 'set', name, type: `type ${type}`, flags: ['timeout'], elements, isDerived: true }
}

/** When the part of the rule holds: one text for each alternative, its end among them. */
function hoursOf({ rule, endsAt }: Slot): readonly string[] {
  return timeTests(rule, { startsAt: null, endsAt })
}
