/** What recorders have counted, one after the other, as one sum. */
import type { Counted, RecordCounts } from './record.ts'

const none: Counted = { seen: 0, lost: 0, overruns: 0 }

/** Nothing came yet. */
export const noCounts: RecordCounts = {
  packets: { ...none, messagesLostSince: 0 },
  flows: none,
  events: { written: 0, lost: 0 },
  storeFault: null,
  kinds: 0,
}

/** What has been counted by one and then by the next; what stands now, as the store's fault, is the next one's. */
export function addedCounts(before: RecordCounts, next: RecordCounts): RecordCounts {
  return {
    packets: {
      ...added(before.packets, next.packets),
      messagesLostSince: next.packets.messagesLostSince,
    },
    flows: added(before.flows, next.flows),
    events: {
      written: before.events.written + next.events.written,
      lost: before.events.lost + next.events.lost,
    },
    storeFault: next.storeFault,
    kinds: next.kinds,
  }
}

function added(one: Counted, other: Counted): Counted {
  return {
    seen: one.seen + other.seen,
    lost: one.lost + other.lost,
    overruns: one.overruns + other.overruns,
  }
}
