/** Other programs' chains as warnings, each with its table and where it hooks in. */
import { type Diagnostic, diagnose, escapeText } from '@thingwall/policy'
import type { ForeignChain } from '../nft/foreign.ts'

export function warnOfForeign(chains: readonly ForeignChain[]): readonly Diagnostic[] {
  return chains.map((one) => {
    const [family, table, chain, hook] = [one.family, one.table, one.chain, one.hook].map((text) =>
      escapeText(text, 80),
    )
    const how = one.drops === 'policy' ? 'drops by policy' : 'has rules that may drop'
    return diagnose('TW4009', {
      message: `chain ${chain} of table ${family} ${table} (hook ${hook}, priority ${one.priority}) ${how}: it wins over what this policy allows`,
      path: '',
      hint: `Look at it: nft list table ${family} ${table}. Thingwall does not touch it.`,
      origin: null,
    })
  })
}
