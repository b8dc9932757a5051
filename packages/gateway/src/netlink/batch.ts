/**
 * Reads many messages of a netlink socket with one system call (recvmmsg(2)). The messages stay in one buffer that
 * the next call overwrites. It knows no protocol; the socket is opened elsewhere.
 */
import { EAGAIN, EINTR, ENOBUFS, libc, MSG_DONTWAIT, nativeMemory, systemError } from './libc.ts'

export interface BatchOptions {
  /** How many messages one call takes. */
  readonly messages: number
  /** The longest message; a longer one is cut, and counted. */
  readonly messageBytes: number
}

export interface BatchReader {
  /** Takes what waits, at most one batch, and gives each message to `take`. Returns how many; 0: nothing waits. */
  readonly read: (take: (bytes: Uint8Array, from: number, to: number) => void) => number
  /** How often the kernel said that the buffer had been full; messages that did not fit here. */
  readonly losses: () => { readonly overruns: number; readonly cut: number }
  /** Gives the memory back; does not close the socket. */
  readonly end: () => void
}

/** struct iovec and struct mmsghdr of 64-bit machines. */
const IOVEC_BYTES = 16
const HEADER_BYTES = 64
const IOVEC_AT = 16
const IOVEC_COUNT_AT = 24
const FLAGS_AT = 48
const LENGTH_AT = 56
const MSG_TRUNC = 0x20

/** Throws where koffi has no binary for this platform. */
export function batchReader(fd: number, options: BatchOptions): BatchReader {
  const { messages, messageBytes } = options
  const buffers = nativeMemory(messages * messageBytes)
  const structures = nativeMemory(messages * (HEADER_BYTES + IOVEC_BYTES))
  const view = new DataView(structures.bytes.buffer, structures.bytes.byteOffset, structures.bytes.byteLength)
  structures.bytes.fill(0)
  for (let at = 0; at < messages; at++) {
    const vector = messages * HEADER_BYTES + at * IOVEC_BYTES
    view.setBigUint64(vector, buffers.address + BigInt(at * messageBytes), true)
    view.setBigUint64(vector + 8, BigInt(messageBytes), true)
    view.setBigUint64(at * HEADER_BYTES + IOVEC_AT, structures.address + BigInt(vector), true)
    view.setBigUint64(at * HEADER_BYTES + IOVEC_COUNT_AT, 1n, true)
  }
  let overruns = 0
  let cut = 0

  const receive = (): number => {
    for (;;) {
      const count = libc().recvmmsg(fd, structures.address, messages, MSG_DONTWAIT, null)
      if (count >= 0) return count
      const errno = libc().lastError()
      if (errno === EAGAIN) return 0
      if (errno === ENOBUFS) overruns += 1
      else if (errno !== EINTR) throw systemError('recvmmsg on netlink', errno)
    }
  }

  return {
    read(take) {
      const count = receive()
      for (let at = 0; at < count; at++) {
        const head = at * HEADER_BYTES
        if ((view.getInt32(head + FLAGS_AT, true) & MSG_TRUNC) !== 0) cut += 1
        const from = at * messageBytes
        take(buffers.bytes, from, from + view.getUint32(head + LENGTH_AT, true))
      }
      return count
    },
    losses: () => ({ overruns, cut }),
    end() {
      buffers.free()
      structures.free()
    },
  }
}
