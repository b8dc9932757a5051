/**
 * A packet socket (packet(7)): sends whole Ethernet frames out of an interface and receives those that
 * arrive on it, in any network namespace. It never blocks, knows nothing of what is in a frame, and does
 * not show what this host itself sends.
 */
import {
  AF_PACKET,
  EAGAIN,
  EINTR,
  ENOBUFS,
  growReceiveBuffer,
  inNamespace,
  libc,
  MSG_DONTWAIT,
  MSG_TRUNC,
  SOCK_RAW_NONBLOCKING,
  systemError,
} from '../netlink/libc.ts'

export interface PacketSocketOptions {
  /** The interface to send from and to listen on. */
  readonly interface: string
  /** The namespace of that interface, for example `/run/netns/router`; absent: this process's own. */
  readonly namespacePath?: string
  /** Asked of the kernel for frames that wait to be drained; what was got is `receiveBufferBytes`. */
  readonly receiveBufferBytes?: number
}

export interface PacketSocket {
  readonly receiveBufferBytes: number
  /**
   * Sends one whole frame, Ethernet header included. Over a veth pair the frame has as a rule been through
   * the other side's rules and is in the sockets there when this returns. Throws when the kernel refuses it.
   */
  send(frame: Uint8Array): void
  /** The frames that have arrived since the last call, oldest first; empty when there are none. */
  drain(): Uint8Array[]
  /** Frames that arrived and were lost because nobody drained in time, since the socket was opened. */
  lost(): number
  close(): void
}

const ETH_P_ALL = 3
const SOL_PACKET = 263
const PACKET_STATISTICS = 6
const PACKET_IGNORE_OUTGOING = 23

/** Longest frame a socket can hand over: 64 KiB of packet (segmentation offload) and its link header. */
const FRAME_LIMIT_BYTES = 65_536 + 64

/** Opens a packet socket. Throws when the namespace or the interface is missing or the caller may not. */
export function openPacketSocket(options: PacketSocketOptions): PacketSocket {
  const open = (): number => openBound(options.interface)
  const fd = options.namespacePath === undefined ? open() : inNamespace(options.namespacePath, open)
  const receiveBufferBytes = growReceiveBuffer(fd, options.receiveBufferBytes ?? 16 * 1024 * 1024)
  const into = new Uint8Array(FRAME_LIMIT_BYTES)
  let lostFrames = 0
  let closed = false

  return {
    receiveBufferBytes,
    send(frame: Uint8Array): void {
      for (;;) {
        if (libc().send(fd, frame, frame.length, MSG_DONTWAIT) === frame.length) return
        const errno = libc().lastError()
        // A full device queue empties by itself, and the sender has nothing better to do.
        if (errno === EINTR || errno === ENOBUFS || errno === EAGAIN) continue
        throw systemError(`send on ${options.interface}`, errno)
      }
    },
    drain(): Uint8Array[] {
      const frames: Uint8Array[] = []
      for (;;) {
        const lengthBytes = libc().recv(fd, into, into.length, MSG_DONTWAIT | MSG_TRUNC)
        if (lengthBytes >= 0) {
          frames.push(into.slice(0, Math.min(lengthBytes, into.length)))
          continue
        }
        const errno = libc().lastError()
        if (errno === EAGAIN) return frames
        if (errno !== EINTR) throw systemError(`recv on ${options.interface}`, errno)
      }
    },
    lost(): number {
      // struct tpacket_stats { tp_packets, tp_drops }; reading it sets both to zero.
      const statistics = new Uint32Array(2)
      const bytes = new Uint8Array(statistics.buffer)
      libc().getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, bytes, new Uint32Array([8]))
      lostFrames += statistics[1] ?? 0
      return lostFrames
    },
    close(): void {
      if (!closed) libc().close(fd)
      closed = true
    },
  }
}

function openBound(name: string): number {
  const index = libc().ifNameToIndex(name)
  if (index === 0) throw systemError(`interface ${name}`)
  // Protocol 0 receives nothing, so that no frame of another interface slips in before bind().
  const fd = libc().socket(AF_PACKET, SOCK_RAW_NONBLOCKING, 0)
  if (fd < 0) throw systemError('packet socket')
  const ignore = new Uint8Array(new Uint32Array([1]).buffer)
  libc().setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, ignore, 4)
  // struct sockaddr_ll: family, protocol (network order), interface index, and 12 bytes bind() ignores.
  const address = new DataView(new ArrayBuffer(20))
  address.setUint16(0, AF_PACKET, true)
  address.setUint16(2, ETH_P_ALL, false)
  address.setInt32(4, index, true)
  if (libc().bind(fd, new Uint8Array(address.buffer), 20) !== 0) {
    const error = systemError(`bind to ${name}`)
    libc().close(fd)
    throw error
  }
  return fd
}
