/**
 * The two clocks that bindings live by: the wall clock, which may be wrong and may jump, and the time since this boot,
 * which only runs. A parameter, so that tests can let either do what it likes.
 */
import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'

export interface BindingClock {
  /** Milliseconds since 1970, as far as this machine knows. */
  readonly now: () => number
  /** Milliseconds since this boot, sleep included. */
  readonly sinceBootMs: () => number
  /** Tells this boot from every other. */
  readonly boot: string
  /** Whether the wall clock can be believed: not that of a machine without a battery that has not asked anybody yet. */
  readonly isTrusted: () => boolean
}

/** No release of this program is older, so a clock that says so is wrong. */
const BUILT = Date.UTC(2026, 0, 1)

/** The clocks of this machine. */
export function thisClock(): BindingClock {
  return {
    now: Date.now,
    sinceBootMs: () => uptime() * 1000,
    boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().slice(0, 8),
    isTrusted: () => Date.now() >= BUILT,
  }
}
