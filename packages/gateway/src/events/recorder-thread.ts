/** The thread of the recorder: it only puts the loop together with the port to its owner. */
import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { openWriter, type WriterOptions } from '../store/writer.ts'
import type { GatherOptions } from './gather.ts'
import { type Order, type RecordSources, record } from './record.ts'

/** What the thread is given. */
export interface RecorderData {
  readonly sources: RecordSources
  readonly store: WriterOptions
  readonly wake: number
  readonly port: MessagePort
  readonly gathering?: GatherOptions
}

const { sources, store, wake, port, gathering } = workerData as RecorderData
record({
  sources,
  wake,
  writer: openWriter(store),
  // The loop never returns to Node, so messages are asked for.
  nextOrder: () => (receiveMessageOnPort(port)?.message as Order | undefined) ?? null,
  tell: (told) => port.postMessage(told),
  clock: () => ({ wallMs: Date.now(), monotonicMs: performance.now() }),
  ...(gathering === undefined ? {} : { gathering }),
})
port.close()
