/**
 * Allowances in memory, by the generic cell rate algorithm (ITU-T I.371): one number for each key says when all of its allowance
 * will be there again. So a key may use all of it at once, and then one each time its share of the span has passed. Bounded: when
 * it is full, who has not asked for longest is forgotten. It deliberately outlives no process.
 */
import type { State } from './state.ts'

export interface MemoryOptions {
  /** How many keys are remembered. */
  readonly most?: number
  /** A clock that never goes back, in milliseconds. If it does all the same, nobody waits longer than one span. */
  readonly now?: () => number
}

export function memoryState({ most = 100_000, now = () => performance.now() }: MemoryOptions = {}): State {
  /** Who asked last stands last. */
  const fullAt = new Map<string, number>()
  return {
    take(key, { amount, perMs }) {
      const at = now()
      const each = perMs / amount
      const known = Math.min(fullAt.get(key) ?? at, at + perMs)
      const before = Math.max(known, at)
      const waitMs = before + each - (at + perMs)
      fullAt.delete(key)
      if (fullAt.size >= most) {
        const [oldest] = fullAt.keys()
        if (oldest !== undefined) fullAt.delete(oldest)
      }
      // A billionth for what is lost in adding.
      if (waitMs > perMs * 1e-9) {
        fullAt.set(key, before)
        return { allowed: false, retryAfterMs: waitMs }
      }
      fullAt.set(key, before + each)
      return { allowed: true, retryAfterMs: 0 }
    },
  }
}
