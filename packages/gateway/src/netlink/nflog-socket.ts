/**
 * Opens a socket that receives what `log group N` rules send (NFLOG), and names the parts of its messages.
 *
 * Opening needs CAP_NET_ADMIN, reading does not: whoever has the right may open and hand the descriptor on. It reads
 * nothing but the answers to its own requests. Wire format: linux/netfilter/nfnetlink_log.h.
 */
import {
  AF_NETLINK,
  EINTR,
  ENOBUFS,
  growReceiveBuffer,
  inNamespace,
  libc,
  MSG_DONTWAIT,
  SOCK_RAW_NONBLOCKING,
  systemError,
} from './libc.ts'
import { type Attribute, attribute, bigEndian, message, readMessages } from './message.ts'

export interface NflogSocketOptions {
  /** The number in `log group N`. One listener per group and namespace: a second is refused (EPERM). */
  readonly group: number
  /** The namespace whose rules log, for example `/run/netns/router`; absent: this process's own. */
  readonly namespacePath?: string
  /** How much of each packet to copy, from the network header on. */
  readonly copyBytes: number
  /** How many packets the kernel gathers into one message before it sends it, and how long it waits for them. */
  readonly gather: { readonly packets: number; readonly withinMs: number; readonly sizeBytes: number }
  /** Asked of the kernel for messages that wait to be read. */
  readonly receiveBufferBytes: number
}

export interface NetlinkSocket {
  readonly fd: number
  /** What the kernel gave; it counts double what is asked for. */
  readonly receiveBufferBytes: number
  readonly close: () => void
}

export const NETLINK_NETFILTER = 12
const NLMSG_ERROR = 2
const NFNL_SUBSYS_ULOG = 4
/** The type of a message that holds a packet. */
export const NFLOG_PACKET: number = (NFNL_SUBSYS_ULOG << 8) | 0
const MSG_CONFIG = (NFNL_SUBSYS_ULOG << 8) | 1

const CFG_CMD = 1
const CFG_MODE = 2
const CFG_BUFFER = 3
const CFG_TIMEOUT = 4
const CFG_THRESHOLD = 5
const CFG_FLAGS = 6
const CMD_BIND = 1
const COPY_PACKET = 2
const FLAG_SEQUENCE = 1

/** Attributes of a packet's message. */
export const NFLOG = {
  packetHeader: 1,
  mark: 2,
  indev: 4,
  outdev: 5,
  senderLink: 8,
  payload: 9,
  prefix: 10,
  sequence: 12,
  linkHeader: 16,
} as const

/** When this returns, every packet logged from now on is sent to the socket. Throws what the kernel answers. */
export function openNflogSocket(options: NflogSocketOptions): NetlinkSocket {
  const open = (): number => libc().socket(AF_NETLINK, SOCK_RAW_NONBLOCKING, NETLINK_NETFILTER)
  const fd = options.namespacePath === undefined ? open() : inNamespace(options.namespacePath, open)
  if (fd < 0) throw systemError('netlink socket')
  let isClosed = false
  const close = (): void => {
    if (!isClosed) libc().close(fd)
    isClosed = true
  }
  try {
    const receiveBufferBytes = growReceiveBuffer(fd, options.receiveBufferBytes)
    const { packets, withinMs, sizeBytes } = options.gather
    // Before it is bound nothing comes but the answer; from then on packets may come between.
    request(fd, options.group, 'bind', [attribute(CFG_CMD, Uint8Array.of(CMD_BIND))])
    request(fd, options.group, 'options', [
      attribute(CFG_MODE, bigEndian(4, options.copyBytes), Uint8Array.of(COPY_PACKET, 0)),
      attribute(CFG_FLAGS, bigEndian(2, FLAG_SEQUENCE)),
      attribute(CFG_THRESHOLD, bigEndian(4, packets)),
      // In hundredths of a second.
      attribute(CFG_TIMEOUT, bigEndian(4, Math.max(1, Math.round(withinMs / 10)))),
      // The kernel allocates this much for each message however full, and charges it to our buffer.
      attribute(CFG_BUFFER, bigEndian(4, sizeBytes)),
    ])
    return { fd, receiveBufferBytes, close }
  } catch (error) {
    close()
    throw error
  }
}

/**
 * The kernel answers within send(), and the answer stands behind what was logged before it. Those few packets, logged
 * between the two requests, are let go: nobody has been told yet that we listen, and numbers begin with what follows.
 */
function request(fd: number, group: number, step: string, attributes: readonly Attribute[]): void {
  // nfgenmsg: family unspecified, version 0, group in network order.
  const bytes = message(MSG_CONFIG, [Uint8Array.of(0, 0), bigEndian(2, group), ...attributes])
  if (libc().send(fd, bytes, bytes.length, 0) !== bytes.length) throw systemError(`nflog ${step}`)
  const into = new Uint8Array(0x20000)
  for (;;) {
    const lengthBytes = libc().recv(fd, into, into.length, MSG_DONTWAIT)
    if (lengthBytes < 0) {
      const errno = libc().lastError()
      if (errno === EINTR || errno === ENOBUFS) continue
      throw systemError(`nflog group ${group}, ${step}`, errno)
    }
    for (const { type, body } of readMessages(into.subarray(0, lengthBytes))) {
      if (type !== NLMSG_ERROR) continue
      const errno = -new DataView(body.buffer, body.byteOffset).getInt32(0, true)
      if (errno !== 0) throw systemError(`nflog group ${group}, ${step}`, errno)
      return
    }
  }
}
