/**
 * The disk, as far as the state folder needs it: each step lasts once it is done, so that a power cut leaves the disk
 * as it was between two of them. A parameter, so that tests can fail, count and end the process at each step.
 */
import { chmod, mkdir, open, readdir, readFile, readlink, rename, rm, stat, symlink } from 'node:fs/promises'
import { dirname } from 'node:path'

export interface Disk {
  /** Makes a folder, and those above it; false when it was there. Its group may look into it. */
  readonly makeFolder: (path: string) => Promise<boolean>
  /** Writes a new file, which its group may read. */
  readonly write: (path: string, data: string | Uint8Array) => Promise<void>
  /** Makes a new symbolic link. */
  readonly link: (path: string, target: string) => Promise<void>
  /** Gives a file, folder or link another name, in the place of what had that name. */
  readonly rename: (from: string, to: string) => Promise<void>
  /** Removes a file, or a folder with all in it. */
  readonly remove: (path: string) => Promise<void>
  /** Names in a folder; empty where there is none. */
  readonly list: (path: string) => Promise<readonly string[]>
  /** What a file holds; null where it cannot be read. */
  readonly read: (path: string) => Promise<Uint8Array | null>
  /** Size of a file in bytes; 0 where there is none. */
  readonly size: (path: string) => Promise<number>
  /** Where a symbolic link points; null where there is none. */
  readonly target: (path: string) => Promise<string | null>
}

export const thisDisk: Disk = {
  makeFolder: async (path) => {
    await makeShown(dirname(path))
    try {
      await mkdir(path, { mode: FOLDER_MODE })
      await show(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw error
    }
    await sync(dirname(path))
    return true
  },
  write: async (path, data) => {
    const file = await open(path, 'w', FILE_MODE)
    try {
      // Whatever the mask of this process is.
      await file.chmod(FILE_MODE)
      await file.writeFile(data)
      await file.sync()
    } finally {
      await file.close()
    }
  },
  link: async (path, target) => {
    await rm(path, { force: true })
    await symlink(target, path)
    await sync(dirname(path))
  },
  rename: async (from, to) => {
    await rename(from, to)
    await sync(dirname(to))
  },
  remove: async (path) => {
    await rm(path, { recursive: true, force: true })
  },
  list: (path) => readdir(path).catch(() => []),
  read: (path) => readFile(path).catch(() => null),
  size: (path) =>
    stat(path).then(
      ({ size }) => size,
      () => 0,
    ),
  target: (path) => readlink(path).catch(() => null),
}

/** In a folder of root's with the daemon's group (setgid) the daemon reads what is written there. */
const FILE_MODE = 0o640
const FOLDER_MODE = 0o750

/** Folders that are missing, from the outermost on. */
async function makeShown(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: FOLDER_MODE })
  if (first === undefined) return
  for (let made = path; made.length >= first.length; made = dirname(made)) await show(made)
}

/** Whatever the mask of this process is; that new files get the folder's group stays as it was inherited. */
async function show(folder: string): Promise<void> {
  const { mode } = await stat(folder)
  await chmod(folder, (mode & 0o2000) | FOLDER_MODE)
}

/** A name lasts once its folder is on the disk. */
async function sync(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
