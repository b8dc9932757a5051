/** What a check of `thingwall doctor` finds, and what it may look at. Data only. */
import type { Clock } from '../clock/clock.ts'
import type { Machine } from '../machine/machine.ts'
import type { Survey } from '../machine/survey.ts'
import type { NftObject } from '../nft/program.ts'

export interface Finding {
  readonly check: string
  /** `missing`: thingwall does not work without it. `warning`: something is, or will be, wrong. */
  readonly severity: 'fine' | 'note' | 'warning' | 'missing'
  readonly message: string
  /** The exact command that mends it, or that leads there; null where nothing is to be done. */
  readonly mend: string | null
}

/** One machine, as far as a doctor looks at it. Nothing here changes anything. */
export interface Ground {
  readonly machine: Machine
  readonly survey: Survey
  /** The state folder. */
  readonly state: string
  readonly clock: Clock
  /** Every table of the machine; null where nft cannot be asked. */
  readonly tables: readonly NftObject[] | null
  /** Devices of the policy that was confirmed; null where there is none. */
  readonly devices: number | null
  /** Whether something is in force or comes back with a restart. */
  readonly isInUse: boolean
  /** Of Node, `24.21.0`. */
  readonly node: string
  /** Free bytes where a path is, or will be; and whether it can be written. */
  readonly room: (path: string) => Promise<Room>
  /** Why libnftables cannot be used in process; null where it can. */
  readonly withoutLibrary: string | null
}

export interface Room {
  readonly freeBytes: number
  readonly isWritable: boolean
}

/** One check: looks, and says what it found. At least one finding, so that what was looked at shows. */
export type Check = (ground: Ground) => Promise<readonly Finding[]>
