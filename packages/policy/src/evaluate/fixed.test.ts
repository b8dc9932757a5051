/** The set of what the fixed tier refuses by destination is what it refuses, to the address. */
import { expect, test } from 'vitest'
import { device } from '../author/index.ts'
import { links, world } from '../fixtures/site.ts'
import { type Address, formatAddress, parseAddress, predecessor, successor } from '../model/address.ts'
import { contains } from '../model/interval.ts'
import { evaluate } from './evaluate.ts'
import { FIXED_DESTINATIONS } from './fixed.ts'

const one = world({ devices: { vent: device({ mac: links.vent1, ip: ['10.20.0.11', 'fd20::11'] }) } })
const edges = FIXED_DESTINATIONS.flatMap(({ first, last }) => [
  first,
  last,
  predecessor(first),
  successor(last),
])
const asked = edges.filter((address) => address !== null)

test('there are edges, inside and outside', () => {
  expect(asked.length).toBeGreaterThanOrEqual(10)
})

test.each(asked.map((address) => [formatAddress(address), address] as const))('%s', (_, destination) => {
  const source = parseAddress(destination.length === 8 ? '10.20.0.11' : 'fd20::11') as Address
  const link = links.vent1 as never
  const flow = {
    ingress: 'things',
    source,
    destination,
    link,
    protocol: 6,
    sourcePort: 50_000,
    destinationPort: 443,
  }
  const { rule } = evaluate(one.ruleset, flow, one.bindings, one.at)
  expect(rule.id === 'fixed/martian').toBe(contains(FIXED_DESTINATIONS, destination))
})
