/**
 * The chains that judge a flow: for each place a match can stand in, its rules in winning order.
 *
 * A packet meets the general rules of its direction, then those of its source's class, then those of its
 * destination's. Each chain stops at its first match and keeps the better rank in the connection mark; one map then
 * goes from rank to verdict. So the rule that decides is the one `evaluate` reports, and how many rules a packet
 * meets depends on kinds of devices, not on devices.
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
import { type ChainDeclaration, hex, OUR_MARK, type SetDeclaration, setMark } from './text.ts'

/** Where a flow goes: through the gateway, to it, or out of it. */
export const directions = ['through', 'inward', 'outward'] as const
export type Direction = (typeof directions)[number]

/** Groups of more classes than this are tested by set in the general chain instead of repeated in each class. */
const MOST_CLASSES = 64

interface Line {
  readonly rank: number
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
    type: 'type mark : verdict',
    elements: slots.all.map((slot) => `${hex(slot.rank)} : goto ${slot.chain}`),
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
          for (const whole of both(ends, service)) {
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
  return { rank: slot.rank, text: [family, test.text, time].filter((part) => part !== '').join(' ') }
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
  const best = (lines: readonly Line[]): number => lines[0]?.rank ?? NO_RANK
  const afterGeneral = best(places.general)
  const afterFrom = Math.min(afterGeneral, ...[...places.from.values()].map(best))
  const rules = [setMark(NO_RANK)]
  if (places.general.length > 0) {
    rules.push(`jump ${name}/general`)
    chains.push({ name: `${name}/general`, rules: ranked(places.general, NO_RANK) })
  }
  for (const [side, lines, field, better] of [
    ['from', places.from, fieldOf('source', speaker), afterGeneral],
    ['to', places.to, fieldOf('destination', speaker), afterFrom],
  ] as const) {
    if (lines.size === 0) continue
    for (const [index, own] of lines)
      chains.push({ name: `${name}/${side}/${index}`, rules: ranked(own, better) })
    maps.push({
      kind: 'map',
      name: `${name}/${side}`,
      type: 'type classid : verdict',
      elements: [...lines.keys()].map((index) => `${classId(index)} : jump ${name}/${side}/${index}`),
    })
    for (const family of [4, 6] as const) {
      rules.push(
        `meta priority set ${headerOf(family)} ${field} map @class/${family} meta priority vmap @${name}/${side}`,
      )
    }
  }
  // The packet's priority was only a register; the first packet of a flow goes out as best effort.
  if (places.from.size + places.to.size > 0) rules.push('meta priority set none')
  rules.push(`${OUR_MARK} vmap @decide`)
  chains.push({ name, rules })
}

/** A chain ends at its first match. It need not look at the mark where nothing before it can have found better. */
function ranked(lines: readonly Line[], bestBefore: number): readonly string[] {
  return lines.map(({ rank, text }) => {
    const parts = text === '' ? [] : [text]
    if (bestBefore < rank) parts.push(`${OUR_MARK} > ${hex(rank)}`)
    parts.push(setMark(rank), 'return')
    return parts.join(' ')
  })
}

/** A device's class as the kernel keeps it: `major:minor`, 16 bits each, never 0:0. */
export function classId(index: number): string {
  const value = index + 1
  return `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`
}
