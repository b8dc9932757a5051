/** The reader of JSON against the runtime's own: what both take is the same value, and what only one takes is a fault here. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readJson } from './fixtures/read-json.ts'

const limits = { depth: 64, fields: 10_000, names: 262_144 }

test('what JSON.stringify writes is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (text) => {
      expect(readJson(text, limits)).toEqual({ kind: 'value', value: JSON.parse(text) })
    }),
  )
})

test('nothing is taken that JSON.parse refuses, and nothing throws', () => {
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"',
    '1',
    '-',
    '.5',
    'e9',
    'true',
    'null',
    ' ',
    '\\u0041',
    '\n',
    '\ud800',
  ]
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), (parts) => {
      const text = parts.join('')
      const result = readJson(text, limits)
      if (result.kind === 'value') expect(JSON.parse(text)).toEqual(result.value)
    }),
  )
})

test('__proto__ is a key like any other', () => {
  const result = readJson('{"__proto__":{"x":1}}', limits)
  expect(result.kind === 'value' && Object.keys(result.value as object)).toEqual(['__proto__'])
  expect(({} as { x?: number }).x).toBeUndefined()
})

describe('a fault', () => {
  test.each([
    ['{"a":1,"a":2}', 'a key is there twice'],
    ['{"a":1,"\\u0061":2}', 'a key is there twice'],
    ['[1] 2', 'something follows the value'],
    ['"a\nb"', 'a control character in a string'],
    [`${'['.repeat(70)}${']'.repeat(70)}`, 'deeper than 64'],
    [`[${'1,'.repeat(10_001)}1]`, 'more than 10000 values'],
    ['', 'a value was expected'],
  ])('%s', (text, why) => {
    expect(readJson(text, limits)).toMatchObject({ kind: 'fault', why })
  })
})
