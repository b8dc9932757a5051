/** All checks of `thingwall doctor`, in the order in which people read them. One that fails says so and stops no other. */
import { access, constants, statfs } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { readClock } from '../clock/clock.ts'
import type { Machine } from '../machine/machine.ts'
import { survey } from '../machine/survey.ts'
import { openNft } from '../nft/program.ts'
import { backend } from './backend.ts'
import { connections } from './connections.ts'
import { disk } from './disk.ts'
import type { Check, Finding, Ground, Room } from './finding.ts'
import { forwarding } from './forwarding.ts'
import { kernelFeatures } from './kernel-features.ts'
import { marks } from './marks.ts'
import { neighbours } from './neighbours.ts'
import { otherFirewalls } from './other-firewalls.ts'
import { time } from './time.ts'
import { units } from './units.ts'
import { versions } from './versions.ts'

const checks: Readonly<Record<string, Check>> = {
  versions,
  kernel: kernelFeatures,
  backend,
  forwarding,
  neighbours,
  connections,
  firewalls: otherFirewalls,
  marks,
  clock: time,
  disk,
  restart: units,
}

export async function examine(ground: Ground): Promise<readonly Finding[]> {
  const found: Finding[] = []
  for (const [check, look] of Object.entries(checks)) {
    try {
      found.push(...(await look(ground)))
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      found.push({ check, severity: 'warning', message: `this could not be looked at: ${why}`, mend: null })
    }
  }
  return found
}

export interface GroundOptions extends Pick<Ground, 'machine' | 'state' | 'devices' | 'isInUse'> {
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Looks at this machine once, for all checks. Throws where not even its interfaces can be listed. */
export async function groundOf({ now, ...given }: GroundOptions): Promise<Ground> {
  const { machine, state } = given
  return {
    ...given,
    survey: await survey(machine),
    clock: await readClock({ machine, state, now }),
    tables: await tablesOf(machine),
    node: process.versions.node,
    room,
    withoutLibrary: withoutLibrary(),
  }
}

async function tablesOf(machine: Machine): Promise<Ground['tables']> {
  try {
    return await (await openNft(machine)).objects()
  } catch {
    return null
  }
}

/** Of the nearest folder that is there. */
async function room(path: string): Promise<Room> {
  try {
    const { bavail, bsize } = await statfs(path)
    const isWritable = await access(path, constants.W_OK).then(
      () => true,
      () => false,
    )
    return { freeBytes: bavail * bsize, isWritable }
  } catch (error) {
    const above = dirname(path)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === path) throw error
    return room(above)
  }
}

function withoutLibrary(): string | null {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
    koffi.load('libnftables.so.1')
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
