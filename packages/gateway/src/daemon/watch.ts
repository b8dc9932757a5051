/**
 * Follows what is in force: looks whenever the kernel says that our tables were touched, when a trial should be over, and
 * once a minute besides. What changed becomes an event; what another program changed is put back where the policy says so.
 *
 * Our own applies are not taken for another's: they hold the lock until their record is written, and a look that finds
 * something wrong is repeated under it. A look gives the lock up again as soon as anybody waits for it.
 */
import type { Ruleset } from '@thingwall/policy'
import type { BindingClock } from '../bindings/clock.ts'
import type { NftablesPoint } from '../enforce/nftables.ts'
import type { ApplicationRecord, Fate, InForce } from '../enforce/point.ts'
import type { NoticeEvent } from '../events/model.ts'
import { watchClock } from './clock-put-back.ts'
import type { Log } from './log.ts'
import { notice } from './notice.ts'
import type { RememberedPolicy } from './policy-in-force.ts'
import type { PutBack } from './restore.ts'
import type { ChangedBy } from './rule-changes.ts'

export interface WatchOptions {
  readonly point: Pick<NftablesPoint, 'read' | 'readUndisturbed' | 'tidy'>
  readonly policyOf: (sequence: number) => Promise<RememberedPolicy | null>
  readonly restore: (record: ApplicationRecord) => Promise<PutBack>
  /** Loads what is in force once more, because the clock was put back; false where the clock is not believed. */
  readonly loadAnew: (record: ApplicationRecord) => Promise<boolean>
  readonly clock: Pick<BindingClock, 'now' | 'sinceBootMs'>
  readonly tell: (event: NoticeEvent) => void
  /** Another application is met now, or none; its policy is null where it is not kept. */
  readonly follows: (inForce: InForce, policy: RememberedPolicy | null) => Promise<void>
  readonly log: Log
  readonly now: () => number
}

export interface Drift {
  /** When it was first seen, milliseconds since 1970. */
  readonly at: number
  readonly changes: readonly string[]
}

export interface WatchState {
  /** As last looked at; null before the first look. */
  readonly inForce: InForce | null
  /** What another program changed and nobody has put right; null when nothing is. */
  readonly drift: Drift | null
  /** How often another program changed something, and how often that was put back. */
  readonly drifts: number
  readonly restores: number
}

export interface Watch {
  /** Looks now, or once more after the look that is under way. `by`: who touched our tables, where that is known. */
  readonly look: (by?: ChangedBy | null) => Promise<void>
  readonly state: () => WatchState
  /** Ends what is under way. */
  readonly close: () => Promise<void>
}

const EVERY_MS = 60_000
/** After a trial's end by its timer. */
const AFTER_TRIAL_MS = 200
/** Another program that keeps at it is answered ever more slowly, so that the history keeps what people did. */
const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 60_000
const CALM_MS = 600_000

export function watchInForce(options: WatchOptions): Watch {
  const { point, tell, log, now } = options
  const clock = watchClock(options.clock)
  let inForce: InForce | null = null
  let drift: Drift | null = null
  let drifts = 0
  let restores = 0
  let inRow = 0
  let restoredAt = Number.NEGATIVE_INFINITY
  /** The trial that is over and of which nothing is left to take out. */
  let tidied: number | null = null
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  let lastBy: ChangedBy | null = null
  let running: Promise<void> | null = null
  let isWanted = false

  const say = (topic: Parameters<typeof notice>[0], text: string): void => {
    log.info({ topic }, text)
    tell(notice(topic, text, now()))
  }
  const attempt = async (): Promise<void> => {
    let seen = await point.read()
    if (changesIn(seen).length > 0) {
      seen = await point.readUndisturbed('the gateway, which looks for changes')
    }
    const changes = changesIn(seen)
    const wanted = seen.record ?? seen.last
    const policy = await follow(seen, wanted)
    if (changes.length === 0) {
      if (drift !== null) say('rules-intact', 'what is in force is what was applied again')
      drift = null
      if (clock.isPutBack() && seen.record !== null && seen.trial === null)
        await byNewClock(seen.record, policy)
      return tidy(seen)
    }
    if (drift === null || drift.changes.join() !== changes.join()) {
      drifts += 1
      drift = { at: now(), changes }
      say('rules-changed', `${told(changes)}${lastBy === null ? '' : `, by ${named(lastBy)}`}`)
    }
    if (policy?.document.drift === 'restore' && wanted !== null && seen.trial === null)
      await putBack(wanted, policy)
  }
  const follow = async (
    seen: InForce,
    wanted: ApplicationRecord | null,
  ): Promise<RememberedPolicy | null> => {
    const before = inForce
    inForce = seen
    const isOther =
      before === null || before.digest !== seen.digest || before.record?.sequence !== seen.record?.sequence
    // A short one may begin and be over between two looks.
    const { over } = seen
    if (before !== null && over !== null && over.record.sequence !== before.over?.record.sequence) {
      const how = endText(over.fate, lastBy)
      const back = seen.record === null ? 'nothing is in force' : `${nameOf(seen.record)} is in force again`
      say('trial-over', `${nameOf(over.record)} ${how}; ${back}`)
    } else if (before !== null && isOther && seen.record !== null && changesIn(seen).length === 0) {
      const how = seen.trial === null ? 'in force' : 'on trial'
      say('policy-applied', `${nameOf(seen.record)} by ${seen.record.by} is ${how}`)
    }
    const policy = wanted === null ? null : await options.policyOf(wanted.sequence)
    if (isOther) {
      clock.changed()
      await options.follows(seen, policy)
    }
    return policy
  }
  /** Once for each trial that is over, also for one that was over before we came. What fails is tried at the next look. */
  const tidy = async ({ over, trial }: InForce): Promise<void> => {
    if (over === null || trial !== null || over.record.sequence === tidied) return
    try {
      const isOut = await point.tidy()
      tidied = over.record.sequence
      if (isOut) say('trial-cleared', `what was left of ${nameOf(over.record)} is out of the kernel`)
    } catch (error) {
      log.warn({ error: String(error) }, 'what is left of a trial could not be taken out of the kernel yet')
    }
  }

  const byNewClock = async (record: ApplicationRecord, policy: RememberedPolicy | null): Promise<void> => {
    if (policy !== null && hasEnds(policy.ruleset)) {
      // One that nobody believes would end more, not less; it is asked again with the next look.
      const isLoaded = await options.loadAnew(record).catch((error: unknown) => {
        log.warn({ error: String(error) }, 'what is in force could not be loaded anew')
        return false
      })
      if (!isLoaded) return
      say('rules-restored', `${nameOf(record)} is loaded anew, because the clock was put back`)
    }
    clock.loaded()
  }
  const putBack = async (wanted: ApplicationRecord, policy: RememberedPolicy): Promise<void> => {
    const sinceMs = now() - restoredAt
    if (sinceMs > CALM_MS || sinceMs < 0) inRow = 0
    const pauseMs = inRow === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (inRow - 1))
    if (sinceMs >= 0 && sinceMs < pauseMs) return later(pauseMs - sinceMs)
    inRow += 1
    restoredAt = now()
    try {
      const { outcome, isWhole } = await options.restore(wanted)
      if (outcome === 'other') throw new Error('something else was confirmed, or is on trial')
      inForce = await point.read()
      clock.loaded()
      if (outcome === 'restored') restores += 1
      drift = null
      await options.follows(inForce, policy)
      const less = isWhole
        ? ''
        : '; addresses that devices were given by a file are not among it: apply again'
      say('rules-restored', `${nameOf(wanted)} is in force again${less}`)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      say('restore-failed', `what was changed could not be put back: ${why}`)
      later(Math.max(pauseMs, FIRST_PAUSE_MS))
    }
  }
  const later = (inMs: number): void => {
    clearTimeout(timer)
    if (!isClosed) timer = setTimeout(() => void look(null), inMs)
  }
  const next = (): void => {
    const trialMs = inForce?.trial?.leftMs
    later(trialMs === undefined ? EVERY_MS : Math.min(EVERY_MS, trialMs + AFTER_TRIAL_MS))
  }
  const run = async (): Promise<void> => {
    while (isWanted && !isClosed) {
      isWanted = false
      next()
      try {
        await attempt()
        if (drift === null) next()
      } catch (error) {
        log.warn({ error: String(error) }, 'what is in force could not be looked at')
        later(FIRST_PAUSE_MS)
      }
    }
  }
  const look = (by: ChangedBy | null = null): Promise<void> => {
    lastBy = by ?? lastBy
    isWanted = true
    running ??= run().finally(() => {
      running = null
    })
    return running
  }
  return {
    look,
    state: () => ({ inForce, drift, drifts, restores }),
    close: async () => {
      isClosed = true
      clearTimeout(timer)
      await running
    },
  }
}

/** What is not as it was put there. Empty where nothing of ours ought to be in force, or nobody can tell. */
function changesIn({ integrity, digest, last }: InForce): readonly string[] {
  if (integrity.kind === 'changed') return integrity.changes
  return digest === null && last !== null ? ['our tables are gone'] : []
}

/** Whether timers were set for what it allows. */
function hasEnds({ rules }: Ruleset): boolean {
  return rules.some(
    ({ effect, endsAt, matches }) =>
      effect === 'allow' && (endsAt !== null || matches.some((match) => match.endsAt !== null)),
  )
}

function endText(fate: Fate, lastBy: ChangedBy | null): string {
  if (fate.kind === 'abandoned') return `was rolled back by ${fate.by}`
  if (fate.kind !== 'reverted' || fate.isEarly !== true) return 'was not confirmed'
  return `was ended before its time by ${lastBy === null ? 'another program' : named(lastBy)}`
}

function told(changes: readonly string[]): string {
  const more = changes.length > 5 ? ` and ${changes.length - 5} more` : ''
  return changes.slice(0, 5).join('; ') + more
}

function named({ name, pid }: ChangedBy): string {
  return `${name === '' ? 'a program' : name} (process ${pid})`
}

function nameOf({ policy, sequence }: ApplicationRecord): string {
  return `${policy.name} (application ${sequence})`
}
