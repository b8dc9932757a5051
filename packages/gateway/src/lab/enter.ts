/**
 * Runs this process's own command again as root of fresh network, mount and process namespaces, with an
 * empty /run, so that `ip netns add` and `nft` work without touching the machine and without being root.
 * Everything made inside goes with the last process, however that ends. It builds no network: see site.ts.
 *
 * How it holds: the outer process starts `setpriv --pdeathsig KILL unshare … --pid --kill-child`. If the
 * outer one is killed the kernel kills unshare, then the inner Node, which is the first process of its
 * process namespace, and with it every process below. Namespaces live in a private /run and go with them.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { explainRefusal } from './refusal.ts'

/** Whether this machine lets us in; if not, why, and what its administrator can do about it. */
export type LabAccess =
  | { readonly possible: true }
  | { readonly possible: false; readonly reason: string; readonly fix: string }

export type LabEntry =
  /** This process runs in the lab: go on. */
  | { readonly kind: 'inside' }
  /** This process was the outer one; the command has run inside and ended with this code. */
  | { readonly kind: 'ended'; readonly exitCode: number }
  /** The machine forbids it; nothing has run. */
  | { readonly kind: 'impossible'; readonly reason: string; readonly fix: string }

export interface EnterOptions {
  /** What to run inside; default: this process's own program, flags and arguments. */
  readonly command?: readonly [program: string, ...args: string[]]
}

const readyVariable = 'THINGWALL_LAB_READY'
const outsideVariable = 'THINGWALL_LAB_OUTSIDE'
const namespaceFlags = ['--net', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child']
const userFlags = ['--user', '--map-root-user']
const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** How long the inside may take to clean up after a signal before it is killed. */
const graceMs = 10_000

/** Asks by trying, in some ten milliseconds: fresh namespaces, and a file system mounted in them. */
export function labAccess(): LabAccess {
  const found = findFlags()
  return 'reason' in found ? { possible: false, ...found } : { possible: true }
}

/** Whether this process already runs in the lab (or below a process that does). */
export function isInsideLab(): boolean {
  const outside = process.env[outsideVariable]?.split(' ') ?? []
  const here = namespaces()
  return outside.length === here.length && outside.every((name, at) => name !== here[at])
}

/**
 * Enters the lab. Call it first thing in a program, before it has done anything that must not happen twice:
 *
 * ```ts
 * const entry = await enterLab()
 * if (entry.kind === 'impossible') fail(entry.reason, entry.fix)
 * if (entry.kind === 'ended') process.exit(entry.exitCode)
 * // from here on: inside
 * ```
 *
 * SIGINT, SIGTERM and SIGHUP reach the inside once each; a program that wants to clean up listens for them
 * as ever, and one that does not ends at once.
 */
export async function enterLab(options: EnterOptions = {}): Promise<LabEntry> {
  if (isInsideLab()) {
    prepareInside()
    return { kind: 'inside' }
  }
  const flags = findFlags()
  if ('reason' in flags) return { kind: 'impossible', ...flags }
  const own = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  return { kind: 'ended', exitCode: await runInside(flags, options.command ?? own) }
}

/** The unshare flags that work here, or the refusal in words. */
function findFlags(): readonly string[] | { readonly reason: string; readonly fix: string } {
  const root = process.getuid?.() === 0
  let refusal = { program: 'unshare', said: '' }
  for (const flags of [...(root ? [namespaceFlags] : []), [...userFlags, ...namespaceFlags]]) {
    const probe = ['--pdeathsig', 'KILL', 'unshare', ...flags, 'mount', '-t', 'tmpfs', 'thingwall', '/run']
    const { status, stderr, error } = spawnSync('setpriv', probe, { encoding: 'utf8', timeout: 10_000 })
    if (status === 0) return flags
    refusal = { program: 'setpriv', said: error?.message ?? stderr.trim() }
  }
  return explainRefusal(refusal.said)
}

function runInside(flags: readonly string[], command: readonly string[]): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...flags, ...command], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [outsideVariable]: namespaces().join(' '), [readyVariable]: '' },
    // A session of its own: a terminal's Ctrl-C comes to us alone, and reaches the inside once.
    detached: true,
  })
  let deadline: NodeJS.Timeout | undefined
  const forward = (signal: NodeJS.Signals): void => {
    // unshare itself blocks these signals, so they are handed over in words.
    if (child.connected) child.send({ signal })
    else child.kill('SIGKILL')
    deadline ??= setTimeout(() => child.kill('SIGKILL'), graceMs)
  }
  for (const signal of endingSignals) process.on(signal, forward)
  child.on('error', reject)
  child.on('exit', (code, signal) => {
    clearTimeout(deadline)
    for (const ending of endingSignals) process.off(ending, forward)
    resolve(code ?? exitCodeOf(signal ?? 'SIGKILL'))
  })
  return promise
}

/** Makes the inside usable. Refuses to mount anything unless the mount namespace is really a fresh one. */
function prepareInside(): void {
  if (process.env[readyVariable] === '1') return
  must('mount', '-t', 'tmpfs', '-o', 'mode=755', 'thingwall', '/run')
  mkdirSync('/run/netns', { recursive: true })
  writeFileSync('/run/thingwall-lab', '')
  // Ours to see only our own processes; refused in containers that hide parts of /proc, and not needed then.
  spawnSync('mount', ['-t', 'proc', 'proc', '/proc'], { stdio: 'ignore' })
  must('ip', 'link', 'set', 'lo', 'up')
  process.env[readyVariable] = '1'

  // The first process of a namespace ignores signals it does not listen for, so we listen for the program.
  for (const signal of endingSignals) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(exitCodeOf(signal))
    })
  }
  process.on('message', (received: unknown) => {
    const signal = endingSignals.find((name) => name === (received as { signal?: unknown } | null)?.signal)
    if (signal !== undefined) process.kill(process.pid, signal)
  })
  process.on('disconnect', () => process.exit(exitCodeOf('SIGHUP')))
  process.channel?.unref()
}

function must(program: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`)
}

function namespaces(): readonly string[] {
  return ['net', 'mnt'].map((kind) => readlinkSync(`/proc/self/ns/${kind}`))
}

function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}
