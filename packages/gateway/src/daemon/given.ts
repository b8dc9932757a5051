/**
 * What devices are given while the daemon runs: lease files followed, links watched, the journal kept, the elements put
 * into every generation that packets meet. Whose address it is becomes known to the recorder at once. What cannot be bound, and a
 * device that claims another's address, becomes an event, each no more than once an hour.
 */
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import {
  type Address,
  type Bindings,
  formatAddress,
  noBindings,
  parseAddress,
  type Ruleset,
  type Said,
} from '@thingwall/policy'
import { type BindingClock, thisClock } from '../bindings/clock.ts'
import { boundNow } from '../bindings/emission.ts'
import type { Fact } from '../bindings/entry.ts'
import { type FromFile, fromFile, joined } from '../bindings/from-file.ts'
import { type Journal, openJournal } from '../bindings/journal.ts'
import { openJournalFile } from '../bindings/journal-file.ts'
import { type Keeper, openKeeper } from '../bindings/keeper.ts'
import { followLeaseFile, type LeaseFile } from '../bindings/lease-file.ts'
import type { NftablesPoint } from '../enforce/nftables.ts'
import type { BoundNow } from '../enforce/point.ts'
import type { DirectoryAddition } from '../events/directory.ts'
import type { NoticeEvent } from '../events/model.ts'
import type { ElementChange } from '../privileged/element-changes.ts'
import type { Privileged } from '../privileged/privileged.ts'
import { followWire, type Wire } from '../wire/follow.ts'
import type { Log } from './log.ts'
import { notice, type Topic } from './notice.ts'
import type { Policies } from './policies.ts'
import type { RememberedPolicy } from './policy-in-force.ts'

/** A lease file to follow, as its server names it. */
export interface LeasePlace {
  readonly kind: 'dnsmasq' | 'kea'
  readonly path: string
}

/** Where Debian's servers keep theirs. */
export const LEASE_PLACES: readonly LeasePlace[] = [
  { kind: 'dnsmasq', path: '/var/lib/misc/dnsmasq.leases' },
  { kind: 'kea', path: '/var/lib/kea/kea-leases4.csv' },
]

export interface GivenOptions {
  readonly point: NftablesPoint
  /** The state folder. */
  readonly state: string
  readonly elements: (changes: readonly ElementChange[]) => Promise<void>
  readonly policies: Policies
  readonly leases: readonly LeasePlace[]
  readonly openSocket: Privileged['openSocket']
  readonly learn: (additions: readonly DirectoryAddition[]) => void
  readonly tell: (event: NoticeEvent) => void
  readonly log: Log
  readonly clock?: BindingClock
}

export interface Given {
  /** Bindings with all that devices were given and told. */
  readonly with: (ruleset: Ruleset, bindings: Bindings) => Bindings
  /** What a rule set compiled with those bindings lacks of that, as nft commands, read when the kernel is asked. */
  readonly boundNow: (ruleset: Ruleset, bindings: Bindings) => BoundNow
  /** What one device was given and told, found by its name or by an address it has; nothing for nobody. */
  readonly of: (policy: Pick<RememberedPolicy, 'ruleset' | 'bindings'>, who: string) => Said
  /** Another rule set is met: names are known for it from here on. What only memory holds is put into it. */
  readonly follows: (ruleset: Ruleset) => Promise<void>
  readonly state: () => GivenState
  readonly close: () => Promise<void>
}

export interface GivenState {
  readonly leases: number
  /** Files that are followed now. */
  readonly followed: readonly LeasePlace[]
  /** Interfaces on which leases and claims are watched for now. */
  readonly watched: readonly string[]
  /** Why the journal's file does not hold everything; null while it does. */
  readonly trouble: string | null
}

/** A folder that is not there yet is looked for so often. */
const LOOK_FOR_MS = 60_000
const SAY_AGAIN_MS = 3_600_000
/** Of a link; devices that shout louder than this are not heard. */
const WIRE_BUFFER_BYTES = 1 << 20

export function openGiven(options: GivenOptions): Given {
  const { point, policies, log, clock = thisClock() } = options
  let journal: Journal | null = null
  let keeper: Keeper | null = null
  let ruleset: Ruleset | null = null
  let wire: Wire | null = null
  /** The kernel may not have everything that the journal says. */
  let isStale = true
  const files = new WeakMap<Bindings, FromFile>()
  const followed = new Map<LeasePlace, LeaseFile>()
  const said = new Map<string, number>()

  const say = (topic: Topic, text: string): void => {
    const at = clock.sinceBootMs()
    for (const [key, since] of said) if (at - since > SAY_AGAIN_MS) said.delete(key)
    const key = `${topic} ${text}`
    if (said.has(key) || said.size >= MOST_SAID) return
    said.set(key, at)
    log.warn({ topic }, text)
    options.tell(notice(topic, text, clock.now()))
  }
  const fileOf = (bindings: Bindings): FromFile => {
    const known = files.get(bindings) ?? fromFile(bindings, clock)
    files.set(bindings, known)
    return known
  }
  const learnt = (fact: Fact): void => {
    if (fact.kind === 'answer') {
      const { device, address, name } = fact
      options.learn([{ kind: 'name', device, address, name }])
      return
    }
    const index = ruleset?.links.get(fact.link)
    const device = index === undefined ? undefined : ruleset?.devices[index]?.name
    if (device !== undefined) options.learn([{ kind: 'device', device, address: fact.address }])
  }
  const begin = (): { readonly journal: Journal; readonly keeper: Keeper } => {
    if (journal !== null && keeper !== null) return { journal, keeper }
    const opened = openJournal({ file: openJournalFile(options.state), clock })
    journal = opened
    if (opened.unread !== null)
      say(
        'journal-unread',
        `what devices were given before is not known, so they have to ask again: ${opened.unread}`,
      )
    const inner = openKeeper({
      journal: opened,
      clock,
      point,
      elements: options.elements,
      madeOf: async ({ sequence }) => {
        const policy = sequence === null ? null : await policies.of(sequence)
        return policy === null ? null : { ruleset: policy.ruleset, file: fileOf(policy.bindings) }
      },
      conflict: (fact, { by }) =>
        say(
          'address-taken',
          `${formatAddress(fact.address)} is claimed by ${fact.kind === 'lease' ? fact.link : fact.device}, and ${by} has it`,
        ),
    })
    keeper = {
      ...inner,
      bind: async (fact, forMs) => {
        const outcome = await inner.bind(fact, forMs)
        if (outcome.kind === 'kept') learnt(fact)
        return outcome
      },
    }
    return { journal: opened, keeper }
  }
  const follow = (): void => {
    for (const place of options.leases) {
      if (followed.has(place) || !existsSync(dirname(place.path))) continue
      try {
        const trouble = (message: string): void => say('leases-unread', `${place.path}: ${message}`)
        followed.set(place, followLeaseFile({ ...place, ...begin(), clock, trouble }))
        log.info({ ...place }, 'leases are followed')
      } catch (error) {
        say('leases-unread', `${place.path}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
  const listen = (): void => {
    wire ??= followWire({
      ...begin(),
      clock,
      rulesets: () => (ruleset === null ? [] : [ruleset]),
      open: (interfaceIndex) =>
        options.openSocket({
          kind: 'address-frames',
          interfaceIndex,
          receiveBufferBytes: WIRE_BUFFER_BYTES,
        }),
      conflict: (link, address) =>
        say(
          'address-taken',
          `${formatAddress(address)} is claimed by ${link}, and the policy gives it to another`,
        ),
      trouble: (message) => say('links-unwatched', message),
    })
  }
  const refresh = async (): Promise<void> => {
    if (!isStale) return
    isStale = false
    await begin()
      .keeper.refresh()
      .catch((error: unknown) => {
        isStale = true
        log.warn({ error: String(error) }, 'what devices were given could not be put into the kernel yet')
      })
  }
  const timer = setInterval(() => {
    follow()
    void refresh()
  }, LOOK_FOR_MS)
  timer.unref()

  return {
    with: (of, bindings) => joined(of, bindings, begin().journal.said(of), clock),
    boundNow: (of, bindings) => (generation, sets) =>
      boundNow(of, begin().journal, clock.now(), fromFile(bindings, clock))(generation, sets),
    of: ({ ruleset, bindings }, who) => {
      const { holder, given } = begin().journal
      const file = fileOf(bindings)
      const device = ruleset.deviceByName.get(who) ?? deviceWith(ruleset, bindings, parseAddress(who), holder)
      const name = device === undefined ? undefined : ruleset.devices[device]?.name
      if (device === undefined || name === undefined) return noBindings
      const { addresses, names } = file.with(name, given(ruleset, device))
      return {
        owners: new Map(addresses.map(({ address, until }) => [address, { device: name, until }])),
        names: names.size === 0 ? new Map() : new Map([[name, names]]),
        gateway: new Set(),
      }
    },
    follows: async (of) => {
      ruleset = of
      follow()
      listen()
      // Whoever applied read the journal's file; what that does not hold, and what came while nobody ran, is put there.
      isStale ||= begin().journal.trouble() !== null
      await refresh()
    },
    state: () => ({
      leases: journal?.leases().length ?? 0,
      followed: [...followed.keys()],
      watched: wire?.listening() ?? [],
      trouble: journal?.trouble() ?? null,
    }),
    close: async () => {
      clearInterval(timer)
      for (const file of followed.values()) file.close()
      await wire?.close()
      await journal?.close()
    },
  }
}

/** The device that an address is leased to, or said to be by a file. That of the policy is known without asking. */
function deviceWith(
  { links, deviceByName }: Ruleset,
  { owners }: Bindings,
  address: Address | null,
  holder: Journal['holder'],
): number | undefined {
  if (address === null) return undefined
  const owner = owners.get(address)
  if (owner !== undefined) return deviceByName.get(owner.device)
  const held = holder(address)
  return held === null ? undefined : links.get(held.lease.link)
}

/** Different things to say within an hour; a server that invents leases must not fill the memory. */
const MOST_SAID = 1000
