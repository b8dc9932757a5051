/** The reading side of the store in a thread of its own, as the daemon holds it. */
import { Worker } from 'node:worker_threads'
import type { StoreReader } from './reader.ts'
import type { Answered, Asked } from './reader-thread.ts'
import type { EventReader } from './store.ts'

/** Starts the thread. It lets the process end; a question it did not answer when it ends is refused. */
export function startReader(folder: string): EventReader {
  const file = import.meta.url.endsWith('.ts') ? './reader-thread.ts' : './reader-thread.js'
  const worker = new Worker(new URL(file, import.meta.url), { name: 'event-reader', workerData: { folder } })
  const asked = new Map<
    number,
    { readonly resolve: (value: never) => void; readonly reject: (why: Error) => void }
  >()
  let sequence = 0
  let ended: Error | null = null
  worker.unref()
  worker.on('message', (answer: Answered) => {
    const waiting = asked.get(answer.number)
    asked.delete(answer.number)
    if (asked.size === 0) worker.unref()
    if (answer.kind === 'answer') waiting?.resolve(answer.value as never)
    else waiting?.reject(new Error(answer.message))
  })
  const end = (why: Error): void => {
    ended ??= why
    for (const { reject } of asked.values()) reject(ended)
    asked.clear()
  }
  worker.on('error', (error) => end(error instanceof Error ? error : new Error(String(error))))
  worker.on('exit', () => end(new Error('the reader of events has ended')))

  const ask = <Name extends keyof StoreReader>(
    what: Name,
    ...given: Parameters<StoreReader[Name]>
  ): Promise<ReturnType<StoreReader[Name]>> => {
    if (ended !== null) return Promise.reject(ended)
    const number = ++sequence
    worker.ref()
    return new Promise((resolve, reject) => {
      asked.set(number, { resolve, reject })
      worker.postMessage({ number, what, arguments: given } satisfies Asked)
    })
  }
  return {
    find: (id) => ask('find', id),
    query: (query) => ask('query', query),
    overview: (query) => ask('overview', query),
    seen: (query) => ask('seen', query),
    size: () => ask('size'),
    async close() {
      await worker.terminate()
    },
  }
}
