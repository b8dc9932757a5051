/**
 * Elements straight into the kernel, for the sets that are made of what `element-layout.ts` knows. Everything else is left
 * to nft, and so is saying why the kernel refuses: whatever is not done here was not done at all, or may be done again.
 *
 * Each transaction is for the state of the rules in which the set was looked at, so a set that somebody makes anew
 * meanwhile is never filled with bytes of another kind.
 */
import { ElementBatch, type Place } from './element-batch.ts'
import type { ElementStep } from './element-changes.ts'
import { type Layout, layoutOf } from './element-layout.ts'
import { ElementReader } from './element-text.ts'
import type { System } from './system.ts'
import { FAMILY_NUMBERS, openTableSocket, type TableSocket } from './table-socket.ts'

export interface DirectElements {
  /** Makes all changes in one transaction; false where nothing was done. */
  readonly change: (steps: readonly ElementStep[]) => boolean
  /** Fills a set that no packet meets yet, in as many transactions as it takes; false where not all of it was done. */
  readonly fill: (filling: FillingPlace, elements: Uint8Array) => boolean
}

/** A set to be filled. */
export interface FillingPlace {
  readonly family: string
  readonly table: string
  readonly set: string
  /** A chain of the same table that is there as long as the set is the one that is meant. */
  readonly marker: string
}

/** So often somebody else may change the machine's rules just then. */
const TRIES = 100

/** Opens its socket when it is needed first. */
export function openDirectElements(system: System): DirectElements {
  let opened: { readonly socket: TableSocket; readonly batch: ElementBatch } | undefined
  const open = (): { readonly socket: TableSocket; readonly batch: ElementBatch } => {
    if (opened === undefined) {
      const socket = openTableSocket(system)
      opened = { socket, batch: new ElementBatch(socket.batchBytes) }
    }
    return opened
  }
  return {
    change: (steps) => {
      const { socket, batch } = open()
      for (let tries = 0; tries < TRIES; tries++) {
        const generation = socket.generation()
        if (!putTogether(socket, batch, steps)) return false
        const outcome = socket.commit(batch.end(generation))
        if (outcome !== 'stale') return outcome === 'done'
      }
      return false
    },
    fill: (filling, elements) => {
      const { socket, batch } = open()
      const place = placeOf(filling)
      const layout = place === null ? null : layoutFor(socket, place)
      if (place === null || layout === null) return false
      const reader = new ElementReader(elements, layout)
      while (reader.hasMore) {
        batch.begin()
        if (batch.elements('add', place, layout, reader) === 'unknown') return false
        if (!putIn(socket, batch, filling, place, layout)) return false
      }
      return true
    },
  }
}

/** All changes as one batch; false where they are too many, or one of them is not for here. */
function putTogether(socket: TableSocket, batch: ElementBatch, steps: readonly ElementStep[]): boolean {
  batch.begin()
  for (const step of steps) {
    const place = placeOf(step)
    const layout = place === null ? null : layoutFor(socket, place)
    if (place === null || layout === null) return false
    // A key alone is what there is to delete.
    const read = step.verb === 'delete' ? { ...layout, data: null } : layout
    const reader = new ElementReader(Buffer.from(step.elements, 'latin1'), read)
    if (batch.elements(step.verb, place, read, reader) !== 'done') return false
  }
  return steps.length > 0
}

/** Hands over a batch as long as the set is the one that is meant. */
function putIn(
  socket: TableSocket,
  batch: ElementBatch,
  { marker }: FillingPlace,
  place: Place,
  layout: Layout,
): boolean {
  for (let tries = 0; tries < TRIES; tries++) {
    const generation = socket.generation()
    if (!socket.hasChain(place.family, place.table, marker)) return false
    const now = layoutFor(socket, place)
    if (now === null || JSON.stringify(now) !== JSON.stringify(layout)) return false
    const outcome = socket.commit(batch.end(generation))
    if (outcome !== 'stale') return outcome === 'done'
  }
  return false
}

function placeOf({ family, table, set }: Omit<FillingPlace, 'marker'>): Place | null {
  const number = FAMILY_NUMBERS[family]
  return number === undefined ? null : { family: number, table, set }
}

function layoutFor(socket: TableSocket, place: Place): Layout | null {
  const found = socket.set(place)
  return found === null ? null : layoutOf(found)
}
