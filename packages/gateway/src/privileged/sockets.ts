/**
 * The netlink sockets that the gateway listens to, opened and configured here and read elsewhere. Configuring one needs
 * CAP_NET_ADMIN in whoever does it, each time; reading needs nothing. So whoever gets the socket can only read it.
 * (The packet sockets are in `wire-socket.ts`.)
 *
 * Messages: linux/netfilter/nfnetlink.h, nfnetlink_log.h, nfnetlink_conntrack.h. What comes in is not read here.
 */
import type { SocketRequest } from './request.ts'
import { EINTR, type System, systemError } from './system.ts'
import { openWireSocket } from './wire-socket.ts'

const AF_NETLINK = 16
const SOCK_RAW_NONBLOCKING: number = 3 | 0o4000 | 0o2000000
const NETLINK_NETFILTER = 12
const SOL_SOCKET = 1
const SO_RCVBUF = 8
const SO_RCVBUFFORCE = 33
const SOL_NETLINK = 270
const NETLINK_ADD_MEMBERSHIP = 1

const NFNLGRP_CONNTRACK_NEW = 1
const NFNLGRP_CONNTRACK_DESTROY = 3
const NFNLGRP_NFTABLES = 7

const NLMSG_ERROR = 2
const NLM_F_REQUEST = 1
const NLM_F_ACK = 4
const NLM_F_DUMP = 0x300

/** NFNL_SUBSYS_ULOG, NFULNL_MSG_CONFIG. */
const LOG_CONFIG = (4 << 8) | 1
/** NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET. */
const FLOW_GET = (1 << 8) | 1
const CFG_CMD = 1
const CFG_MODE = 2
const CFG_TIMEOUT = 4
const CFG_THRESHOLD = 5
const CFG_FLAGS = 6
const CMD_BIND = 1
const COPY_PACKET = 2
const FLAG_SEQUENCE = 1

/** Opens a socket and says its descriptor. Throws with what the kernel said. */
export function openSocket(system: System, request: SocketRequest): number {
  return request.kind === 'address-frames' ? openWireSocket(system, request) : openNetlink(system, request)
}

type NetlinkRequest = Exclude<SocketRequest, { readonly kind: 'address-frames' }>

function openNetlink(system: System, request: NetlinkRequest): number {
  const fd = system.socket(AF_NETLINK, SOCK_RAW_NONBLOCKING, NETLINK_NETFILTER)
  if (fd < 0) throw systemError(system, 'netlink socket')
  try {
    growBuffer(system, fd, request.receiveBufferBytes)
    const address = Buffer.alloc(12)
    address.writeUInt16LE(AF_NETLINK, 0)
    if (system.bind(fd, address, address.length) < 0) throw systemError(system, 'bind')
    prepare(system, fd, request)
    return fd
  } catch (error) {
    system.close(fd)
    throw error
  }
}

function prepare(system: System, fd: number, request: NetlinkRequest): void {
  switch (request.kind) {
    case 'packet-log':
      listenToLog(system, fd, request)
      return
    case 'flow-events':
      join(system, fd, NFNLGRP_CONNTRACK_NEW)
      join(system, fd, NFNLGRP_CONNTRACK_DESTROY)
      return
    case 'flow-table':
      send(system, fd, message(FLOW_GET, NLM_F_REQUEST | NLM_F_DUMP, 0, []))
      return
    case 'rule-changes':
      join(system, fd, NFNLGRP_NFTABLES)
      return
    default:
      request satisfies never
  }
}

function listenToLog(
  system: System,
  fd: number,
  { group, copyBytes, batch, flushAfterMs }: SocketRequest & { readonly kind: 'packet-log' },
): void {
  const configure = (...attributes: readonly Buffer[]): void => {
    send(system, fd, message(LOG_CONFIG, NLM_F_REQUEST | NLM_F_ACK, group, attributes))
    requireAcknowledged(system, fd)
  }
  configure(attribute(CFG_CMD, Buffer.of(CMD_BIND)))
  const mode = Buffer.alloc(6)
  mode.writeUInt32BE(copyBytes, 0)
  mode.writeUInt8(COPY_PACKET, 4)
  configure(
    attribute(CFG_MODE, mode),
    attribute(CFG_THRESHOLD, bigEndian(batch)),
    // In hundredths of a second.
    attribute(CFG_TIMEOUT, bigEndian(Math.ceil(flushAfterMs / 10))),
    attribute(CFG_FLAGS, Buffer.of(0, FLAG_SEQUENCE)),
  )
}

/** Beyond `net.core.rmem_max` that needs CAP_NET_ADMIN on the machine itself; what is got may be less. */
function growBuffer(system: System, fd: number, wantedBytes: number): void {
  const wanted = Buffer.alloc(4)
  wanted.writeInt32LE(wantedBytes, 0)
  if (system.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, wanted, 4) !== 0)
    system.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, wanted, 4)
}

function join(system: System, fd: number, group: number): void {
  const number = Buffer.alloc(4)
  number.writeInt32LE(group, 0)
  if (system.setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, number, 4) < 0)
    throw systemError(system, 'joining a netlink group')
}

function send(system: System, fd: number, bytes: Buffer): void {
  if (system.send(fd, bytes, bytes.length, 0) !== bytes.length) throw systemError(system, 'netlink send')
}

/** The kernel answers a configuration at once, before `send` returns. A packet logged meanwhile may come first. */
function requireAcknowledged(system: System, fd: number): void {
  const into = Buffer.alloc(0x10000 + 4096)
  for (;;) {
    const count = system.recv(fd, into, into.length, 0)
    if (count < 0) {
      if (system.errno() === EINTR) continue
      throw systemError(system, 'netlink receive')
    }
    for (let at = 0; at + 16 <= count; ) {
      const length = into.readUInt32LE(at)
      if (into.readUInt16LE(at + 4) === NLMSG_ERROR) {
        const refusal = into.readInt32LE(at + 16)
        if (refusal === 0) return
        throw Object.assign(new Error(`the kernel refused the packet log (errno ${-refusal})`), {
          errno: -refusal,
        })
      }
      at += Math.max(16, (length + 3) & ~3)
    }
  }
}

/** One nfnetlink request: nlmsghdr, nfgenmsg (any family, version 0, resource), attributes. */
function message(type: number, flags: number, resource: number, attributes: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(20)
  const body = Buffer.concat(attributes)
  head.writeUInt32LE(head.length + body.length, 0)
  head.writeUInt16LE(type, 4)
  head.writeUInt16LE(flags, 6)
  head.writeUInt32LE(1, 8)
  head.writeUInt16BE(resource, 18)
  return Buffer.concat([head, body])
}

function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc((4 + value.length + 3) & ~3)
  bytes.writeUInt16LE(4 + value.length, 0)
  bytes.writeUInt16LE(type, 2)
  value.copy(bytes, 4)
  return bytes
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value, 0)
  return bytes
}
