/**
 * The netlink socket on which elements go to the kernel without a text in between. It asks what a set is made of, and in
 * which state the machine's rules are: a number that every transaction changes, whoever makes it. A batch for another
 * state than the present one is not taken, so what was asked still holds when it is.
 *
 * Messages: linux/netfilter/nf_tables.h, nfnetlink.h. It knows no element.
 */
import { attribute, message, readAttributes, readMessages } from '../netlink/message.ts'
import { type Place, SUBSYSTEM } from './element-batch.ts'
import type { KernelSet } from './element-layout.ts'
import { EINTR, type System, systemError } from './system.ts'

export interface TableSocket {
  /** Batches may be as large as this. */
  readonly batchBytes: number
  /** The number of the state that the machine's rules are in. */
  readonly generation: () => number
  /** What a set is made of; null where there is none of that name. */
  readonly set: (place: Place) => KernelSet | null
  readonly hasChain: (family: number, table: string, chain: string) => boolean
  /** Hands over one transaction: `stale` where the machine's rules are in another state. Throws where nobody knows. */
  readonly commit: (batch: Buffer) => 'done' | 'stale' | 'refused'
}

/** NFPROTO_… of the families that our tables have. */
export const FAMILY_NUMBERS: Readonly<Record<string, number>> = { inet: 1, arp: 3 }

const AF_NETLINK = 16
const SOCK_RAW_NONBLOCKING: number = 3 | 0o4000 | 0o2000000
const NETLINK_NETFILTER = 12
const SOL_SOCKET = 1
const SO_SNDBUFFORCE = 32
const SOL_NETLINK = 270
const NETLINK_CAP_ACK = 10
const NLMSG_ERROR = 2
const GET_CHAIN: number = (SUBSYSTEM << 8) | 4
const GET_SET: number = (SUBSYSTEM << 8) | 10
const GET_GENERATION: number = (SUBSYSTEM << 8) | 16
const NAME_OF_TABLE = 1
const NAME_OF_SET = 2
const NAME_OF_CHAIN = 3
const SET = { flags: 3, keyType: 4, keyBytes: 5, dataType: 6, dataBytes: 7 } as const
const GENERATION_ID = 1

const ENOENT = 2
const EAGAIN = 11
const ERESTART = 85
const ENOBUFS = 105

/**
 * Larger ones take longer in all: what a transaction holds stays in the processor's cache. And where anybody listens to
 * changes of rules, the kernel keeps a message of four kilobytes for each element until the transaction is over.
 */
const BATCH_BYTES = 256 * 1024
/** What every socket takes (`net.core.wmem_default`), for who may not have more: a user namespace. */
const SMALL_BATCH_BYTES = 128 * 1024
const ANSWER_BYTES = 64 * 1024

/** Throws where the kernel gives no such socket. */
export function openTableSocket(system: System): TableSocket {
  const fd = system.socket(AF_NETLINK, SOCK_RAW_NONBLOCKING, NETLINK_NETFILTER)
  if (fd < 0) throw systemError(system, 'netlink socket')
  const set = (level: number, name: number, value: number): boolean => {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32LE(value, 0)
    return system.setsockopt(fd, level, name, bytes, 4) === 0
  }
  // Answers without the messages that they are about.
  set(SOL_NETLINK, NETLINK_CAP_ACK, 1)
  const isLarge = set(SOL_SOCKET, SO_SNDBUFFORCE, 2 * BATCH_BYTES)
  const into = Buffer.alloc(ANSWER_BYTES)

  const send = (bytes: Uint8Array): void => {
    if (system.send(fd, bytes, bytes.length, 0) !== bytes.length) throw systemError(system, 'netlink send')
  }
  /** The kernel has answered before `send` returns: what waits is all there is. */
  const answers = function* (): Generator<{ readonly type: number; readonly body: Uint8Array }> {
    for (;;) {
      const count = system.recv(fd, into, into.length, 0)
      // A copy: the next answer takes the room of this one.
      if (count >= 0) yield* readMessages(Uint8Array.from(into.subarray(0, count)))
      else if (system.errno() === EAGAIN) return
      // More refusals than there is room for: of what is taken it says only one thing.
      else if (system.errno() === ENOBUFS) yield { type: NLMSG_ERROR, body: REFUSED }
      else if (system.errno() !== EINTR) throw systemError(system, 'netlink receive')
    }
  }
  /** The attributes of what is there; null for nothing. */
  const ask = (type: number, family: number, names: readonly Uint8Array[]) => {
    send(message(type, [Uint8Array.of(family, 0, 0, 0), ...names]))
    let found: ReadonlyMap<number, Uint8Array> | null = null
    let errno = 0
    for (const answer of answers()) {
      if (answer.type !== NLMSG_ERROR) found = readAttributes(answer.body.subarray(4))
      else if (errno === 0) errno = errnoOf(answer.body)
    }
    if (errno !== 0 && errno !== ENOENT) throw new Error(`the kernel did not tell (errno ${errno})`)
    return errno === 0 ? found : null
  }
  return {
    batchBytes: isLarge ? BATCH_BYTES : SMALL_BATCH_BYTES,
    generation: () => {
      const number = numberIn(ask(GET_GENERATION, 0, []), GENERATION_ID)
      if (number === null) throw new Error('the kernel did not say in which state its rules are')
      return number
    },
    set: ({ family, table, set: name }) => {
      const found = ask(GET_SET, family, [named(NAME_OF_TABLE, table), named(NAME_OF_SET, name)])
      const [flags, keyType, keyBytes] = [SET.flags, SET.keyType, SET.keyBytes].map((one) =>
        numberIn(found, one),
      )
      if (found === null || keyType == null || keyBytes == null) return null
      return {
        flags: flags ?? 0,
        keyType,
        keyBytes,
        dataType: numberIn(found, SET.dataType),
        dataBytes: numberIn(found, SET.dataBytes) ?? 0,
      }
    },
    hasChain: (family, table, chain) =>
      ask(GET_CHAIN, family, [named(NAME_OF_TABLE, table), named(NAME_OF_CHAIN, chain)]) !== null,
    commit: (batch) => {
      send(batch)
      const errors = Array.from(answers(), ({ type, body }) => (type === NLMSG_ERROR ? errnoOf(body) : 0))
      // The last message asks for an answer, so silence is none.
      if (errors.length === 0) throw new Error('the kernel did not answer')
      const errno = errors.find((one) => one !== 0)
      return errno === undefined ? 'done' : errno === ERESTART ? 'stale' : 'refused'
    },
  }
}

/** An error without a number of its own. */
const REFUSED: Uint8Array = new Uint8Array(Int32Array.of(-ENOBUFS).buffer)

function errnoOf(body: Uint8Array): number {
  return -new DataView(body.buffer, body.byteOffset).getInt32(0, true)
}

function named(type: number, name: string): Uint8Array {
  return attribute(type, Buffer.from(`${name}\0`, 'latin1'))
}

function numberIn(attributes: ReadonlyMap<number, Uint8Array> | null, type: number): number | null {
  const bytes = attributes?.get(type)
  if (bytes === undefined || bytes.length < 4) return null
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, false)
}
