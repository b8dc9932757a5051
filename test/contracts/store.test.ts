/** Every implementation of `Store` under the one contract. */
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore, startReader } from '@thingwall/gateway'
import { storeContract } from './store.ts'

/** In memory where the system offers it: what a disk adds here is only its time. */
const root = isWritable('/dev/shm') ? '/dev/shm' : tmpdir()

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

storeContract('node:sqlite', async () => {
  const folder = mkdtempSync(join(root, 'thingwall-store-'))
  return {
    open: async (limits) => openSqliteStore({ folder: join(folder, 'events'), ...limits }),
    end: async () => rmSync(folder, { recursive: true }),
  }
})

storeContract('node:sqlite, with a dictionary that is full', async () => {
  const folder = mkdtempSync(join(root, 'thingwall-store-'))
  return {
    open: async (limits) => openSqliteStore({ folder: join(folder, 'events'), words: 3, ...limits }),
    end: async () => rmSync(folder, { recursive: true }),
  }
})

storeContract('node:sqlite, read in a thread', async () => {
  const folder = mkdtempSync(join(root, 'thingwall-store-'))
  return {
    open: async (limits) => {
      const writer = openSqliteStore({ folder: join(folder, 'events'), ...limits })
      const reader = startReader(join(folder, 'events'))
      const close = async (): Promise<void> => {
        await Promise.all([reader.close(), writer.close()])
      }
      return { ...reader, append: writer.append, close }
    },
    end: async () => rmSync(folder, { recursive: true }),
  }
})
