/**
 * One at a time: whoever changes what is in force holds the lock of its state folder. It is the kernel's own (`flock`),
 * so it goes with its process, however that ends, and with the programs that were told to hold it too. Who waits too
 * long is told who has it.
 */
import { type FileHandle, mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { escapeText } from '@thingwall/policy'
import { ThingwallError } from '../error.ts'
import { libc } from '../netlink/libc.ts'
import { refusing } from './refusing.ts'

export interface LockOptions {
  /** What is being done and by whom, for those who find it locked. */
  readonly who: string
  /** How long to wait for another to end; default 10,000. */
  readonly waitMs?: number
}

const LOCK_EX = 2
const LOCK_NB = 4
const RETRY_MS = 50

/**
 * Does some work while nobody else who asks for the same folder's lock does any. The work is told the open file that is
 * locked: a program that inherits it holds the lock as well. Throws TW4014 when it stays taken.
 */
export async function exclusively<T>(
  folder: string,
  options: LockOptions,
  work: (lock: number) => Promise<T>,
): Promise<T> {
  const path = join(folder, 'lock')
  // Read only, so that a disk that takes nothing any more keeps nobody from going back.
  const file = await refusing(folder, async () => {
    const there = await open(path, 'r').catch(() => null)
    if (there !== null) return there
    await mkdir(folder, { recursive: true, mode: 0o750 })
    const made = await open(path, 'a+', 0o660)
    // Whatever the mask is: the daemon, of the folder's group, holds it and says so too.
    await made.chmod(0o660)
    return made
  })
  try {
    await take(file, path, options)
    await writeFile(path, `${options.who} (process ${process.pid})\n`).catch(() => {})
    return await work(file.fd)
  } finally {
    await file.close()
  }
}

async function take(file: FileHandle, path: string, { waitMs = 10_000 }: LockOptions): Promise<void> {
  const { flock } = libc()
  for (let waitedMs = 0; flock(file.fd, LOCK_EX | LOCK_NB) !== 0; waitedMs += RETRY_MS) {
    if (waitedMs >= waitMs) {
      throw new ThingwallError('TW4014', `another thingwall is at work here: ${await holder(path)}`, {
        hint: 'nothing was changed: wait until it has ended, then again',
      })
    }
    await sleep(RETRY_MS)
  }
}

async function holder(path: string): Promise<string> {
  const said = await readFile(path, 'utf8').catch(() => '')
  return escapeText(said.trim() || 'it does not say who', 200)
}
