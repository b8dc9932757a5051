/** Random policies as data mean what the same policies mean as code; the schema takes all of them. */
import Schema from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { randomPolicy } from '../fixtures/random.ts'
import { file, read } from '../fixtures/written.ts'
import { lower } from '../lower/lower.ts'
import type { PolicyDocument } from '../model/policy.ts'
import { asWritten } from './as-written.ts'
import { policySchema } from './schema.ts'

const takes = new Schema.default({ strict: false, validateFormats: false }).compile(policySchema)

/** What a document means, without places: rules, devices, networks as `lower` resolves them. */
function meaning(document: PolicyDocument): unknown {
  const [ruleset, diagnostics] = lower(document)
  const plain = JSON.stringify({ ruleset, diagnostics }, (key, value) => {
    if (key === 'origin') return undefined
    if (value instanceof Map) return [...value]
    return value instanceof Set ? [...value] : value
  })
  return JSON.parse(plain)
}

test('a policy written as data means what it meant', () => {
  fc.assert(
    fc.property(randomPolicy, (document) => {
      const data: unknown = JSON.parse(JSON.stringify(asWritten(document)))
      expect(takes(data), JSON.stringify(takes.errors)).toBe(true)
      const [back, diagnostics] = read(file(data))
      expect(diagnostics).toEqual([])
      expect(meaning(back as PolicyDocument)).toEqual(meaning(document))
    }),
    { numRuns: 80 },
  )
}, 60_000)

test('what the schema refuses, validate refuses', () => {
  const junk = fc.oneof(
    fc.constantFrom<unknown>(null, 7, true, '', [], {}, ['x'], { x: 1 }, 'any', '443/tcp', 'a b'),
    fc.string(),
  )
  let refused = 0
  fc.assert(
    fc.property(randomPolicy, fc.nat(), junk, fc.boolean(), (document, seed, value, rename) => {
      const data = JSON.parse(JSON.stringify(asWritten(document))) as Record<string, unknown>
      change(data, seed, value, rename)
      if (takes(data)) return
      refused++
      const [, diagnostics] = read(file(data))
      expect(diagnostics.length, JSON.stringify(data)).toBeGreaterThan(0)
    }),
    { numRuns: 600 },
  )
  expect(refused).toBeGreaterThan(100)
}, 60_000)

/** Puts a value, or a property of another name, somewhere into the data. */
function change(data: Record<string, unknown>, seed: number, value: unknown, rename: boolean): void {
  const places: [Record<string, unknown>, string][] = []
  const collect = (thing: unknown): void => {
    if (typeof thing !== 'object' || thing === null) return
    for (const key of Object.keys(thing)) {
      places.push([thing as Record<string, unknown>, key])
      collect((thing as Record<string, unknown>)[key])
    }
  }
  collect({ ...data, apis: undefined })
  const [holder, key] = places[seed % places.length] as [Record<string, unknown>, string]
  const target = holder === undefined || key in data ? data : holder
  if (rename) target[`${key}s`] = target[key]
  else target[key] = value
}
