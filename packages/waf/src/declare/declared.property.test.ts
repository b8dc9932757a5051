/**
 * Whatever is declared and whatever comes: a declaration is read or refused with its faults, a request is decided, and what is let
 * through by a strict API is a declared route with nothing on it that was not declared.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ApiRules, faultsIn, inspectPlain, type RequestParts, readOptions } from '../index.ts'

const word = fc.constantFrom('a', 'b', 'id', '__proto__', 'constructor', 'Größe', 'x-y')
const value = fc.record(
  {
    type: fc.constantFrom('string', 'integer', 'number', 'boolean', 'file', 'text'),
    format: fc.constantFrom('uuid', 'date', 'ipv6', 'nothing'),
    required: fc.boolean(),
    maxLength: fc.constantFrom(0, 1, 10, -1),
    minimum: fc.constantFrom(0, 5),
    maximum: fc.constantFrom(1, 100),
    enum: fc.array(word, { maxLength: 2 }),
    pattern: fc.constantFrom('^[a-z]+$', '(?=a)', 'b'),
    disallowTags: fc.boolean(),
    maxItems: fc.constantFrom(0, 1, 2),
    separator: fc.constantFrom(',', ';'),
  },
  { requiredKeys: [] },
)
const values = fc.dictionary(word, value, { maxKeys: 2 })
const segment = fc.oneof(word, fc.constantFrom('{a}', '{id}', '{rest*}', '', '..', '%2f'))
const key = fc
  .tuple(fc.constantFrom('GET', 'POST', 'PUT', 'get'), fc.array(segment, { maxLength: 3 }))
  .map(([method, segments]) => `${method} /${segments.join('/')}`)
const route = fc.record(
  {
    mode: fc.constantFrom('enforce', 'report'),
    undeclared: fc.constantFrom('refuse', 'allow'),
    rate: fc.constantFrom('1/s', '5/min', 'often'),
    who: fc.array(fc.oneof(fc.record({ profile: word }), fc.record({ device: word })), { maxLength: 2 }),
    path: values,
    query: values,
    headers: values,
    cookies: values,
    body: fc.record(
      {
        optional: fc.boolean(),
        content: fc.dictionary(
          fc.constantFrom(
            'application/json',
            'application/x-www-form-urlencoded',
            'multipart/form-data',
            'text/plain',
          ),
          fc.record(
            {
              fields: values,
              maxBytes: fc.constantFrom(0, 10, 1000),
              schema: fc.oneof(fc.boolean(), fc.object({ maxDepth: 2 })),
            },
            { requiredKeys: [] },
          ),
          { maxKeys: 2 },
        ),
      },
      { requiredKeys: ['content'] },
    ),
  },
  { requiredKeys: [] },
)
const rules = fc.record(
  {
    undeclared: fc.constantFrom('refuse', 'allow'),
    mode: fc.constantFrom('enforce', 'report'),
    routes: fc.dictionary(key, route, { maxKeys: 3 }),
  },
  { requiredKeys: ['routes'] },
) as fc.Arbitrary<unknown> as fc.Arbitrary<ApiRules>

const piece = fc.oneof(
  word,
  fc.constantFrom('', '1', '%00', '%2f', '%', '..', '<b', ';a=b', '%C3%A4', '+', '='),
)
const request: fc.Arbitrary<RequestParts> = fc
  .record({
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'OPTIONS'),
    path: fc.array(piece, { maxLength: 3 }),
    query: fc.array(fc.tuple(piece, piece), { maxLength: 3 }),
    headers: fc.array(
      fc.tuple(
        fc.constantFrom('a', 'id', 'cookie', 'x-y', 'content-type'),
        fc.constantFrom('a', '1', 'a=b; id=1', 'application/json', 'application/x-www-form-urlencoded'),
      ),
      { maxLength: 3 },
    ),
    body: fc.option(fc.constantFrom('', '{}', '{"a":1}', '[[]]', 'a=1&b=2', '{', '\u0000')),
  })
  .map(({ method, path, query, headers, body }) => ({
    method,
    target: `/${path.join('/')}${query.length === 0 ? '' : `?${query.map((pair) => pair.join('=')).join('&')}`}`,
    headers: [['host', 'api.volcano.example'], ...headers],
    body: body === null ? null : new TextEncoder().encode(body),
  }))

test('declarations are read or refused, requests are decided', () => {
  const counted = { read: 0, refused: 0, let: 0, stopped: 0 }
  fc.assert(
    fc.property(rules, fc.array(request, { minLength: 1, maxLength: 10 }), (declared, requests) => {
      const faults = faultsIn(declared)
      if (faults.length > 0) {
        counted.refused++
        expect(() => readOptions(declared)).toThrow(TypeError)
        for (const { message, hint } of faults)
          expect([message, hint].every((text) => text.length > 0)).toBe(true)
        return
      }
      counted.read++
      const settings = readOptions(declared)
      for (const one of requests) {
        const { decision } = inspectPlain(one, settings)
        expect(decision.verdict === 'allow').toBe(decision.finding === null)
        expect(decision.answer === null).toBe(decision.verdict !== 'refuse')
        if (decision.route !== null) expect(Object.keys(declared.routes)).toContain(decision.route)
        counted[decision.verdict === 'allow' ? 'let' : 'stopped']++
        if (decision.verdict !== 'allow' || declared.undeclared === 'allow') continue
        const met = declared.routes[decision.route ?? '']
        expect(met).toBeDefined()
        if (met?.undeclared === 'allow') continue
        const names = new URLSearchParams(one.target.split('?')[1] ?? '').keys()
        for (const name of names) expect(Object.keys(met?.query ?? {})).toContain(name)
        if (met?.body === undefined) expect(one.body?.length ?? 0).toBe(0)
      }
    }),
    { numRuns: 1500 },
  )
  for (const count of Object.values(counted)) expect(count).toBeGreaterThan(50)
})
