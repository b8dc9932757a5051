/** Of random policies with one thing broken, nothing is told but the one fault. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { validate } from '../author/validate.ts'
import { randomPolicy } from '../fixtures/random.ts'
import { faultsBeside } from './beside.ts'

test('of a sound policy with any one thing broken, no second fault is told', () => {
  let refused = 0
  fc.assert(
    fc.property(
      randomPolicy,
      fc.nat(),
      fc.constantFrom(undefined, null, 5, '', '§', {}, [], [5]),
      (policy, at, value) => {
        const input: unknown = JSON.parse(JSON.stringify(policy))
        const places = placesIn(input)
        const [holder, key] = places[at % places.length] as readonly [Record<string, unknown>, string]
        if (value === undefined) delete holder[key]
        else holder[key] = value
        if (validate(input)[0] !== null) return
        refused += 1
        expect(faultsBeside(input)).toEqual([])
      },
    ),
    { numRuns: 600, seed: 20_261_122 },
  )
  expect(refused).toBeGreaterThan(300)
})

/** Every property in a document, with the object that has it. */
function placesIn(value: unknown): (readonly [object, string])[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [[value, key] as const, ...placesIn(inner)])
}
