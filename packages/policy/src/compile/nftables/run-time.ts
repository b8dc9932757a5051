/**
 * What devices were given and told, as elements of the sets that a compiled rule set looks in: what is put into the
 * kernel while a rule set is in force, and put back when another takes its place. For one device at a time, so that a
 * lease or an answer costs the same among 100,000 devices as among ten.
 *
 * The same elements as a compilation with these bindings has and one without them has not; sets that no rule looks in
 * are named too, and are not there to be filled. It adds nothing to any kernel.
 */
import { longestGiven } from '../../evaluate/translate.ts'
import { type Family, familyOf, formatAddress } from '../../model/address.ts'
import type { BoundAddress } from '../../model/flow.ts'
import { contains } from '../../model/interval.ts'
import { nameMatches } from '../../model/name.ts'
import type { Device, Ruleset } from '../../model/ruleset.ts'
import { forwardMap, keysOf, leadTo } from './forwards.ts'
import { classId } from './judge.ts'
import { FAMILIES, isStated } from './sets.ts'
import { rawAddress } from './text.ts'

/** One element of a set or map, under the name it is compiled by. */
export interface RunTimeElement {
  readonly family: 'inet' | 'arp'
  readonly set: string
  readonly key: string
  /** What a map has for the key, ` : 1:2`; empty for a set. */
  readonly data: string
  /** Milliseconds since 1970; `Infinity` for as long as the rule set is in force. */
  readonly until: number
}

/** What one device was given and told. */
export interface GivenDevice {
  /** Leased or learnt, beside those that the policy states. */
  readonly addresses: readonly BoundAddress[]
  /** The names it asked for → its answers. */
  readonly names: ReadonlyMap<string, readonly BoundAddress[]>
}

/** The elements for a device, an index into `Ruleset.devices`, by set and key. What has ended at `at` has none. */
export function runTimeElements(
  ruleset: Ruleset,
  device: number,
  given: GivenDevice,
  at: number,
): ReadonlyMap<string, RunTimeElement> {
  const found = new Map<string, RunTimeElement>()
  const put = (one: RunTimeElement): void => {
    const key = `${one.family} ${one.set} ${one.key}`
    const known = found.get(key)
    if (known === undefined || known.until < one.until) found.set(key, one)
  }
  const described = ruleset.devices[device]
  if (described === undefined) return found
  const leased = given.addresses.filter(({ address, until }) => until > at && !isStated(ruleset, address))
  for (const one of leased) for (const element of ofAddress(ruleset, described, one)) put(element)
  for (const element of ofForwards(ruleset, device, described, leased)) put(element)
  const stated = described.addresses.map((address) => ({ address, until: Number.POSITIVE_INFINITY }))
  for (const element of ofNames(ruleset, [...stated, ...leased], given.names, at)) put(element)
  return found
}

function* ofAddress(
  ruleset: Ruleset,
  { link, network: name, class: classOf }: Device,
  { address, until }: BoundAddress,
): Generator<RunTimeElement> {
  const family = familyOf(address)
  const text = formatAddress(address)
  const raw = rawAddress(address)
  const inet = (set: string, key: string, data = ''): RunTimeElement => ({
    family: 'inet',
    set,
    key,
    data,
    until,
  })
  const arp = (set: string, key: string): RunTimeElement => ({ family: 'arp', set, key, data: '', until })
  yield inet(`class/${family}`, text, ` : ${classId(classOf)}`)
  yield family === 6 ? inet('claimed', raw) : arp('claimed', text)
  for (const group of ruleset.classes[classOf]?.groups ?? []) yield inet(`group/${group}/${family}`, text)
  const network = ruleset.networkByName.get(name)
  if (network === undefined || network.role === 'uplink') return
  const isLinked = network.identity === 'mac+ip'
  const prefix = isLinked ? `${link} . ` : ''
  yield inet(`bound/${name}/${family}`, `${prefix}${text}`)
  if (family === 6) yield inet(`target/${name}`, `${prefix}${raw}`)
  if (isLinked && family === 4 && link !== null) yield arp(`bound/${name}`, `${prefix}${text}`)
}

/** Where forwards to the device lead, which has no address of that family by the policy. */
function* ofForwards(
  ruleset: Ruleset,
  device: number,
  { addresses }: Device,
  leased: readonly BoundAddress[],
): Generator<RunTimeElement> {
  const own = ruleset.forwards.filter(({ to }) => to.kind === 'device' && to.device === device)
  if (own.length === 0) return
  for (const family of FAMILIES) {
    if (addresses.some((one) => familyOf(one) === family && !one.startsWith('fe8'))) continue
    const target = longestGiven(
      ruleset,
      leased.filter(({ address }) => familyOf(address) === family),
    )
    if (target === null) continue
    for (const forward of own) {
      const common = { family: 'inet', set: forwardMap(forward, family), until: target.until } as const
      for (const key of keysOf(ruleset, forward))
        yield { ...common, key, data: leadTo(forward, target.address) }
    }
  }
}

function* ofNames(
  { patterns, local }: Ruleset,
  held: readonly BoundAddress[],
  names: GivenDevice['names'],
  at: number,
): Generator<RunTimeElement> {
  for (const [name, answers] of names) {
    for (const [pattern, covers] of patterns.entries()) {
      if (!nameMatches(covers, name)) continue
      for (const own of held) {
        // Link-local addresses are never forwarded, so nothing is told to them that a rule could be about.
        if (formatAddress(own.address).startsWith('fe8')) continue
        const family = familyOf(own.address)
        for (const answer of answers) {
          if (answer.until <= at) continue
          const until = Math.min(answer.until, own.until)
          yield toldElement(pattern, family, formatAddress(own.address), until)
          if (familyOf(answer.address) === family && !contains(local, answer.address))
            yield nameElement(pattern, family, own, answer, until)
        }
      }
    }
  }
}

function toldElement(pattern: number, family: Family, key: string, until: number): RunTimeElement {
  return { family: 'inet', set: `told/${pattern}/${family}`, key, data: '', until }
}

function nameElement(
  pattern: number,
  family: Family,
  own: BoundAddress,
  answer: BoundAddress,
  until: number,
): RunTimeElement {
  const key = `${formatAddress(own.address)} . ${formatAddress(answer.address)}`
  return { family: 'inet', set: `name/${pattern}/${family}`, key, data: '', until }
}
