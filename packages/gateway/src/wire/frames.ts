/** Reads a packet socket (packet(7)) without waiting: frames, and whether this machine sent them. It opens none. */
import { EAGAIN, EINTR, libc, MSG_DONTWAIT, MSG_TRUNC } from '../netlink/libc.ts'
import type { Seen } from './sighting.ts'

export interface Frames {
  readonly seen: readonly Seen[]
  /** Nothing will come any more: the interface is gone, or the socket is. */
  readonly isOver: boolean
}

const PACKET_OUTGOING = 4
/** struct sockaddr_ll: family, protocol, interface, hardware type, and then the packet's type. */
const ADDRESS_BYTES = 20
const TYPE_AT = 10
/** DHCP over Ethernet fits into one frame, of which larger ones exist; what is longer is neither of what we look for. */
const FRAME_BYTES = 9216
const ENETDOWN = 100

/** Reads a socket: at most so many frames, the oldest first. */
export type ReadFrames = (fd: number, most: number) => Frames

/** A reader with the memory that it reads into, which is asked for many times a second. */
export function frameReader(): ReadFrames {
  const into = new Uint8Array(FRAME_BYTES)
  const address = new Uint8Array(ADDRESS_BYTES)
  const size = new Uint32Array(1)
  return (fd, most) => {
    const seen: Seen[] = []
    while (seen.length < most) {
      size[0] = ADDRESS_BYTES
      const count = libc().recvfrom(fd, into, into.length, MSG_DONTWAIT | MSG_TRUNC, address, size)
      if (count < 0) {
        const errno = libc().lastError()
        // An interface that was taken down says so once, and goes on when it is up again.
        if (errno === EINTR || errno === ENETDOWN) continue
        return { seen, isOver: errno !== EAGAIN }
      }
      if (count <= into.length)
        seen.push({ frame: into.slice(0, count), isOutgoing: address[TYPE_AT] === PACKET_OUTGOING })
    }
    return { seen, isOver: false }
  }
}
