/**
 * What the wall costs its machine, in network namespaces of its own: packets that are forwarded and denied
 * (`kernel/forwarding.ts`, `kernel/flood.ts`), packets lost and leaked while policies are exchanged (`kernel/replaces.ts`),
 * and what rule sets take to load and to change (`kernel/loads.ts`). Some six minutes; with `--brief` one, without large
 * fleets, and with `--only` one of its parts.
 */
import { enterLab } from '@thingwall/gateway/lab'
import { flood } from './kernel/flood.ts'
import { forwarding } from './kernel/forwarding.ts'
import { loads } from './kernel/loads.ts'
import { replaces } from './kernel/replaces.ts'
import type { Extent, Measured } from './rows.ts'

const SIZES = [10, 1000, 10_000, 100_000] as const
const BRIEF = 1000

/** What can be run alone. */
export const parts = ['forwarding', 'flood', 'replaces', 'loads'] as const
type Part = (typeof parts)[number]

export default async function* kernel({ isBrief, only }: Extent): AsyncGenerator<Measured> {
  const entry = await enterLab()
  if (entry.kind === 'ended') process.exit(entry.exitCode)
  if (entry.kind === 'impossible') {
    yield { measure: 'kernel', value: null, unit: '', note: `${entry.reason}; ${entry.fix}` }
    return
  }
  const sizes = SIZES.filter((size) => !isBrief || size <= BRIEF)
  const isWanted = (part: Part): boolean => only === null || only === part
  if (isWanted('forwarding')) yield* forwarding(sizes)
  if (isWanted('flood')) yield* flood()
  if (isWanted('replaces')) yield* replaces()
  if (isWanted('loads')) for (const size of sizes) yield* loads(size)
}
