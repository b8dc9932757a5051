/**
 * What a restart brings back: the application that was confirmed last, compiled anew for the machine as it is now. The
 * boot unit has loaded the text that was kept for it already; this puts the whole in its place, with leases and names, and
 * once the time is known with what needs it. Neither a new application nor a trial, and history does not tell of it.
 */
import type { Artifact } from '@thingwall/policy'
import { coverageOf, observe } from '../nft/observation.ts'
import { readStanding } from '../nft/standing.ts'
import { comingOf, setsOf } from '../nft/transactions.ts'
import { load, nothingBound, replacing } from './apply.ts'
import { applicationOf } from './fate.ts'
import { type Context, look, metIn } from './look.ts'
import type { ApplicationRecord, BoundNow, Restart, Restored } from './point.ts'
import { clear } from './settle.ts'

/** The application that comes back; null for none. */
export async function comesBack({ state }: Context): Promise<ApplicationRecord | null> {
  const sequence = await state.confirmed()
  const found = (await state.applications()).find(({ record }) => record.sequence === sequence)
  return found?.record ?? null
}

/** To be called under the lock. */
export async function restore(
  context: Context,
  artifact: Artifact,
  { sequence, knowsTime, anew = false }: Restart,
  boundNow: BoundNow = nothingBound,
): Promise<Restored> {
  const { nft, state } = context
  const { standing, applications, inForce } = await look(context)
  if (inForce.trial !== null || (await state.confirmed()) !== sequence) return 'other'
  const settled = applicationOf(standing.settled, applications)
  if (settled !== null && settled.record.sequence !== sequence) return 'other'
  // Loaded from its text it bears no number: only what this has put there is known to be whole.
  const isWhole = standing.settled?.sequence === sequence && inForce.integrity.kind === 'intact'
  if (anew || !isWhole || inForce.digest !== artifact.digest) {
    const coming = comingOf(artifact.text, artifact.digest, sequence, standing)
    const bound = boundNow(coming.generation, setsOf(artifact.text))
    await load(context, replacing(coming, standing, bound))
    const now = await readStanding(nft)
    const met = metIn(now)
    if (met?.sequence !== sequence) throw new Error('another program was faster')
    const coverage = coverageOf(artifact.text)
    const observation = await observe(nft, now, met.generation, coverage)
    await state.restoredAs(sequence, { digest: artifact.digest, knowsTime, coverage, observation })
    await clear(context)
    return 'restored'
  }
  await clear(context)
  return 'already'
}
