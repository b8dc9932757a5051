/**
 * The state folder: one folder for each application, and `confirmed`, a link to the one that comes back after a restart.
 *
 * The order is intention, kernel, record. What is about to be applied is on the disk before the kernel is asked, so a
 * full or unwritable disk stops an apply while nothing has changed. What became of it is written afterwards. A crash
 * between the two leaves a record whose digest and number the kernel's tables carry, and they decide (`fate.ts`): record
 * and kernel never disagree unseen. Every file is written whole: another file, fsync, rename.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import type { Disk } from '../disk/disk.ts'
import { gatewayPart } from '../disk/parts.ts'
import { refusing } from '../disk/refusing.ts'
import type { Coverage, Observation } from '../nft/observation.ts'
import type { ApplicationRecord, Deed, Order, Restart } from './point.ts'

/** Where the state is when nobody says otherwise. */
export const STATE_FOLDER = '/var/lib/thingwall'

/** How many applications are remembered. */
const MOST_KEPT = 200
/** What the compressed texts and documents of old ones may take, in bytes; the oldest go first. */
const MOST_BYTES = 64 * 1024 * 1024

const FORMAT = 2
const RECORD = 'record.json'
const OBSERVATION = 'observation.json'
const STORY = 'story.json'
const PREPARED = `.${STORY}.new`
const RULESET = 'ruleset.nft'
const DOCUMENT = 'policy.json.gz'
/** Only where anything was said by hand. Older versions leave it alone. */
const TOLD = 'bindings.json.gz'
/** What the boot unit loads, and its checksum as `sha256sum` reads it. */
const BOOT = 'boot.nft'
const BOOT_SUM = 'boot.sha256'
const RESTORED = 'restored.json'
/** Needed only while it is being loaded. */
const CHANGE = 'change.nft'
/** The link to the application that comes back after a restart. */
const CONFIRMED = 'confirmed'

/** What happened to an application since the kernel took it, as far as it was written down. */
export interface Story {
  /** Until when it was on trial, milliseconds since 1970; null where it never was. */
  readonly until: number | null
  readonly confirmed: Deed | null
  readonly ended: Ending | null
}

/** How an application came to its end. */
export type Ending =
  /** `isEarly`: found to be over before its time. Left out where it is not, as older versions did always. */
  | { readonly how: 'reverted'; readonly at: number; readonly isEarly?: true }
  | { readonly how: 'abandoned'; readonly at: number; readonly by: string }
  | { readonly how: 'replaced'; readonly at: number; readonly by: number }

export interface Application {
  readonly record: ApplicationRecord
  readonly coverage: Coverage
  /** How the tables looked right after the load; null where that was never written. */
  readonly observation: Observation | null
  /** Null where the kernel was never heard to have taken it. */
  readonly story: Story | null
  /**
   * A story that somebody got ready to write, and was ended before it was written: whether it came to that, the kernel
   * knows. Null for none.
   */
  readonly prepared: Story | null
  /** As a restart has put it in force last, and as the daemon has. */
  readonly restored: readonly RestoredAs[]
}

/** One rendering of an application put in force again: other prefixes or a newer compiler give another digest. */
export interface RestoredAs extends Pick<Restart, 'knowsTime'> {
  readonly digest: string
  readonly coverage: Coverage
  readonly observation: Observation
}

export interface State {
  /** Writes down what is about to be applied. Throws TW4008 when the disk does not take it. */
  readonly intend: (digest: string, text: string, coverage: Coverage, order: Order) => Promise<Intention>
  /** All that are kept, the newest first. */
  readonly applications: () => Promise<readonly Application[]>
  /** Number of the application that comes back after a restart; null for none. */
  readonly confirmed: () => Promise<number | null>
  /** Writes a text to be loaded, and says where. Throws TW4008 when the disk does not take it. */
  readonly change: (text: string) => Promise<string>
  /** The change was loaded, or not. */
  readonly changed: () => Promise<void>
  /** Gets ready to write what became of an application; `write` then does, and takes no more room. Throws TW4008. */
  readonly prepare: (sequence: number, story: Story) => Promise<Prepared>
  /** Makes sure that what a prepared story says of a restart is so. */
  readonly tell: (sequence: number, story: Story) => Promise<void>
  /** Writes down how an application was put in force again. */
  readonly restoredAs: (sequence: number, as: RestoredAs) => Promise<void>
  /** Forgets an application that never came into force. */
  readonly forget: (sequence: number) => Promise<void>
  /** Makes room: keeps what is alive, and of the rest the newest. */
  readonly prune: (alive: readonly number[]) => Promise<void>
  readonly documentOf: (sequence: number) => Promise<string | null>
  readonly toldFor: (sequence: number) => Promise<string | null>
}

export interface Prepared {
  readonly write: () => Promise<void>
  readonly withdraw: () => Promise<void>
}

export interface Intention {
  readonly record: ApplicationRecord
  /** The tables were seen to hold it. Throws when the disk does not take that. */
  readonly observed: (observation: Observation) => Promise<void>
  /** It did not come into force. */
  readonly withdraw: () => Promise<void>
}

/** Who writes: root everything, the daemon only its own part. */
export type Writer = 'root' | 'gateway'

export function openState(folder: string, disk: Disk, writer: Writer = 'root'): State {
  const applications = join(folder, 'applications')
  const own = writer === 'root' ? folder : gatewayPart(folder)
  const nameOf = (sequence: number): string => String(sequence).padStart(6, '0')
  const pathOf = (sequence: number): string => join(applications, nameOf(sequence))

  const writeWhole = async (path: string, name: string, data: string | Uint8Array): Promise<void> => {
    const temporary = join(path, `.${name}.new`)
    await disk.write(temporary, data)
    await disk.rename(temporary, join(path, name))
  }
  const readJson = async <T>(path: string): Promise<T | null> => {
    try {
      return JSON.parse(Buffer.from((await disk.read(path)) ?? '').toString('utf8')) as T
    } catch {
      return null
    }
  }
  const unpacked = async (path: string): Promise<string | null> => {
    const data = await disk.read(path)
    return data === null ? null : (await promisify(gunzip)(data)).toString('utf8')
  }
  const sequences = async (): Promise<readonly number[]> =>
    (await disk.list(applications))
      .filter((name) => /^\d{6,}$/.test(name))
      .map(Number)
      .sort((a, b) => b - a)
  const load = async (sequence: number): Promise<Application | null> => {
    const stored = await readJson<StoredRecord>(join(pathOf(sequence), RECORD))
    if (stored?.format !== FORMAT) return null
    const { format: _, coverage, ...kept } = stored
    const record: ApplicationRecord = { ...kept, bootDigest: kept.bootDigest ?? null }
    const observation = await readJson<Observation>(join(pathOf(sequence), OBSERVATION))
    const story = await readJson<Story>(join(pathOf(sequence), STORY))
    const prepared = await readJson<Story>(join(pathOf(sequence), PREPARED))
    const byRestart = await readJson<RestoredAs>(join(pathOf(sequence), RESTORED))
    const byGateway = readByGateway(await readJson<unknown>(join(gatewayPart(folder), RESTORED)), sequence)
    const restored = [byRestart, byGateway].filter((one) => one !== null)
    return { record, coverage, observation, story, prepared, restored }
  }
  /** Where both are the same it is one file: that of a large site has 50 MB. */
  const keepForBoot = async (path: string, boot: string, text: string): Promise<void> => {
    if (boot === text) await disk.link(join(path, BOOT), RULESET)
    else await writeWhole(path, BOOT, boot)
    await writeWhole(path, BOOT_SUM, `${createHash('sha256').update(boot).digest('hex')}  ${BOOT}\n`)
  }
  /** A folder of its own, also for two that start at once. */
  const claim = async (): Promise<number> => {
    for (let sequence = ((await sequences())[0] ?? 0) + 1; ; sequence++) {
      if (await disk.makeFolder(pathOf(sequence))) return sequence
    }
  }
  const confirmed = async (): Promise<number | null> => {
    const found = /(\d+)$/.exec((await disk.target(join(folder, CONFIRMED))) ?? '')
    return found === null ? null : Number(found[1])
  }
  const prepare = async (sequence: number, story: Story): Promise<Prepared> => {
    const path = pathOf(sequence)
    const temporary = { story: join(path, PREPARED), link: join(folder, `.${CONFIRMED}.new`) }
    const comesBack = story.confirmed !== null && story.ended === null
    await refusing(folder, async () => {
      await disk.write(temporary.story, JSON.stringify(story))
      if (comesBack) await disk.link(temporary.link, join('applications', nameOf(sequence)))
    })
    return {
      write: async () => {
        if (comesBack) await disk.rename(temporary.link, join(folder, CONFIRMED))
        await disk.rename(temporary.story, join(path, STORY))
      },
      withdraw: async () => {
        await disk.remove(temporary.story)
        if (comesBack) await disk.remove(temporary.link)
      },
    }
  }

  return {
    confirmed,
    prepare,
    tell: async (sequence, story) => (await prepare(sequence, story)).write(),
    applications: async () => {
      const all = await Promise.all((await sequences()).map(load))
      return all.filter((one) => one !== null)
    },
    intend: async (digest, text, coverage, { document, told, boot, ...order }) => {
      let path: string | null = null
      const withdraw = async (): Promise<void> => {
        if (path !== null) await disk.remove(path)
      }
      try {
        return await refusing<Intention>(folder, async () => {
          const sequence = await claim()
          path = pathOf(sequence)
          const record: ApplicationRecord = { ...order, sequence, digest, bootDigest: boot?.digest ?? null }
          await writeWhole(path, RULESET, text)
          if (document !== null) await writeWhole(path, DOCUMENT, await promisify(gzip)(document))
          if (told !== null) await writeWhole(path, TOLD, await promisify(gzip)(told))
          if (boot !== null) await keepForBoot(path, boot.text, text)
          const stored: StoredRecord = { format: FORMAT, coverage, ...record }
          // Last: without it there is no application.
          await writeWhole(path, RECORD, `${JSON.stringify(stored, null, 2)}\n`)
          return {
            record,
            withdraw,
            observed: (observation) => writeWhole(pathOf(sequence), OBSERVATION, JSON.stringify(observation)),
          }
        })
      } catch (error) {
        await withdraw().catch(() => {})
        throw error
      }
    },
    change: (text) =>
      refusing(folder, async () => {
        const path = join(own, CHANGE)
        await disk.makeFolder(own)
        await disk.write(path, text)
        return path
      }),
    changed: () => disk.remove(join(own, CHANGE)),
    restoredAs: (sequence, as) =>
      writer === 'root'
        ? writeWhole(pathOf(sequence), RESTORED, JSON.stringify(as))
        : writeWhole(own, RESTORED, JSON.stringify({ sequence, ...as })),
    forget: (sequence) => disk.remove(pathOf(sequence)),
    documentOf: (sequence) => unpacked(join(pathOf(sequence), DOCUMENT)),
    toldFor: (sequence) => unpacked(join(pathOf(sequence), TOLD)),
    prune: async (alive) => {
      if (writer !== 'root') return
      let sizeBytes = 0
      for (const [age, sequence] of (await sequences()).entries()) {
        const path = pathOf(sequence)
        if (alive.includes(sequence)) continue
        if (age >= MOST_KEPT) {
          await disk.remove(path)
          continue
        }
        const text = await disk.read(join(path, RULESET))
        if (text !== null) {
          await writeWhole(path, `${RULESET}.gz`, await promisify(gzip)(text))
          await disk.remove(join(path, RULESET))
        }
        await disk.remove(join(path, BOOT))
        for (const name of [DOCUMENT, TOLD, `${RULESET}.gz`]) {
          sizeBytes += await disk.size(join(path, name))
          if (sizeBytes > MOST_BYTES) await disk.remove(join(path, name))
        }
      }
    },
  }
}

/** What the daemon wrote of an application; null for anything that does not look like it. */
function readByGateway(value: unknown, sequence: number): RestoredAs | null {
  if (!isRecord(value) || value.sequence !== sequence || !isRecord(value.observation)) return null
  const { digest, knowsTime, coverage, observation } = value
  const { nft, objects, elements } = observation
  const isCoverage = coverage === 'all' || (Array.isArray(coverage) && coverage.every(isText))
  if (!isText(digest) || typeof knowsTime !== 'boolean' || !isCoverage || !isText(nft)) return null
  if (!isRecord(objects) || !isRecord(elements)) return null
  const isSeen = [...Object.values(objects), ...Object.values(elements)].every(isText)
  return isSeen ? (value as unknown as RestoredAs) : null
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

type StoredRecord = Omit<ApplicationRecord, 'bootDigest'> & {
  /** Missing where an older version wrote it. */
  readonly bootDigest?: string | null
} & { readonly format: number; readonly coverage: Coverage }
