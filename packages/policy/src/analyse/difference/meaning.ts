/**
 * What a change of a policy means: which flows become allowed and which become blocked, found by asking `evaluate` of
 * both rule sets at points that stand for all flows they can differ in. Each finding carries one such flow, its witness.
 *
 * What the fixed tier keeps for leases and discovery, and what neighbours say to each other over link-local addresses, is
 * not looked at; nor are ceilings of rate and volume, which `evaluate` does not know.
 */
import { evaluate } from '../../evaluate/evaluate.ts'
import type { Flow } from '../../model/flow.ts'
import type { Ruleset } from '../../model/ruleset.ts'
import { type Both, type End, type Ends, endsOf, type Point } from './ends.ts'
import type { Found, Witness } from './finding.ts'
import { type Moment, type Moments, momentsFrom } from './moments.ts'
import { type Region, regionsOf, type Selected } from './regions.ts'
import { addressedClasses, type ServiceClass, serviceClasses } from './service-classes.ts'
import { type MeaningChange, tell } from './tell.ts'
import { type Circumstances, type Tags, type Told, toldIn } from './told.ts'

export interface Meaning {
  readonly changes: readonly MeaningChange[]
  /** False where there was more to look at than `mostJudged` allows, or more dates: there may be further changes. */
  readonly isComplete: boolean
  /** How many flows were judged, at each instant anew. */
  readonly judged: number
}

export interface MeaningOptions {
  /** From when on, milliseconds since 1970. */
  readonly at: number
  /** How many flows may be judged. */
  readonly mostJudged?: number
}

const USUAL_MOST = 400_000

/**
 * Compares two rule sets from an instant on. Nothing in the answer depends on the order in which either was written.
 *
 * @example
 * const { changes } = compareMeaning(before, after, { at: Date.parse('2026-11-22') })
 */
export function compareMeaning(before: Ruleset, after: Ruleset, options: MeaningOptions): Meaning {
  const both: Both = [before, after]
  const ends = endsOf(both)
  const services = serviceClasses(before, after)
  const regions = regionsOf(ends, services)
  const moments = momentsFrom(both, options.at, regions.dates)
  const search: Search = {
    ends,
    moments,
    told: toldIn(ends),
    addressed: [null, ...addressedClasses(before, after)],
    most: options.mostJudged ?? USUAL_MOST,
    seen: new Set(),
    judged: 0,
    found: [],
  }
  const isExhausted = regions.all.every((region) => searchRegion(search, region))
  return {
    changes: tell(ends, services, moments, search.found),
    isComplete: isExhausted && moments.isComplete,
    judged: search.judged,
  }
}

interface Search {
  readonly ends: Ends
  readonly moments: Moments
  readonly told: Told
  /** What a translated flow may have been addressed to; null: it was not translated. */
  readonly addressed: readonly (ServiceClass | null)[]
  readonly most: number
  /** What was looked at already. */
  readonly seen: Set<string>
  readonly found: Found[]
  judged: number
}

/** False where the bound was hit. */
function searchRegion(search: Search, { from, to, services }: Region): boolean {
  for (const source of from) {
    for (const target of to) {
      const between = betweenOf(search, source, target)
      if (between === null) continue
      for (const service of services) {
        if (search.judged >= search.most) return false
        searchService(search, between, service)
      }
    }
  }
  return true
}

/** Two ends, and what may have been told of one to the other. */
interface Between {
  readonly from: number
  readonly to: number
  readonly pairs: readonly (readonly [Point, Point])[]
  readonly tags: readonly Tags[]
  /** Which of the two the names are of. */
  readonly named: 'source' | 'destination'
}

function betweenOf({ ends, told }: Search, source: Selected, target: Selected): Between | null {
  const [sender, receiver] = [ends.all[source.end] as End, ends.all[target.end] as End]
  const isOne = source.end === target.end
  const targets = isOne ? (receiver.kind === 'gateway' ? [] : receiver.sibling) : receiver.points
  const pairs = sender.points.flatMap((one) =>
    targets
      .filter((other) => one.doors.length > 0 && other.family === one.family && other.address !== one.address)
      .map((other) => [one, other] as const),
  )
  if (pairs.length === 0) return null
  const base = { from: source.end, to: target.end, pairs }
  if (sender.kind === 'device' && receiver.kind === 'addresses')
    return { ...base, tags: told.tagsFor(sender, target.patterns), named: 'destination' }
  if (receiver.kind === 'device' && sender.kind === 'addresses')
    return { ...base, tags: told.tagsFor(receiver, source.patterns), named: 'source' }
  const isByName = source.patterns !== null || target.patterns !== null
  return isByName ? null : { ...base, tags: [[]], named: 'destination' }
}

function searchService(search: Search, between: Between, service: ServiceClass): void {
  const told: Found[] = []
  for (const tags of between.tags) {
    const key = `${between.from} ${between.to} ${service.purpose.protocol} ${service.purpose.destinationPort ?? service.purpose.icmpType ?? 0} ${tags.join()}`
    if (search.seen.has(key)) continue
    search.seen.add(key)
    const found = search.addressed.flatMap((addressed) =>
      addressed === null || addressed.purpose.protocol === service.purpose.protocol
        ? differences(search, between, tags, { service, addressed })
        : [],
    )
    for (const one of found) {
      // What is so whatever the address is the answer to is not told again for each name.
      const isTold = told.some(
        (other) =>
          other.becomes === one.becomes &&
          other.addressed === one.addressed &&
          other.tags.every((name) => tags.includes(name)) &&
          one.moments.every((moment) => other.moments.includes(moment)),
      )
      if (!isTold) told.push(one)
    }
  }
  search.found.push(...told)
}

function differences(
  search: Search,
  { from, to, pairs, named }: Between,
  tags: Tags,
  { service, addressed }: Pick<Found, 'service' | 'addressed'>,
): readonly Found[] {
  const moments = { allowed: new Set<Moment>(), blocked: new Set<Moment>() }
  const witnesses: { allowed: Witness | null; blocked: Witness | null } = { allowed: null, blocked: null }
  for (const [source, target] of pairs) {
    if (service.family !== null && service.family !== source.family) continue
    const circumstances = search.told.circumstancesOf(
      tags,
      named === 'source' ? source.address : target.address,
    )
    for (const ingress of source.doors) {
      const link = source.link === null ? {} : { link: source.link }
      const ways = { ingress, source: source.address, destination: target.address, ...link }
      const flow: Flow = { ...ways, ...service.purpose, ...originalOf(search, addressed, target) }
      for (const moment of search.moments.all) {
        const witness = judge(search, flow, circumstances, moment.at)
        if (witness === null) continue
        const becomes = witness.after.verdict === 'allow' ? 'allowed' : 'blocked'
        moments[becomes].add(moment)
        witnesses[becomes] ??= witness
      }
    }
  }
  return (['blocked', 'allowed'] as const).flatMap((becomes) => {
    const witness = witnesses[becomes]
    if (witness === null) return []
    return [{ from, to, tags, service, addressed, becomes, moments: [...moments[becomes]], witness }]
  })
}

/** What a flow was addressed to, where it was translated: an address of the gateway's, if one of the family is known. */
function originalOf(
  { ends }: Search,
  addressed: ServiceClass | null,
  { family, address }: Point,
): Pick<Flow, 'original'> {
  if (addressed === null) return {}
  const gateway = ends.all.flatMap((end) => (end.kind === 'gateway' ? end.points : []))
  const destination = gateway.find((point) => point.family === family)?.address ?? address
  const port = addressed.purpose.destinationPort
  return { original: { destination, ...(port === undefined ? {} : { port }) } }
}

/** A flow with both verdicts where they differ. What is not known is not let through. */
function judge(search: Search, flow: Flow, { said, bound }: Circumstances, at: number): Witness | null {
  const [old, young] = search.ends.both
  search.judged += 1
  const before = evaluate(old, flow, bound[0], at)
  const after = evaluate(young, flow, bound[1], at)
  if ((before.verdict === 'allow') === (after.verdict === 'allow')) return null
  return { flow, said, at, before, after }
}
