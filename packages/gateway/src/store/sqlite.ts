/** The store on node:sqlite, reading and writing in the caller's thread: for programs, tests and threads that may wait. */
import { openReader } from './reader.ts'
import type { Store } from './store.ts'
import { openWriter, type WriterOptions } from './writer.ts'

export function openSqliteStore(options: WriterOptions): Store {
  const writer = openWriter(options)
  const reader = openReader(options.folder)
  return {
    append: async (events, nowMs) => writer.append(events, nowMs),
    find: async (id) => reader.find(id),
    query: async (query) => reader.query(query),
    overview: async (query) => reader.overview(query),
    seen: async (query) => reader.seen(query),
    size: async () => reader.size(),
    close: async () => writer.close(),
  }
}
