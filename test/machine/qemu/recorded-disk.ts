/**
 * A disk whose every write is kept, and what was on it after each of them: what a power cut at that moment would have
 * left. The log is the one of Linux's dm-log-writes, which qemu's blklogwrites writes (Documentation/admin-guide/
 * device-mapper/log-writes.rst of Linux 6.1). It assumes that the disk kept the order of writes, as between flushes a
 * disk need not; it does not try other orders.
 */
import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { RecordedDisk } from './arguments.ts'

export interface Write {
  readonly kind: 'write' | 'discard'
  readonly offsetBytes: number
  readonly sizeBytes: number
  /** What was written; empty for a discard. */
  readonly data: Uint8Array
}

const MAGIC = 0x6a736677736872n
const flags = { discard: 1n << 2n, mark: 1n << 3n } as const
const unit = 512

/** Two files in this folder: an empty disk of this size, and the log. */
export function newRecordedDisk(folder: string, sizeBytes: number): RecordedDisk {
  const disk = { file: join(folder, 'recorded.raw'), log: join(folder, 'recorded.log') }
  emptyFile(disk.file, sizeBytes)
  writeFileSync(disk.log, '')
  return disk
}

function emptyFile(path: string, sizeBytes: number): void {
  const file = openSync(path, 'w')
  ftruncateSync(file, sizeBytes)
  closeSync(file)
}

/** The writes so far, in their order; flushes that wrote nothing are left out. */
export function writesOf({ log }: RecordedDisk): readonly Write[] {
  const bytes = readFileSync(log)
  if (bytes.length < unit) return []
  if (bytes.readBigUInt64LE(0) !== MAGIC) throw new Error(`${log} is no log of writes`)
  const sectorBytes = bytes.readUInt32LE(24)
  const writes: Write[] = []
  for (let at = sectorBytes; at + sectorBytes <= bytes.length; ) {
    const [sector, sectors, flag, dataBytes] = [0, 8, 16, 24].map((offset) =>
      bytes.readBigUInt64LE(at + offset),
    ) as [bigint, bigint, bigint, bigint]
    at += sectorBytes
    const isMark = (flag & flags.mark) !== 0n
    const isDiscard = (flag & flags.discard) !== 0n
    const sizeBytes = Number(sectors) * sectorBytes
    const kept = isMark ? Math.ceil(Number(dataBytes) / sectorBytes) * sectorBytes : isDiscard ? 0 : sizeBytes
    // The entry that is being written just now.
    if (at + kept > bytes.length) break
    if (!isMark && sizeBytes > 0) {
      writes.push({
        kind: isDiscard ? 'discard' : 'write',
        offsetBytes: Number(sector) * sectorBytes,
        sizeBytes,
        data: bytes.subarray(at, at + kept),
      })
    }
    at += kept
  }
  return writes
}

export interface Replay {
  /** The file as it is after this many writes; never fewer than before. */
  readonly upTo: (count: number) => void
  readonly close: () => void
}

/** Plays the writes into a new file of this size. */
export function replay(writes: readonly Write[], path: string, sizeBytes: number): Replay {
  emptyFile(path, sizeBytes)
  const file = openSync(path, 'r+')
  let done = 0
  return {
    upTo: (count) => {
      for (; done < count; done++) {
        const { kind, data, offsetBytes, sizeBytes: length } = writes[done] as Write
        const bytes = kind === 'discard' ? new Uint8Array(length) : data
        writeSync(file, bytes, 0, bytes.length, offsetBytes)
      }
    },
    close: () => closeSync(file),
  }
}
