/**
 * How a trial ends: confirmed, abandoned, or found to be over; and what is written down and taken out afterwards.
 *
 * The kernel is changed first and by commands that need no disk, so that a full one keeps nobody from going back. What
 * could not be written down is found out by the next look.
 */
import { type Diagnostic, diagnose } from '@thingwall/policy'
import { ThingwallError } from '../error.ts'
import { CLOSED_TABLE, readStanding } from '../nft/standing.ts'
import { abandonmentOf, confirmationOf, withoutRest } from '../nft/transactions.ts'
import { applicationOf, truthOf } from './fate.ts'
import { type Context, type Look, look, metIn } from './look.ts'
import type { Deed, Settled } from './point.ts'
import type { Application, Ending } from './state.ts'

/** A look, after what the records say has been put right by what the kernel holds. To be called under the lock. */
export async function reconciled(context: Context): Promise<Look> {
  const { state, now } = context
  const { standing, applications } = await look(context)
  for (const one of applications) {
    const truth = truthOf(one, applications, standing, now())
    if (truth === null) await state.forget(one.record.sequence)
    else if (JSON.stringify(truth) !== JSON.stringify(one.story)) await state.tell(one.record.sequence, truth)
  }
  const settled = applicationOf(standing.settled, applications)
  if (settled !== null && (await state.confirmed()) !== settled.record.sequence) {
    const truth = truthOf(settled, applications, standing, now())
    if (truth !== null) await state.tell(settled.record.sequence, truth)
  }
  return look(context)
}

/** What is on trial stays. */
export async function confirm(context: Context, { by, at }: Deed): Promise<Settled> {
  const { nft, state } = context
  const before = await look(context)
  const tried = onTrial(before)
  const application = applicationOf(before.standing.trial, before.applications)
  // Written down first where it can be: a confirmation that a restart forgets is none.
  const prepared =
    application === null
      ? null
      : await state.prepare(application.record.sequence, {
          until: application.story?.until ?? null,
          confirmed: { by, at },
          ended: null,
        })
  try {
    await nft.command(confirmationOf(before.standing))
  } catch (error) {
    await prepared?.withdraw().catch(() => {})
    // Its timer may have ended since the look: then there was nothing left to delete.
    onTrial(await look(context))
    throw error
  }
  const diagnostics = await recording(async () => {
    await prepared?.write()
    const ending: Ending = { how: 'replaced', at, by: application?.record.sequence ?? 0 }
    await end(context, applicationOf(before.standing.settled, before.applications), ending)
    await clear(context)
  })
  return { tried, now: tried, diagnostics }
}

/** What is on trial goes at once. */
export async function abandon(context: Context, { by, at }: Deed): Promise<Settled> {
  const { nft, state } = context
  const before = await look(context)
  const tried = onTrial(before)
  const application = applicationOf(before.standing.trial, before.applications)
  const ending: Ending = { how: 'abandoned', at, by }
  // Written down first where it can be, so that it is known whose doing it was; no disk keeps anybody from going back.
  const prepared =
    application === null
      ? null
      : await state
          .prepare(application.record.sequence, {
            until: application.story?.until ?? application.prepared?.until ?? null,
            confirmed: null,
            ended: ending,
          })
          .catch(() => null)
  try {
    await nft.command(abandonmentOf(before.standing))
  } catch (error) {
    await prepared?.withdraw().catch(() => {})
    throw error
  }
  const diagnostics = await recording(async () => {
    if (prepared === null) await end(context, application, ending)
    else await prepared.write()
    await clear(context)
  })
  const { settled } = before.standing
  const record = applicationOf(settled, before.applications)?.record ?? null
  return { tried, now: { digest: settled?.digest ?? null, record }, diagnostics }
}

/** Writes down what became of a trial, and takes out what no packet can meet. */
export async function tidy(context: Context): Promise<boolean> {
  await reconciled(context)
  return clear(context)
}

/**
 * The same for who may not write to root's part of the state folder: only the kernel is changed. What becomes of a trial
 * is found out without its remains, unless somebody was ended while he wrote it down: those stay for root. True where
 * something was taken out.
 */
export async function tidyKernel(context: Context): Promise<boolean> {
  const { trial } = await readStanding(context.nft)
  const tried = applicationOf(trial, await context.state.applications())
  if (tried !== null && (tried.story === null || tried.prepared !== null)) return false
  return clear(context)
}

/**
 * Takes out of the kernel what no packet can meet, and off the disk what nobody will ask for. True where something was in
 * the kernel.
 */
export async function clear(context: Context): Promise<boolean> {
  const { nft, state } = context
  const found = await readStanding(nft)
  const isOver = found.trial !== null && found.trial.leftMs === null
  // Base chains ask for the timer of a trial that is over until somebody tells them not to.
  if (isOver) await nft.command(abandonmentOf(found))
  const standing = isOver ? await readStanding(nft) : found
  const rest = withoutRest(standing)
  if (rest !== null) {
    if (rest.length < LONGEST_COMMAND) await nft.command(rest)
    else await nft.load(await state.change(rest)).finally(() => state.changed())
  }
  const isOpened =
    standing.isClosed &&
    standing.settled !== null &&
    standing.settled.digest !== null &&
    standing.trial === null
  if (isOpened) await nft.command(`delete table inet ${CLOSED_TABLE}`)
  const applications = await state.applications()
  const alive = [metIn(standing), standing.settled].flatMap(
    (one) => applicationOf(one, applications)?.record.sequence ?? [],
  )
  const comesBack = await state.confirmed()
  await state.prune(comesBack === null ? alive : [...alive, comesBack])
  return isOver || rest !== null || isOpened
}

/** The kernel takes 128 KiB as one argument of a program. */
const LONGEST_COMMAND = 100_000

/** Writes down how an application came to its end, unless that is told already. */
export async function end(context: Context, application: Application | null, ending: Ending): Promise<void> {
  if (application === null || application.story === null || application.story.ended !== null) return
  await context.state.tell(application.record.sequence, { ...application.story, ended: ending })
}

/** Does what comes after the kernel has changed: what fails now is told, and undoes nothing. */
export async function recording(work: () => Promise<void>): Promise<readonly Diagnostic[]> {
  try {
    await work()
    return []
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return [
      diagnose('TW4012', {
        message: `the kernel took the change, but its record is incomplete: ${why}`,
        path: '',
        hint: 'Mend the state folder, then apply again: until then status cannot tell whether somebody changes the tables, and a restart may bring back an older policy.',
        origin: null,
      }),
    ]
  }
}

function onTrial({ standing, applications, inForce }: Look): Settled['tried'] {
  const { trial } = standing
  if (trial !== null && trial.leftMs !== null)
    return { digest: trial.digest, record: applicationOf(trial, applications)?.record ?? null }
  const { over } = inForce
  const since =
    over === null
      ? 'what is in force, if anything, was confirmed already'
      : over.fate.kind === 'reverted'
        ? `application ${over.record.sequence} was reverted at ${new Date(over.fate.at).toISOString()}, ${over.fate.isEarly === true ? 'before its time: another program or a restart ended it' : 'because nobody confirmed it in time'}`
        : `the trial of application ${over.record.sequence} was ended by hand`
  throw new ThingwallError('TW4015', `nothing is on trial: ${since}`, {
    hint: 'thingwall status says what is in force, thingwall history what was; apply again to try again',
  })
}
