/** Who is at an end, in the words of the policy: a profile where all its devices are meant, a network where all of it is. */
import { type Family, formatAddress, formatInterval } from '../../model/address.ts'
import { unionOf } from '../../model/interval.ts'
import type { End, Ends } from './ends.ts'
import { patternOf, type Tags } from './told.ts'

/** An end with the names that it is the answer to. */
export interface Named {
  /** Index into `Ends.all`. */
  readonly end: number
  readonly tags: Tags
}

export interface Speaker {
  /** `families` are those that the other end of the flows has. */
  readonly say: (some: readonly Named[], families: ReadonlySet<Family>) => readonly string[]
  /** Every device among some ends, by name. */
  readonly devicesIn: (some: readonly Named[]) => readonly string[]
}

/** How many names or intervals are written out. */
const WRITTEN = 4

/** `side` is the policy whose words are used: 0 the one before, 1 the one after. */
export function speaker(ends: Ends, side: 0 | 1): Speaker {
  const profiles = new Map<string, string[]>()
  for (const { name, profile } of ends.both[side].devices) {
    if (profile === null) continue
    const names = profiles.get(profile)
    if (names === undefined) profiles.set(profile, [name])
    else names.push(name)
  }
  const devicesIn = (some: readonly Named[]): readonly string[] => {
    const names = some.flatMap(({ end }) => {
      const one = ends.all[end]
      return one?.kind === 'device' ? one.names : []
    })
    return [...new Set(names)].sort()
  }
  const sayDevices = (names: readonly string[]): readonly string[] => {
    const left = new Set(names)
    const whole = [...profiles].flatMap(([profile, all]) => {
      if (all.length < 2 || !all.every((name) => left.has(name))) return []
      for (const name of all) left.delete(name)
      return [`profile ${profile} (${all.length} devices)`]
    })
    return [...whole.sort(), ...few([...left].sort())]
  }
  return {
    devicesIn,
    say: (some, families) => [
      ...sayDevices(devicesIn(some)),
      ...some.flatMap(({ end }) => gatewayText(ends.all[end])),
      ...sayNames(ends, some, side, families),
      ...sayNetworks(ends, some, side, families),
    ],
  }
}

function gatewayText(end: End | undefined): readonly string[] {
  if (end?.kind !== 'gateway') return []
  const [point] = end.points
  return [
    end.isAnother && point !== undefined ? `the gateway at ${formatAddress(point.address)}` : 'the gateway',
  ]
}

function sayNames(
  ends: Ends,
  some: readonly Named[],
  side: 0 | 1,
  families: ReadonlySet<Family>,
): readonly string[] {
  const tagged = Map.groupBy(
    some.filter(({ tags }) => tags.length > 0),
    ({ tags }) => tags.map(patternOf).join(' that is also '),
  )
  return [...tagged].map(([text, all]) => {
    // Where the widest class is meant, it is so whatever the answer.
    const isAnywhere = all.some(({ end }) => isWidest(ends, end, side, families))
    return isAnywhere ? text : `${text} at ${few(intervalsOf(ends, all)).join(', ')}`
  })
}

function isWidest(ends: Ends, index: number, side: 0 | 1, families: ReadonlySet<Family>): boolean {
  const own = ends.all[index]
  if (own?.kind !== 'addresses') return false
  const others = classesOn(ends, homeOf(own, side), side, families)
  return !others.some(
    (one) => one.class.family === own.class.family && one.class.sets.size < own.class.sets.size,
  )
}

function sayNetworks(
  ends: Ends,
  some: readonly Named[],
  side: 0 | 1,
  families: ReadonlySet<Family>,
): readonly string[] {
  const plain = some.filter(({ end, tags }) => tags.length === 0 && ends.all[end]?.kind === 'addresses')
  const byHome = Map.groupBy(plain, ({ end }) => homeOf(ends.all[end] as AddressEnd, side))
  return [...byHome].flatMap(([home, all]) => {
    const meant = new Set(all.map(({ end }) => ends.all[end]))
    const rest = classesOn(ends, home, side, families).filter((one) => !meant.has(one))
    const left = unionOf(rest.flatMap((one) => one.class.set)).map(formatInterval)
    if (home !== null && left.length === 0) return [home]
    if (home !== null && left.length < WRITTEN && all.some(({ end }) => isWidest(ends, end, side, families)))
      return [`${home} but ${left.join(', ')}`]
    return few(intervalsOf(ends, all))
  })
}

type AddressEnd = End & { readonly kind: 'addresses' }

function homeOf(end: AddressEnd, side: 0 | 1): string | null {
  return end.class.networks[side] ?? end.class.networks[1 - side] ?? null
}

function classesOn(
  ends: Ends,
  home: string | null,
  side: 0 | 1,
  families: ReadonlySet<Family>,
): readonly AddressEnd[] {
  return ends.all.filter(
    (end): end is AddressEnd =>
      end.kind === 'addresses' && families.has(end.class.family) && homeOf(end, side) === home,
  )
}

function intervalsOf(ends: Ends, some: readonly Named[]): readonly string[] {
  const sets = some.flatMap(({ end }) => {
    const one = ends.all[end]
    return one?.kind === 'addresses' ? one.class.set : []
  })
  return unionOf(sets).map(formatInterval)
}

function few(texts: readonly string[]): readonly string[] {
  if (texts.length <= WRITTEN) return texts
  return [...texts.slice(0, WRITTEN - 1), `${texts.length - WRITTEN + 1} more`]
}
