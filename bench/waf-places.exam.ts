/**
 * `npm run exam -- waf-places`: what is found in one place of a request has to be found in every other, and in codings; and no
 * place makes an attack of a harmless text. The attacks are those of the suites of `npm run exam -- waf` and of our own, the harmless
 * texts those of recorded requests and of the tests. THINGWALL_DATA names the folder of the suites; without them our own are
 * all there is, and the rows say so. THINGWALL_EXAM_MISSES=FILE writes what was judged otherwise than in a query, a line each.
 */
import { writeFileSync } from 'node:fs'
import type { Measured } from './rows.ts'
import { placedRows } from './waf/placed.ts'

export default async function* exam(): AsyncGenerator<Measured> {
  const misses: string[] = []
  yield* placedRows((miss) => misses.push(miss.join('\t')))
  const file = process.env['THINGWALL_EXAM_MISSES']
  if (file !== undefined) writeFileSync(file, `${misses.join('\n')}\n`)
}
