/**
 * Whether the wall clock was put back since a rule set was loaded. What ends, ends by a timer too, which was set by the
 * clock of then (docs/decisions/0030): after that it ends too early, until the rule set is loaded anew. A clock put forth
 * needs nothing: the wall clock is looked at as well. Two clocks and a memory; it loads nothing.
 */
import type { BindingClock } from '../bindings/clock.ts'

/** Less is a clock that is kept in step. */
const MUCH_MS = 10_000

export interface ClockPutBack {
  /** Another rule set is met: it was loaded now, or is an older one that a trial went back to. */
  readonly changed: () => void
  /** What is met was loaded just now. */
  readonly loaded: () => void
  readonly isPutBack: () => boolean
}

export function watchClock(clock: Pick<BindingClock, 'now' | 'sinceBootMs'>): ClockPutBack {
  const ahead = (): number => clock.now() - clock.sinceBootMs()
  let atLoad = ahead()
  return {
    changed: () => {
      atLoad = Math.max(atLoad, ahead())
    },
    loaded: () => {
      atLoad = ahead()
    },
    isPutBack: () => ahead() < atLoad - MUCH_MS,
  }
}
