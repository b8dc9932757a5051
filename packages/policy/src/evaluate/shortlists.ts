/**
 * Which candidates flows alike can still meet, remembered. Flows are alike when no rule tells them apart but by the time
 * and by what devices were told: the same door, classes, zones and segment. A network sees few kinds of them, and most
 * are decided by what they are.
 *
 * Nothing is decided here: what a shortlist is, `evaluate` says.
 */
import { scatter } from '../model/address-table.ts'
import type { Candidates, Door } from '../model/ruleset.ts'
import { segmentOf, zoneOf } from '../model/zones.ts'
import type { Case } from './ends.ts'

/** A hash table with linear probing, of one door. It is never more than half full. */
interface Shortlists {
  /** For each slot the place in `lists` plus one (0: free), then classes, zones and segment. */
  slots: Int32Array
  lists: Candidates[]
}

/** Kept for as long as the door lives. */
const byDoor = new WeakMap<Door, Shortlists>()

const WIDTH = 6
const FEWEST = 64
const MOST = 8192
/** Stands for the class of the gateway. */
const GATEWAY = -2

/** What a flow can meet, in winning order. `shorten` is asked once for all flows that are alike. */
export function candidatesFor(one: Case, shorten: Shorten): Candidates {
  // A translation tells flows apart too, and few flows have one.
  return one.flow.original === undefined ? shortlistOf(one, shorten) : candidatesOf(one)
}

type Shorten = (one: Case, candidates: Candidates) => Candidates

function candidatesOf({ ruleset: { index }, from, to, door }: Case): Candidates {
  const all = [...(index.fromClass[from.class] ?? []), ...(index.toClass[to.class] ?? []), ...door.candidates]
  return all.sort((a, b) => a.rank - b.rank)
}

function shortlistOf(one: Case, shorten: Shorten): Candidates {
  const known = byDoor.get(one.door) ?? begin(one.door)
  const { zones } = one.ruleset.index
  const { from, to } = one
  const source = from.class
  const destination = to.isGateway ? GATEWAY : to.class
  const sender = zoneOf(zones, from.words)
  const receiver = zoneOf(zones, to.words)
  const segment = segmentOf(zones, one.subject)

  const { slots } = known
  const mask = slots.length / WIDTH - 1
  let at =
    scatter(source ^ scatter(destination ^ scatter(sender ^ scatter(receiver ^ scatter(segment))))) & mask
  let slot = at * WIDTH
  while (
    slots[slot] !== 0 &&
    (slots[slot + 1] !== source ||
      slots[slot + 2] !== destination ||
      slots[slot + 3] !== sender ||
      slots[slot + 4] !== receiver ||
      slots[slot + 5] !== segment)
  ) {
    at = (at + 1) & mask
    slot = at * WIDTH
  }
  const place = slots[slot] as number
  if (place !== 0) return known.lists[place - 1] as Candidates

  const found = shorten(one, candidatesOf(one))
  slots.set([known.lists.push(found), source, destination, sender, receiver, segment], slot)
  if (known.lists.length * 2 > mask) renew(known, mask + 1)
  return found
}

function begin(door: Door): Shortlists {
  const begun = { slots: new Int32Array(FEWEST * WIDTH), lists: [] }
  byDoor.set(door, begun)
  return begun
}

/** Begins anew with twice the room, up to a limit: what is still asked for is soon found again. */
function renew(known: Shortlists, size: number): void {
  known.slots = new Int32Array(Math.min(size * 2, MOST) * WIDTH)
  known.lists = []
}
