/**
 * One application of an artifact: written down, put beside what is in force and met by packets in one transaction, then
 * looked at and recorded. What was in force before is taken out only afterwards.
 */
import type { Artifact, Diagnostic } from '@thingwall/policy'
import { ThingwallError } from '../error.ts'
import { type Coverage, coverageOf, observe } from '../nft/observation.ts'
import { type Filling, writeFilling } from '../nft/program.ts'
import { readStanding, type Standing } from '../nft/standing.ts'
import {
  anew,
  type Coming,
  comingOf,
  fillingsOf,
  replacementBy,
  type Steps,
  setsOf,
  trialOf,
} from '../nft/transactions.ts'
import { requireBase } from './base.ts'
import { applicationOf } from './fate.ts'
import { type Context, type Look, look, metIn, trialIn } from './look.ts'
import type { Applied, BoundNow, Onto, Order, Prospect } from './point.ts'
import { clear, confirm, end, reconciled, recording } from './settle.ts'
import type { Intention, Prepared, State, Story } from './state.ts'

/** To be called under the lock. */
export async function apply(
  context: Context,
  artifact: Artifact,
  order: Order,
  boundNow: BoundNow = nothingBound,
  onto: Onto | null = null,
): Promise<Applied> {
  const { nft, state } = context
  const before = await reconciled(context)
  if (onto !== null) requireBase(before.inForce, onto.base)
  if (isInForce(before, artifact, order)) return leave(context, before, order)
  if (order.confirmWithinMs !== null) await requireReturn(context, before)
  const coverage = coverageOf(artifact.text)
  const intention = await state.intend(artifact.digest, artifact.text, coverage, order)
  const { sequence } = intention.record
  let prepared: Prepared | null = null
  const started = performance.now()
  try {
    prepared = await state.prepare(sequence, storyOf(order, context.now()))
    await load(context, changeOf(artifact, order, sequence, before.standing, boundNow))
  } catch (error) {
    // What stays behind is forgotten by the next look; what is wrong is what was wrong first.
    await prepared?.withdraw().catch(() => {})
    await intention.withdraw().catch(() => {})
    throw error
  }
  const loadMs = performance.now() - started
  const diagnostics = await record(context, intention, prepared, before, coverage)
  const trial = trialIn(await readStanding(nft), await state.applications(), context.now())
  return {
    changed: true,
    confirmed: false,
    record: intention.record,
    before: before.inForce.digest,
    trial,
    loadMs,
    diagnostics,
  }
}

/**
 * What `apply` would do, and whether the kernel would take it: throws where not. Needs neither the lock nor a state folder
 * that can be written: `scratch` is any folder.
 */
export async function tryOut(
  context: Context,
  artifact: Artifact,
  order: Order,
  scratch: State,
  boundNow: BoundNow = nothingBound,
): Promise<Prospect> {
  const found = await look(context)
  const { trial } = found.inForce
  if (isInForce(found, artifact, order))
    return trial !== null && order.confirmWithinMs === null
      ? { kind: 'confirms', trial }
      : { kind: 'nothing', trial }
  if (order.confirmWithinMs !== null) await requireReturn(context, found)
  const { steps, fillings, bound } = changeOf(artifact, order, NEVER_APPLIED, found.standing, boundNow)
  const [beside, inPlace] = steps
  const text = [beside, ...fillings.map(writeFilling), bound, inPlace].join('')
  await context.nft.check(await scratch.change(text))
  return { kind: 'replaces', trial }
}

/** No application has this number. */
const NEVER_APPLIED = 0

function isInForce({ inForce }: Look, artifact: Artifact, order: Order): boolean {
  const { digest, record, integrity } = inForce
  if (digest !== artifact.digest || integrity.kind !== 'intact' || record === null) return false
  return record.bindings === order.bindings && record.log === order.log
}

/** Exactly this is met already; it may be on trial yet, and wanted for good. */
async function leave(context: Context, { inForce }: Look, order: Order): Promise<Applied> {
  const { record, digest, trial } = inForce
  const isEnding = trial !== null && order.confirmWithinMs === null
  const diagnostics = isEnding ? (await confirm(context, order)).diagnostics : []
  return {
    changed: false,
    confirmed: isEnding,
    record: record as NonNullable<typeof record>,
    before: digest,
    trial: isEnding ? null : trial,
    loadMs: 0,
    diagnostics,
  }
}

/** `now`: right before the load, when its timer begins. */
function storyOf({ at, by, confirmWithinMs }: Order, now: number): Story {
  return confirmWithinMs === null
    ? { until: null, confirmed: { by, at }, ended: null }
    : { until: now + confirmWithinMs, confirmed: null, ended: null }
}

/** A trial must know what it goes back to; where something was confirmed, that is not nothing. */
async function requireReturn({ state }: Context, { standing, inForce }: Look): Promise<void> {
  const { settled, odd } = standing
  const confirmed = (await state.confirmed()) ?? inForce.last?.sequence ?? null
  if (confirmed !== null && (settled === null || settled.digest === null)) {
    const is = settled === null ? 'not in the kernel any more' : 'not whole in the kernel any more'
    throw new ThingwallError(
      'TW4016',
      `application ${confirmed} was confirmed and is ${is}: a trial would go back to ${settled === null ? 'nothing' : 'the rest of it'}`,
      { hint: 'nothing was changed; first put back what was confirmed: sudo thingwall boot --trust-clock' },
    )
  }
  if (settled !== null || odd.length === 0) return
  const chains = odd.slice(0, 3).join(', ')
  throw new ThingwallError('TW4016', `nobody can tell what a trial would go back to: ${chains} was changed`, {
    hint: 'apply for good, with --no-confirm; or first take the remains away: nft delete table inet thingwall',
  })
}

interface Change {
  /** To be loaded one after the other; only the last shows to packets. */
  readonly steps: Steps
  /** Between the two. */
  readonly fillings: readonly Filling[]
  /** What devices were given, after the fillings: it takes the place of elements that are among them. */
  readonly bound: string
  /** What to load where the kernel does not take that; null for nothing. */
  readonly otherwise: (() => string) | null
}

/** Under the lock: who binds something from here on finds the new generation. */
function changeOf(
  artifact: Artifact,
  order: Order,
  sequence: number,
  standing: Standing,
  boundNow: BoundNow,
): Change {
  const coming = comingOf(artifact.text, artifact.digest, sequence, standing)
  const bound = boundNow(coming.generation, setsOf(artifact.text))
  const { confirmWithinMs } = order
  if (confirmWithinMs === null) return replacing(coming, standing, bound)
  const steps = trialOf(coming, standing, confirmWithinMs)
  return { steps, fillings: fillingsOf(coming), bound, otherwise: null }
}

/** Puts a generation in the place of what stands; its sets are filled before any packet meets them. */
export function replacing(coming: Coming, standing: Standing, bound: string): Change {
  const steps = replacementBy(coming, standing)
  return { steps, fillings: fillingsOf(coming), bound, otherwise: () => anew(coming, standing) + bound }
}

/** Nobody was given or told anything. */
export const nothingBound: BoundNow = () => ''

/** Loads a change, or what to load instead where the kernel does not take it. */
export async function load(context: Context, change: Change): Promise<void> {
  const { steps, otherwise } = change
  const { nft, state } = context
  try {
    const [beside, inPlace] = steps
    await put(context, beside, change)
    // A few lines, and no disk to fail any more.
    await nft.command(inPlace)
  } catch (error) {
    const isRefused = error instanceof ThingwallError && error.code === 'TW4007'
    try {
      if (otherwise === null || !isRefused) throw error
      await nft.load(await state.change(otherwise()))
    } catch {
      // What was put beside and is met by nobody goes with the next look if it does not go now.
      await clear(context).catch(() => {})
      // What the kernel said of the first is what is wrong.
      throw error
    }
  } finally {
    await state.changed().catch(() => {})
  }
}

/** Puts a generation beside what stands. What is interrupted here no packet meets, and it goes with the next look. */
async function put(context: Context, beside: string, { fillings, bound }: Change): Promise<void> {
  const { nft, state } = context
  if (fillings.length === 0) return nft.load(await state.change(beside + bound))
  await nft.load(await state.change(beside))
  await fill(context, fillings)
  if (bound !== '') await nft.load(await state.change(bound))
}

async function fill({ nft, state }: Context, fillings: readonly Filling[]): Promise<void> {
  const filler = await nft.filler()
  const left: Filling[] = []
  try {
    for (const one of fillings) if (filler === null || !(await filler.fill(one))) left.push(one)
  } finally {
    filler?.close()
  }
  if (left.length > 0) await nft.load(await state.change(left.map(writeFilling).join('')))
}

/** From here on the new rule set is in force, whatever happens to its record. */
function record(
  context: Context,
  intention: Intention,
  prepared: Prepared,
  before: Look,
  coverage: Coverage,
): Promise<readonly Diagnostic[]> {
  const { nft } = context
  const { sequence, at } = intention.record
  return recording(async () => {
    const standing = await readStanding(nft)
    const met = metIn(standing)
    // A trial may be so short that it is over by now.
    const own = [met, standing.trial].find((one) => one?.sequence === sequence)
    if (own == null) throw new Error('another program has changed the tables since')
    await intention.observed(await observe(nft, standing, own.generation, coverage))
    await prepared.write()
    for (const resident of before.standing.residents) {
      if (resident.generation === standing.settled?.generation) continue
      await end(context, applicationOf(resident, before.applications), { how: 'replaced', at, by: sequence })
    }
    await clear(context)
  })
}
