/**
 * What recording costs: packets and flows from the kernel into the store under floods, in network namespaces, beside the
 * programs that others use for it; the daemon while nothing happens; then the store alone: inserts, bytes, the views of
 * the last hour, an hour that expires. Times are what was computed, because the machine may have other work; what the clock says stands beside.
 */
import { enterLab } from '@thingwall/gateway/lab'
import { build } from '../scripts/build.ts'
import { atRest } from './events/at-rest.ts'
import { recorded } from './events/recorded.ts'
import { stored } from './events/stored.ts'
import { layWire } from './events/wire.ts'
import type { Measured } from './rows.ts'

export default async function* events(): AsyncGenerator<Measured> {
  const { ok, output } = await build()
  if (!ok) throw new Error(`the build failed:\n${output}`)
  const entry = await enterLab()
  if (entry.kind === 'ended') process.exit(entry.exitCode)
  if (entry.kind === 'impossible') {
    yield { measure: 'packets and flows', value: null, unit: '', note: `${entry.reason}; ${entry.fix}` }
  } else {
    const wire = await layWire()
    try {
      yield* atRest(wire)
      yield* recorded(wire)
    } finally {
      await wire.end()
    }
  }
  yield* stored()
}
