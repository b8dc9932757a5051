/** What a flood of logged packets leaves unsaid: losses behind the last packet, of which no number tells yet. */
import { droppedMessages } from '../netlink/libc.ts'

export interface BurstEnd {
  /** It was read empty, after it had been too full so often. */
  readonly empty: (overruns: number) => void
  /** A packet told of a gap. */
  readonly gap: () => void
  readonly messages: () => number
}

/**
 * Messages dropped that no number has told of yet. Once a netlink socket was too full the kernel puts nothing into it
 * before it has been read empty: so what had been dropped then is what the next gap is about.
 */
export function burstEnd(fd: number | null): BurstEnd {
  let overrunsSeen = 0
  let dropped = 0
  let told = 0
  return {
    empty(overruns) {
      if (fd === null || overruns === overrunsSeen) return
      overrunsSeen = overruns
      dropped = droppedMessages(fd)
    },
    gap() {
      told = dropped
    },
    messages: () => dropped - told,
  }
}
