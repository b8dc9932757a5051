/**
 * One at a time: whoever changes what is in force holds the lock of its state folder. It is the kernel's own (`flock`),
 * so it goes with its process, however that ends, and with the programs that were told to hold it too.
 *
 * Who was asked by somebody goes before who works in the background: they hold a second file, shared, while they wait,
 * and who is in no hurry looks at that one first. Who waits for long is told who has it.
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
  /** `asked`: somebody waits for it to be done. `background`: lets those go first. */
  readonly rank: 'asked' | 'background'
  /** How long to wait for others to end; default 60,000. */
  readonly waitMs?: number | undefined
  /** Told by whom it is held, once that has taken a few seconds, and again when it is another. */
  readonly waiting?: ((holder: string) => void) | undefined
}

/** How long to wait where nothing is said. A load of a hundred thousand devices on a busy machine ends within it. */
export const USUAL_WAIT_MS = 60_000

const LOCK_SH = 1
const LOCK_EX = 2
const LOCK_NB = 4
const LOCK_UN = 8
const RETRY_MS = 50
const SAY_AFTER_MS = 3000

/**
 * Does some work while nobody else who asks for the same folder's lock does any. The work is told the open file that is
 * locked: a program that inherits it holds the lock as well. Throws TW4014 when it stays taken.
 */
export async function exclusively<T>(
  folder: string,
  options: LockOptions,
  work: (lock: number) => Promise<T>,
): Promise<T> {
  const file = await take(folder, options)
  try {
    return await work(file.fd)
  } finally {
    await file.close()
  }
}

/**
 * The same for work that changes nothing: where somebody was asked for something meanwhile, it lets go of the lock at
 * once, and begins the work again after them. What was under way goes on to its end, and nobody hears of it.
 */
export async function undisturbed<T>(
  folder: string,
  options: Omit<LockOptions, 'rank'>,
  work: () => Promise<T>,
): Promise<T> {
  for (;;) {
    const file = await take(folder, { ...options, rank: 'background' })
    const over = new AbortController()
    try {
      const outcome = await Promise.race([
        work().then((value) => ({ value })),
        wanted(folder, over.signal).then(() => null),
      ])
      if (outcome !== null) return outcome.value
    } finally {
      over.abort()
      await file.close()
    }
  }
}

async function take(folder: string, options: LockOptions): Promise<FileHandle> {
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
    await turn(file, folder, options)
    await writeFile(path, `${options.who} (process ${process.pid})\n`).catch(() => {})
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Waits until the file is ours. */
async function turn(file: FileHandle, folder: string, options: LockOptions): Promise<void> {
  const { rank, waitMs = USUAL_WAIT_MS, waiting } = options
  const path = join(folder, 'lock')
  let queue: FileHandle | null = null
  const since = performance.now()
  let told: string | null = null
  try {
    for (;;) {
      queue ??= await openQueue(folder, rank)
      // Who looks whether anybody waits is in the way of saying so for an instant: so it is said again each time.
      if (rank === 'asked' && queue !== null) tryLock(queue, LOCK_SH)
      if ((rank === 'asked' || !isWanted(queue)) && tryLock(file, LOCK_EX)) return
      const waitedMs = performance.now() - since
      if (waitedMs >= waitMs) {
        throw new ThingwallError('TW4014', `another thingwall is at work here: ${await holder(path)}`, {
          hint: 'nothing was changed: wait until it has ended, then again',
        })
      }
      if (waiting !== undefined && waitedMs >= SAY_AFTER_MS) {
        const by = await holder(path)
        if (by !== told) waiting(by)
        told = by
      }
      await sleep(RETRY_MS)
    }
  } finally {
    await queue?.close()
  }
}

/** Resolves when somebody who was asked waits for the lock, or when nobody wants to know any more. */
async function wanted(folder: string, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    const queue = await openQueue(folder, 'background')
    const isSo = isWanted(queue)
    await queue?.close()
    if (isSo) return
    await sleep(RETRY_MS, undefined, { signal: over, ref: false }).catch(() => {})
  }
}

/**
 * The file that those hold who wait; null where nobody has made it yet. It is made by root, whose folder it is: where it
 * cannot be, on a full disk, they only wait longer.
 */
async function openQueue(folder: string, rank: LockOptions['rank']): Promise<FileHandle | null> {
  const path = join(folder, 'lock.wanted')
  const there = await open(path, 'r').catch(() => null)
  if (there !== null || rank === 'background') return there
  const made = await open(path, 'a+', 0o640).catch(() => null)
  await made?.chmod(0o640).catch(() => {})
  return made
}

function isWanted(queue: FileHandle | null): boolean {
  if (queue === null) return false
  if (!tryLock(queue, LOCK_EX)) return true
  libc().flock(queue.fd, LOCK_UN)
  return false
}

function tryLock(file: FileHandle, kind: number): boolean {
  return libc().flock(file.fd, kind | LOCK_NB) === 0
}

async function holder(path: string): Promise<string> {
  const said = await readFile(path, 'utf8').catch(() => '')
  return escapeText(said.trim() || 'it does not say who', 200)
}
