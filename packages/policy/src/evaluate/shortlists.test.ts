/** Shortlists are asked for once for flows that are alike, and say the same when the table has begun anew. */
import { expect, test } from 'vitest'
import { allow, deny, device } from '../author/index.ts'
import { decide } from '../fixtures/flow.ts'
import { links, lowered, siteOf, why, world } from '../fixtures/site.ts'
import { type Address, formatAddress, parseAddress } from '../model/address.ts'
import type { Candidates } from '../model/ruleset.ts'
import { noBindings } from './bind.ts'
import { caseOf } from './ends.ts'
import { candidatesFor } from './shortlists.ts'

/** Every other of so many neighbours is allowed: as many zones, and one more. */
const COUNT = 12_000
const addressAt = (at: number): Address => (((0xcb00_0000 | 0) + at) >>> 0).toString(16) as Address
const even = Array.from({ length: COUNT / 2 }, (_, at) => formatAddress(addressAt(at * 2)))
const rules = {
  even: allow.out({ to: even, service: 'https', why }),
  never: deny.out({ to: formatAddress(addressAt(4)), service: 'any', why }),
}
const site = { devices: { 'vent-01': device({ mac: links.vent1, ip: '10.20.0.11', rules }) } }

test('more kinds of flows than there is room for are decided as if none had been seen', () => {
  const one = world(site)
  for (let round = 0; round < 2; round++) {
    for (let at = 0; at < COUNT; at++) {
      const { verdict, rule } = decide(one, 'vent-01', `${formatAddress(addressAt(at))} https`)
      const expected =
        at === 4 ? 'deny by vent-01/never' : at % 2 === 0 ? 'allow by vent-01/even' : 'deny by default/deny'
      expect(`${verdict} by ${rule.id}`).toBe(expected)
    }
  }
})

test('it is shortened once for flows that are alike, and for each that is not', () => {
  const ruleset = lowered(siteOf(site))
  let shortened = 0
  const ask = (destination: string, port: number, door = 'things'): void => {
    const flow = {
      ingress: door,
      source: parseAddress('10.20.0.11') as Address,
      destination: parseAddress(destination) as Address,
      protocol: 6,
      destinationPort: port,
    }
    candidatesFor(caseOf(ruleset, flow, noBindings, 0), (_, candidates: Candidates) => {
      shortened += 1
      return candidates
    })
  }
  const asked: readonly (readonly [Parameters<typeof ask>, number])[] = [
    [['203.0.0.0', 443], 1],
    [['203.0.0.0', 443], 1],
    [['203.0.0.2', 443], 2],
    [['198.51.100.1', 443], 3],
    [['198.51.100.77', 443], 3],
    [['198.51.100.77', 444], 4],
    [['198.51.100.77', 445], 4],
    [['198.51.100.77', 443, 'station'], 5],
    [['10.20.0.11', 443], 6],
    [['203.0.0.0', 443], 6],
  ]
  for (const [question, count] of asked) {
    ask(...question)
    expect(shortened, question.join(' ')).toBe(count)
  }
})

test('what a rule set remembers is not said of another', () => {
  const [first, second] = [
    world(site),
    world({ devices: { 'vent-01': device({ mac: links.vent1, ip: '10.20.0.11' }) } }),
  ]
  const verdicts = [first, second, first].map((one) => decide(one, 'vent-01', '203.0.0.0 https').verdict)
  expect(verdicts).toEqual(['allow', 'deny', 'allow'])
})
