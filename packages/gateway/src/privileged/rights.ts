/**
 * What the privileged process gives up before it reads its first request: every capability but CAP_NET_ADMIN and
 * CAP_NET_RAW, root, the way back (no_new_privs, bounding set), other programs (execve and the like), and growing files.
 * A process that only changes rules also gives up changing files in any way. It still reads them as nobody would: nft
 * looks protocols up in /etc/protocols whenever it reads or prints one.
 *
 * The kernel keeps capabilities for each thread. Leaving root takes them from Node's other threads altogether, and the
 * filter of system calls is put on all of them.
 */
import { readFileSync } from 'node:fs'
import { type System, systemError } from './system.ts'

export interface RightsOptions {
  /** Whom to become when started as root. */
  readonly uid: number
  readonly gid: number
  readonly files: 'change' | 'read'
}

const CAP_NET_ADMIN = 12
const CAP_NET_RAW = 13
const KEPT = (1 << CAP_NET_ADMIN) | (1 << CAP_NET_RAW)
const MOST_CAPABILITIES = 64

const PR_SET_DUMPABLE = 4
const PR_SET_KEEPCAPS = 8
const PR_CAPBSET_DROP = 24
const PR_SET_NO_NEW_PRIVS = 38
const PR_CAP_AMBIENT = 47
const PR_CAP_AMBIENT_CLEAR_ALL = 4
const RLIMIT_FSIZE = 1
const RLIMIT_CORE = 4

/** Throws where the result is not what it has to be: then nothing may be served. */
export function dropRights(system: System, options: RightsOptions): void {
  const must = (status: number, call: string): void => {
    if (status < 0) throw systemError(system, call)
  }
  must(system.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), 'prctl keepcaps')
  // Refused to those who have no CAP_SETPCAP: what they may regain is bounded by who started them.
  for (let one = 0; one < MOST_CAPABILITIES; one++) {
    if (one !== CAP_NET_ADMIN && one !== CAP_NET_RAW) system.prctl(PR_CAPBSET_DROP, one, 0, 0, 0)
  }
  if (process.getuid?.() === 0) leaveRoot(options)
  const header = Buffer.from(new Uint32Array([0x20080522, 0]).buffer)
  const { permitted } = capabilities()
  const kept = permitted & KEPT
  if ((kept & (1 << CAP_NET_ADMIN)) === 0) throw new Error('there is no CAP_NET_ADMIN to keep')
  // Effective, permitted, inheritable; then the upper halves.
  must(system.capset(header, Buffer.from(new Uint32Array([kept, kept, 0, 0, 0, 0]).buffer)), 'capset')
  must(system.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), 'prctl ambient')
  must(system.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 'prctl no_new_privs')
  must(system.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), 'prctl dumpable')
  must(system.setrlimit(RLIMIT_CORE, new BigUint64Array(2)), 'setrlimit core')
  must(system.setrlimit(RLIMIT_FSIZE, new BigUint64Array(2)), 'setrlimit fsize')
  const now = capabilities()
  if ((now.permitted & ~KEPT) !== 0 || (now.effective & ~KEPT) !== 0) throw new Error('capabilities are left')
  filterCalls(system, options.files)
}

/** Where only root exists (a user namespace with one user) there is nobody else to become. */
function leaveRoot({ uid, gid }: RightsOptions): void {
  const isMapped = (file: string, id: number): boolean =>
    readFileSync(`/proc/self/${file}`, 'utf8')
      .trim()
      .split('\n')
      .some((line) => {
        const [inside = 0, , count = 0] = line.trim().split(/\s+/).map(Number)
        return id >= inside && id < inside + count
      })
  if (!isMapped('uid_map', uid) || !isMapped('gid_map', gid)) return
  process.setgroups?.([])
  process.setgid?.(gid)
  process.setuid?.(uid)
}

/** Of this thread; the lower 32, among which are all that matter here, and a bit for any higher one. */
function capabilities(): { readonly permitted: number; readonly effective: number } {
  const status = readFileSync('/proc/thread-self/status', 'utf8')
  const read = (name: string): number => {
    const all = BigInt(
      `0x${new RegExp(`^${name}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1] ?? 'ffffffffffffffff'}`,
    )
    return Number(all & 0x7fffffffn) | (all >> 31n === 0n ? 0 : 1 << 30)
  }
  return { permitted: read('CapPrm'), effective: read('CapEff') }
}

interface Architecture {
  readonly audit: number
  readonly seccomp: number
  /** Refused to all. */
  readonly never: readonly number[]
  /** Refused to those who only read files. */
  readonly changes: readonly number[]
  /** Refused to them with flags that change a file: the number of the call, and where its flags are. */
  readonly opens: readonly (readonly [call: number, flagsAt: number])[]
}

/** System call numbers differ by architecture (`asm/unistd.h`). */
const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  x64: {
    audit: 0xc000003e,
    seccomp: 317,
    // execve, execveat, fork, vfork, ptrace, process_vm_readv, process_vm_writev, setns, unshare, mount, bpf,
    // init_module, finit_module, io_uring_setup, open_by_handle_at, kexec_load, perf_event_open, openat2
    never: [59, 322, 57, 58, 101, 310, 311, 308, 272, 165, 321, 175, 313, 425, 304, 246, 298, 437],
    // creat, unlink, unlinkat, rename, renameat, renameat2, link, linkat, symlink, symlinkat, mkdir, mkdirat, rmdir,
    // chmod, fchmodat, truncate, ftruncate
    changes: [85, 87, 263, 82, 264, 316, 86, 265, 88, 266, 83, 258, 84, 90, 268, 76, 77],
    opens: [
      [2, 24],
      [257, 32],
    ],
  },
  arm64: {
    audit: 0xc00000b7,
    seccomp: 277,
    never: [221, 281, 117, 270, 271, 268, 97, 40, 280, 105, 273, 425, 265, 104, 241, 437],
    changes: [35, 38, 276, 37, 36, 34, 53, 45, 46],
    opens: [[56, 32]],
  },
}

/** O_WRONLY, O_RDWR, O_CREAT, O_TRUNC. */
const CHANGING = 0o1 | 0o2 | 0o100 | 0o1000

const SECCOMP_SET_MODE_FILTER = 1
const SECCOMP_FILTER_FLAG_TSYNC = 1
/** Numbers from here on are the x32 calls of x86-64: the same calls under other numbers. */
const X32 = 0x40000000

type Instruction = readonly [code: number, yes: number, no: number, value: number]

const RET_ALLOW = 0x7fff0000
const RET_EACCES: number = 0x00050000 | 13

/**
 * Without filters in this kernel the rest has to do: capabilities, the user, no_new_privs. Instructions are those of
 * linux/filter.h: load a word of `seccomp_data`, jump, return.
 */
function filterCalls(system: System, files: RightsOptions['files']): void {
  const architecture = ARCHITECTURES[process.arch]
  if (architecture === undefined) return
  const { audit, seccomp, never, changes, opens } = architecture
  const refused = files === 'change' ? never : [...never, ...changes]
  const load = (offset: number): Instruction => [0x20, 0, 0, offset]
  const isEqual = (value: number, yes: number, no: number): Instruction => [0x15, yes, no, value]
  const hasBits = (value: number, yes: number, no: number): Instruction => [0x45, yes, no, value]
  const end = (verdict: number): Instruction => [0x06, 0, 0, verdict]
  const program = [
    load(4),
    isEqual(audit, 1, 0),
    end(RET_EACCES),
    load(0),
    ...refused.flatMap((call) => [isEqual(call, 0, 1), end(RET_EACCES)]),
    hasBits(X32, 0, 1),
    end(RET_EACCES),
    ...(files === 'change' ? [] : opens).flatMap(([call, flagsAt]) => [
      isEqual(call, 0, 4),
      load(flagsAt),
      hasBits(CHANGING, 0, 1),
      end(RET_EACCES),
      end(RET_ALLOW),
    ]),
    end(RET_ALLOW),
  ]
  const filter = Buffer.alloc(program.length * 8)
  for (const [at, [code, yes, no, value]] of program.entries()) {
    filter.writeUInt16LE(code, at * 8)
    filter.writeUInt8(yes, at * 8 + 2)
    filter.writeUInt8(no, at * 8 + 3)
    filter.writeUInt32LE(value, at * 8 + 4)
  }
  const status = system.seccomp(seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, {
    length: program.length,
    filter,
  })
  if (status !== 0 && system.errno() !== EINVAL && system.errno() !== ENOSYS)
    throw systemError(system, 'seccomp')
}

const EINVAL = 22
const ENOSYS = 38
