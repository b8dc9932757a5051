/**
 * Schemas: what each word takes and refuses, how they combine, and declarations that cannot be. Long, because every word has its
 * row.
 */
import { describe, expect, test } from 'vitest'
import { type ApiRules, type Decision, inspect, type RequestParts, readOptions } from '../../index.ts'

const request = (body: string): RequestParts => ({
  method: 'POST',
  target: '/readings',
  headers: [
    ['host', 'api.volcano.example'],
    ['content-type', 'application/json'],
  ],
  body: new TextEncoder().encode(body),
})
const rulesOf = (schema: unknown, more: object = {}): ApiRules =>
  ({
    routes: { 'POST /readings': { body: { content: { 'application/json': { schema } } } } },
    ...more,
  }) as ApiRules
const told = ({ finding }: Decision): string =>
  finding === null ? 'allow' : `${finding.rule} ${finding.name}${finding.part === 'name' ? ' (name)' : ''}`
const judged = async (schema: unknown, value: unknown, more: object = {}): Promise<string> =>
  told(
    await inspect(
      request(typeof value === 'string' && value.startsWith('RAW') ? value.slice(3) : JSON.stringify(value)),
      rulesOf(schema, more),
    ),
  )

const reading = {
  type: 'object',
  required: ['device', 'samples'],
  properties: {
    device: { type: 'string', pattern: '^[a-z0-9-]{1,32}$' },
    at: { type: 'string', format: 'date-time' },
    samples: {
      type: 'array',
      minItems: 1,
      maxItems: 3,
      items: { type: 'object', properties: { t: { type: 'integer', minimum: 0 }, v: { type: 'number' } } },
    },
    note: { type: 'string', maxLength: 10, disallowTags: true, nullable: true },
  },
}

test.each<[value: unknown, says: string]>([
  [{ device: 'vent-01', samples: [{ t: 1, v: 2.5 }], at: '2026-11-22T22:00:00Z', note: 'fine' }, 'allow'],
  [{ device: 'vent-01', samples: [{}], note: null }, 'allow'],
  [[], 'declared/type '],
  [{ samples: [{}] }, 'declared/required device'],
  [{ device: 'Vent 01', samples: [{}] }, 'declared/pattern device'],
  [{ device: 1, samples: [{}] }, 'declared/type device'],
  [{ device: 'a', samples: [] }, 'declared/minItems samples'],
  [{ device: 'a', samples: [{}, {}, {}, {}] }, 'declared/maxItems samples'],
  [{ device: 'a', samples: [{}, { t: -1 }] }, 'declared/minimum samples[1].t'],
  [{ device: 'a', samples: [{ t: 1.5 }] }, 'declared/type samples[0].t'],
  [{ device: 'a', samples: [{ v: '1' }] }, 'declared/type samples[0].v'],
  [{ device: 'a', samples: [{}], at: 'now' }, 'declared/format at'],
  [{ device: 'a', samples: [{}], note: '12345678901' }, 'declared/maxLength note'],
  [{ device: 'a', samples: [{}], note: '<b' }, 'declared/disallowTags note'],
  [{ device: 'a', samples: [{}], note: '%3Cb' }, 'declared/disallowTags note'],
  // Nobody declared these.
  [{ device: 'a', samples: [{}], admin: true }, 'routes/undeclared admin (name)'],
  [{ device: 'a', samples: [{ t: 1, x: 1 }] }, 'routes/undeclared samples[0].x (name)'],
  ['RAW{"device":"a","samples":[{}],"__proto__":{"admin":true}}', 'nosql  (name)'],
  ['RAW{"device":"a","samples":[{}],"constructor":1}', 'routes/undeclared constructor (name)'],
  ['RAW{"device":"a","samples":[{"v":1e999}]}', 'protocol/json '],
  ['RAW{"device":"a","device":"b","samples":[{}]}', 'protocol/json '],
])('a reading %j: %s', async (value, says) => {
  expect(await judged(reading, value)).toBe(says)
})

test('an open route takes what no schema declares', async () => {
  expect(
    await judged(reading, { device: 'a', samples: [{ x: 1 }], admin: true }, { undeclared: 'allow' }),
  ).toBe('allow')
  expect(
    await judged(
      { ...reading, additionalProperties: false },
      { device: 'a', samples: [{}], admin: 1 },
      { undeclared: 'allow' },
    ),
  ).toBe('routes/undeclared admin (name)')
})

type Row = readonly [
  schema: unknown,
  takes: readonly unknown[],
  refuses: readonly (readonly [value: unknown, says: string])[],
]

describe('words', () => {
  test.each<Row>([
    [true, [1, null, {}, []], []],
    [{}, [1, null, { a: 1 }, [1]], []],
    [false, [], [[1, 'declared/never ']]],
    [{ type: ['string', 'null'] }, ['a', null], [[1, 'declared/type ']]],
    [
      { type: 'integer' },
      [1, -1, 1e3, 2 ** 40],
      [
        [1.5, 'declared/type '],
        ['1', 'declared/type '],
      ],
    ],
    [{ type: 'integer', format: 'int32' }, [2147483647], [[2147483648, 'declared/format ']]],
    [{ type: 'integer', format: 'int64' }, [2 ** 53], [[1e30, 'declared/format ']]],
    [{ type: 'number', format: 'float' }, [1e38], [[1e39, 'declared/format ']]],
    [{ type: 'string', format: 'password' }, ['a'], [[1, 'declared/type ']]],
    [{ type: 'string', nullable: true }, ['a', null], [[1, 'declared/type ']]],
    [
      { enum: ['a', 1, null, { b: [1], c: 2 }] },
      ['a', 1, null, { c: 2, b: [1] }],
      [
        ['1', 'declared/enum '],
        [{ b: [1] }, 'declared/enum '],
      ],
    ],
    [{ enum: ['a'], nullable: true }, ['a', null], [['b', 'declared/enum ']]],
    [{ enum: ['a'] }, ['a'], [[{ a: 1 }, 'declared/enum ']]],
    [{ const: null }, [null], [[0, 'declared/enum ']]],
    [{ const: { a: 1 } }, [{ a: 1 }], [[{ a: 1, b: 1 }, 'declared/enum ']]],
    [
      { minimum: 1, maximum: 2 },
      [1, 2, 'any'],
      [
        [0.9, 'declared/minimum '],
        [2.1, 'declared/maximum '],
      ],
    ],
    [
      { exclusiveMinimum: 1, exclusiveMaximum: 2 },
      [1.5],
      [
        [1, 'declared/exclusiveMinimum '],
        [2, 'declared/exclusiveMaximum '],
      ],
    ],
    [{ minimum: 1, exclusiveMinimum: true }, [1.5], [[1, 'declared/exclusiveMinimum ']]],
    [{ minimum: 1, exclusiveMinimum: false }, [1], [[0, 'declared/minimum ']]],
    [{ multipleOf: 0.1 }, [0.3, 1.1, -0.7, 0, 1e21], [[0.35, 'declared/multipleOf ']]],
    [
      { multipleOf: 5 },
      [10, 0, -5],
      [
        [12, 'declared/multipleOf '],
        [2.5, 'declared/multipleOf '],
      ],
    ],
    [{ multipleOf: 1e-7 }, [3e-7, 1], [[1.5e-7, 'declared/multipleOf ']]],
    [
      { minLength: 2, maxLength: 2 },
      ['ab', '😀😀'],
      [
        ['a', 'declared/minLength '],
        ['😀', 'declared/minLength '],
        ['abc', 'declared/maxLength '],
      ],
    ],
    [
      { minProperties: 1, maxProperties: 2 },
      [{ a: 1 }],
      [
        [{}, 'declared/minProperties '],
        [{ a: 1, b: 1, c: 1 }, 'declared/maxProperties '],
      ],
    ],
    [{ propertyNames: { maxLength: 2 } }, [{ ab: 1 }], [[{ abc: 1 }, 'declared/maxLength abc (name)']]],
    [{ additionalProperties: { type: 'integer' } }, [{ a: 1 }], [[{ a: 'x' }, 'declared/type a']]],
    [
      { properties: { a: {} }, additionalProperties: { type: 'integer' } },
      [{ a: 'x', b: 1 }],
      [[{ b: 'x' }, 'declared/type b']],
    ],
    [{ properties: { a: {} }, additionalProperties: true }, [{ a: 'x', b: 1 }], []],
    [
      { patternProperties: { '^s_': { type: 'string' } } },
      [{ s_a: 'x' }],
      [
        [{ s_a: 1 }, 'declared/type s_a'],
        [{ b: 1 }, 'routes/undeclared b (name)'],
      ],
    ],
    [
      {
        properties: { s_a: { maxLength: 1 } },
        patternProperties: { '^s_': { type: 'string' } },
        additionalProperties: false,
      },
      [{ s_a: 'x' }],
      [
        [{ s_a: 'xy' }, 'declared/maxLength s_a'],
        [{ s_b: 1 }, 'declared/type s_b'],
        [{ b: 1 }, 'routes/undeclared b (name)'],
      ],
    ],
    [{ items: { type: 'integer' } }, [[1, 2], []], [[[1, 'x'], 'declared/type [1]']]],
    [
      { prefixItems: [{ type: 'string' }], items: { type: 'integer' } },
      [['a', 1], []],
      [
        [[1], 'declared/type [0]'],
        [['a', 'b'], 'declared/type [1]'],
      ],
    ],
    [{ prefixItems: [{ type: 'string' }], items: false }, [['a']], [[['a', 1], 'declared/never [1]']]],
    [
      { uniqueItems: true },
      [[1, '1', { a: 1, b: 2 }]],
      [
        [
          [
            { a: 1, b: 2 },
            { b: 2, a: 1 },
          ],
          'declared/uniqueItems ',
        ],
      ],
    ],
    [{ allOf: [{ minimum: 1 }, { maximum: 2 }] }, [1], [[3, 'declared/maximum ']]],
    [{ anyOf: [{ type: 'string' }, { minimum: 5 }] }, ['a', 5], [[1, 'declared/anyOf ']]],
    [
      { oneOf: [{ minimum: 1 }, { minimum: 5 }] },
      [1],
      [
        [0, 'declared/oneOf '],
        [6, 'declared/oneOf '],
      ],
    ],
    [{ not: { type: 'string' } }, [1], [['a', 'declared/not ']]],
    [
      {
        type: 'string',
        title: 'a',
        description: 'b',
        default: 1,
        example: {},
        examples: [],
        deprecated: true,
        readOnly: false,
        writeOnly: false,
        $comment: 'c',
        'x-own': 1,
      },
      ['a'],
      [],
    ],
  ])('%j', async (schema, takes, refuses) => {
    for (const value of takes) expect(await judged(schema, value), JSON.stringify(value)).toBe('allow')
    for (const [value, says] of refuses) expect(await judged(schema, value), JSON.stringify(value)).toBe(says)
  })
})

describe('what is combined', () => {
  const shape = { type: 'object', properties: { kind: { type: 'string' } }, required: ['kind'] }
  test.each<Row>([
    // Each part declares some of the properties; together they are all.
    [
      { allOf: [shape, { properties: { a: { type: 'integer' } } }] },
      [{ kind: 'x', a: 1 }],
      [
        [{ kind: 'x', b: 1 }, 'routes/undeclared b (name)'],
        [{ a: 1 }, 'declared/required kind'],
      ],
    ],
    [
      {
        oneOf: [
          { properties: { a: {} }, required: ['a'] },
          { properties: { b: {} }, required: ['b'] },
        ],
      },
      [{ a: 1 }, { b: 1 }],
      [
        [{ a: 1, b: 1 }, 'declared/oneOf '],
        [{ a: 1, c: 1 }, 'routes/undeclared c (name)'],
      ],
    ],
    [{ allOf: [shape, { additionalProperties: true }] }, [{ kind: 'x', b: 1 }], []],
    [
      { not: { properties: { a: {} }, required: ['a'] }, type: 'object' },
      [{ b: 1 }],
      [[{ a: 1 }, 'declared/not ']],
    ],
  ])('%j', async (schema, takes, refuses) => {
    for (const value of takes) expect(await judged(schema, value), JSON.stringify(value)).toBe('allow')
    for (const [value, says] of refuses) expect(await judged(schema, value), JSON.stringify(value)).toBe(says)
  })
})

describe('references', () => {
  const schemas = {
    Reading: { type: 'object', properties: { t: { type: 'integer' }, next: { $ref: '#/schemas/Reading' } } },
    'a/b': { type: 'string' },
    Id: { $ref: '#/schemas/a~1b' },
    Own: { properties: { x: { $ref: '#/$defs/X' } }, $defs: { X: { type: 'boolean' } } },
  }
  test.each<[schema: unknown, value: unknown, says: string]>([
    [{ $ref: '#/schemas/Reading' }, { t: 1, next: { next: { t: 2 } } }, 'allow'],
    [
      { $ref: '#/components/schemas/Reading' },
      { t: 1, next: { next: { t: 'x' } } },
      'declared/type next.next.t',
    ],
    [{ $ref: '#/schemas/Reading' }, { next: { next: { u: 1 } } }, 'routes/undeclared next.next.u (name)'],
    [{ $ref: '#/schemas/Id' }, 'a', 'allow'],
    [{ $ref: '#/schemas/Id' }, 1, 'declared/type '],
    [{ $ref: '#/schemas/Id', maxLength: 1 }, 'ab', 'declared/maxLength '],
    [{ $ref: '#/schemas/Own' }, { x: 1 }, 'declared/type x'],
    [{ items: { $ref: '#' }, type: ['array', 'integer'] }, [[1, [2]]], 'allow'],
    [{ items: { $ref: '#' }, type: ['array', 'integer'] }, [[1, ['x']]], 'declared/type [0][1][0]'],
    [
      { properties: { a: { $ref: '#/$defs/A' } }, $defs: { A: { type: 'string' } } },
      { a: 1 },
      'declared/type a',
    ],
  ])('%j with %j: %s', async (schema, value, says) => {
    expect(await judged(schema, value, { schemas })).toBe(says)
  })
})

describe('refused', () => {
  const chain = Object.fromEntries(
    Array.from({ length: 100 }, (_, at) => [
      `S${99 - at}`,
      at === 0 ? {} : { $ref: `#/schemas/S${100 - at}` },
    ]),
  )
  const deep = (depth: number): unknown => (depth === 0 ? {} : { items: deep(depth - 1) })
  test.each<[what: string, schema: unknown, says: RegExp, more?: object]>([
    ['a word that is not understood', { if: {} }, /"if" is no word/],
    ['a misspelt word', { maxlength: 1 }, /"maxlength" is no word/],
    ['a property of a prototype', JSON.parse('{"__proto__":1}'), /"__proto__" is no word/],
    ['no schema', 'string', /no schema/],
    ['a list', [], /no schema/],
    ['no type', { type: 'text' }, /none of/],
    ['no types', { type: [] }, /no types/],
    ['no format', { format: 'datetime' }, /none of/],
    ['a pattern that looks ahead', { pattern: '(?=a)' }, /looks ahead/],
    ['a name that looks ahead', { patternProperties: { '(?=a)': {} } }, /looks ahead/],
    ['lengths', { minLength: 2, maxLength: 1 }, /no text could be both/],
    ['ranges', { minimum: 2, maximum: 1 }, /no number is in this range/],
    ['an open range', { exclusiveMinimum: 1, maximum: 1 }, /no number is in this range/],
    ['a flag without its number', { exclusiveMinimum: true }, /without `minimum`/],
    ['a multiple of nothing', { multipleOf: 0 }, /multiple/],
    ['items', { minItems: 2, maxItems: 1 }, /no list could be both/],
    ['properties', { minProperties: 2, maxProperties: 1 }, /no object could be both/],
    ['an enumeration of nothing', { enum: [] }, /no list of JSON values/],
    ['an enumeration of functions', { enum: [() => 1] }, /no list of JSON values/],
    ['a constant outside the enumeration', { enum: [1], const: 2 }, /none of `enum`/],
    ['a flag as required', { required: true }, /list of names/],
    ['a list of items', { items: [{}] }, /prefixItems/],
    ['nothing to combine', { allOf: [] }, /no list of schemas/],
    ['a reference to nothing', { $ref: '#/schemas/Nothing' }, /refers to nothing/],
    [
      'a reference to a prototype',
      { $ref: '#/schemas/constructor' },
      /refers to nothing/,
      { schemas: { A: {} } },
    ],
    ['a reference to elsewhere', { $ref: 'https://evil.example/schema.json' }, /refers to nothing/],
    ['definitions inside', { properties: { a: { $defs: {} } } }, /definitions inside/],
    [
      'a circle',
      { $ref: '#/schemas/A' },
      /comes back to itself/,
      { schemas: { A: { allOf: [{ $ref: '#/schemas/B' }] }, B: { anyOf: [{ $ref: '#/schemas/A' }] } } },
    ],
    ['a circle of one', { not: { $ref: '#' } }, /comes back to itself/],
    ['a chain without end', { $ref: '#/schemas/S0' }, /leads on too far/, { schemas: chain }],
    ['what nothing refers to', {}, /no word/, { schemas: { A: { propertys: {} } } }],
    ['what is too deep', deep(200), /deeper/],
  ])('%s', (_, schema, says, more = {}) => {
    expect(() => readOptions(rulesOf(schema, more))).toThrow(says)
  })

  test('a schema of what is no JSON', () => {
    const content = { 'text/plain': { schema: {} } }
    expect(() => readOptions({ routes: { 'POST /': { body: { content } } } })).toThrow(/no JSON/)
  })
})

test('however schemas are combined, the work is bounded', async () => {
  const twice = { $ref: '#/schemas/Node' }
  const schemas = {
    // Each level is judged twice for each of the two, so that 2^30 judgements would be needed.
    Node: { anyOf: [{ items: twice }, { items: twice }], not: { items: { not: twice } } },
  }
  const value = `RAW${'['.repeat(40)}${']'.repeat(40)}`
  expect(await judged({ allOf: [twice, { items: false, minItems: 2 }] }, value, { schemas })).toBe(
    'declared/steps ',
  )
})

test('many and long names', async () => {
  const many = Object.fromEntries(Array.from({ length: 4000 }, (_, at) => [`p${at}`, at]))
  expect(await judged({ properties: { a: {} } }, many)).toBe('routes/undeclared p0 (name)')
  expect(await judged({ additionalProperties: { type: 'integer' } }, many)).toBe('allow')
  expect(await judged({ properties: { a: {} } }, { ['x'.repeat(10_000)]: 1 })).toMatch(
    /^routes\/undeclared x{200} \(name\)$/,
  )
})
