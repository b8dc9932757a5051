/** A look at what is in force: the kernel's tables and the records, told together. Changes nothing. */
import { differences, observe } from '../nft/observation.ts'
import type { Nft } from '../nft/program.ts'
import { type Resident, readStanding, type Standing } from '../nft/standing.ts'
import { applicationOf, endsAt, pastOf } from './fate.ts'
import type { InForce, Integrity, Trial } from './point.ts'
import type { Application, State } from './state.ts'

/** What the parts of the enforcement point work with. */
export interface Context {
  readonly nft: Nft
  readonly state: State
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export interface Look {
  readonly standing: Standing
  readonly applications: readonly Application[]
  readonly inForce: InForce
}

export async function look(context: Context): Promise<Look> {
  const { nft, state, now } = context
  const [standing, applications] = [await readStanding(nft), await state.applications()]
  const met = metIn(standing)
  const application = applicationOf(met, applications)
  const pasts = applications.map((one) => pastOf(one, applications, standing, now()))
  const [newest] = pasts.filter(({ fate }) => fate.kind !== 'unfinished')
  const isOver = newest?.fate.kind === 'reverted' || newest?.fate.kind === 'abandoned'
  const inForce: InForce = {
    digest: met?.digest ?? null,
    record: application?.record ?? null,
    isTimeless: isTimeless(met, application),
    integrity: await integrityOf(nft, standing, met, applications),
    trial: trialIn(standing, applications, now()),
    over: isOver ? newest : null,
    last: pasts.find(({ fate }) => fate.kind === 'gone')?.record ?? null,
  }
  return { standing, applications, inForce }
}

/** What packets meet: a trial while its timer runs, otherwise what stands; null for nothing of ours. */
export function metIn({ settled, trial }: Standing): Resident | null {
  return trial !== null && trial.leftMs !== null ? trial : settled
}

export function trialIn(standing: Standing, applications: readonly Application[], now: number): Trial | null {
  const { trial, settled } = standing
  if (trial === null || trial.leftMs === null) return null
  const written = applicationOf(trial, applications)?.story?.until ?? null
  const record = applicationOf(settled, applications)?.record ?? null
  return {
    leftMs: trial.leftMs,
    until: endsAt(written, trial.leftMs, now),
    returnsTo: { digest: settled?.digest ?? null, record },
  }
}

function isTimeless(met: Resident | null, application: Application | null): boolean {
  if (met === null || application === null || met.digest === application.record.digest) return false
  return !application.restored.some(({ knowsTime, digest }) => knowsTime && digest === met.digest)
}

async function integrityOf(
  nft: Nft,
  standing: Standing,
  met: Resident | null,
  applications: readonly Application[],
): Promise<Integrity> {
  const application = applicationOf(met, applications)
  const halted =
    standing.halted === null
      ? []
      : [`the timer of the trial was taken away in table ${standing.halted} alone`]
  const odd = [...halted, ...standing.odd.map((chain) => `chain ${chain} was changed`)]
  if (met === null || met.digest === null) {
    const isClean =
      standing.families.length === 0 ||
      (met === null && odd.length === 0 && (standing.trial !== null || isUnmet(standing, applications)))
    return isClean
      ? { kind: 'unknown', because: 'nothing is in force' }
      : { kind: 'changed', changes: halted.length > 0 ? halted : [remainsOf(standing)] }
  }
  if (application === null) {
    return { kind: 'unknown', because: 'there is no record of its application in the state folder' }
  }
  const { record } = application
  // The daemon's is the later one where both are the same.
  const restored = application.restored.findLast(({ digest }) => digest === met.digest)
  if (restored === undefined && met.digest !== record.digest)
    return { kind: 'unknown', because: 'a restart put it in force, and nobody has looked at it yet' }
  const { observation: before, coverage } = restored ?? application
  if (before === null) {
    return { kind: 'unknown', because: 'its application was interrupted before the kernel was looked at' }
  }
  const now = await observe(nft, standing, met.generation, coverage)
  if (before.nft !== now.nft) {
    return {
      kind: 'unknown',
      because: `nft was ${before.nft} then and is ${now.nft} now: they print differently`,
    }
  }
  const changes = [...odd, ...differences(before, now)]
  if (changes.length > 0) return { kind: 'changed', changes }
  const covers =
    coverage === 'all'
      ? 'all rules and all lasting elements'
      : `all rules, and the elements of ${coverage.length} small sets; large sets of devices are not looked at`
  return { kind: 'intact', covers }
}

/** Only what an interrupted first apply has put there, and no hook yet that leads to it. */
function isUnmet({ objects, residents }: Standing, applications: readonly Application[]): boolean {
  const isHooked = [...objects].some(([key, body]) => key.includes(' chain ') && /^\s*type /.test(body))
  return !isHooked && residents.every((one) => applicationOf(one, applications)?.story === null)
}

function remainsOf({ families }: Standing): string {
  return families.length === 1
    ? `only table ${families[0]} thingwall is there`
    : 'the tables carry no digest, or not the same'
}
