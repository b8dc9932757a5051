/**
 * Listens to the kernel's packet log (NFLOG): every packet that meets `log group N prefix "…"` comes out
 * here with its prefix, which is how a test learns which rule decided it. Losses are counted, never silent.
 * It does not decode the packet, and it does not read the text log (`log` without a group). What the gateway itself
 * records is read elsewhere, in batches and without copies (`events`).
 */
import {
  EAGAIN,
  EINTR,
  ENOBUFS,
  inNamespace,
  libc,
  MSG_DONTWAIT,
  MSG_TRUNC,
  systemError,
} from '../netlink/libc.ts'
import { readAttributes, readMessages } from '../netlink/message.ts'
import { NFLOG, NFLOG_PACKET, openNflogSocket } from '../netlink/nflog-socket.ts'

export interface NflogOptions {
  /** The number in `log group N`. One listener per group and namespace: a second is refused (EPERM). */
  readonly group: number
  /** The namespace whose rules log, for example `/run/netns/router`; absent: this process's own. */
  readonly namespacePath?: string
  /** How much of each packet to copy; default 2,048. */
  readonly copyBytes?: number
  /** Asked of the kernel for messages that wait to be drained; what was got is `receiveBufferBytes`. */
  readonly receiveBufferBytes?: number
}

/** The table family the logging hook runs for. */
export type NflogFamily = 'ipv4' | 'ipv6' | 'arp' | 'bridge' | 'netdev' | 'other'

/** One packet that met a logging rule. */
export interface NflogMessage {
  readonly prefix: string
  readonly family: NflogFamily
  /** Netfilter hook number: 0 prerouting, 1 input, 2 forward, 3 output, 4 postrouting; ARP: 0 in, 1 out. */
  readonly hook: number
  readonly etherType: number
  readonly indev?: string
  readonly outdev?: string
  /** The link header the packet came with: 14 bytes for Ethernet, the source address at 6. */
  readonly link?: Uint8Array
  /** The packet mark when it is not 0. */
  readonly mark?: number
  /** From the network header on, at most `copyBytes`. */
  readonly payload: Uint8Array
}

/** What did not reach us. Exact for `messages`; an overrun whose messages are not yet known counts alone. */
export interface NflogLosses {
  /** Messages missing in the kernel's numbering. */
  readonly messages: number
  /** How often the kernel said that the receive buffer was full. */
  readonly overruns: number
}

export interface NflogListener {
  readonly receiveBufferBytes: number
  /** The messages since the last call, oldest first; empty when there are none. */
  drain(): NflogMessage[]
  losses(): NflogLosses
  close(): void
}

/** NFPROTO_* of linux/netfilter.h. */
const families: Readonly<Record<number, NflogFamily>> = {
  2: 'ipv4',
  3: 'arp',
  5: 'netdev',
  7: 'bridge',
  10: 'ipv6',
}

/** Starts listening. When this returns, every packet logged from now on is reported or counted as lost. */
export function openNflog(options: NflogOptions): NflogListener {
  const inside = <T>(act: () => T): T =>
    options.namespacePath === undefined ? act() : inNamespace(options.namespacePath, act)
  const socket = openNflogSocket({
    group: options.group,
    ...(options.namespacePath === undefined ? {} : { namespacePath: options.namespacePath }),
    copyBytes: Math.min(options.copyBytes ?? 2048, 0xffff),
    // One message per packet, delivered at once and in the smallest buffer.
    gather: { packets: 1, withinMs: 10, sizeBytes: 256 },
    receiveBufferBytes: options.receiveBufferBytes ?? 32 * 1024 * 1024,
  })
  const { fd, receiveBufferBytes } = socket
  const into = new Uint8Array(0xffff + 4096)
  const names = new Map<number, string>()
  const waiting: NflogMessage[] = []
  let expected: number | undefined
  let missing = 0
  let overruns = 0

  const interfaceName = (index: number): string => {
    let name = names.get(index)
    if (name === undefined) {
      const text = new Uint8Array(16)
      inside(() => libc().ifIndexToName(index, text))
      name = text[0] === 0 ? `#${index}` : textUntilNul(text)
      names.set(index, name)
    }
    return name
  }

  const pull = (): void => {
    for (;;) {
      const lengthBytes = libc().recv(fd, into, into.length, MSG_DONTWAIT | MSG_TRUNC)
      if (lengthBytes < 0) {
        const errno = libc().lastError()
        if (errno === EAGAIN) return
        if (errno === ENOBUFS) overruns += 1
        else if (errno !== EINTR) throw systemError('recv on netlink', errno)
        continue
      }
      if (lengthBytes > into.length) throw new Error(`a netlink message of ${lengthBytes} bytes`)
      for (const { type, body } of readMessages(into.subarray(0, lengthBytes))) {
        if (type !== NFLOG_PACKET) continue
        const attributes = readAttributes(body.subarray(4))
        const sequence = number(attributes.get(NFLOG.sequence))
        if (sequence !== undefined) {
          if (expected !== undefined) missing += (sequence - expected) >>> 0
          expected = (sequence + 1) >>> 0
        }
        waiting.push(decode(body[0] ?? 0, attributes, interfaceName))
      }
    }
  }

  return {
    receiveBufferBytes,
    drain(): NflogMessage[] {
      pull()
      return waiting.splice(0)
    },
    losses: () => ({ messages: missing, overruns }),
    close(): void {
      socket.close()
    },
  }
}

function decode(
  family: number,
  attributes: ReadonlyMap<number, Uint8Array>,
  interfaceName: (index: number) => string,
): NflogMessage {
  const header = attributes.get(NFLOG.packetHeader)
  const indev = number(attributes.get(NFLOG.indev))
  const outdev = number(attributes.get(NFLOG.outdev))
  const mark = number(attributes.get(NFLOG.mark))
  const link = attributes.get(NFLOG.linkHeader)
  return {
    prefix: textUntilNul(attributes.get(NFLOG.prefix) ?? new Uint8Array()),
    family: families[family] ?? 'other',
    hook: header?.[2] ?? -1,
    etherType: ((header?.[0] ?? 0) << 8) | (header?.[1] ?? 0),
    ...(indev === undefined ? {} : { indev: interfaceName(indev) }),
    ...(outdev === undefined ? {} : { outdev: interfaceName(outdev) }),
    ...(link === undefined ? {} : { link: link.slice() }),
    ...(mark === undefined ? {} : { mark }),
    payload: (attributes.get(NFLOG.payload) ?? new Uint8Array()).slice(),
  }
}

function number(bytes: Uint8Array | undefined): number | undefined {
  return bytes === undefined || bytes.length < 4
    ? undefined
    : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, false)
}

function textUntilNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))
}
