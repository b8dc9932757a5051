/**
 * Reads what the kernel says of changes to rule sets (NFNLGRP_NFTABLES): whether a transaction touched our tables, and
 * which program made it. What was changed it does not say; the enforcement point is asked for that.
 *
 * Messages: linux/netfilter/nf_tables.h. The socket is opened elsewhere.
 */
import { TABLE } from '@thingwall/policy/nftables'
import { EAGAIN, EINTR, ENOBUFS, libc, MSG_DONTWAIT, systemError } from '../netlink/libc.ts'
import { readAttributes, readMessages } from '../netlink/message.ts'

/** A program as the kernel names it. Its name is what it calls itself. */
export interface ChangedBy {
  readonly pid: number
  readonly name: string
}

export interface RuleChanges {
  /** Transactions that touched our tables, or may have: what did not fit into the socket's buffer counts as one. */
  readonly ours: number
  /** Who made the last of them; null where the kernel does not say. */
  readonly by: ChangedBy | null
}

export interface WaitingChanges extends RuleChanges {
  /** There were more messages than the socket has room for. */
  readonly isFlooded: boolean
}

const NFNL_SUBSYS_NFTABLES = 10
/** NFT_MSG_NEWGEN ends each transaction. */
const NEW_GENERATION = 15
/** struct nfgenmsg. */
const FAMILY_BYTES = 4
/** The name of the table, in every message that is about one. */
const TABLE_NAME = 1
const GENERATION = { pid: 2, name: 3 } as const
const BUFFER_BYTES = 1 << 16
/** More wait for the next call. */
const MOST_MESSAGES = 1000

/** Reads all that waits, without waiting. A function of its own for each socket: a transaction may come in two parts. */
export function ruleChanges(fd: number): () => WaitingChanges {
  const into = new Uint8Array(BUFFER_BYTES)
  const read = changeReader()
  return () => {
    let ours = 0
    let by: ChangedBy | null = null
    let isFlooded = false
    for (let count = 0; count < MOST_MESSAGES; count++) {
      const lengthBytes = libc().recv(fd, into, into.length, MSG_DONTWAIT)
      if (lengthBytes < 0) {
        const errno = libc().lastError()
        if (errno === EAGAIN) break
        if (errno === EINTR) continue
        if (errno !== ENOBUFS) throw systemError('reading rule changes', errno)
        ours += 1
        isFlooded = true
        continue
      }
      const found = read(into.subarray(0, lengthBytes))
      ours += found.ours
      by = found.by ?? by
    }
    return { ours, by, isFlooded }
  }
}

/** The same for the bytes of one datagram after the other. */
export function changeReader(): (bytes: Uint8Array) => RuleChanges {
  let isOurs = false
  return (bytes) => {
    let ours = 0
    let by: ChangedBy | null = null
    for (const { type, body } of readMessages(bytes)) {
      if (type >> 8 !== NFNL_SUBSYS_NFTABLES || body.length < FAMILY_BYTES) continue
      const attributes = readAttributes(body.subarray(FAMILY_BYTES))
      if ((type & 0xff) !== NEW_GENERATION) {
        isOurs ||= textOf(attributes.get(TABLE_NAME)) === TABLE
        continue
      }
      if (!isOurs) continue
      isOurs = false
      ours += 1
      const pid = attributes.get(GENERATION.pid)
      by =
        pid === undefined || pid.length < 4
          ? null
          : {
              pid: new DataView(pid.buffer, pid.byteOffset).getUint32(0, false),
              name: textOf(attributes.get(GENERATION.name)),
            }
    }
    return { ours, by }
  }
}

function textOf(bytes: Uint8Array | undefined): string {
  const text = Buffer.from(bytes ?? []).toString('utf8')
  const end = text.indexOf('\0')
  return end === -1 ? text : text.slice(0, end)
}
