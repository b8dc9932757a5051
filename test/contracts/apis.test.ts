/**
 * The APIs of a policy and the routes of the application firewall: one shape in two packages that do not know each other. The types
 * are the same; what one refuses, the two together refuse; and what both take, the firewall is made of.
 */
import * as policy from '@thingwall/policy'
import * as waf from '@thingwall/waf'
import { expect, expectTypeOf, test } from 'vitest'

test('the types are the same', () => {
  expectTypeOf<policy.ApiRules>().toEqualTypeOf<waf.ApiRules>()
  expectTypeOf<policy.ApiRoute>().toEqualTypeOf<waf.ApiRoute>()
  expectTypeOf<policy.ApiValue>().toEqualTypeOf<waf.ApiValue>()
  expectTypeOf<policy.ApiBody>().toEqualTypeOf<waf.ApiBody>()
  expectTypeOf<policy.ApiContent>().toEqualTypeOf<waf.ApiContent>()
  expectTypeOf<policy.ApiCaller>().toEqualTypeOf<waf.ApiCaller>()
  expectTypeOf<policy.ApiSchema>().toEqualTypeOf<waf.ApiSchema>()
  expectTypeOf<policy.ApiExclusion>().toEqualTypeOf<waf.ApiExclusion>()
})

test('a firewall is made of an API of a policy', async () => {
  const document = policy.api({
    why: 'Echoes',
    owner: 'web',
    host: 'api.volcano.example',
    routes: { 'GET /echo': { query: { echo: { maxLength: 4 } } } },
  })
  const rules = waf.rulesOf(JSON.parse(JSON.stringify(document)))
  const ask = async (target: string): Promise<string | undefined> =>
    (await waf.inspect({ method: 'GET', target, headers: [], body: null }, rules)).finding?.rule
  expect([await ask('/echo?echo=abcd'), await ask('/echo?echo=abcde'), await ask('/')]).toEqual([
    undefined,
    'declared/maxLength',
    'routes/unknown',
  ])
})

/** The codes with which a policy of this one API is refused as written, and the kinds of fault that the firewall tells. */
function told(rules: object): { readonly codes: readonly string[]; readonly kinds: readonly string[] } {
  const document = policy.policy('site', {
    owner: 'ops@volcano.example',
    networks: { things: policy.network({ role: 'things', interface: 'wlan0', cidrs: '10.20.0.0/24' }) },
    apis: { backend: policy.api({ host: 'api.volcano.example', ...rules } as policy.ApiOptions) },
  })
  const [, diagnostics] = policy.validate(JSON.parse(JSON.stringify(document)))
  return {
    codes: diagnostics.map(({ code }) => code),
    kinds: waf.faultsIn(rules as waf.ApiRules).map(({ kind }) => kind),
  }
}

const exclusion = { rule: 'sqli', route: 'GET /a', field: 'query.q', why: 'Seen', expires: '2027-03-01' }
const excluding = (more: object): object => ({
  routes: { 'GET /a': {} },
  exclusions: { one: { ...exclusion, ...more } },
})
const value = (one: object): object => ({ routes: { 'GET /a': { query: { b: one } } } })
const ofJson = (schema: unknown, more: object = {}): object => ({
  routes: { 'POST /a': { body: { content: { 'application/json': { schema } } } } },
  ...more,
})
const form = 'application/x-www-form-urlencoded'

test.each<[what: string, rules: object]>([
  ['nothing', { routes: {} }],
  ['an empty route', { routes: { 'GET /': {} } }],
  [
    'modes',
    { mode: 'report', undeclared: 'allow', routes: { 'GET /': { mode: 'enforce', undeclared: 'refuse' } } },
  ],
  ['reasons', { routes: { 'GET /': { why: 'Home', owner: 'web', query: { a: { why: 'Because' } } } } }],
  ['templates', { routes: { 'GET /a/{b}/{c*}': { path: { b: { format: 'uuid' } } } } }],
  ['letters', { routes: { 'GET /größe/ü-ö.html': {} } }],
  ['rates and leaks', { leaks: 'report', routes: { 'GET /': { rate: '30/min', leaks: 'allow' } } }],
  ['an exclusion of a response', excluding({ rule: 'leak/token', field: 'response' })],
  ['callers', { routes: { 'GET /': { who: [{ profile: 'sensor' }, { device: 'vent-01' }] } } }],
  ['values', value({ type: 'integer', minimum: -1, maximum: 1.5, required: true, maxItems: 3, minItems: 2 })],
  ['lists', value({ type: 'number', separator: '|' })],
  [
    'texts',
    value({ format: 'date-time', minLength: 1, maxLength: 64, enum: ['a', 1, true], disallowTags: true }),
  ],
  ['headers and cookies', { routes: { 'GET /': { headers: { 'X-Site': {} }, cookies: { theme: {} } } } }],
  [
    'bodies',
    {
      routes: {
        'POST /': { body: { optional: true, content: { [form]: { fields: { a: {} }, maxBytes: 9 } } } },
      },
    },
  ],
  [
    'files',
    {
      routes: {
        'POST /': { body: { content: { 'multipart/form-data': { fields: { a: { type: 'file' } } } } } },
      },
    },
  ],
  ['a pattern', value({ pattern: '^[a-z0-9-]{1,32}$' })],
  [
    'a schema',
    ofJson({ type: 'object', properties: { a: { $ref: '#/schemas/A' } } }, { schemas: { A: true } }),
  ],
  ['any JSON', ofJson(true)],
  ['an exclusion', excluding({ owner: 'a', ticket: 'b', added: '2026-11-22' })],
  ['an exclusion of everything', excluding({ route: '*', field: 'body.*' })],
])('%s is taken by both', (_, rules) => {
  expect(told(rules)).toEqual({ codes: [], kinds: [] })
  expect(() => waf.readOptions(rules)).not.toThrow()
})

test.each<[what: string, rules: object]>([
  ['a misspelt section', { routes: {}, exclusion: {} }],
  ['a misspelt property', { routes: { 'GET /': { querry: {} } } }],
  ['a property of a prototype', { routes: { 'GET /': { constructor: {} } } }],
  ['routes in a list', { routes: [] }],
  ['a route that is a text', { routes: { 'GET /': 'a' } }],
  ['a method in small letters', { routes: { 'get /': {} } }],
  ['no path', { routes: { GET: {} } }],
  ['a control character', { routes: { 'GET /\u0085': {} } }],
  ['a query in the path', { routes: { 'GET /a?b': {} } }],
  ['an unknown mode', { mode: 'off', routes: {} }],
  ['an unknown type', value({ type: 'text' })],
  ['an unknown format', value({ format: 'datetime' })],
  ['a property of a prototype as a format', value({ format: 'constructor' })],
  ['a count that is none', value({ maxLength: '64' })],
  ['a count below zero', value({ maxItems: -1 })],
  ['a number that is none', value({ minimum: Number.NaN })],
  ['a rate that is none', { routes: { 'GET /': { rate: '30/day' } } }],
  ['a rate of nothing', { routes: { 'GET /': { rate: '0/s' } } }],
  ['an unknown word for leaks', { leaks: 'pass', routes: {} }],
  ['an empty enumeration', value({ enum: [] })],
  ['an object in an enumeration', value({ enum: [{}] })],
  ['a flag that is none', value({ required: 'yes' })],
  ['another separator', value({ separator: ';' })],
  ['nobody', { routes: { 'GET /': { who: [] } } }],
  ['two callers in one', { routes: { 'GET /': { who: [{ profile: 'a', device: 'b' }] } } }],
  ['a caller that is none', { routes: { 'GET /': { who: ['vent-01'] } } }],
  ['a content type that is none', { routes: { 'POST /': { body: { content: { json: {} } } } } }],
  [
    'a content type with a parameter',
    { routes: { 'POST /': { body: { content: { 'text/plain; charset=utf-8': {} } } } } },
  ],
  ['a body without content', { routes: { 'POST /': { body: {} } } }],
  ['a pattern that is no text', value({ pattern: 1 })],
  ['an empty pattern', value({ pattern: '' })],
  ['a schema that is none', ofJson('string')],
  ['a schema in a list', ofJson([])],
  ['schemas in a list', { routes: {}, schemas: [] }],
  ['an exclusion without a reason', excluding({ why: undefined })],
  ['an exclusion without an end', excluding({ expires: undefined })],
  ['an exclusion that ends on no day', excluding({ expires: '2027-02-30' })],
])('%s is refused by both', (_, rules) => {
  const { codes, kinds } = told(rules)
  expect(codes.length).toBeGreaterThan(0)
  expect(kinds.length).toBeGreaterThan(0)
})

test.each<[what: string, rules: object, kind: string]>([
  ['routes that cross', { routes: { 'GET /a/{b}': {}, 'GET /{a}/b': {} } }, 'conflict'],
  ['a template in a segment', { routes: { 'GET /v{n}': {} } }, 'route'],
  ['a value of no template', { routes: { 'GET /a': { path: { b: {} } } } }, 'contradiction'],
  ['a file in a query', value({ type: 'file' }), 'contradiction'],
  ['a range of a text', value({ minimum: 1 }), 'contradiction'],
  ['a pattern that looks ahead', value({ pattern: '(?=a)' }), 'pattern'],
  ['a word of a schema', ofJson({ if: {} }), 'schema'],
  ['a pattern in a schema', ofJson({ properties: { a: { pattern: '(?=a)' } } }), 'pattern'],
  ['an exclusion of a rule that is none', excluding({ rule: 'sql' }), 'exclusion'],
  ['an exclusion on no route', excluding({ route: 'GET /b' }), 'exclusion'],
])('%s is for the firewall to refuse', (_, rules, kind) => {
  expect(told(rules)).toEqual({ codes: [], kinds: [kind] })
})
