/**
 * `thingwall gateway` as root, without systemd's units: it stays, starts privileged processes for whoever connects, and
 * runs the daemon as an account that is not root. When either ends, both do. It reads nothing that comes from a network.
 */
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Account, acceptPrivileged, prepareFolders } from '@thingwall/gateway'
import { exits } from '../frame/exit.ts'
import { Failure } from '../frame/failure.ts'
import type { Host, Report } from '../frame/report.ts'

export interface SuperviseOptions {
  readonly account: Account
  readonly state: string
  readonly run: string
}

/** Names of what the daemon is told by its environment. */
export const PRIVILEGED = 'THINGWALL_PRIVILEGED'
export const BECOME = 'THINGWALL_BECOME'

/** A young generation of usual size is 25 MB that a daemon at rest never gives back. The unit says the same. */
const FRUGAL = ['--max-semi-space-size=1', '--v8-pool-size=1', '--optimize-for-size'] as const

/** Until the daemon has ended. Throws `Failure` where it did not end well. */
export async function supervise(options: SuperviseOptions, host: Host): Promise<Report> {
  const { account, state, run } = options
  prepareFolders(account, { state, run })
  // Beside the run folder, which is the account's: what root makes in here nobody else can exchange.
  const folder = mkdtempSync(join(dirname(run), 'thingwall-privileged-'))
  chmodSync(folder, 0o711)
  const accepting = await acceptPrivileged({
    ...account,
    folder,
    failed: (error) =>
      host.stderr.write(`thingwall: a privileged process could not be started: ${error.message}\n`),
  })
  try {
    const child = spawn(process.execPath, [...FRUGAL, ...process.execArgv, ...process.argv.slice(1)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { MALLOC_ARENA_MAX: '1', ...host.env, [PRIVILEGED]: folder, [BECOME]: account.name },
      cwd: host.cwd,
    })
    const stop = (signal: NodeJS.Signals): void => {
      child.kill(signal)
    }
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop)
    const { promise, resolve, reject } =
      Promise.withResolvers<readonly [number | null, NodeJS.Signals | null]>()
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve([code, signal]))
    const [code, signal] = await promise
    if (code === 0) return { exit: exits.fine, json: { ok: true }, text: () => '', next: [] }
    throw new Failure(`the gateway has ended: ${signal ?? `exit ${code}`}`, {
      code: 'environment',
      hint: 'what is in force stays; what it said last is above',
    })
  } finally {
    accepting.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
