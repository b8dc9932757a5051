/**
 * The state folder: one folder for each application, and `current`, a link to the one in force.
 *
 * The order is intention, kernel, confirmation. Text and record are on the disk before the kernel is asked, so a full
 * or unwritable disk stops an apply while nothing has changed. `current` moves afterwards. A crash between the two
 * leaves a record whose digest the kernel's tables carry, and the digest decides: record and kernel never disagree
 * unseen. Every file is written whole: temporary file, fsync, rename.
 */
import { mkdir, open, readdir, readFile, readlink, rename, rm, symlink, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { ThingwallError } from '../error.ts'
import type { Coverage, Observation } from '../nft/observation.ts'
import type { ApplicationRecord, Order } from './point.ts'

/** Where the state is when nobody says otherwise. */
export const STATE_FOLDER = '/var/lib/thingwall'

/** Needed only while it is being loaded. */
const CHANGE = 'change.nft'

export interface Application {
  readonly record: ApplicationRecord
  readonly coverage: Coverage
  /** How the tables looked right after the load; null where that was never written. */
  readonly observation: Observation | null
}

export interface State {
  /** Writes down what is about to be applied. Throws TW4008 when the disk does not take it. */
  readonly intend: (digest: string, text: string, coverage: Coverage, order: Order) => Promise<Intention>
  /** The newest application of this digest, the current one first. */
  readonly find: (digest: string) => Promise<Application | null>
  readonly current: () => Promise<Application | null>
}

export interface Intention {
  readonly record: ApplicationRecord
  /** The compiled text, on the disk. */
  readonly file: string
  /** Writes what is really to be loaded beside it, and says where. Throws TW4008 when the disk does not take it. */
  readonly change: (text: string) => Promise<string>
  /** It is in force. Throws when the disk does not take that. */
  readonly confirm: (observation: Observation) => Promise<void>
  /** It did not come into force. */
  readonly withdraw: () => Promise<void>
}

export function openState(folder: string): State {
  const applications = join(folder, 'applications')
  const pathOf = (sequence: number): string => join(applications, String(sequence).padStart(6, '0'))

  const sequences = async (): Promise<readonly number[]> => {
    const names = await readdir(applications).catch(() => [])
    return names
      .filter((name) => /^\d{6,}$/.test(name))
      .map(Number)
      .sort((a, b) => b - a)
  }
  const load = async (sequence: number): Promise<Application | null> => {
    const record = await readJson<StoredRecord>(join(pathOf(sequence), 'record.json'))
    if (record?.format !== 1) return null
    const { format: _, coverage, ...rest } = record
    const observation = await readJson<Observation>(join(pathOf(sequence), 'observation.json'))
    return { record: rest, coverage, observation }
  }
  const current = async (): Promise<Application | null> => {
    const target = await readlink(join(folder, 'current')).catch(() => null)
    const sequence = Number(/(\d+)$/.exec(target ?? '')?.[1] ?? 0)
    return sequence === 0 ? null : load(sequence)
  }
  /** A folder of its own, also when two applies start at once. */
  const claim = async (): Promise<number> => {
    await mkdir(applications, { recursive: true, mode: 0o700 })
    for (let sequence = ((await sequences())[0] ?? 0) + 1; ; sequence++) {
      const isMine = await mkdir(pathOf(sequence), { mode: 0o700 }).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'EEXIST') return false
          throw error
        },
      )
      if (isMine) return sequence
    }
  }
  /** Keeps this one and the one before it. */
  const prune = async (sequence: number): Promise<void> => {
    for (const old of (await sequences()).filter((one) => one < sequence - 1)) {
      await rm(pathOf(old), { recursive: true, force: true })
    }
  }

  return {
    current,
    find: async (digest) => {
      const now = await current()
      if (now?.record.digest === digest) return now
      for (const sequence of await sequences()) {
        const one = await load(sequence)
        if (one?.record.digest === digest) return one
      }
      return null
    },
    intend: async (digest, text, coverage, order) => {
      let path: string | null = null
      const withdraw = async (): Promise<void> => {
        if (path !== null) await rm(path, { recursive: true, force: true })
      }
      return refusing<Intention>(folder, async () => {
        const sequence = await claim()
        path = pathOf(sequence)
        const record = { ...order, sequence, digest }
        await writeWhole(path, 'ruleset.nft', text)
        await writeWhole(path, 'record.json', JSON.stringify({ format: 1, coverage, ...record }, null, 2))
        await syncFolder(applications)
        return {
          record,
          file: join(path, 'ruleset.nft'),
          withdraw,
          change: (change) =>
            refusing(folder, async () => {
              await writeWhole(pathOf(sequence), CHANGE, change)
              return join(pathOf(sequence), CHANGE)
            }),
          confirm: async (observation) => {
            await rm(join(pathOf(sequence), CHANGE), { force: true })
            await writeWhole(pathOf(sequence), 'observation.json', JSON.stringify(observation))
            await pointTo(folder, join('applications', String(sequence).padStart(6, '0')))
            await prune(sequence)
          },
        }
      }).catch(async (error: unknown) => {
        await withdraw().catch(() => {})
        throw error
      })
    },
  }
}

type StoredRecord = ApplicationRecord & { readonly format: number; readonly coverage: Coverage }

async function readJson<T>(path: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T
  } catch {
    return null
  }
}

async function writeWhole(folder: string, name: string, text: string): Promise<void> {
  const temporary = join(folder, `.${name}.new`)
  const file = await open(temporary, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, join(folder, name))
  await syncFolder(folder)
}

/** Moves `current` in one step. */
async function pointTo(folder: string, target: string): Promise<void> {
  const temporary = join(folder, `.current.${process.pid}`)
  await unlink(temporary).catch(() => {})
  await symlink(target, temporary)
  await rename(temporary, join(folder, 'current'))
  await syncFolder(folder)
}

/** A rename lasts once its folder is on the disk. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function refusing<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause)
    const meaning = why === 'ENOSPC' ? 'the disk is full' : why === 'EROFS' ? 'it is read-only' : why
    throw new ThingwallError('TW4008', `the state folder ${folder} cannot be written: ${meaning}`, {
      hint: `nothing was changed: make room or give write access there, or name another folder with --state DIR (df -h ${folder})`,
      cause,
    })
  }
}
