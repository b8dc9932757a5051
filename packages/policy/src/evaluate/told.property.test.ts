/** The table of what devices were told says the same as the list it was made from, for every device, pattern and answer. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Address, parseAddress } from '../model/address.ts'
import { ABSENT, findAddress } from '../model/address-table.ts'
import { type BoundAddress, EVERY_DEVICE } from '../model/flow.ts'
import { nameMatches } from '../model/name.ts'
import type { Ruleset } from '../model/ruleset.ts'
import { nothingTold, tellAll, toldBy } from './told.ts'
import { MAYBE, NO, YES } from './truth.ts'

const devices = ['a', 'b', 'c']
const patterns = ['x.example', '*.x.example', '*.example', 'y.example', '*.y.x.example']
const ruleset = {
  devices: devices.map((name) => ({ name })),
  deviceByName: new Map(devices.map((name, at) => [name, at])),
  patterns,
} as unknown as Ruleset
const addresses = ['192.0.2.1', '192.0.2.2', '198.51.100.255', '2001:db8::1', '2001:db8::2'].map(
  (text) => parseAddress(text) as Address,
)
const untils = [10, 20, 21, Number.POSITIVE_INFINITY]

const said = fc.array(
  fc.record({
    device: fc.constantFrom(EVERY_DEVICE, 'stranger', ...devices),
    name: fc.constantFrom('x.example', 'y.x.example', 'z.y.x.example', 'y.example', 'example', 'q.test'),
    answers: fc.array(
      fc.record({ address: fc.constantFrom(...addresses.slice(0, 4)), until: fc.constantFrom(...untils) }),
      { maxLength: 4 },
    ),
  }),
  { maxLength: 12 },
)

test('by device, pattern and answer the table says what was said', () => {
  const seen = [0, 0, 0]
  fc.assert(
    fc.property(said, (entries) => {
      const names = new Map<string, Map<string, readonly BoundAddress[]>>()
      for (const { device, name, answers } of entries) {
        const told = names.get(device) ?? new Map<string, readonly BoundAddress[]>()
        names.set(device, told.set(name, [...(told.get(name) ?? []), ...answers]))
      }
      const table = tellAll(ruleset, names)
      for (const [index, device] of [...devices, EVERY_DEVICE].entries()) {
        for (const [number, pattern] of patterns.entries()) {
          const given = [...(names.get(device) ?? [])]
            .filter(([name]) => nameMatches(pattern, name))
            .flatMap(([, answers]) => answers)
          for (const at of [0, 10, 15, 20, 21]) {
            const valid = given.filter(({ until }) => until > at)
            for (const address of addresses) {
              const isTold = valid.some((one) => one.address === address)
              const truth = valid.length === 0 ? MAYBE : isTold ? YES : NO
              expect(toldBy(table, index, number, findAddress(table.answers, address), at)).toBe(truth)
              seen[truth] = (seen[truth] ?? 0) + 1
            }
          }
        }
      }
    }),
    { numRuns: 150 },
  )
  for (const truth of [NO, MAYBE, YES]) expect(seen[truth]).toBeGreaterThan(500)
})

test('where nobody was told anything, nothing can be told, of any device', () => {
  expect(toldBy(nothingTold, 0, 0, ABSENT, 0)).toBe(MAYBE)
  expect(toldBy(nothingTold, 99_999, 7, 3, 0)).toBe(MAYBE)
})
