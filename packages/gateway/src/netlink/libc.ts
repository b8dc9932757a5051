/**
 * The C library calls that Node does not offer: netlink and raw sockets, changing the network namespace, and loading
 * rule sets in process. All foreign-function code is in this file; it knows no protocol and keeps no state. Constants
 * are those of the Linux UAPI headers, the same on every architecture Node runs on (except MIPS and PA-RISC).
 */
import { closeSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import { getSystemErrorMap } from 'node:util'

/** The system calls, as libc names them. Each returns −1 on failure; ask `lastError()` for the cause. */
interface Libc {
  readonly socket: (domain: number, type: number, protocol: number) => number
  readonly bind: (fd: number, address: Uint8Array, lengthBytes: number) => number
  readonly send: (fd: number, data: Uint8Array, lengthBytes: number, flags: number) => number
  readonly sendto: (
    fd: number,
    data: Uint8Array,
    lengthBytes: number,
    flags: number,
    address: Uint8Array,
    addressBytes: number,
  ) => number
  readonly recv: (fd: number, into: Uint8Array, lengthBytes: number, flags: number) => number
  readonly recvfrom: (
    fd: number,
    into: Uint8Array,
    lengthBytes: number,
    flags: number,
    address: Uint8Array,
    addressBytes: Uint32Array,
  ) => number
  readonly setsockopt: (fd: number, level: number, name: number, value: Uint8Array, size: number) => number
  readonly getsockopt: (
    fd: number,
    level: number,
    name: number,
    value: Uint8Array,
    size: Uint32Array,
  ) => number
  readonly recvmmsg: (fd: number, messages: bigint, count: number, flags: number, timeout: null) => number
  readonly poll: (entries: Uint8Array, count: number, timeoutMs: number) => number
  readonly eventfd: (initial: number, flags: number) => number
  readonly close: (fd: number) => number
  readonly adjtimex: (clock: Uint8Array) => number
  readonly clock_gettime: (clock: number, into: BigInt64Array) => number
  readonly setns: (fd: number, kind: number) => number
  readonly flock: (fd: number, operation: number) => number
  readonly ifNameToIndex: (name: string) => number
  readonly ifIndexToName: (index: number, into: Uint8Array) => bigint | null
  readonly lastError: () => number
}

/** Socket domains (`sys/socket.h`). */
export const AF_NETLINK = 16
export const AF_PACKET = 17
/** Socket types; all are non-blocking and not inherited by child processes. */
export const SOCK_RAW_NONBLOCKING: number = 3 | 0o4000 | 0o2000000
const SOL_SOCKET = 1
const SO_RCVBUF = 8
const SO_RCVBUFFORCE = 33
const SO_MEMINFO = 55
const SK_MEMINFO_DROPS = 8
export const MSG_TRUNC = 0x20
export const MSG_DONTWAIT = 0x40
const CLONE_NEWNET = 0x40000000

/** errno values that readers tell apart. */
export const EINTR = 4
export const EAGAIN = 11
export const ENOBUFS = 105

let loaded: Libc | undefined

/**
 * The C library, loaded at first use so that those who only build sites never load native code.
 * Throws where koffi has no binary for this platform.
 */
export function libc(): Libc {
  if (loaded !== undefined) return loaded
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
  // null is the running program itself: its libc is already linked in, whatever its file is called.
  const program = koffi.load(null)
  loaded = {
    socket: program.func('int socket(int, int, int)'),
    bind: program.func('int bind(int, const void *, uint32_t)'),
    send: program.func('intptr_t send(int, const void *, size_t, int)'),
    sendto: program.func('intptr_t sendto(int, const void *, size_t, int, const void *, uint32_t)'),
    recv: program.func('intptr_t recv(int, void *, size_t, int)'),
    recvfrom: program.func('intptr_t recvfrom(int, void *, size_t, int, void *, uint32_t *)'),
    setsockopt: program.func('int setsockopt(int, int, int, const void *, uint32_t)'),
    getsockopt: program.func('int getsockopt(int, int, int, void *, uint32_t *)'),
    recvmmsg: program.func('int recvmmsg(int, void *, unsigned int, int, void *)'),
    poll: program.func('int poll(void *, unsigned long, int)'),
    eventfd: program.func('int eventfd(unsigned int, int)'),
    close: program.func('int close(int)'),
    adjtimex: program.func('int adjtimex(void *)'),
    clock_gettime: program.func('int clock_gettime(int, void *)'),
    setns: program.func('int setns(int, int)'),
    flock: program.func('int flock(int, int)'),
    ifNameToIndex: program.func('unsigned int if_nametoindex(const char *)'),
    ifIndexToName: program.func('void *if_indextoname(unsigned int, void *)'),
    lastError: () => koffi.errno(),
  } as Libc
  return loaded
}

/** Memory outside the garbage collector's reach, for structures that hold addresses of others. Never freed by itself. */
export interface NativeMemory {
  readonly address: bigint
  readonly bytes: Uint8Array
  /** Nothing may touch `bytes` afterwards. */
  readonly free: () => void
}

/** Takes `sizeBytes` of native memory. */
export function nativeMemory(sizeBytes: number): NativeMemory {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
  const address = koffi.alloc('uint8_t', sizeBytes) as bigint
  return {
    address,
    bytes: new Uint8Array(koffi.view(address, sizeBytes)),
    free: () => koffi.free(address),
  }
}

/** libnftables, as far as loading rule sets needs it. A context belongs to the namespace it was opened in. */
interface Libnftables {
  readonly open: (flags: number) => bigint | null
  readonly run: (context: bigint, commands: string) => number
  readonly keepErrors: (context: bigint) => number
  readonly errors: (context: bigint) => string
  readonly close: (context: bigint) => void
}

let loadedLibnftables: Libnftables | undefined

/** The library of the `nft` program, or undefined where it is not installed. */
export function libnftables(): Libnftables | undefined {
  if (loadedLibnftables !== undefined) return loadedLibnftables
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
  let library: ReturnType<typeof koffi.load>
  try {
    library = koffi.load('libnftables.so.1')
  } catch {
    return undefined
  }
  loadedLibnftables = {
    open: library.func('void *nft_ctx_new(uint32_t)'),
    run: library.func('int nft_run_cmd_from_buffer(void *, const char *)'),
    keepErrors: library.func('int nft_ctx_buffer_error(void *)'),
    errors: library.func('const char *nft_ctx_get_error_buffer(void *)'),
    close: library.func('void nft_ctx_free(void *)'),
  } as Libnftables
  return loadedLibnftables
}

/** An error naming the failed call and its cause, for example `bind: EADDRINUSE, address already in use`. */
export function systemError(call: string, errno: number = libc().lastError()): Error {
  const [name, text] = getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, 'unknown error']
  return Object.assign(new Error(`${call}: ${name}, ${text}`), { code: name, errno })
}

/**
 * Runs `act` with this thread inside the network namespace at `namespacePath` and comes back at once.
 * A socket stays in the namespace it was opened in, so opening is all that has to happen inside.
 * `act` must be synchronous: a promise would go on after the thread has left, and is refused.
 */
export function inNamespace<T>(namespacePath: string, act: () => T): T {
  const home = openSync('/proc/thread-self/ns/net', 'r')
  try {
    const target = openSync(namespacePath, 'r')
    try {
      if (libc().setns(target, CLONE_NEWNET) !== 0) throw systemError(`setns ${namespacePath}`)
    } finally {
      closeSync(target)
    }
    try {
      const result = act()
      if (result instanceof Promise) throw new TypeError('inNamespace takes a synchronous function')
      return result
    } finally {
      // Going on in the wrong namespace would act on the wrong network: nothing can be trusted after that.
      if (libc().setns(home, CLONE_NEWNET) !== 0) {
        process.stderr.write(`${systemError('setns home').message}\n`)
        process.abort()
      }
    }
  } finally {
    closeSync(home)
  }
}

/**
 * Makes a socket's receive buffer as large as the kernel lets us and returns the size got, in bytes.
 * Beyond `net.core.rmem_max` that needs CAP_NET_ADMIN on the machine itself, so a user namespace gets less.
 */
export function growReceiveBuffer(fd: number, wantedBytes: number): number {
  const wanted = new Uint8Array(new Uint32Array([wantedBytes]).buffer)
  if (libc().setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, wanted, 4) !== 0) {
    libc().setsockopt(fd, SOL_SOCKET, SO_RCVBUF, wanted, 4)
  }
  const got = new Uint32Array(1)
  libc().getsockopt(fd, SOL_SOCKET, SO_RCVBUF, new Uint8Array(got.buffer), new Uint32Array([4]))
  return got[0] ?? 0
}

/** How many messages the kernel could not put into the socket's buffer since it was opened (SO_MEMINFO, Linux 4.12). */
export function droppedMessages(fd: number): number {
  const fields = new Uint32Array(SK_MEMINFO_DROPS + 1)
  const size = new Uint32Array([fields.byteLength])
  if (libc().getsockopt(fd, SOL_SOCKET, SO_MEMINFO, new Uint8Array(fields.buffer), size) !== 0) {
    throw systemError('getsockopt SO_MEMINFO')
  }
  return fields[SK_MEMINFO_DROPS] ?? 0
}
