/** What `check` says of APIs: each row what must be found, and its neighbour that is fine. */
import { expect, test } from 'vitest'
import { type ApiOptions, api, check, device, lower, network, policy, validate } from '../index.ts'

const NOW = Date.parse('2026-11-22T12:00:00Z')
const mac = '24:6f:28:aa:00:01'

function told(rules: object): readonly string[] {
  const document = policy('site', {
    owner: 'ops@volcano.example',
    networks: {
      things: network({
        role: 'things',
        interface: 'wlan0',
        cidrs: '10.20.0.0/24',
        isolation: 'access-point',
      }),
    },
    devices: { vent: device({ mac, ip: '10.20.0.11' }) },
    apis: {
      backend: api({ why: 'Takes the readings', host: 'api.volcano.example', ...rules } as ApiOptions),
    },
  })
  const [read, faults] = validate(JSON.parse(JSON.stringify(document)))
  const [ruleset, unknown] = read === null ? [null, []] : lower(read)
  expect([...faults, ...unknown]).toEqual([])
  return check(read as never, ruleset as never, { at: NOW })
    .filter(({ path }) => path.startsWith('apis'))
    .map(({ code, path }) => `${code} ${path.slice('apis.backend.'.length)}`)
}

const excluding = (more: object): object => ({
  routes: { 'GET /a': {} },
  exclusions: {
    one: {
      rule: 'sqli',
      route: 'GET /a',
      field: 'query.q',
      why: 'People search for SQL',
      expires: '2027-06-01',
      ...more,
    },
  },
})
const value = (one: object): object => ({ routes: { 'GET /a': { query: { b: one } } } })
const body = (one: object): object => ({
  routes: { 'POST /a': { body: { content: { 'text/plain': one } } } },
})

test.each<[what: string, wrong: object, says: string, fine: object]>([
  ['ended', excluding({ expires: '2026-11-22' }), 'TW2002 exclusions.one.expires', excluding({})],
  ['ends soon', excluding({ expires: '2026-11-23' }), 'TW2004 exclusions.one.expires', excluding({})],
  ['says nothing', excluding({ why: 'todo' }), 'TW2001 exclusions.one.why', excluding({})],
  ['every route', excluding({ route: '*' }), 'TW6005 exclusions.one.route', excluding({})],
  [
    'every field',
    excluding({ field: 'body.*' }),
    'TW6005 exclusions.one.field',
    excluding({ field: 'body.a.b' }),
  ],
  ['any text', value({}), 'TW6006 routes["GET /a"].query["b"]', value({ maxLength: 64 })],
  [
    'any required text',
    value({ required: true, minLength: 1 }),
    'TW6006 routes["GET /a"].query["b"]',
    value({ enum: ['a'] }),
  ],
  [
    'any text of several',
    value({ maxItems: 2 }),
    'TW6006 routes["GET /a"].query["b"]',
    value({ type: 'integer', maxItems: 2 }),
  ],
  ['any body', body({}), 'TW6006 routes["POST /a"].body.content["text/plain"]', body({ maxBytes: 1000 })],
  [
    'whatever is not declared',
    { undeclared: 'allow', routes: { 'GET /a': {} } },
    'TW6006 undeclared',
    { undeclared: 'refuse', routes: { 'GET /a': { undeclared: 'allow' } } },
  ],
  [
    'any JSON',
    { routes: { 'POST /a': { body: { content: { 'application/json': { schema: {} } } } } } },
    'TW6006 routes["POST /a"].body.content["application/json"]',
    { routes: { 'POST /a': { body: { content: { 'application/json': { schema: { type: 'object' } } } } } } },
  ],
  [
    'no reason',
    { why: undefined, routes: { 'GET /a': {} } },
    'TW6007 routes["GET /a"]',
    { why: undefined, routes: { 'GET /a': { why: 'The list of all sensors' } } },
  ],
])('%s', (_, wrong, says, fine) => {
  expect(told(wrong)).toEqual([says])
  expect(told(fine)).toEqual([])
})
