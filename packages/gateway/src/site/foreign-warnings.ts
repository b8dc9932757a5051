/** What other programs' tables do, as warnings, each with its table. */
import { type Diagnostic, diagnose, escapeText } from '@thingwall/policy'
import type { ForeignChain, ForeignTranslation } from '../nft/foreign.ts'

/** What a chain translates is shown in so many examples. */
const MOST_SAYINGS = 3

export function warnOfForeign(chains: readonly (ForeignChain | ForeignTranslation)[]): readonly Diagnostic[] {
  return chains.map((one) => {
    const [family, table, chain] = [one.family, one.table, one.chain].map((text) => escapeText(text, 80))
    const look = `Look at it: nft list table ${family} ${table}. Thingwall does not touch it.`
    switch (one.kind) {
      case 'drop': {
        const how = one.drops === 'policy' ? 'drops by policy' : 'has rules that may drop'
        return diagnose('TW4009', {
          message: `chain ${chain} of table ${family} ${table} (hook ${escapeText(one.hook, 80)}, priority ${one.priority}) ${how}: it wins over what this policy allows`,
          path: '',
          hint: look,
          origin: null,
        })
      }
      case 'translation': {
        const said = one.does.slice(0, MOST_SAYINGS).map((text) => escapeText(text, 80))
        const more = one.does.length > MOST_SAYINGS ? `, +${one.does.length - MOST_SAYINGS}` : ''
        return diagnose('TW4018', {
          message: `chain ${chain} of table ${family} ${table} translates destinations (${said.join(', ')}${more}): refused unless a forward documents it`,
          path: '',
          hint: `${look} If it has its purpose: forward({ at, service, to, by: 'docker', why: '…' }).`,
          origin: null,
        })
      }
      default:
        return one satisfies never
    }
  })
}
