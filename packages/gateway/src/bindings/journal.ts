/**
 * The journal of bindings: leases, learnt addresses and answers, each until an instant, in a file of the state folder to
 * which is only added. Whoever applies, reverts or boots puts back into the kernel what it says.
 *
 * A line is written before the kernel is told, so that another process that applies at that moment finds it; it is on
 * the disk for good within a second (fdatasync once for all lines of that time). A power cut may lose that second: a
 * device then asks again. A torn line is no line. On a full disk everything goes on from memory, `trouble` says so, and
 * the file is written anew as soon as there is room. It is also written anew when most of its lines say nothing any more.
 */
import type { Address, Ruleset, Said } from '@thingwall/policy'
import type { GivenDevice } from '@thingwall/policy/nftables'
import { ThingwallError } from '../error.ts'
import type { BindingClock } from './clock.ts'
import { type Entry, type Fact, type Lease, leftMs, readEntry, writeEntry } from './entry.ts'
import { Facts, type Outcome } from './facts.ts'
import { type JournalFile, readJournalFile } from './journal-file.ts'

export interface Journal {
  /** Binds for so long; `Infinity` for no end. */
  readonly put: (fact: Fact, forMs: number) => Outcome
  /** Lets go; false where it was not bound. */
  readonly drop: (fact: Fact) => boolean
  readonly leases: () => readonly Lease[]
  /** Whether a lease is known already to last for so long. */
  readonly holds: (lease: Lease, forMs: number) => boolean
  /** Who has an address now, and for how long yet; null for nobody. */
  readonly holder: (address: Address) => { readonly lease: Lease; readonly leftMs: number } | null
  /** What one device, an index of the rule set, has now. */
  readonly given: (ruleset: Ruleset, device: number) => GivenDevice
  readonly said: (ruleset: Ruleset) => Said
  /** Why the file does not hold everything; null while it does. */
  readonly trouble: () => string | null
  /** Why what the file held when it was opened is not known; null where it is. It was put aside then. */
  readonly unread: string | null
  readonly size: () => { readonly lines: number; readonly unread: number }
  /** Resolves when everything so far is on the disk for good, or `trouble` says why not. */
  readonly flush: () => Promise<void>
  readonly close: () => Promise<void>
}

export interface JournalOptions {
  readonly file: JournalFile
  readonly clock: BindingClock
  /** How long a line may wait to be on the disk for good; default 1000. */
  readonly syncWithinMs?: number
}

/** Files say when a lease ends in whole seconds. */
const SAME_MS = 2000
/** Below this many lines the file is not written anew. */
const SMALL = 1000

/** Opens the journal and reads what it holds; begins a new one where that cannot be read. */
export function openJournal({ file, clock, syncWithinMs = 1000 }: JournalOptions): Journal {
  const [read, because] = factsOf(() => file.read(), clock)
  if (because !== null) file.setAside()
  const { facts, unread } = read
  let lines = read.lines
  let trouble: string | null = null
  let timer: NodeJS.Timeout | null = null

  const stamped = (fact: Fact, forMs: number, lasts: boolean): Entry => ({
    fact,
    lasts,
    stamp: {
      until: forMs === Number.POSITIVE_INFINITY ? null : clock.now() + forMs,
      now: clock.now(),
      sinceBootMs: clock.sinceBootMs(),
      boot: clock.boot,
      isTrusted: clock.isTrusted(),
    },
  })
  const rewrite = (): void => {
    const at = clock.sinceBootMs()
    facts.expire(at)
    const entries = [...facts.all()].map(({ fact, ends }) => writeEntry(stamped(fact, ends - at, true)))
    attempt(() => file.replace(entries.join('')))
    if (trouble === null) lines = entries.length
  }
  const attempt = (work: () => void): void => {
    try {
      work()
      trouble = null
    } catch (error) {
      trouble = error instanceof Error ? error.message : String(error)
    }
    timer ??= setTimeout(() => void flush(), syncWithinMs).unref()
  }
  const write = (entries: readonly Entry[]): void => {
    if (trouble !== null) return
    attempt(() => file.append(entries.map(writeEntry).join('')))
    lines += entries.length
  }
  const flush = async (): Promise<void> => {
    if (timer !== null) clearTimeout(timer)
    timer = null
    let held = 0
    if (lines > SMALL) for (const _ of facts.all()) held += 1
    // What is only in memory is written as soon as there is room.
    if (trouble !== null || (lines > SMALL && lines > held * 2)) rewrite()
    if (trouble !== null) return
    await file.sync().catch((error: unknown) => {
      trouble = error instanceof Error ? error.message : String(error)
    })
  }
  if (read.isTorn) rewrite()

  return {
    put: (fact, forMs) => {
      const at = clock.sinceBootMs()
      const outcome = facts.put(fact, at + forMs, at)
      if (outcome.kind !== 'kept') return outcome
      write([...outcome.evicted.map((one) => stamped(one, 0, false)), stamped(fact, forMs, true)])
      return outcome
    },
    drop: (fact) => {
      const gone = facts.drop(fact)
      if (gone) write([stamped(fact, 0, false)])
      return gone
    },
    leases: () => [...facts.all()].flatMap(({ fact }) => (fact.kind === 'lease' ? [fact] : [])),
    holds: (lease, forMs) => {
      const held = facts.lease(lease.address)
      const ends = clock.sinceBootMs() + forMs
      return held?.lease.link === lease.link && (held.ends === ends || Math.abs(held.ends - ends) < SAME_MS)
    },
    holder: (address) => {
      const held = facts.lease(address)
      const leftMs = held === null ? 0 : held.ends - clock.sinceBootMs()
      return held === null || leftMs <= 0 ? null : { lease: held.lease, leftMs }
    },
    given: (ruleset, device) => facts.given(ruleset, device, clock.now() - clock.sinceBootMs()),
    said: (ruleset) => facts.said(ruleset, clock.now() - clock.sinceBootMs()),
    trouble: () => trouble,
    unread: because,
    size: () => ({ lines, unread }),
    flush,
    close: async () => {
      await flush()
      if (timer !== null) clearTimeout(timer)
      timer = null
      file.close()
    },
  }
}

/** What the journal of a state folder says now, for who only reads it. Throws TW4023 where it cannot be read. */
export function readJournal(folder: string, clock: BindingClock): Pick<Journal, 'given' | 'said'> {
  const { unread, ...journal } = journalOrNothing(folder, clock)
  if (unread === null) return journal
  throw new ThingwallError('TW4023', `what devices were given cannot be read: ${unread}`, {
    hint: 'nothing was changed. Start the gateway daemon, which puts it aside and begins anew, or move it away yourself',
  })
}

/** The same for who has to go on without it: where it cannot be read it says nothing, and `unread` why. */
export function journalOrNothing(
  folder: string,
  clock: BindingClock,
): Pick<Journal, 'given' | 'said' | 'unread'> {
  const [read, unread] = factsOf(() => readJournalFile(folder), clock)
  return { ...askable(read, clock), unread }
}

function askable({ facts }: Read, clock: BindingClock): Pick<Journal, 'given' | 'said'> {
  const offset = clock.now() - clock.sinceBootMs()
  return {
    given: (ruleset, device) => facts.given(ruleset, device, offset),
    said: (ruleset) => facts.said(ruleset, offset),
  }
}

/** None, and why, where the text cannot be had. */
function factsOf(text: () => string, clock: BindingClock): readonly [Read, string | null] {
  try {
    return [factsIn(text(), clock), null]
  } catch (error) {
    return [factsIn('', clock), error instanceof Error ? error.message : String(error)]
  }
}

interface Read {
  readonly facts: Facts
  readonly lines: number
  readonly unread: number
  /** The last line was not finished. */
  readonly isTorn: boolean
}

function factsIn(text: string, clock: BindingClock): Read {
  const facts = new Facts()
  const at = clock.sinceBootMs()
  const lines = text.split('\n')
  const last = lines.pop() ?? ''
  let unread = 0
  for (const line of lines) {
    const entry = readEntry(line)
    if (entry === null) {
      unread += 1
      continue
    }
    const left = leftMs(entry.stamp, clock)
    if (!entry.lasts || left <= 0) facts.drop(entry.fact)
    else facts.put(entry.fact, at + left, at)
  }
  return { facts, lines: lines.length, unread, isTorn: last !== '' }
}
