/**
 * A reader of the store that is there when somebody asks: its thread is started with the first question and ended after
 * a while without any, which spares a gateway the memory. One whose thread has failed is replaced with the next question.
 */
import { startReader } from './reader-handle.ts'
import type { EventReader } from './store.ts'

export interface RestingOptions {
  readonly start: () => EventReader
  /** Does it once, later, unless cancelled. */
  readonly later: (act: () => void, afterMs: number) => { readonly cancel: () => void }
  readonly restAfterMs: number
}

const REST_AFTER_MS = 60_000

/** Over a folder, with threads of this process. */
export function openRestingReader(folder: string): EventReader {
  return restingReader({
    start: () => startReader(folder),
    later: (act, afterMs) => {
      const timer = setTimeout(act, afterMs)
      timer.unref()
      return { cancel: () => clearTimeout(timer) }
    },
    restAfterMs: REST_AFTER_MS,
  })
}

export function restingReader({ start, later, restAfterMs }: RestingOptions): EventReader {
  let reader: EventReader | null = null
  let asking = 0
  let resting: { readonly cancel: () => void } | null = null
  let isClosed = false

  const leave = async (): Promise<void> => {
    const one = reader
    reader = null
    await one?.close()
  }
  const ask = async <T>(question: (of: EventReader) => Promise<T>): Promise<T> => {
    if (isClosed) throw new Error('the reader of events has ended')
    resting?.cancel()
    resting = null
    reader ??= start()
    const one = reader
    asking += 1
    try {
      return await question(one)
    } catch (error) {
      if (reader === one) reader = null
      void one.close()
      throw error
    } finally {
      asking -= 1
      if (asking === 0 && !isClosed) resting = later(() => void leave(), restAfterMs)
    }
  }
  return {
    find: (id) => ask((of) => of.find(id)),
    query: (query) => ask((of) => of.query(query)),
    overview: (query) => ask((of) => of.overview(query)),
    seen: (query) => ask((of) => of.seen(query)),
    size: () => ask((of) => of.size()),
    async close() {
      isClosed = true
      resting?.cancel()
      await leave()
    },
  }
}
