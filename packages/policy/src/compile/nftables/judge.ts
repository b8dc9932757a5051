/**
 * The chains that judge a flow: for each place a match can stand in, its rules in winning order.
 *
 * A packet meets the general rules that nothing can overrule, then those of its source's class, then those of its
 * destination's, then the general rest. Each chain stops at its first match; the best rank is kept, and one map then goes
 * from rank to verdict. So the rule that decides is the one `evaluate` reports, and how many rules a packet meets depends
 * on kinds of devices, not on devices.
 *
 * Rank and class are kept with the packet, in its priority, and never with its flow: packets of one flow are judged on
 * several processors at once, and would take each other's ranks for their own. There is only that one register, and to
 * look the second class up takes it: meanwhile the first rank is held by the chain that jumps (`…/beside/RANK`).
 *
 * All of it stands there twice: for packets of the side that opens, and mirrored for those of the side that answers.
 * So after a change of policy an open flow is judged at its very next packet, whoever sends it: cut if it is no longer
 * allowed, and without losing a packet if it is.
 */
import type { Match, Rule, Ruleset } from '../../model/ruleset.ts'
import {
  both,
  type ConditionContext,
  endTests,
  fieldOf,
  type Side,
  type Speaker,
  serviceTests,
  type Test,
  timeTests,
  translationTests,
} from './conditions.ts'
import { NO_RANK } from './options.ts'
import { headerOf, type Sets } from './sets.ts'
import type { Slot, Slots } from './slots.ts'
import { type ChainDeclaration, handle, type SetDeclaration, setRank } from './text.ts'

/** Where a flow goes: through the gateway, to it, or out of it. */
export const directions = ['through', 'inward', 'outward'] as const
export type Direction = (typeof directions)[number]

/** Groups of more classes than this are tested by set in the general chain instead of repeated in each class. */
const MOST_CLASSES = 64

interface Line {
  readonly slot: Slot
  readonly text: string
}

interface Places {
  readonly general: Line[]
  readonly from: Map<number, Line[]>
  readonly to: Map<number, Line[]>
}

export interface Judgement {
  readonly chains: readonly ChainDeclaration[]
  readonly sets: readonly SetDeclaration[]
}

export function judge(ruleset: Ruleset, sets: Sets, slots: Slots): Judgement {
  const classesOfGroup: number[][] = ruleset.groups.map(() => [])
  for (const [index, one] of ruleset.classes.entries())
    for (const group of one.groups) classesOfGroup[group]?.push(index)

  const chains: ChainDeclaration[] = []
  const maps: SetDeclaration[] = []
  for (const speaker of ['opener', 'answerer'] as const) {
    for (const direction of directions) {
      const places: Places = { general: [], from: new Map(), to: new Map() }
      for (const rule of ruleset.rules) {
        const context = { ruleset, sets, effect: rule.effect, speaker }
        for (const match of rule.matches) {
          placeMatch(context, rule, match, direction, slots, classesOfGroup, places)
        }
      }
      writeDirection(direction, speaker, places, chains, maps)
    }
  }
  maps.push({
    kind: 'map',
    name: 'decide',
    type: 'type classid : verdict',
    elements: slots.all.map((slot) => `${handle(slot.rank)} : goto ${slot.chain}`),
  })
  return { chains, sets: maps }
}

function placeMatch(
  context: ConditionContext,
  rule: Rule,
  match: Match,
  direction: Direction,
  slots: Slots,
  classesOfGroup: readonly (readonly number[])[],
  places: Places,
): void {
  const isOut = direction === 'outward'
  const isIn = direction === 'inward'
  const fromGateway = match.from.include.some((atom) => atom.kind === 'gateway')
  const toGateway = match.to.include.some((atom) => atom.kind === 'gateway')
  if ((isOut && !fromGateway) || (isIn && !toGateway)) return

  const groupOf = (side: Match['from']): number | null => {
    const atom = side.include.find((one) => one.kind === 'group')
    const isCommon = atom !== undefined && (classesOfGroup[atom.group]?.length ?? 0) <= MOST_CLASSES
    return atom !== undefined && isCommon ? atom.group : null
  }
  const fromGroup = isOut ? null : groupOf(match.from)
  const toGroup = isIn || fromGroup !== null ? null : groupOf(match.to)
  const tests = (side: Side, isDispatched: boolean): readonly Test[] => {
    const endpoint = side === 'source' ? match.from : match.to
    const isOurs = side === 'source' ? isOut : isIn
    if (!isOurs) return endTests(context, endpoint, side, isDispatched)
    // The gateway's own end: proved by the chain, unless it is the very thing left out.
    return endpoint.except.some((atom) => atom.kind === 'gateway') ? [] : [{ family: null, text: '' }]
  }
  const slot = slots.of(rule, match)
  const times = timeTests(rule, match)
  const lines: Line[] = []
  for (const from of tests('source', fromGroup !== null)) {
    for (const to of tests('destination', toGroup !== null)) {
      for (const ends of both(from, to)) {
        for (const service of serviceTests(match.services, context.speaker)) {
          // A port is compared in less time than an address is looked up.
          for (const whole of both(service, ends)) {
            for (const how of translationTests(context, match))
              for (const time of times)
                lines.push(lineOf(slot, whole, [how, time].filter((part) => part !== '').join(' ')))
          }
        }
      }
    }
  }
  if (fromGroup !== null) for (const one of classesOfGroup[fromGroup] ?? []) append(places.from, one, lines)
  else if (toGroup !== null) for (const one of classesOfGroup[toGroup] ?? []) append(places.to, one, lines)
  else for (const line of lines) places.general.push(line)
}

function lineOf(slot: Slot, test: Test, time: string): Line {
  const nfproto = `meta nfproto ipv${test.family}`
  const isSaid =
    test.family === null || [headerOf(test.family), nfproto].some((one) => test.text.includes(one))
  const family = isSaid ? '' : nfproto
  return { slot, text: [family, test.text, time].filter((part) => part !== '').join(' ') }
}

function append(places: Map<number, Line[]>, key: number, lines: readonly Line[]): void {
  const known = places.get(key)
  if (known === undefined) places.set(key, [...lines])
  else for (const line of lines) known.push(line)
}

/** The chain that judges packets of a direction: of the flow, whoever of its two sides speaks. */
export function chainOf(direction: Direction, speaker: Speaker): string {
  return speaker === 'opener' ? direction : `answer-${direction}`
}

function writeDirection(
  direction: Direction,
  speaker: Speaker,
  places: Places,
  chains: ChainDeclaration[],
  maps: SetDeclaration[],
): void {
  const name = chainOf(direction, speaker)
  const best = (all: Places['from']): number =>
    Math.min(NO_RANK, ...[...all.values()].flatMap((lines) => lines.map(({ slot }) => slot.rank)))
  const bestTo = best(places.to)
  const bestOfClasses = Math.min(best(places.from), bestTo)
  const general = inOrder(places.general)
  const rules = general
    .filter(({ slot }) => slot.rank < bestOfClasses)
    .map(({ slot, text }) => joined(text, `goto ${slot.chain}`))
  chains.push({ name, rules })
  if (bestOfClasses === NO_RANK) return

  const toDestination = `jump ${name}/destination`
  if (places.to.size > 0)
    writeSide(name, 'destination', fieldOf('destination', speaker), places.to, chains, maps)
  if (places.from.size === 0) rules.push(toDestination)
  else {
    writeSide(name, 'source', fieldOf('source', speaker), places.from, chains, maps)
    rules.push(`jump ${name}/source`)
    if (places.to.size > 0) {
      const ranks = new Set([...places.from.values()].flatMap((lines) => lines.map(({ slot }) => slot.rank)))
      const overruled = [...ranks].filter((rank) => bestTo < rank).sort((a, b) => a - b)
      for (const rank of overruled) {
        chains.push({ name: `${name}/beside/${rank}`, rules: [toDestination, keepBetter(rank)] })
      }
      const doors = overruled.map((rank) => `${handle(rank)} : jump ${name}/beside/${rank}`)
      const elements = [...doors, `${handle(NO_RANK)} : ${toDestination}`]
      maps.push({ kind: 'map', name: `${name}/beside`, type: 'type classid : verdict', elements })
      rules.push(`meta priority vmap @${name}/beside`)
    }
  }
  const rest = general.filter(({ slot }) => slot.rank >= bestOfClasses)
  if (rest.length > 0) {
    rules.push(`jump ${name}/rest`)
    chains.push({
      name: `${name}/rest`,
      rules: rest.map(({ slot, text }) => joined(text, `goto ${name}/at-most/${slot.rank}`)),
    })
    for (const rank of new Set(rest.map(({ slot }) => slot.rank)))
      chains.push({ name: `${name}/at-most/${rank}`, rules: [keepBetter(rank)] })
  }
  rules.push('meta priority vmap @decide')
}

/** Leads to the rules of the class on one side, and comes back with the best rank in the priority, or `NO_RANK`. */
function writeSide(
  name: string,
  side: Side,
  field: 'saddr' | 'daddr',
  places: Places['from'],
  chains: ChainDeclaration[],
  maps: SetDeclaration[],
): void {
  const map = `${name}/${side}`
  for (const [index, lines] of places) {
    const rules = inOrder(lines).map(({ slot, text }) => joined(text, `${setRank(slot.rank)} return`))
    chains.push({ name: `${map}/${index}`, rules: [...rules, setRank(NO_RANK)] })
  }
  maps.push({
    kind: 'map',
    name: map,
    type: 'type classid : verdict',
    elements: [...places.keys()].map((index) => `${classId(index)} : goto ${map}/${index}`),
  })
  const looks = ([4, 6] as const).map(
    (family) =>
      `meta priority set ${headerOf(family)} ${field} map @class/${family} meta priority vmap @${map}`,
  )
  chains.push({ name: map, rules: [...looks, setRank(NO_RANK)] })
}

/** Of one rule, the part that lives longer first: it has the better rank. */
function inOrder(lines: readonly Line[]): readonly Line[] {
  return lines.toSorted((one, other) => one.slot.rank - other.slot.rank)
}

function joined(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ')
}

/** The better of this rank and the one found before. In a rule of its own: nft 1.0.6 would print it as one with a time. */
function keepBetter(rank: number): string {
  return `meta priority > ${handle(rank)} ${setRank(rank)}`
}

/** A device's class as the kernel keeps it, never 0:0. */
export function classId(index: number): string {
  return handle(index + 1)
}
