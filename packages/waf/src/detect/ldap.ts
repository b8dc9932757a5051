/**
 * detector  ldap
 * finds     pieces of LDAP filters (RFC 4515) that close the one they are put into and open another
 * how       the filter's own grammar: a closing bracket, then `(`, an operator or `attribute=`
 * passes    `f(x)(y)`, `:)(:`, "(see a) (see b=c)"
 * does not  judge whole filters: who takes those declares a parameter for them
 */
import type { Detector } from '../model/detector.ts'

const piece =
  /(?:^|[\w*\s=.@-])\)+\s*\(\s*(?:[&|!]\s*\(?|[a-zA-Z][\w;.-]{0,40}\s*[~<>:]?=)|^\*\)+\(|\*\s*\)\s*\(\s*[&|]|\)\s*\(\s*[&|!]\s*(?:\)|$)|\(\s*[&|]\s*\(\s*[\w-]+\s*[~<>]?=[^)]*\)\s*\(/

export const ldap: Detector = {
  id: 'ldap',
  triggers: [')(', ') (', '*)', '(&', '(|'],
  detect(text, field) {
    if (field.kind === 'file' || text.length > 2000) return null
    const at = text.search(piece)
    return at < 0 ? null : { at, length: 40, why: 'a filter is closed and another one opened' }
  },
}
