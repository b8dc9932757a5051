/**
 * The recorder, as the daemon holds it: a thread that reads the kernel's packet log and connection table, counts what
 * is alike together and writes it into the store, while the daemon's own loop stays free.
 *
 * Sockets are opened by whoever may (`openEventSockets` needs CAP_NET_ADMIN) and stay its own; the recorder reads them.
 */
import { writeSync } from 'node:fs'
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { openConntrackSocket } from '../netlink/conntrack-socket.ts'
import { libc, systemError } from '../netlink/libc.ts'
import { type NetlinkSocket, openNflogSocket } from '../netlink/nflog-socket.ts'
import type { EventId } from '../store/store.ts'
import type { WriterOptions } from '../store/writer.ts'
import type { Directory, DirectoryAddition } from './directory.ts'
import type { GatherOptions } from './gather.ts'
import type { Happening } from './model.ts'
import type { Order, RecordCounts, Told } from './record.ts'
import type { RecorderData } from './recorder-thread.ts'

export interface EventSockets {
  readonly nflog: NetlinkSocket | null
  readonly conntrack: NetlinkSocket | null
  readonly close: () => void
}

export interface EventSocketOptions {
  /** The group that the rule set logs to; null for no packets. */
  readonly group: number | null
  readonly flows: 'all' | 'none'
  /** The namespace of the rules, for example `/run/netns/router`; absent: this process's own. */
  readonly namespacePath?: string
  /** For each socket; default 32 MiB, which the kernel may cut to `net.core.rmem_max`. */
  readonly receiveBufferBytes?: number
}

/** Headers of any sane packet: IPv6, a few extension headers, the first of the transport. */
const COPY_BYTES = 128
const BUFFER_BYTES = 32 << 20

/** Throws what the kernel says: EPERM without the right, or where somebody else listens to the group. */
export function openEventSockets(options: EventSocketOptions): EventSockets {
  const { namespacePath, receiveBufferBytes = BUFFER_BYTES } = options
  const place = { ...(namespacePath === undefined ? {} : { namespacePath }), receiveBufferBytes }
  const nflog =
    options.group === null
      ? null
      : openNflogSocket({
          ...place,
          group: options.group,
          copyBytes: COPY_BYTES,
          gather: { packets: 64, withinMs: 100, sizeBytes: 32_768 },
        })
  try {
    const conntrack = options.flows === 'none' ? null : openConntrackSocket(place)
    const close = (): void => {
      nflog?.close()
      conntrack?.close()
    }
    return { nflog, conntrack, close }
  } catch (error) {
    nflog?.close()
    throw error
  }
}

export interface RecorderOptions {
  readonly sockets: Pick<EventSockets, 'nflog' | 'conntrack'>
  /** Where interface numbers mean something; absent: this process's own namespace. */
  readonly namespacePath?: string
  readonly store: WriterOptions
  /** Something was written; ids up to this one can be read. At most once a second, and after a flush. */
  readonly recorded?: (last: EventId) => void
  /** The thread has ended without being told to. Nothing is recorded any more. */
  readonly failed: (error: Error) => void
  readonly gathering?: GatherOptions
}

export interface Recorder {
  /** Takes what things are called now, whole. */
  readonly know: (directory: Directory) => void
  /** … or what has been learnt since. */
  readonly learn: (additions: readonly DirectoryAddition[]) => void
  /** Writes events of the daemon's own, with the next batch. */
  readonly append: (events: readonly Happening[]) => void
  readonly counts: () => Promise<RecordCounts>
  /** Reads and writes all there is at this moment. */
  readonly flush: () => Promise<RecordCounts>
  /** As `flush`, and ends the thread. The sockets stay open. */
  readonly close: () => Promise<RecordCounts>
}

/** EFD_CLOEXEC | EFD_NONBLOCK. */
const WAKE_FLAGS = 0o2000000 | 0o4000

export function startRecorder(options: RecorderOptions): Recorder {
  const wake = libc().eventfd(0, WAKE_FLAGS)
  if (wake < 0) throw systemError('eventfd')
  const { port1: port, port2 } = new MessageChannel()
  const data: RecorderData = {
    sources: {
      nflog: options.sockets.nflog?.fd ?? null,
      conntrack: options.sockets.conntrack?.fd ?? null,
      namespacePath: options.namespacePath ?? null,
    },
    store: options.store,
    wake,
    port: port2,
    ...(options.gathering === undefined ? {} : { gathering: options.gathering }),
  }
  const file = import.meta.url.endsWith('.ts') ? './recorder-thread.ts' : './recorder-thread.js'
  const worker = new Worker(new URL(file, import.meta.url), {
    name: 'recorder',
    workerData: data,
    transferList: [port2],
  })
  const asked = new Map<
    number,
    { readonly resolve: (counts: RecordCounts) => void; readonly reject: (why: Error) => void }
  >()
  let sequence = 0
  let isEnding = false
  let ended: Error | null = null

  const hear = (told: Told): void => {
    if (told.kind === 'recorded') options.recorded?.(told.last)
    else asked.get(told.reply)?.resolve(told.counts)
    if (told.kind === 'counted') asked.delete(told.reply)
  }
  port.on('message', hear)
  let failure: Error | null = null
  worker.on('error', (error) => {
    failure = error instanceof Error ? error : new Error(String(error))
  })
  const exited = new Promise<void>((resolve) => {
    worker.on('exit', () => {
      libc().close(wake)
      // On a busy machine its end is heard of before its last words: what it counted would be gone.
      for (let said = receiveMessageOnPort(port); said !== undefined; said = receiveMessageOnPort(port))
        hear(said.message as Told)
      port.close()
      ended = failure ?? new Error('the recorder has ended')
      for (const { reject } of asked.values()) reject(ended)
      asked.clear()
      if (!isEnding || failure !== null) options.failed(ended)
      resolve()
    })
  })

  const send = (order: Order): void => {
    if (ended !== null) return
    port.postMessage(order)
    writeSync(wake, ONE)
  }
  const ask = (kind: 'count' | 'flush' | 'close'): Promise<RecordCounts> => {
    if (ended !== null) return Promise.reject(ended)
    const reply = ++sequence
    const answer = new Promise<RecordCounts>((resolve, reject) => asked.set(reply, { resolve, reject }))
    send({ kind, reply })
    return answer
  }
  return {
    know: (directory) => send({ kind: 'directory', directory }),
    learn: (additions) => send({ kind: 'names', additions }),
    append: (events) => send({ kind: 'append', events }),
    counts: () => ask('count'),
    flush: () => ask('flush'),
    async close() {
      isEnding = true
      const counts = await ask('close')
      await exited
      return counts
    },
  }
}

/** What is added to the eventfd: 1, in host order. */
const ONE = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0)
