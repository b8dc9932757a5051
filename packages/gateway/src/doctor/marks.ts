/**
 * Others that write the mark of connections: ours says by which rule a flow was let in, in its lower 28 bits. Who writes
 * there as well (a VPN, a balancer of uplinks, iptables' CONNMARK) makes open flows look like others.
 */
import { escapeText } from '@thingwall/policy'
import { MARK_MASK } from '@thingwall/policy/nftables'
import type { Check, Finding } from './finding.ts'
import { isOurs, partsOf } from './foreign-rules.ts'

export const marks: Check = async ({ tables }) => {
  const writers = (tables ?? []).flatMap(({ rule }) =>
    rule !== undefined && !isOurs(rule) && writesMark(rule['expr'])
      ? [`${rule['family']} ${rule['table']}`]
      : [],
  )
  if (writers.length === 0)
    return [
      { check: 'marks', severity: 'fine', message: 'nobody else writes marks of connections', mend: null },
    ]
  return [...new Set(writers)].map((table): Finding => {
    const name = escapeText(table, 80)
    return {
      check: 'marks',
      severity: 'warning',
      message: `table ${name} writes marks of connections; thingwall needs the bits 0x${MARK_MASK.toString(16)} for itself`,
      mend: `nft list table ${name}`,
    }
  })
}

function writesMark(expr: unknown): boolean {
  const mangled = partsOf(expr, 'mangle').some((one) =>
    partsOf(one, 'key').some((key) => isConnectionMark(key)),
  )
  return mangled || partsOf(expr, 'xt').some((one) => partsOf(one, 'name').includes('CONNMARK'))
}

/** `{ "ct": { "key": "mark" } }`; `{ "key": { "ct": … } }` stands around it. */
function isConnectionMark(key: unknown): boolean {
  return partsOf(key, 'ct').some((one) => partsOf(one, 'key').includes('mark'))
}
