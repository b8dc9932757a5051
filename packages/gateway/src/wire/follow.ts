/**
 * Watches the links of the local networks for who has which address. A packet socket for each, opened by whoever has the
 * right and only read here; the kernel lets through what may matter (`privileged/wire-filter.ts`), so this looks a few times
 * a second and as a rule finds nothing. An interface that is not there yet, or goes and comes back, is opened when it is.
 *
 * What is lost, because a device sends more than is read, is lost as on a bad radio: whoever needs an address asks again.
 */
import { closeSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { type Address, parseAddress } from '@thingwall/policy'
import { libc } from '../netlink/libc.ts'
import { frameReader } from './frames.ts'
import { type LearnOptions, learning } from './learn.ts'
import { sightingsIn } from './sighting.ts'

export interface WireOptions extends Omit<LearnOptions, 'isOurs'> {
  /** Opens the socket of an interface by its number. */
  readonly open: (interfaceIndex: number) => Promise<number>
  /** Addresses of this machine; asked whenever a server seems to have spoken. */
  readonly ownAddresses?: () => ReadonlySet<Address>
  /** The number of an interface; 0 where there is none of that name. */
  readonly indexOf?: (name: string) => number
  readonly trouble: (message: string) => void
}

export interface Wire {
  /** Interfaces that are listened to now. */
  readonly listening: () => readonly string[]
  readonly close: () => Promise<void>
}

/** While nothing comes. A host asks before it is given, and claims a second before it uses what it claims. */
const REST_MS = 100
/** For a while after a frame: a device that was given its address begins to use it within some tens of milliseconds. */
const AWAKE_MS = 20
const STAY_AWAKE_MS = 1000
const OPEN_EVERY_MS = 2000
/** Of one interface in one look; the rest waits, and what does not fit into the socket is lost. */
const MOST_FRAMES = 256

interface Door {
  readonly fd: number
  readonly index: number
}

export function followWire(options: WireOptions): Wire {
  const { trouble } = options
  const ownAddresses = options.ownAddresses ?? machineAddresses
  const indexOf = options.indexOf ?? ((name: string) => libc().ifNameToIndex(name))
  const isOurs = (address: Address): boolean => ownAddresses().has(address)
  const readFrames = frameReader()
  const learn = learning({ ...options, isOurs })
  const doors = new Map<string, Door>()
  let isClosed = false
  let openedAt = Number.NEGATIVE_INFINITY
  let awakeUntil = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | null = null
  let lastTrouble = ''

  const complain = (error: unknown): void => {
    const text = error instanceof Error ? error.message : String(error)
    if (text !== lastTrouble) trouble(text)
    lastTrouble = text
  }
  const shut = (name: string): void => {
    const door = doors.get(name)
    doors.delete(name)
    if (door !== undefined) closeSync(door.fd)
  }
  const openDoors = async (): Promise<void> => {
    const wanted = new Set(options.rulesets().flatMap(localInterfaces))
    for (const [name, { index }] of [...doors]) if (!wanted.has(name) || indexOf(name) !== index) shut(name)
    for (const name of wanted) {
      const index = doors.has(name) ? 0 : indexOf(name)
      if (index === 0) continue
      try {
        const fd = await options.open(index)
        doors.set(name, { fd, index })
        if (isClosed) shut(name)
      } catch (error) {
        complain(error)
      }
    }
  }
  const look = async (): Promise<void> => {
    const at = performance.now()
    if (at - openedAt >= OPEN_EVERY_MS) {
      openedAt = at
      await openDoors()
    }
    const work: Promise<void>[] = []
    for (const [name, { fd }] of [...doors]) {
      const { seen, isOver } = readFrames(fd, MOST_FRAMES)
      if (isOver) shut(name)
      if (seen.length > 0) awakeUntil = at + STAY_AWAKE_MS
      for (const one of seen)
        for (const sighting of sightingsIn(one, isOurs)) work.push(learn(sighting, name).catch(complain))
    }
    await Promise.all(work)
  }
  const next = (): void => {
    running = look()
      .catch(complain)
      .finally(() => {
        const waitMs = performance.now() < awakeUntil ? AWAKE_MS : REST_MS
        if (!isClosed) timer = setTimeout(next, waitMs)
      })
  }
  next()
  return {
    listening: () => [...doors.keys()],
    close: async () => {
      isClosed = true
      clearTimeout(timer)
      await running
      for (const name of [...doors.keys()]) shut(name)
    },
  }
}

function localInterfaces({ networks }: ReturnType<LearnOptions['rulesets']>[number]): readonly string[] {
  return networks.flatMap(({ role, interfaces }) => (role === 'uplink' ? [] : interfaces))
}

function machineAddresses(): ReadonlySet<Address> {
  const texts = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address))
  return new Set(texts.map((text) => parseAddress(text.replace(/%.*/, ''))).filter((one) => one !== null))
}
