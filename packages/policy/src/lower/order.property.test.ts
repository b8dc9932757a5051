/**
 * The index of a rule set is complete: judging by it is judging by every rule in turn. The naive evaluator here knows
 * no index and no classes, and reads the meaning of a match off the model.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ownerOf } from '../evaluate/ends.ts'
import { evaluate } from '../evaluate/evaluate.ts'
import { prepared, randomBindings, randomFlow, randomPolicy } from '../fixtures/random.ts'
import { NOW } from '../fixtures/site.ts'
import type { Address } from '../model/address.ts'
import { type Bindings, covers, EVERY_DEVICE, type Flow } from '../model/flow.ts'
import { contains } from '../model/interval.ts'
import { nameMatches } from '../model/name.ts'
import {
  type Atom,
  type Candidates,
  type Endpoint,
  isWithin,
  type Match,
  type Rule,
  type Ruleset,
} from '../model/ruleset.ts'

function isTranslated({ translated }: Match, { original, ...flow }: Flow): boolean {
  if (translated === undefined || original === undefined) return translated === undefined
  const addressed = original.port === undefined ? flow : { ...flow, destinationPort: original.port }
  return (
    [null, flow.ingress].includes(translated.network) &&
    translated.services.some((one) => covers(one, addressed))
  )
}

/** Tries every rule in winning order. Numbers are no, maybe and yes. */
function naive(ruleset: Ruleset, flow: Flow, bindings: Bindings, at: number): string {
  const sides = [flow.source, flow.destination] as const
  const isGateway = [flow.ingress === 'gateway', ruleset.gateway.has(flow.destination)] as const
  const device = (side: 0 | 1) => (isGateway[side] ? null : ownerOf(ruleset, bindings, sides[side], at))
  const atomTruth = (atom: Atom, side: 0 | 1): number => {
    if (atom.kind === 'gateway' || isGateway[side]) return atom.kind === 'gateway' && isGateway[side] ? 2 : 0
    const own = device(side)
    const other = device(side === 0 ? 1 : 0)
    if (atom.kind === 'any') return 2
    if (atom.kind === 'network')
      return contains(ruleset.networkByName.get(atom.name)?.addresses ?? [], sides[side]) ? 2 : 0
    if (atom.kind === 'addresses') return contains(atom.set, sides[side]) ? 2 : 0
    if (atom.kind === 'group') {
      return ruleset.groups[atom.group]?.devices.some((one) => ruleset.devices[one]?.name === own?.name)
        ? 2
        : 0
    }
    // A name is somewhere outside.
    return other === null || contains(ruleset.local, sides[side])
      ? 0
      : naivelyTold(bindings, other.name, atom.pattern, sides[side], at)
  }
  const endTruth = ({ include, except }: Endpoint, side: 0 | 1): number =>
    Math.min(
      Math.max(0, ...include.map((atom) => atomTruth(atom, side))),
      2 - Math.max(0, ...except.map((atom) => atomTruth(atom, side))),
    )
  const ruleTruth = (rule: Rule): number =>
    Math.max(
      0,
      ...rule.matches
        .filter((match) => [rule.endsAt, match.endsAt].every((end) => end === null || at < end))
        .filter(({ startsAt }) => startsAt === null || at >= startsAt)
        .filter(
          (match) =>
            (rule.when === null || isWithin(rule.when, at)) &&
            match.services.some((one) => covers(one, flow)) &&
            isTranslated(match, flow),
        )
        .map((match) => Math.min(endTruth(match.from, 0), endTruth(match.to, 1))),
    )
  let hoped: Rule | null = null
  for (const rule of ruleset.rules) {
    const truth = ruleTruth(rule)
    if (truth === 1 && rule.effect === 'deny') return `unknown by ${rule.id}`
    if (truth === 1) hoped ??= rule
    if (truth === 2)
      return rule.effect === 'deny' && hoped !== null
        ? `unknown by ${hoped.id}`
        : `${rule.effect} by ${rule.id}`
  }
  throw new Error('nothing decided')
}

/** What was said, read as it was said. */
function naivelyTold(
  bindings: Bindings,
  device: string,
  pattern: string,
  address: Address,
  at: number,
): number {
  const valid = [device, EVERY_DEVICE]
    .flatMap((one) => [...(bindings.names.get(one) ?? [])])
    .filter(([name]) => nameMatches(pattern, name))
    .flatMap(([, answers]) => answers.filter(({ until }) => until > at))
  if (valid.length === 0) return 1
  return valid.some((answer) => answer.address === address) ? 2 : 0
}

test('judging by the index is judging by every rule in turn', () => {
  let compared = 0
  fc.assert(
    fc.property(
      randomPolicy,
      randomBindings,
      fc.array(randomFlow, { minLength: 40, maxLength: 40 }),
      (document, given, flows) => {
        const [ruleset, bindings] = prepared(document, given)
        for (const at of [NOW, NOW + 60 * 86_400_000]) {
          for (const flow of flows) {
            const { verdict, rule } = evaluate(ruleset, flow, bindings, at)
            if (rule.tier === 'fixed') continue
            compared += 1
            expect(`${verdict} by ${rule.id}`).toBe(naive(ruleset, flow, bindings, at))
          }
        }
      },
    ),
    { numRuns: 200 },
  )
  expect(compared).toBeGreaterThan(8000)
})

test('every match stands in exactly one kind of place, and there once for each class that can meet it', () => {
  fc.assert(
    fc.property(randomPolicy, (document) => {
      const [{ rules, index, classes }] = prepared(document, { format: 1 })
      for (const [rank, rule] of rules.entries()) {
        for (const match of rule.matches) {
          const found = (lists: readonly Candidates[]): number[] =>
            lists.flatMap((list, place) =>
              list.flatMap((one) =>
                one.rank === rank && one.rule === rule && one.match === match ? [place] : [],
              ),
            )
          const groupOf = (end: Endpoint) => end.include.find((atom) => atom.kind === 'group')?.group
          const [from, to] = [groupOf(match.from), groupOf(match.to)]
          const withGroup = (group: number) =>
            [...classes.keys()].filter((one) => classes[one]?.groups.has(group))
          expect(found(index.fromClass)).toEqual(from === undefined ? [] : withGroup(from))
          expect(found(index.toClass)).toEqual(from !== undefined || to === undefined ? [] : withGroup(to))
          expect(found([index.general])).toEqual(from === undefined && to === undefined ? [0] : [])
        }
      }
      for (const list of [...index.fromClass, ...index.toClass, index.general]) {
        const ranks = list.map(({ rank }) => rank)
        expect(ranks).toEqual([...ranks].sort((a, b) => a - b))
      }
    }),
    { numRuns: 100 },
  )
})
