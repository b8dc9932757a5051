/** The journal's file, as far as it needs one: a parameter, so that tests can fill the disk and cut the power. */
import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { gatewayPart } from '../disk/parts.ts'

export interface JournalFile {
  /** What it holds; empty where there is none. */
  readonly read: () => string
  /** Adds to its end at once, seen by every process; throws where the disk does not take it, and then adds nothing. */
  readonly append: (text: string) => void
  /** From here on what was appended is there after a power cut too. */
  readonly sync: () => Promise<void>
  /** Puts another text in its place, whole. Throws where the disk does not take it. */
  readonly replace: (text: string) => void
  /** Puts what cannot be read out of the way, where that can be done, so that another can take its place. */
  readonly setAside: () => void
  readonly close: () => void
}

/** The journal in the part of the state folder that is the daemon's. */
export function journalIn(folder: string): string {
  return join(gatewayPart(folder), 'bindings.journal')
}

/** The file in a state folder, which is made where there is none. */
export function openJournalFile(folder: string): JournalFile {
  const path = journalIn(folder)
  let fd: number | null = null
  const open = (): number => {
    if (fd !== null) return fd
    mkdirSync(dirname(path), { recursive: true, mode: 0o750 })
    fd = openSync(path, 'a', 0o600)
    return fd
  }
  const close = (): void => {
    if (fd !== null) closeSync(fd)
    fd = null
  }
  return {
    read: () => readJournalFile(folder),
    append: (text) => {
      const file = open()
      const before = fstatSync(file).size
      try {
        writeAll(file, text)
      } catch (error) {
        // What got in is half a line: the next one must not begin behind it.
        ftruncateSync(file, before)
        throw error
      }
    },
    sync: async () => {
      if (fd !== null) await promisify(fdatasync)(fd)
    },
    replace: (text) => {
      const temporary = `${path}.new`
      try {
        mkdirSync(dirname(path), { recursive: true, mode: 0o750 })
        const file = openSync(temporary, 'w', 0o600)
        try {
          writeAll(file, text)
          // A name that comes to the disk before what it names would leave an empty journal.
          fdatasyncSync(file)
        } finally {
          closeSync(file)
        }
        renameSync(temporary, path)
      } catch (error) {
        rmSync(temporary, { force: true })
        throw error
      }
      close()
    },
    setAside: () => {
      close()
      try {
        rmSync(`${path}.unread`, { recursive: true, force: true })
        renameSync(path, `${path}.unread`)
      } catch {
        // Then nothing takes its place, and `append` says why.
      }
    },
    close,
  }
}

/** The largest sites have a few million lines; what is longer is none of ours. */
const MOST_BYTES = 400 * 2 ** 20

/**
 * What the journal of a state folder holds; empty where there is none. Root reads here what the daemon has written, or
 * whoever broke into it: no link is followed, no pipe waited for.
 */
export function readJournalFile(folder: string): string {
  const path = journalIn(folder)
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
  try {
    const found = fstatSync(file)
    if (!found.isFile()) throw new Error(`${path} is not a file`)
    if (found.size > MOST_BYTES) throw new Error(`${path} has ${found.size} bytes, more than any site needs`)
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

function writeAll(file: number, text: string): void {
  const data = Buffer.from(text)
  for (let at = 0; at < data.length; ) at += writeSync(file, data, at)
}
