/** One request after another against declared routes: what is refused, by which rule, and what the client is told. */
import { describe, expect, test } from 'vitest'
import {
  type ApiRules,
  type Caller,
  type Decision,
  inspect,
  type RequestParts,
  readOptions,
  type WafOptions,
} from './index.ts'

const get = (target: string, ...headers: [string, string][]): RequestParts => ({
  method: 'GET',
  target,
  headers: [['host', 'api.volcano.example'], ...headers],
  body: null,
})
const post = (target: string, type: string, body: string): RequestParts => ({
  ...get(target, ['content-type', type]),
  method: 'POST',
  body: new TextEncoder().encode(body),
})
const form = 'application/x-www-form-urlencoded'
const rules: ApiRules = {
  routes: {
    'GET /echo': { query: { echo: { maxLength: 16, disallowTags: true, required: true } } },
    'GET /v1/devices/{id}/readings': {
      path: { id: { format: 'uuid' } },
      query: {
        from: { format: 'date-time' },
        limit: { type: 'integer', minimum: 1, maximum: 100 },
        order: { enum: ['asc', 'desc'] },
        tag: { maxItems: 3, maxLength: 8 },
        ids: { type: 'integer', separator: ',', maxItems: 4, minItems: 2 },
        live: { type: 'boolean' },
      },
      headers: { 'X-Site': { enum: ['mauna-loa'], required: true } },
      cookies: { theme: { enum: ['dark', 'light'] } },
    },
    'POST /notes': {
      body: { content: { [form]: { fields: { note: { required: true, maxLength: 200 } }, maxBytes: 100 } } },
    },
    'POST /any': { undeclared: 'allow', body: { optional: true, content: { 'text/plain': {} } } },
    'POST /readings': { who: [{ profile: 'seismometer' }, { device: 'lab' }] },
    'GET /new': { mode: 'report', query: { a: { type: 'integer' } } },
  },
}
const id = '123e4567-e89b-12d3-a456-426614174000'
const readings = `/v1/devices/${id}/readings`
const site: [string, string] = ['x-site', 'mauna-loa']

const told = ({ finding }: Decision): string =>
  finding === null ? 'allow' : `${finding.rule} ${finding.place} ${finding.name}`

describe('a strict API', () => {
  test.each<[request: RequestParts, says: string]>([
    [get('/echo?echo=hello'), 'allow'],
    [get('/echo?echo=%3Cb%3E'), 'declared/disallowTags query echo'],
    [get('/echo?echo=%253Cb%253E'), 'declared/disallowTags query echo'],
    [get(`/echo?echo=${'😀'.repeat(16)}`.replace(/😀/g, '%F0%9F%98%80')), 'allow'],
    [get(`/echo?echo=${'a'.repeat(17)}`), 'declared/maxLength query echo'],
    [get('/echo'), 'declared/required query echo'],
    [get('/echo?echo=a&echo=b'), 'declared/maxItems query echo'],
    [get('/echo?echo=a&debug=1'), 'routes/undeclared query debug'],
    [get('/echo?echo=a&__proto__=1'), 'routes/undeclared query __proto__'],
    [get('/echo?echo=a&=x'), 'routes/undeclared query '],
    [get('/nowhere'), 'routes/unknown path '],
    [get('/Echo?echo=a'), 'routes/spelling path '],
    [{ ...get('/echo?echo=a'), method: 'DELETE' }, 'routes/method method '],
    [get('http://api.volcano.example/echo?echo=a'), 'allow'],
    [get('http://api.volcano.example?echo=a'), 'routes/unknown path '],

    [get(readings, site), 'allow'],
    [get(readings), 'declared/required header x-site'],
    [get(readings, ['X-SITE', 'etna']), 'declared/enum header x-site'],
    [get(readings, site, ['x-site', 'mauna-loa']), 'declared/maxItems header x-site'],
    [get('/v1/devices/1/readings', site), 'declared/format path id'],
    [get(`${readings}?limit=100&order=asc&from=2026-11-22T22%3A00%3A00Z&live=true`, site), 'allow'],
    [get(`${readings}?limit=101`, site), 'declared/maximum query limit'],
    [get(`${readings}?limit=0`, site), 'declared/minimum query limit'],
    [get(`${readings}?limit=1e1`, site), 'declared/type query limit'],
    [get(`${readings}?limit=`, site), 'declared/type query limit'],
    [get(`${readings}?live=1`, site), 'declared/type query live'],
    [get(`${readings}?order=ASC`, site), 'declared/enum query order'],
    [get(`${readings}?from=yesterday`, site), 'declared/format query from'],
    [get(`${readings}?tag=a&tag=b&tag=c`, site), 'allow'],
    [get(`${readings}?tag=a&tag=b&tag=c&tag=d`, site), 'declared/maxItems query tag'],
    [get(`${readings}?tag=a&tag=123456789`, site), 'declared/maxLength query tag'],
    [get(`${readings}?ids=1,2,3`, site), 'allow'],
    [get(`${readings}?ids=1,x`, site), 'declared/type query ids'],
    [get(`${readings}?ids=1`, site), 'declared/minItems query ids'],
    [get(`${readings}?ids=1,2,3,4,5`, site), 'declared/maxItems query ids'],
    [get(readings, site, ['cookie', 'theme=dark; other=1']), 'allow'],
    [get(readings, site, ['cookie', 'theme=dark; theme=light']), 'declared/maxItems cookie theme'],
    [get(readings, site, ['cookie', 'a=b; theme=blue']), 'declared/enum cookie theme'],

    [post('/notes', form, 'note=all+fine'), 'allow'],
    [post('/notes', `${form}; charset=utf-8`, 'note=all+fine'), 'allow'],
    [post('/notes', form, 'other=1'), 'routes/undeclared body other'],
    [post('/notes', form, 'note=a&note=b'), 'declared/maxItems body note'],
    [post('/notes', form, '&'), 'declared/required body note'],
    [post('/notes', form, `note=${'a'.repeat(100)}`), 'routes/limit-body body '],
    [post('/notes', 'application/json', '{"note":"a"}'), 'routes/content-type header content-type'],
    [{ ...post('/notes', form, 'note=a'), headers: [] }, 'routes/content-type header content-type'],
    [post('/notes', form, ''), 'routes/body body '],
    [post('/echo', form, 'a=b'), 'routes/method method '],
    [post('/any?x=1', 'text/plain', 'hello'), 'allow'],
    [post('/any', 'text/plain', ''), 'allow'],
    [post('/any', 'text/html', 'hello'), 'routes/content-type header content-type'],
    [post('/readings', 'text/plain', 'hello'), 'routes/who header '],

    // What is as declared is still looked at.
    [post('/notes', form, 'note=%27+or+1%3D1--'), 'sqli body note'],
  ])('%j: %s', async (request, says) => {
    expect(told(await inspect(request, rules))).toBe(says)
  })

  test('who calls', async () => {
    const calls = async (caller: Caller | null): Promise<string> =>
      told(await inspect({ ...get('/readings'), method: 'POST' }, rules, caller))
    expect(await calls(null)).toBe('routes/who header ')
    expect(await calls({ id: 'vent-01', profile: 'seismometer' })).toBe('allow')
    expect(await calls({ id: 'lab', profile: null })).toBe('allow')
    expect(await calls({ id: 'crater-cam', profile: 'camera' })).toBe('routes/who header ')
    // A device called like a profile is not of that profile.
    expect(await calls({ id: 'seismometer', profile: null })).toBe('routes/who header ')
  })

  test('the decision names route and caller', async () => {
    const decision = await inspect(get('/echo?echo=%3Cb%3E'), rules, {
      id: 'vent-01',
      profile: 'seismometer',
    })
    expect(decision).toMatchObject({
      verdict: 'refuse',
      route: 'GET /echo',
      who: 'vent-01',
      answer: { status: 403, headers: [] },
      finding: { excerpt: '<b>', offset: 0, layers: [] },
    })
    expect(await inspect(get('/echo?echo=hi'), rules)).toMatchObject({
      verdict: 'allow',
      route: 'GET /echo',
      answer: null,
    })
  })

  test.each<[request: RequestParts, status: number, headers: unknown]>([
    [get('/nowhere'), 404, []],
    [get('/ECHO'), 404, []],
    [{ ...get('/echo'), method: 'PUT' }, 405, [['allow', 'GET, HEAD']]],
    [post('/notes', 'application/json', '{}'), 415, []],
    [post('/notes', form, `note=${'a'.repeat(100)}`), 413, []],
    [get('/echo'), 403, []],
  ])('%j is answered with %d', async (request, status, headers) => {
    expect((await inspect(request, rules)).answer).toEqual({ status, headers })
  })

  test('a route that only reports', async () => {
    const decision = await inspect(get('/new?a=x'), rules)
    expect(decision).toMatchObject({ verdict: 'report', answer: null, finding: { rule: 'declared/type' } })
    expect((await inspect(get('/new?a=1&b=%3Cscript%3E'), rules)).verdict).toBe('report')
    expect((await inspect(get('/nowhere'), rules)).verdict).toBe('refuse')
    const reporting: ApiRules = { ...rules, mode: 'report' }
    expect((await inspect(get('/nowhere'), reporting)).verdict).toBe('report')
  })

  test('hostile names and numbers of names', async () => {
    for (const name of [
      'a'.repeat(10_000),
      '%00'.repeat(10),
      '%0d%0a',
      'constructor',
      'toString',
      '%E2%80%AE',
      '\ud800',
    ]) {
      const { finding } = await inspect(get(`/echo?echo=a&${name}=1`), rules)
      expect(finding?.rule).toBe('routes/undeclared')
      expect(finding?.name.length).toBeLessThanOrEqual(200)
    }
    const many = Array.from({ length: 10_000 }, () => 'tag=a').join('&')
    expect(told(await inspect(get(`${readings}?${many}`, site), rules))).toBe('declared/maxItems query tag')
  })
})

describe('an open API', () => {
  const open: ApiRules = { ...rules, undeclared: 'allow' }
  test.each<[request: RequestParts, says: string]>([
    [get('/nowhere'), 'allow'],
    [get('/nowhere?a=%3Cscript%3Ealert(1)%3C/script%3E'), 'xss query a'],
    [get('/echo?echo=a&debug=1'), 'allow'],
    [get('/echo?echo=%3Cb%3E&debug=1'), 'declared/disallowTags query echo'],
    [{ ...get('/echo'), method: 'DELETE' }, 'routes/method method '],
    // As a lenient server would take it; it must not be a way around.
    [get('/ECHO?echo=%3Cb%3E'), 'routes/spelling path '],
    [get('/echo/?echo=%3Cb%3E'), 'routes/spelling path '],
    [post('/readings', 'text/plain', 'hello'), 'routes/who header '],
  ])('%j: %s', async (request, says) => {
    expect(told(await inspect(request, open))).toBe(says)
  })
})

describe('exclusions', () => {
  const now = Date.parse('2026-11-22T22:00:00Z')
  const excluding = (more: object): WafOptions => ({
    now: () => now,
    routes: {
      'GET /search': { undeclared: 'allow' },
      'POST /notes': { body: { content: { 'application/json': {} } } },
    },
    exclusions: {
      one: {
        rule: 'sqli',
        route: 'GET /search',
        field: 'query.q',
        why: 'People search for SQL',
        expires: '2026-12-01',
        ...more,
      },
    },
  })
  const attack = "' or 1=1--"
  const q = get(`/search?q=${encodeURIComponent(attack)}`)
  test.each<[what: string, more: object, request: RequestParts, says: string]>([
    ['lets that through', {}, q, 'allow'],
    ['not another field', {}, get(`/search?p=${encodeURIComponent(attack)}`), 'sqli query p'],
    [
      'not the name of the field',
      { field: 'query.*' },
      get(`/search?${encodeURIComponent(attack)}=1`),
      `sqli query ${attack}`,
    ],
    ['all fields of a place', { field: 'query.*' }, get(`/search?p=${encodeURIComponent(attack)}`), 'allow'],
    ['not another route', { route: 'POST /notes' }, q, 'sqli query q'],
    ['any route', { route: '*' }, q, 'allow'],
    ['not another rule', { rule: 'xss' }, q, 'sqli query q'],
    [
      'what else is in the field',
      {},
      get(`/search?q=${encodeURIComponent(`${attack} <script>alert(1)</script>`)}`),
      'xss query q',
    ],
    ['not when it is over', { expires: '2026-11-22' }, q, 'sqli query q'],
    ['until that second', { expires: '2026-11-22T22:00:01Z' }, q, 'allow'],
    ['not from that second on', { expires: '2026-11-22T22:00:00Z' }, q, 'sqli query q'],
    [
      'in a list',
      { route: 'POST /notes', field: 'body.items[].note' },
      post('/notes', 'application/json', JSON.stringify({ items: [{ note: 'fine' }, { note: attack }] })),
      'allow',
    ],
    [
      'not beside it',
      { route: 'POST /notes', field: 'body.items[].note' },
      post('/notes', 'application/json', JSON.stringify({ items: [{ other: attack }] })),
      'sqli body items[0].other',
    ],
  ])('%s', async (_, more, request, says) => {
    expect(told(await inspect(request, excluding(more)))).toBe(says)
  })

  test.each<[more: object, says: RegExp]>([
    [{ rule: 'sql' }, /no detector has this id.*sqli/s],
    [{ rule: 'declared/maxLength' }, /no detector/],
    [{ rule: 'protocol/json' }, /no detector/],
    [{ route: 'GET /serch' }, /no such route/],
    [{ field: 'q' }, /names no field/],
    [{ field: 'query' }, /names no field/],
    [{ expires: 'soon' }, /no date/],
    [{ expires: '2026-02-30' }, /no date/],
    [{ expires: undefined }, /without `expires`/],
    [{ why: undefined }, /without `why`/],
    [{ why: '' }, /no text/],
  ])('%j is refused', (more, says) => {
    expect(() => readOptions(excluding(more))).toThrow(says)
  })
})

test.each<[what: string, options: unknown, says: RegExp]>([
  ['a misspelt option', { route: {} }, /no option "route"/],
  ['no route', { routes: { echo: {} } }, /method in capitals/],
  ['a misspelt property', { routes: { 'GET /': { querry: {} } } }, /"querry" is no property.*query/],
  [
    'a misspelt value',
    { routes: { 'GET /': { query: { a: { maxlength: 1 } } } } },
    /"maxlength" is no property/,
  ],
  ['no value', { routes: { 'GET /': { query: { a: 'string' } } } }, /not a value/],
  ['no count', { routes: { 'GET /': { query: { a: { maxLength: -1 } } } } }, /no count/],
  [
    'no range',
    { routes: { 'GET /': { query: { a: { minLength: 2, maxLength: 1 } } } } },
    /no text could be both/,
  ],
  ['a range of no number', { routes: { 'GET /': { query: { a: { maximum: 1 } } } } }, /no number/],
  [
    'an unknown format',
    { routes: { 'GET /': { query: { a: { format: 'datetime' } } } } },
    /none of.*date-time/,
  ],
  ['an unknown template', { routes: { 'GET /{a}': { path: { b: {} } } } }, /no such template/],
  ['one route twice', { routes: { 'GET /{a}': {}, 'GET /{b}': {} } }, /once more/],
  ['routes that cross', { routes: { 'GET /a/{b}': {}, 'GET /{a}/b': {} } }, /neither says more/],
  ['a header twice', { routes: { 'GET /': { headers: { A: {}, a: {} } } } }, /declared twice/],
  ['nobody', { routes: { 'GET /': { who: [] } } }, /who may call/],
  ['a misspelt caller', { routes: { 'GET /': { who: [{ profil: 'a' }] } } }, /names no caller/],
  [
    'two callers in one',
    { routes: { 'GET /': { who: [{ profile: 'a', device: 'b' }] } } },
    /names no caller/,
  ],
  ['no content type', { routes: { 'POST /': { body: { content: { json: {} } } } } }, /no content type/],
  ['an empty body', { routes: { 'POST /': { body: { content: {} } } } }, /no content type/],
  [
    'fields of JSON',
    { routes: { 'POST /': { body: { content: { 'application/json': { fields: {} } } } } } },
    /no form/,
  ],
  ['a misspelt mode', { mode: 'enforced' }, /none of "enforce"/],
  ['an empty enumeration', { routes: { 'GET /': { query: { a: { enum: [] } } } } }, /list of values/],
])('wrong options: %s', (_, options, says) => {
  expect(() => readOptions(options as WafOptions)).toThrow(says)
})

test('all faults at once', () => {
  const options = {
    routes: { 'GET /a': { query: { b: { type: 'txt' } } }, nothing: {}, 'GET /c': { mode: 'off' } },
  }
  expect(() => readOptions(options as never)).toThrow(/txt.*\n.*nothing.*\n.*mode/s)
})
