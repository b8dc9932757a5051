/**
 * How the privileged process comes into being, and what is held of it: one end of a socket. Two ways: a parent with rights
 * starts it (`spawned`), or a connection to a path makes systemd start one (`connected`: a socket unit with `Accept=yes`
 * gives each connection a process of its own, as descriptor 3). Either way a new one is a new connection.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Purpose } from './serve.ts'
import { AF_UNIX, openSystem, SOCK_STREAM_CLOEXEC, systemError } from './system.ts'

export interface Launched {
  /** Our end. Whoever launches closes it. */
  readonly fd: number
  /** Null where somebody else started the process. */
  readonly pid: number | null
  /** Ends it whatever it is doing. Does nothing where somebody else started it. */
  readonly kill: () => void
  /** What it wrote to standard error; settles when it has ended, or soon after it should have. */
  readonly lastWords: () => Promise<string>
}

/** Starts a privileged process. Throws where that is impossible on this machine. */
export type Launch = (purpose: Purpose) => Launched

export interface SpawnOptions {
  /** Whom the process becomes when we are root; default 65534, nobody. */
  readonly uid?: number
  readonly gid?: number
}

const NOBODY = 65_534
const WORDS_LENGTH = 4000
const GONE_WITHIN_MS = 1000

/** For a process that has the rights itself: root, or one with CAP_NET_ADMIN among its ambient capabilities. */
export function spawned(options: SpawnOptions = {}): Launch {
  return (purpose) => {
    const system = openSystem()
    const ends = new Int32Array(2)
    if (system.socketpair(AF_UNIX, SOCK_STREAM_CLOEXEC, 0, ends) < 0) throw systemError(system, 'socketpair')
    const [ours = -1, theirs = -1] = ends
    const child = startProgram(purpose, { ...options, connection: theirs })
    system.close(theirs)
    let words = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      words = `${words}${chunk.toString('utf8')}`.slice(-WORDS_LENGTH)
    })
    const { promise: gone, resolve } = Promise.withResolvers<void>()
    child.on('close', () => resolve())
    child.on('error', (error) => {
      words += error.message
      resolve()
    })
    child.unref()
    ;(child.stderr as unknown as { unref?: () => void } | null)?.unref?.()
    return {
      fd: ours,
      pid: child.pid ?? null,
      kill: () => {
        child.kill('SIGKILL')
      },
      lastWords: async () => {
        await Promise.race([gone, sleep(GONE_WITHIN_MS)])
        return words.trim()
      },
    }
  }
}

/** The process itself, which has its connection as descriptor 3; what it says on standard error can be read. */
export function startProgram(
  purpose: Purpose,
  { connection, uid = NOBODY, gid = NOBODY }: SpawnOptions & { readonly connection: number | Socket },
): ChildProcess {
  const fromSource = import.meta.url.endsWith('.ts')
  const program = fileURLToPath(new URL(fromSource ? './process.ts' : './process.js', import.meta.url))
  const flags = ['--disable-sigusr1', '--disable-warning=ExperimentalWarning', '--v8-pool-size=1']
  return spawn(process.execPath, [...flags, program, purpose, String(uid), String(gid)], {
    stdio: ['ignore', 'ignore', 'pipe', connection],
    env: { LC_ALL: 'C', TZ: 'UTC' },
    cwd: '/',
    // A terminal's Ctrl-C is for us; it ends when its socket does.
    detached: true,
  })
}

/** For a process without rights: `paths` are the sockets of the two units. */
export function connected(paths: Readonly<Record<Purpose, string>>): Launch {
  return (purpose) => {
    const system = openSystem()
    const fd = system.socket(AF_UNIX, SOCK_STREAM_CLOEXEC, 0)
    if (fd < 0) throw systemError(system, 'socket')
    const path = Buffer.from(paths[purpose])
    // sockaddr_un: the family, and 108 bytes of path.
    const address = Buffer.alloc(110)
    if (path.length > 107)
      throw new RangeError(`the path of a socket is at most 107 bytes: ${paths[purpose]}`)
    address.writeUInt16LE(AF_UNIX, 0)
    path.copy(address, 2)
    if (system.connect(fd, address, 2 + path.length + 1) < 0) {
      const error = systemError(system, `connect ${paths[purpose]}`)
      system.close(fd)
      throw error
    }
    return { fd, pid: null, kill: () => {}, lastWords: () => Promise.resolve('') }
  }
}
