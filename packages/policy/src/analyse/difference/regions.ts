/**
 * Where two rule sets can differ at all: the matches that are in one of them only, and whoever is somebody else, or lives
 * elsewhere, than before. Everything outside these regions is judged by the same matches between the same ends.
 */
import type { Atom, Endpoint, Match, Network, Rule } from '../../model/ruleset.ts'
import { formatService } from '../../model/service.ts'
import type { End, Ends } from './ends.ts'
import { interner } from './intern.ts'
import { isWithin, type ServiceClass } from './service-classes.ts'

/** An end that a region holds. */
export interface Selected {
  /** Index into `Ends.all`. */
  readonly end: number
  /** Only as the answer to names of these patterns; null: whatever it is the answer to. */
  readonly patterns: readonly string[] | null
}

export interface Region {
  readonly from: readonly Selected[]
  readonly to: readonly Selected[]
  readonly services: readonly ServiceClass[]
}

export interface Regions {
  /** The smallest first. */
  readonly all: readonly Region[]
  /** Dates of the matches that are in one rule set only, milliseconds since 1970. */
  readonly dates: readonly number[]
}

/** Which of the two rule sets. */
type Side = 0 | 1

export function regionsOf(ends: Ends, services: readonly ServiceClass[]): Regions {
  const changed = changedMatches(ends)
  const whole = ends.all.map((_, end): Selected => ({ end, patterns: null }))
  const others = othersIn(ends)
  const all = [
    ...changed.map(
      ({ match, side }): Region => ({
        from: select(ends, match.from, side, 'source'),
        to: select(ends, match.to, side, 'destination'),
        services: services.filter((one) => isWithin(one, match.services)),
      }),
    ),
    ...(others.length === 0
      ? []
      : [
          { from: others, to: whole, services },
          { from: whole, to: others, services },
        ]),
  ]
  const dates = changed.flatMap(({ rule, match }) =>
    [rule.endsAt, match.startsAt, match.endsAt].filter((date) => date !== null),
  )
  const sizeOf = ({ from, to, services: some }: Region): number => from.length * to.length * some.length
  return { all: all.sort((a, b) => sizeOf(a) - sizeOf(b)), dates }
}

interface ChangedMatch {
  readonly rule: Rule
  readonly match: Match
  /** The rule set that has it. */
  readonly side: Side
}

/** In an order that only depends on what they say. */
function changedMatches({ both, classes }: Ends): readonly ChangedMatch[] {
  const intern = interner()
  const written = both.map((ruleset, side): ReadonlyMap<string, ChangedMatch> => {
    const groups = ruleset.groups.map(({ devices }) =>
      intern(
        devices
          .map((device) => ruleset.devices[device]?.name)
          .sort()
          .join(),
      ),
    )
    const atomText = (atom: Atom): readonly string[] => {
      switch (atom.kind) {
        case 'any':
        case 'gateway':
          return [atom.kind]
        case 'network':
          return [`network ${atom.name}`]
        case 'group':
          return [`group ${groups[atom.group]}`]
        case 'name':
          return [`name ${atom.pattern}`]
        case 'addresses':
          return []
        default:
          return atom satisfies never
      }
    }
    const atomsText = (atoms: readonly Atom[]): string =>
      [...atoms.flatMap(atomText).sort(), classes.numberOf(atoms)].join()
    const endText = ({ include, except }: Endpoint): string =>
      `${atomsText(include)} but ${atomsText(except)}`
    const matches = ruleset.rules.flatMap((rule) =>
      rule.matches.map((match): [string, ChangedMatch] => {
        const head = [
          rule.tier,
          rule.effect,
          rule.endsAt,
          match.startsAt,
          match.endsAt,
          JSON.stringify(rule.when),
        ]
        const purpose = match.services.map(formatService).sort().join()
        const translated = JSON.stringify(match.translated)
        const text = [...head, endText(match.from), endText(match.to), purpose, translated].join(' | ')
        return [text, { rule, match, side: side as Side }]
      }),
    )
    return new Map(matches)
  })
  const [before, after] = written as [ReadonlyMap<string, ChangedMatch>, ReadonlyMap<string, ChangedMatch>]
  const gone = [...before].filter(([text]) => !after.has(text))
  const come = [...after].filter(([text]) => !before.has(text))
  return [...gone, ...come].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
}

/** The ends that may be what one end of a match says. What it leaves out may be among them. */
function select(
  ends: Ends,
  { include }: Endpoint,
  side: Side,
  as: 'source' | 'destination',
): readonly Selected[] {
  const set = ends.classes.numberOf(include)
  const patterns = include.flatMap((atom) => (atom.kind === 'name' ? [atom.pattern] : []))
  return ends.all.flatMap((one, end): readonly Selected[] => {
    if (include.some((atom) => isMeant(ends, one, { atom, set, side, as }))) return [{ end, patterns: null }]
    return patterns.length > 0 && one.kind === 'addresses' ? [{ end, patterns }] : []
  })
}

interface Meaning {
  readonly atom: Atom
  readonly set: number
  readonly side: Side
  readonly as: 'source' | 'destination'
}

function isMeant({ both, classes }: Ends, end: End, { atom, set, side, as }: Meaning): boolean {
  const homes = end.points.map((point) => classes.all[point.class])
  switch (atom.kind) {
    case 'any':
      return end.kind !== 'gateway' || end.isAnother
    case 'gateway':
      return end.kind === 'gateway'
    case 'network':
      if (as === 'source' && end.kind === 'device') return end.devices[side]?.network === atom.name
      return homes.some((home) => home?.networks[side] === atom.name)
    case 'addresses':
      return homes.some((home) => home?.sets.has(set))
    case 'group': {
      const device = end.kind === 'device' ? end.devices[side] : null
      return device !== null && both[side].classes[device.class]?.groups.has(atom.group) === true
    }
    case 'name':
      return false
    default:
      return atom satisfies never
  }
}

/** Ends that are somebody else than before, or live on a network that is. */
function othersIn({ both, all }: Ends): readonly Selected[] {
  const [before, after] = both
  const isOther = (name: string | null): boolean =>
    name !== null && textOf(before.networkByName.get(name)) !== textOf(after.networkByName.get(name))
  return all.flatMap((end, index): readonly Selected[] => {
    const networks =
      end.kind === 'device' ? end.devices.map((device) => device?.network ?? null) : networksOf(end)
    const isAnother =
      end.kind === 'addresses' ? end.class.networks[0] !== end.class.networks[1] : end.isAnother
    return isAnother || networks.some(isOther) ? [{ end: index, patterns: null }] : []
  })
}

function networksOf(end: End): readonly (string | null)[] {
  return end.kind === 'addresses' ? end.class.networks : []
}

/** What of a network decides who is who on it. Its addresses are told apart by class. */
function textOf(network: Network | undefined): string {
  return network === undefined ? '' : `${network.role} ${network.identity}`
}
