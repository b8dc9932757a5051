/**
 * The loop that records: waits for packets, flows and orders, counts what is alike together, and writes down what is
 * due. It blocks its thread on purpose, so it runs in one of its own (`recorder-thread.ts`); every wait ends within a
 * second. It opens no socket and ends when it is told to.
 */
import { readSync } from 'node:fs'
import { type BatchReader, batchReader } from '../netlink/batch.ts'
import { droppedMessages, EINTR, inNamespace, libc, systemError } from '../netlink/libc.ts'
import type { EventId } from '../store/store.ts'
import type { StoreWriter } from '../store/writer.ts'
import { burstEnd } from './burst-end.ts'
import { readConntrack } from './conntrack-messages.ts'
import { type Directory, type DirectoryAddition, keepNames } from './directory.ts'
import type { Clock, GatherOptions } from './gather.ts'
import type { Happening, NoticeEvent } from './model.ts'
import { nflogMessages } from './nflog-messages.ts'
import { watchTraffic } from './traffic.ts'

export interface RecordSources {
  /** Descriptors of open netlink sockets. */
  readonly nflog: number | null
  readonly conntrack: number | null
  /** Where interface numbers mean something; null: here. */
  readonly namespacePath: string | null
}

export interface RecordOptions {
  readonly sources: RecordSources
  /** An eventfd: readable when there are orders. */
  readonly wake: number
  readonly writer: StoreWriter
  /** The next order, or null; never waits. */
  readonly nextOrder: () => Order | null
  readonly tell: (told: Told) => void
  readonly clock: () => Clock
  readonly gathering?: GatherOptions
}

export type Order =
  | { readonly kind: 'directory'; readonly directory: Directory }
  | { readonly kind: 'names'; readonly additions: readonly DirectoryAddition[] }
  | { readonly kind: 'append'; readonly events: readonly Happening[] }
  /** Answered with what was counted; `flush` reads and writes all there is first, `close` also ends. */
  | { readonly kind: 'count' | 'flush' | 'close'; readonly reply: number }

export type Told =
  | { readonly kind: 'recorded'; readonly last: EventId }
  | { readonly kind: 'counted'; readonly reply: number; readonly counts: RecordCounts }

/** Since the recording began. What came = what is in the store + what is lost. */
export interface RecordCounts {
  readonly packets: Counted & {
    /**
     * Messages that the socket dropped behind the last packet read, each of one packet at least: with the next packet
     * its number tells exactly how many were lost, and they are counted in `lost`.
     */
    readonly messagesLostSince: number
  }
  readonly flows: Counted
  /** Events written, and those the store could not take. */
  readonly events: { readonly written: number; readonly lost: number }
  /** Why the store did not take the last it was given; null when it did. */
  readonly storeFault: string | null
  /** Kinds of traffic told apart at the moment. */
  readonly kinds: number
}

export interface Counted {
  readonly seen: number
  /** Never reached us: packets by the gaps in their numbers, flows by the socket's own count. */
  readonly lost: number
  /** How often the buffer was full. */
  readonly overruns: number
}

/** Kinds that are new are written within this. */
const TELL_MS = 1000
/** Losses are told at once, and then so often. */
const LOSSES_MS = 60_000
const LONGEST_WAIT_MS = 1000
/** After a read, more is let come before the next: many messages cost one wait. */
const PAUSE_MS = 5
/** Batches read from one socket before it is the other's turn. */
const TURN = 32
const POLLIN = 1

export function record(options: RecordOptions): void {
  const { sources, writer, clock } = options
  const names = keepNames()
  const interfaces = interfaceNames(sources.namespacePath)
  const gathering = options.gathering === undefined ? {} : { gathering: options.gathering }
  const traffic = watchTraffic({ names, interfaceName: interfaces.name, ...gathering })
  const log = nflogMessages()
  // The kernel fills messages of the log as far as it was told to; those of flows are below a kilobyte.
  const packets = source(sources.nflog, { messages: 16, messageBytes: 65_536 })
  const flows = source(sources.conntrack, { messages: 256, messageBytes: 2048 })
  const counts = { packets: 0, flows: 0, written: 0, lost: 0, fault: null as string | null }
  const waiting: Happening[] = []
  let toldLosses = { packets: 0, flows: 0, at: Number.NEGATIVE_INFINITY }

  const end = burstEnd(sources.nflog)
  const readPackets = (now: Clock): number => {
    const before = log.lost()
    const read =
      packets?.read((bytes, from, to) => {
        log.read(bytes, from, to, (packet) => {
          counts.packets += 1
          traffic.packet(packet, now)
        })
      }) ?? 0
    if (read === 0) end.empty(packets?.losses().overruns ?? 0)
    else if (log.lost() > before) end.gap()
    return read
  }
  const readFlows = (now: Clock): number =>
    flows?.read((bytes, from, to) => {
      readConntrack(bytes, from, to, (change) => {
        counts.flows += 1
        traffic.flow(change, now)
      })
    }) ?? 0
  /** A bounded share of what waits; false when nothing did. */
  const takeTurn = (now: Clock): boolean => {
    let read = 0
    for (let turn = 0, one = 1; turn < TURN && one > 0; turn++) read += one = readPackets(now)
    for (let turn = 0, one = 1; turn < TURN && one > 0; turn++) read += one = readFlows(now)
    return read > 0
  }
  const lostPackets = (): number => log.lost() + (packets?.losses().cut ?? 0)
  const lostFlows = (): number =>
    (sources.conntrack === null ? 0 : droppedMessages(sources.conntrack)) + (flows?.losses().cut ?? 0)

  const losses = (now: Clock): readonly NoticeEvent[] => {
    if (now.monotonicMs - toldLosses.at < LOSSES_MS) return []
    const [lost, gone] = [lostPackets() + end.messages(), lostFlows()]
    const missing = [
      ['packets-lost', 'logged packets came faster than they could be read', lost - toldLosses.packets],
      ['flows-lost', 'flows opened and closed faster than they could be read', gone - toldLosses.flows],
    ] as const
    const notices = missing
      .filter(([, , count]) => count > 0)
      .map(([topic, text, count]): NoticeEvent => {
        return { kind: 'notice', at: now.wallMs, until: now.wallMs, topic, text, device: null, count }
      })
    if (notices.length > 0) toldLosses = { packets: lost, flows: gone, at: now.monotonicMs }
    return notices
  }
  const write = (now: Clock, due: 'due' | 'all'): void => {
    interfaces.forget()
    const events = [...losses(now), ...waiting.splice(0), ...traffic.take(now, due)]
    if (events.length === 0) return
    const { written, lost, because, last } = writer.append(events, now.wallMs)
    counts.written += written
    counts.lost += lost
    counts.fault = because
    if (last !== null) options.tell({ kind: 'recorded', last })
  }
  const counted = (): RecordCounts => ({
    packets: {
      seen: counts.packets,
      lost: lostPackets(),
      overruns: packets?.losses().overruns ?? 0,
      messagesLostSince: end.messages(),
    },
    flows: { seen: counts.flows, lost: lostFlows(), overruns: flows?.losses().overruns ?? 0 },
    events: { written: counts.written, lost: counts.lost },
    storeFault: counts.fault,
    kinds: traffic.size(),
  })
  /** False: that was the last one. */
  const obey = (order: Order): boolean => {
    switch (order.kind) {
      case 'directory':
        names.replace(order.directory)
        return true
      case 'names':
        names.add(order.additions)
        return true
      case 'append':
        waiting.push(...order.events)
        return true
      case 'count':
        options.tell({ kind: 'counted', reply: order.reply, counts: counted() })
        return true
      case 'flush':
      case 'close': {
        // What waits now, not what goes on coming.
        for (let turn = 0; turn < MOST_TURNS && takeTurn(clock()); turn++);
        write(clock(), 'all')
        options.tell({ kind: 'counted', reply: order.reply, counts: counted() })
        return order.kind === 'flush'
      }
      default:
        return order satisfies never
    }
  }

  const sockets = [sources.nflog, sources.conntrack].filter((fd) => fd !== null)
  const waits = waiter([options.wake, ...sockets])
  const pause = waiter([options.wake])
  let writeAt = clock().monotonicMs + TELL_MS
  try {
    for (;;) {
      // Before anything is read: the first order says what things are called.
      for (let order = options.nextOrder(); order !== null; order = options.nextOrder()) {
        if (!obey(order)) return
      }
      const before = clock()
      const hasRead = takeTurn(before)
      if (before.monotonicMs >= writeAt) {
        write(before, 'due')
        writeAt = clock().monotonicMs + TELL_MS
      }
      const left = Math.max(0, Math.min(LONGEST_WAIT_MS, writeAt - clock().monotonicMs))
      if (hasRead) pause(Math.min(PAUSE_MS, left))
      else waits(left)
    }
  } finally {
    packets?.end()
    flows?.end()
    writer.close()
  }
}

/** Turns that a flush takes at most: far more than a full buffer holds. */
const MOST_TURNS = 10_000

function source(fd: number | null, size: Parameters<typeof batchReader>[1]): BatchReader | null {
  return fd === null ? null : batchReader(fd, size)
}

/** Waits until one of the descriptors can be read; the first is the eventfd, which is emptied. */
function waiter(fds: readonly number[]): (timeoutMs: number) => void {
  // struct pollfd: descriptor, events, what happened.
  const entries = new DataView(new ArrayBuffer(fds.length * 8))
  for (const [at, fd] of fds.entries()) {
    entries.setInt32(at * 8, fd, true)
    entries.setInt16(at * 8 + 4, POLLIN, true)
  }
  const bytes = new Uint8Array(entries.buffer)
  const counter = new Uint8Array(8)
  return (timeoutMs) => {
    if (libc().poll(bytes, fds.length, Math.ceil(timeoutMs)) < 0) {
      const errno = libc().lastError()
      if (errno !== EINTR) throw systemError('poll', errno)
      return
    }
    if ((entries.getInt16(6, true) & POLLIN) !== 0) readSync(fds[0] as number, counter)
  }
}

/** Names by number, asked anew for each time something is written: interfaces come, go and are renamed. */
function interfaceNames(namespacePath: string | null): {
  readonly name: (index: number) => string | null
  readonly forget: () => void
} {
  const known = new Map<number, string | null>()
  const ask = (index: number): string | null => {
    const text = new Uint8Array(16)
    if (namespacePath === null) libc().ifIndexToName(index, text)
    else inNamespace(namespacePath, () => libc().ifIndexToName(index, text))
    const end = text.indexOf(0)
    return end <= 0 ? null : Buffer.from(text.subarray(0, end)).toString()
  }
  return {
    forget: () => known.clear(),
    name(index) {
      let name = known.get(index)
      if (name === undefined) {
        name = ask(index)
        known.set(index, name)
      }
      return name
    },
  }
}
