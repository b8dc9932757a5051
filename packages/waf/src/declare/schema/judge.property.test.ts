/**
 * Schemas against another judge of them: whatever schema and value chance makes of the words that both know, both take it or both
 * refuse it. Where what is not declared is refused, nothing that is taken would be refused by the other.
 */
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonValue } from '../../request/body-reader.ts'
import type { ApiSchema } from '../api.ts'
import type { Reading } from '../reading.ts'
import { judgeSchema } from './judge.ts'
import { finishSchemas, readSchema, schemasOf } from './read.ts'

const names = ['a', 'b', 'c', '__proto__', 'constructor']
const number = fc.constantFrom(-2, -1, 0, 0.5, 1, 1.5, 2, 3, 10)
const count = fc.nat({ max: 3 })
const text = fc.constantFrom('', 'a', 'ab', 'abc', 'b-1', '😀', 'x y')
const scalar = fc.oneof(fc.constant(null), fc.boolean(), number, text)
const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc
      .array(fc.tuple(fc.constantFrom(...names), tie('value')), { maxLength: 3 })
      .map((entries) => objectOf(entries)),
  ),
}))
/** With `__proto__` as a property like any other. */
function objectOf<T>(entries: readonly (readonly [string, T])[]): { [key: string]: T } {
  const made: { [key: string]: T } = {}
  for (const [key, one] of entries)
    Object.defineProperty(made, key, { value: one, enumerable: true, configurable: true, writable: true })
  return made
}

const type = fc.constantFrom('array', 'boolean', 'integer', 'null', 'number', 'object', 'string')
const { schema } = fc.letrec<{ schema: ApiSchema | boolean }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.boolean(),
    fc.record(
      {
        type: fc.oneof(type, fc.uniqueArray(type, { minLength: 1, maxLength: 3 })),
        enum: fc.uniqueArray(value, {
          minLength: 1,
          maxLength: 3,
          comparator: (a, b) => JSON.stringify(a) === JSON.stringify(b),
        }),
        minimum: fc.constantFrom(-1, 0, 1),
        exclusiveMaximum: fc.constantFrom(2, 3, 10),
        multipleOf: fc.constantFrom(0.5, 1, 2),
        maxLength: fc.constantFrom(2, 3),
        minLength: fc.constantFrom(0, 1, 2),
        pattern: fc.constantFrom('^a', 'b', '^[a-z]*$', '\\d$', '^.$'),
      },
      { requiredKeys: [] },
    ),
    fc.record(
      {
        properties: fc
          .array(fc.tuple(fc.constantFrom(...names.filter((name) => name !== '__proto__')), tie('schema')), {
            maxLength: 3,
          })
          .map(objectOf),
        patternProperties: fc
          .array(fc.tuple(fc.constantFrom('^a', 'c', '^_'), tie('schema')), { maxLength: 2 })
          .map(objectOf),
        additionalProperties: tie('schema'),
        propertyNames: fc.constantFrom({ maxLength: 1 }, { enum: ['a', 'b'] }, true),
        required: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 2 }),
        maxProperties: count,
        items: tie('schema'),
        prefixItems: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }),
        maxItems: count,
        uniqueItems: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
    fc.record(
      {
        allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }),
        anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }),
        oneOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }),
        not: tie('schema'),
      },
      { requiredKeys: [] },
    ),
  ) as fc.Arbitrary<ApiSchema | boolean>,
}))

/** Null where the judge itself fails. */
function answerOf(judge: () => boolean): boolean | null {
  try {
    return judge()
  } catch (error) {
    if (error instanceof ReferenceError) return null
    throw error
  }
}

test('what another judge says', () => {
  const counted = { taken: 0, refused: 0, failed: 0 }
  fc.assert(
    fc.property(schema, fc.array(value, { minLength: 1, maxLength: 8 }), (one, values) => {
      const at: Reading = { path: [], faults: [] }
      const all = schemasOf(at, undefined)
      const own = readSchema(all, one)
      finishSchemas(all)
      // What contradicts itself is refused when it is declared; the other judge only never takes anything.
      if (at.faults.length > 0) return
      const other = new Ajv2020({ strict: false, unicodeRegExp: true, ownProperties: true }).compile(one)
      for (const sample of values) {
        const says = answerOf(() => other(sample))
        // The code that it makes of some schemas names what it has not declared.
        if (says === null) {
          counted.failed++
          continue
        }
        const open = judgeSchema(own, sample, { strict: false, steps: 100_000 })
        expect(open === null, JSON.stringify({ sample, open })).toBe(says)
        counted[says ? 'taken' : 'refused']++
        if (judgeSchema(own, sample, { strict: true, steps: 100_000 }) === null) expect(says).toBe(true)
      }
    }),
    { numRuns: 300 },
  )
  expect(counted.taken).toBeGreaterThan(200)
  expect(counted.refused).toBeGreaterThan(200)
  expect(counted.failed).toBeLessThan(100)
})
