/**
 * All that is bound now, as nft commands for the sets of one generation: what an application, a return or a start puts
 * into the kernel together with the rule set. Never more than the rule set has sets for.
 */
import type { Ruleset } from '@thingwall/policy'
import { element, nameIn, type RunTimeElement, runTimeElements, TABLE } from '@thingwall/policy/nftables'
import type { BoundNow } from '../enforce/point.ts'
import { type FromFile, noFile } from './from-file.ts'
import type { Journal } from './journal.ts'

/** Elements in one command; nft reads a long list in one piece. */
const IN_ONE = 5000

/**
 * Commands that put everything that the journal says into a generation at an instant, of a rule set that was compiled with
 * what a file said; empty for nothing.
 */
export function boundNow(
  ruleset: Ruleset,
  journal: Pick<Journal, 'given'>,
  at: number,
  file: FromFile = noFile,
): BoundNow {
  return (generation, sets) => {
    const bySet = new Map<string, string[]>()
    const otherwise: RunTimeElement[] = []
    const now = (one: RunTimeElement): string => element(one.key, one.until, at, one.data)
    for (const { one, instead } of allElements(ruleset, journal, at, file)) {
      const place = `${one.family} ${one.set}`
      if (!sets.has(place)) continue
      if (instead !== null) otherwise.push(instead)
      const known = bySet.get(place)
      if (known === undefined) bySet.set(place, [now(one)])
      else known.push(now(one))
    }
    const command = (verb: string, { family, set }: Place, elements: string): string =>
      `${verb} element ${family} ${TABLE} ${nameIn(generation, set)} { ${elements} }\n`
    const lines: string[] = []
    // The kernel keeps the first time limit, and does not delete what has timed out: so that is put there first.
    for (const one of otherwise) {
      const lasting = element(one.key, Number.POSITIVE_INFINITY, at, one.data)
      lines.push(command('add', one, lasting), command('delete', one, one.key))
    }
    for (const [place, elements] of bySet) {
      const [family = '', set = ''] = place.split(' ')
      for (let from = 0; from < elements.length; from += IN_ONE)
        lines.push(command('add', { family, set }, elements.slice(from, from + IN_ONE).join(', ')))
    }
    return lines.join('')
  }
}

interface Place {
  readonly family: string
  readonly set: string
}

/** An element that is not in the rule set as it was compiled with the file's words, and what that has for its key. */
interface Beside {
  readonly one: RunTimeElement
  readonly instead: RunTimeElement | null
}

function* allElements(
  ruleset: Ruleset,
  journal: Pick<Journal, 'given'>,
  at: number,
  file: FromFile,
): Generator<Beside> {
  for (const [index, { name }] of ruleset.devices.entries()) {
    const learnt = journal.given(ruleset, index)
    if (learnt.addresses.length === 0 && learnt.names.size === 0) continue
    const compiled = runTimeElements(ruleset, index, file.given(name), at)
    for (const [key, one] of runTimeElements(ruleset, index, file.with(name, learnt), at)) {
      const instead = compiled.get(key) ?? null
      if (!isSame(one, instead)) yield { one, instead }
    }
  }
}

/** Whether two elements for one key say the same. */
export function isSame(one: RunTimeElement, other: RunTimeElement | null | undefined): boolean {
  return other != null && one.data === other.data && one.until === other.until
}
