/**
 * Runs programs inside a network namespace: bounded in time, ended as a whole group, their output kept.
 * It starts programs from argument arrays only, never through a shell, and says nothing about which exit
 * codes are good.
 */
import { type ChildProcess, spawn as spawnChild } from 'node:child_process'
import { readdirSync, readlinkSync, statSync } from 'node:fs'

export interface RunOptions {
  /** Written to the program's standard input; absent: an empty input. */
  readonly input?: string | Uint8Array
  /** After this long the program and all it started are killed; default 30,000. */
  readonly withinMs?: number
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** How a program ended. `status` is null when a signal ended it, or it could not be started at all. */
export interface RunResult {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly timedOut: boolean
}

export interface HostProcess {
  readonly pid: number | undefined
  /** What it has written so far. */
  readonly output: () => { readonly stdout: string; readonly stderr: string }
  /** Settles when it has ended; never rejects. */
  readonly ended: Promise<RunResult>
  /** Asks it to end, kills it a second later, and settles when it has ended. */
  stop(): Promise<RunResult>
}

/** Output beyond this is dropped, per stream, so that a runaway program does not fill our memory. */
const outputLimit = 8 * 1024 * 1024
const stopWithinMs = 1000
const lateOutputMs = 250

/** Starts `argv` in the namespace at `namespacePath`, by default until somebody stops it. */
export function startIn(
  namespacePath: string,
  argv: readonly [program: string, ...args: string[]],
  options: RunOptions = {},
): HostProcess {
  const child = spawnChild('nsenter', [`--net=${namespacePath}`, '--', ...argv], {
    // A group of its own, so that what it starts ends with it.
    detached: true,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  let timedOut = false
  let failure = ''
  const { promise: ended, resolve } = Promise.withResolvers<RunResult>()
  const deadline =
    options.withinMs === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true
          signalGroup(child, 'SIGKILL')
        }, options.withinMs)
  const settle = (status: number | null, signal: NodeJS.Signals | null): void => {
    clearTimeout(deadline)
    resolve({ status, signal, stdout: stdout(), stderr: failure + stderr(), timedOut })
  }
  child.on('error', (error) => {
    failure = `${error.message}\n`
    if (child.pid === undefined) settle(null, null)
  })
  child.on('close', settle)
  // A daemon it left behind may hold its output open for ever; what it wrote itself has been read by then.
  child.on('exit', () => {
    setTimeout(() => {
      child.stdout?.destroy()
      child.stderr?.destroy()
    }, lateOutputMs).unref()
  })
  // A program may end without reading its input; that is its right.
  child.stdin?.on('error', () => {})
  child.stdin?.end(options.input)

  return {
    pid: child.pid,
    output: () => ({ stdout: stdout(), stderr: stderr() }),
    ended,
    async stop(): Promise<RunResult> {
      signalGroup(child, 'SIGTERM')
      const force = setTimeout(() => signalGroup(child, 'SIGKILL'), stopWithinMs)
      const result = await ended
      clearTimeout(force)
      // What it started may have outlived it.
      signalGroup(child, 'SIGKILL')
      return result
    },
  }
}

/** Kills whatever runs in these namespaces, daemons that left their group included. */
export function killAllIn(namespacePaths: readonly string[]): void {
  // Process numbers are only worth something when /proc shows our own process namespace.
  if (readlinkSync('/proc/self') !== String(process.pid)) return
  const theirs = new Set(namespacePaths.map((path) => statSync(path).ino))
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      if (theirs.has(statSync(`/proc/${name}/ns/net`).ino)) process.kill(Number(name), 'SIGKILL')
    } catch {
      // It has ended meanwhile, or is not ours.
    }
  }
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  stream?.on('data', (chunk: Buffer) => {
    if (sizeBytes < outputLimit) chunks.push(chunk)
    sizeBytes += chunk.length
  })
  return () => Buffer.concat(chunks).toString('utf8')
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // Nobody of the group is left.
  }
}
