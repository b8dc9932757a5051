/**
 * All that is bound now, as nft commands for the sets of one generation: what an application, a return or a start puts
 * into the kernel together with the rule set. Never more than the rule set has sets for.
 */
import type { Ruleset } from '@thingwall/policy'
import { element, nameIn, type RunTimeElement, runTimeElements, TABLE } from '@thingwall/policy/nftables'
import type { BoundNow } from '../enforce/point.ts'
import type { Journal } from './journal.ts'

/** Elements in one command; nft reads a long list in one piece. */
const IN_ONE = 5000

/** Commands that put everything that the journal says into a generation at an instant; empty for nothing. */
export function boundNow(ruleset: Ruleset, journal: Pick<Journal, 'given'>, at: number): BoundNow {
  return (generation, sets) => {
    const bySet = new Map<string, string[]>()
    for (const one of allElements(ruleset, journal, at)) {
      const place = `${one.family} ${one.set}`
      if (!sets.has(place)) continue
      const known = bySet.get(place)
      const text = element(one.key, one.until, at, one.data)
      if (known === undefined) bySet.set(place, [text])
      else known.push(text)
    }
    const lines: string[] = []
    for (const [place, elements] of bySet) {
      const [family = '', set = ''] = place.split(' ')
      for (let from = 0; from < elements.length; from += IN_ONE) {
        const some = elements.slice(from, from + IN_ONE).join(', ')
        lines.push(`add element ${family} ${TABLE} ${nameIn(generation, set)} { ${some} }\n`)
      }
    }
    return lines.join('')
  }
}

function* allElements(
  ruleset: Ruleset,
  journal: Pick<Journal, 'given'>,
  at: number,
): Generator<RunTimeElement> {
  for (const index of ruleset.devices.keys()) {
    const given = journal.given(ruleset, index)
    if (given.addresses.length > 0 || given.names.size > 0)
      yield* runTimeElements(ruleset, index, given, at).values()
  }
}
