/** The thread that answers questions about events, so that a long one holds nobody else up. */
import { parentPort, workerData } from 'node:worker_threads'
import { openReader, type StoreReader } from './reader.ts'

/** A question, by the name of the reader's function. */
export interface Asked {
  readonly number: number
  readonly what: keyof StoreReader
  readonly arguments: readonly unknown[]
}

export type Answered =
  | { readonly number: number; readonly kind: 'answer'; readonly value: unknown }
  | { readonly number: number; readonly kind: 'failure'; readonly message: string }

const reader = openReader((workerData as { readonly folder: string }).folder)
parentPort?.on('message', ({ number, what, arguments: given }: Asked) => {
  try {
    const value = (reader[what] as (...given: readonly unknown[]) => unknown)(...given)
    parentPort?.postMessage({ number, kind: 'answer', value } satisfies Answered)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    parentPort?.postMessage({ number, kind: 'failure', message } satisfies Answered)
  }
})
