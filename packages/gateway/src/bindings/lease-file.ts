/**
 * Keeps the journal in step with the lease file of a DHCP server: what is in it is bound, what left it is let go. The
 * server decides who has an address, so what its file does not say any more goes first, and there is no conflict when it
 * gives an address to somebody else. Two servers that both give one address are another matter: the first keeps it.
 *
 * Folders are watched, not files, because servers write a new file in the place of the old one. A file that is gone or
 * cannot be read lets nothing go: leases end by themselves.
 */
import { watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { BindingClock } from './clock.ts'
import { readDnsmasqLeases } from './dnsmasq.ts'
import type { FileLease, Lease } from './entry.ts'
import type { Journal } from './journal.ts'
import { KEA_PARTS, readKeaLeases } from './kea.ts'
import type { Keeper } from './keeper.ts'

export interface LeaseFileOptions {
  readonly kind: 'dnsmasq' | 'kea'
  /** The file as its server names it: `/var/lib/misc/dnsmasq.leases`, `/var/lib/kea/kea-leases4.csv`. */
  readonly path: string
  readonly journal: Journal
  readonly keeper: Keeper
  readonly clock: BindingClock
  /** The file cannot be read, or what it says cannot be bound. */
  readonly trouble: (message: string) => void
}

export interface LeaseFile {
  /** Resolves when the journal says what the file says now. */
  readonly sync: () => Promise<void>
  readonly close: () => void
}

/** A server writes a file in several pieces, and several leases one after the other. */
const SETTLE_MS = 20
/** Of what a watcher misses, as on a network file system. */
const LOOK_EVERY_MS = 30_000

/** Begins to follow a lease file, which need not be there yet; its folder must. */
export function followLeaseFile(options: LeaseFileOptions): LeaseFile {
  const { path, trouble } = options
  let last: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | null = null
  const sync = (): Promise<void> => {
    last = last.then(() => syncOnce(options)).catch((error: unknown) => trouble(wordsOf(error)))
    return last
  }
  const soon = (): void => {
    timer ??= setTimeout(() => {
      timer = null
      void sync()
    }, SETTLE_MS)
  }
  const watcher = watch(dirname(path), (_, name) => {
    if (name === null || name.startsWith(basename(path))) soon()
  })
  watcher.on('error', (error) => trouble(wordsOf(error)))
  const regularly = setInterval(soon, LOOK_EVERY_MS)
  regularly.unref()
  soon()
  return {
    sync,
    close: () => {
      watcher.close()
      clearInterval(regularly)
      if (timer !== null) clearTimeout(timer)
    },
  }
}

async function syncOnce({ kind, path, journal, keeper, clock, trouble }: LeaseFileOptions): Promise<void> {
  const found = await readLeases(kind, path, clock.now())
  if (found === null) return
  const said = new Map(found.map((lease) => [lease.address, lease]))
  const gone = journal
    .leases()
    .filter(({ source, address, link }) => source === kind && said.get(address)?.link !== link)
  await Promise.all(gone.map((lease) => keeper.release(lease)))
  const work = [...said.values()].map(async ({ link, address, forMs }) => {
    const lease: Lease = { kind: 'lease', link, address, source: kind }
    if (journal.holds(lease, forMs)) return
    if ((await keeper.bind(lease, forMs)).kind === 'full') trouble('there is no room for more devices')
  })
  await Promise.all(work)
}

/** Null where there is nothing to read. */
async function readLeases(
  kind: LeaseFileOptions['kind'],
  path: string,
  at: number,
): Promise<readonly FileLease[] | null> {
  const read = (name: string): Promise<string | null> => readFile(name, 'latin1').catch(orNothing)
  switch (kind) {
    case 'dnsmasq': {
      const text = await read(path)
      return text === null ? null : readDnsmasqLeases(text, at)
    }
    case 'kea': {
      const parts = await Promise.all(KEA_PARTS.map((part) => read(`${path}${part}`)))
      // Without the file itself it is being exchanged: it is there again in a moment.
      return parts.at(-1) === null
        ? null
        : readKeaLeases(
            parts.map((part) => part ?? ''),
            at,
          )
    }
    default:
      return kind satisfies never
  }
}

function orNothing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
