/**
 * The system calls of the privileged process and of whoever talks to it: rights, sockets, and descriptors handed over a
 * socket (SCM_RIGHTS), which Node has no function for. 64-bit Linux; layouts are those of glibc and of musl on
 * little-endian machines. It decides nothing.
 */
import { createRequire } from 'node:module'
import { getSystemErrorMap } from 'node:util'

type Koffi = typeof import('koffi')

/** libc's own names. Each returns −1 on failure. */
interface System {
  readonly prctl: (option: number, a: number, b: number, c: number, d: number) => number
  readonly capset: (header: Uint8Array, data: Uint8Array) => number
  readonly setrlimit: (resource: number, limits: BigUint64Array) => number
  readonly seccomp: (number: number, operation: number, flags: number, program: object) => number
  readonly socket: (domain: number, type: number, protocol: number) => number
  readonly socketpair: (domain: number, type: number, protocol: number, into: Int32Array) => number
  readonly connect: (fd: number, address: Uint8Array, lengthBytes: number) => number
  readonly bind: (fd: number, address: Uint8Array, lengthBytes: number) => number
  readonly send: (fd: number, data: Uint8Array, lengthBytes: number, flags: number) => number
  readonly recv: (fd: number, into: Uint8Array, lengthBytes: number, flags: number) => number
  readonly setsockopt: (fd: number, level: number, name: number, value: Uint8Array, size: number) => number
  readonly sendmsg: (fd: number, message: object, flags: number) => number
  readonly recvmsg: (fd: number, message: object, flags: number) => number
  readonly fcntl: (fd: number, command: number, value: number) => number
  readonly close: (fd: number) => number
  readonly errno: () => number
}

export const AF_UNIX = 1
export const SOCK_STREAM_CLOEXEC: number = 1 | 0o2000000
export const EINTR = 4
const EAGAIN = 11
const SOL_SOCKET = 1
const SCM_RIGHTS = 1
const MSG_DONTWAIT = 0x40
const F_GETFL = 3
const F_SETFL = 4
const O_NONBLOCK = 0o4000
const MSG_NOSIGNAL = 0x4000
const MSG_CMSG_CLOEXEC = 0x40000000

/** Binds libc. Throws where koffi has no binary for this platform. */
export function openSystem(): System {
  const koffi = createRequire(import.meta.url)('koffi') as Koffi
  // null is the running program itself: its libc is already linked in, whatever its file is called.
  const libc = koffi.load(null)
  const pointer = 'void *'
  const iovec = koffi.struct({ base: pointer, length: 'size_t' })
  const msghdr = koffi.struct({
    name: pointer,
    nameLength: 'uint32_t',
    pieces: koffi.pointer(iovec),
    pieceCount: 'size_t',
    control: pointer,
    controlLength: 'size_t',
    flags: 'int',
  })
  const program = koffi.struct({ length: 'uint16_t', filter: pointer })
  const message = koffi.pointer(msghdr)
  return {
    prctl: libc.func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)'),
    capset: libc.func('int capset(void *, const void *)'),
    setrlimit: libc.func('int setrlimit(int, const void *)'),
    seccomp: libc.func('syscall', 'long', ['long', 'long', 'long', koffi.pointer(program)]),
    socket: libc.func('int socket(int, int, int)'),
    socketpair: libc.func('int socketpair(int, int, int, void *)'),
    connect: libc.func('int connect(int, const void *, uint32_t)'),
    bind: libc.func('int bind(int, const void *, uint32_t)'),
    send: libc.func('intptr_t send(int, const void *, size_t, int)'),
    recv: libc.func('intptr_t recv(int, void *, size_t, int)'),
    setsockopt: libc.func('int setsockopt(int, int, int, const void *, uint32_t)'),
    sendmsg: libc.func('sendmsg', 'intptr_t', ['int', message, 'int']),
    recvmsg: libc.func('recvmsg', 'intptr_t', ['int', message, 'int']),
    fcntl: libc.func('int fcntl(int, int, long)'),
    close: libc.func('int close(int)'),
    errno: () => koffi.errno(),
  } as System
}

/** An error naming the failed call and its cause: `bind: EADDRINUSE, address already in use`. */
export function systemError(system: System, call: string): Error {
  const errno = system.errno()
  const [name, text] = getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, 'unknown error']
  return Object.assign(new Error(`${call}: ${name}, ${text}`), { code: name, errno })
}

/** Makes reading and writing wait, whatever the descriptor was left as by who opened it. */
export function makeBlocking(system: System, fd: number): void {
  const flags = system.fcntl(fd, F_GETFL, 0)
  if (flags < 0 || system.fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0) throw systemError(system, 'fcntl')
}

/** One descriptor's worth of ancillary data: cmsghdr and the number, padded. */
const CONTROL_BYTES = 24
const CONTROL_USED = 20

/** Writes bytes to a socket and hands a descriptor over with them. The bytes must be few: they go in one call. */
export function sendDescriptor(system: System, over: number, bytes: Buffer, descriptor: number): void {
  const control = Buffer.alloc(CONTROL_BYTES)
  control.writeBigUInt64LE(BigInt(CONTROL_USED), 0)
  control.writeInt32LE(SOL_SOCKET, 8)
  control.writeInt32LE(SCM_RIGHTS, 12)
  control.writeInt32LE(descriptor, 16)
  if (system.sendmsg(over, messageOf(bytes, control), MSG_NOSIGNAL) !== bytes.length)
    throw systemError(system, 'sendmsg')
}

export interface Received {
  readonly bytes: Buffer
  readonly descriptor: number | null
}

/** What has arrived on a socket, and the descriptor that came with it; null when nothing has yet. */
export function receiveDescriptor(system: System, over: number): Received | null {
  const bytes = Buffer.alloc(65_536)
  const control = Buffer.alloc(CONTROL_BYTES)
  const count = system.recvmsg(over, messageOf(bytes, control), MSG_DONTWAIT | MSG_CMSG_CLOEXEC)
  if (count < 0) {
    if ([EAGAIN, EINTR].includes(system.errno())) return null
    throw systemError(system, 'recvmsg')
  }
  const isHanded =
    control.readBigUInt64LE(0) === BigInt(CONTROL_USED) && control.readInt32LE(12) === SCM_RIGHTS
  return { bytes: bytes.subarray(0, count), descriptor: isHanded ? control.readInt32LE(16) : null }
}

function messageOf(bytes: Buffer, control: Buffer): object {
  return {
    name: null,
    nameLength: 0,
    pieces: [{ base: bytes, length: bytes.length }],
    pieceCount: 1,
    control,
    controlLength: control.length,
    flags: 0,
  }
}

export type { System }
