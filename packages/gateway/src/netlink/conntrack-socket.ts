/**
 * Opens a socket that receives the begin and the end of every flow in the connection table, and names the parts of
 * its messages. Changes in between are not asked for.
 *
 * Opening needs CAP_NET_ADMIN, reading does not. Wire format: linux/netfilter/nfnetlink_conntrack.h.
 */
import {
  AF_NETLINK,
  growReceiveBuffer,
  inNamespace,
  libc,
  SOCK_RAW_NONBLOCKING,
  systemError,
} from './libc.ts'
import { NETLINK_NETFILTER, type NetlinkSocket } from './nflog-socket.ts'

export interface ConntrackSocketOptions {
  /** The namespace whose flows are told, for example `/run/netns/router`; absent: this process's own. */
  readonly namespacePath?: string
  /** Asked of the kernel for messages that wait to be read. */
  readonly receiveBufferBytes: number
}

const NFNL_SUBSYS_CTNETLINK = 1
export const CONNTRACK_NEW: number = (NFNL_SUBSYS_CTNETLINK << 8) | 0
export const CONNTRACK_DELETE: number = (NFNL_SUBSYS_CTNETLINK << 8) | 2
/** Bits of the groups NFNLGRP_CONNTRACK_NEW (1) and NFNLGRP_CONNTRACK_DESTROY (3). */
const NEW_AND_DESTROY = 0b101

/** Attributes of a flow's message. */
export const CONNTRACK = { original: 1, reply: 2, mark: 8, countersOriginal: 9, countersReply: 10 } as const
/** Within a tuple, and within its two parts. */
export const TUPLE = { ip: 1, transport: 2 } as const
export const TUPLE_IP = { source4: 1, destination4: 2, source6: 3, destination6: 4 } as const
export const TUPLE_TRANSPORT = {
  number: 1,
  sourcePort: 2,
  destinationPort: 3,
  icmpType: 5,
  icmpv6Type: 8,
} as const
export const COUNTERS = { packets: 1, bytes: 2 } as const

/** When this returns, every flow that begins or ends from now on is told. Throws where the caller may not. */
export function openConntrackSocket(options: ConntrackSocketOptions): NetlinkSocket {
  const open = (): number => libc().socket(AF_NETLINK, SOCK_RAW_NONBLOCKING, NETLINK_NETFILTER)
  const fd = options.namespacePath === undefined ? open() : inNamespace(options.namespacePath, open)
  if (fd < 0) throw systemError('netlink socket')
  let isClosed = false
  const close = (): void => {
    if (!isClosed) libc().close(fd)
    isClosed = true
  }
  const receiveBufferBytes = growReceiveBuffer(fd, options.receiveBufferBytes)
  // struct sockaddr_nl: family, padding, port 0 (the kernel chooses), groups.
  const address = new DataView(new ArrayBuffer(12))
  address.setUint16(0, AF_NETLINK, true)
  address.setUint32(8, NEW_AND_DESTROY, true)
  if (libc().bind(fd, new Uint8Array(address.buffer), 12) !== 0) {
    const error = systemError('bind to conntrack events')
    close()
    throw error
  }
  return { fd, receiveBufferBytes, close }
}
