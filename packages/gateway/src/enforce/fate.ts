/**
 * What became of each application: what was written down, put right by what the kernel holds. The kernel decides; so a
 * process that was ended between a change and its record leaves nothing untold. Pure.
 */
import type { Resident, Standing } from '../nft/standing.ts'
import type { Deed, Fate, Past } from './point.ts'
import type { Application, Ending, Story } from './state.ts'

/** The application that a generation in the kernel is of; null for one that nobody here recorded. */
export function applicationOf(
  resident: Resident | null,
  applications: readonly Application[],
): Application | null {
  if (resident === null || resident.digest === null) return null
  const alike = applications.filter(
    ({ record, restored }) =>
      [record, ...restored].some(({ digest }) => digest === resident.digest) ||
      record.bootDigest === resident.digest,
  )
  const exactly = alike.find(({ record }) => record.sequence === resident.sequence)
  // Loaded from its text, as after a restart: it bears no number, and is the one that was confirmed.
  const lasting = alike.find(({ story }) => story?.confirmed != null && story.ended === null)
  return resident.sequence === null ? (lasting ?? alike[0] ?? null) : (exactly ?? null)
}

/** The story of an application as it really is at `now`; null for one that never came into force. */
export function truthOf(
  application: Application,
  applications: readonly Application[],
  standing: Standing,
  now: number,
): Story | null {
  const { record, story, prepared } = application
  const { trial, settled } = standing
  const isRunning = trial !== null && trial.leftMs !== null
  if (trial !== null && applicationOf(trial, applications) === application) {
    const until = story?.until ?? prepared?.until ?? now + (trial.leftMs ?? 0)
    const base: Story = { until, confirmed: null, ended: null }
    return isRunning ? base : { ...base, ended: story?.ended ?? reverted(record, until, now) }
  }
  const standingOne = applicationOf(settled, applications)
  if (standingOne === application) {
    const until = story?.until ?? prepared?.until ?? null
    const confirmed = story?.confirmed ?? prepared?.confirmed ?? unwritten(record, until, now)
    return { until, confirmed, ended: null }
  }
  if (story === null) return null
  if (story.ended !== null) return story
  if (story.confirmed === null) {
    // The kernel has gone back, and no base chain asks for a timer: that is somebody's doing, where one got ready for it.
    const ended = prepared?.ended ?? reverted(record, story.until ?? now, now)
    return { ...story, ended }
  }
  const by = standingOne?.record.sequence ?? 0
  // Confirmed, and not there: replaced by a later one, or gone with a flush or a restart.
  return by > record.sequence ? { ...story, ended: { how: 'replaced', at: now, by } } : story
}

/** A confirmation that only the kernel tells of. */
function unwritten(record: Application['record'], until: number | null, now: number): Deed {
  return record.confirmWithinMs === null
    ? { by: record.by, at: record.at }
    : { by: 'somebody who was not written down', at: endOf(record, until ?? record.at, now) }
}

/**
 * When a trial ends, milliseconds since 1970: as it was written down where the kernel's timer agrees, so that each look
 * tells the same, and rather a little early than late; else by the timer, because the clock was put right since.
 */
export function endsAt(written: number | null, leftMs: number, now: number): number {
  const byKernel = now + leftMs
  return written !== null && byKernel >= written - EARLY_MS && byKernel <= written + LATE_MS
    ? written
    : byKernel
}

const EARLY_MS = 2000
/** How long a large rule set may be on its way into the kernel before its timer begins. */
const LATE_MS = 15_000

/**
 * A trial that nobody confirmed, found to be over. Its timer begins after its end was written down, so one that is over
 * before that did not end by its timer, unless the clock was put back; by one that says it has not begun yet nobody can tell.
 */
function reverted(record: Application['record'], until: number, now: number): Ending {
  const at = endOf(record, until, now)
  return now >= record.at && now < until - EARLY_MS
    ? { how: 'reverted', at, isEarly: true }
    : { how: 'reverted', at }
}

/** When a trial ended by the clock: no later than now, and not before it began, though the clock may have been put back. */
function endOf({ at }: Application['record'], until: number, now: number): number {
  return Math.max(at, Math.min(until, now))
}

/** An application as people are told of it. */
export function pastOf(
  application: Application,
  applications: readonly Application[],
  standing: Standing,
  now: number,
): Past {
  const story = truthOf(application, applications, standing, now)
  return {
    record: application.record,
    confirmed: story?.confirmed ?? null,
    fate: fateOf(application, story, applications, standing, now),
  }
}

function fateOf(
  application: Application,
  story: Story | null,
  applications: readonly Application[],
  { settled, trial }: Standing,
  now: number,
): Fate {
  if (story === null) return { kind: 'unfinished' }
  const { ended } = story
  if (ended !== null) {
    switch (ended.how) {
      case 'reverted':
        return { kind: 'reverted', at: ended.at, ...(ended.isEarly === true ? { isEarly: true } : {}) }
      case 'abandoned':
        return { kind: 'abandoned', at: ended.at, by: ended.by }
      case 'replaced':
        return { kind: 'replaced', at: ended.at, by: ended.by }
      default:
        return ended satisfies never
    }
  }
  if (story.confirmed === null)
    return { kind: 'on trial', until: endsAt(story.until, trial?.leftMs ?? 0, now) }
  return applicationOf(settled, applications) === application ? { kind: 'in force' } : { kind: 'gone' }
}
