/** One request after another against declared routes: what is refused, by which rule, and what the client is told. */
import { describe, expect, test } from 'vitest'
import { type ApiRules, type Caller, type Decision, inspect, type RequestParts } from './index.ts'

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
    // The same for names, as PHP and others take them.
    [get('/echo?echo=a&ECHO=%3Cb%3E'), 'routes/spelling query ECHO'],
    [get('/echo?echo=a&echo[]=%3Cb%3E'), 'routes/spelling query echo[]'],
    [get('/echo?echo=a&echo%5B0%5D[x]=1'), 'routes/spelling query echo[0][x]'],
    [get('/echo?echo=a&+echo=1'), 'routes/spelling query  echo'],
    [get('/echo?echo=a&echo2=1'), 'allow'],
    [post('/notes', form, 'note=a&Note=b'), 'routes/spelling body Note'],
  ])('%j: %s', async (request, says) => {
    expect(told(await inspect(request, open))).toBe(says)
  })
})

describe('parameters of all routes', () => {
  const json = (value: unknown): RequestParts => post('/any', 'application/json', JSON.stringify(value))
  const long = 'a'.repeat(200_000)
  test.each<[parameter: object, value: unknown, says: string]>([
    [{ type: 'integer', maximum: 100 }, 100, 'allow'],
    [{ type: 'integer', maximum: 100 }, 101, 'parameters/p/maximum body p'],
    [{ type: 'integer', maximum: 100 }, '101', 'parameters/p/maximum body p'],
    [{ type: 'integer' }, true, 'parameters/p/type body p'],
    [{ type: 'integer' }, null, 'parameters/p/type body p'],
    [{ type: 'boolean' }, false, 'allow'],
    [{ enum: ['a'] }, 'b', 'parameters/p/enum body p'],
    [{ pattern: '^[a-z]+$' }, 'A', 'parameters/p/pattern body p'],
    // Longer than what is judged at once.
    [{ disallowTags: true }, long, 'allow'],
    [{ disallowTags: true }, `${long}<b`, 'parameters/p/disallowTags body p'],
    [{ maxLength: 150_000 }, long, 'parameters/p/length body p'],
    [{ maxLength: 300_000 }, long, 'parameters/p/length body p'],
    [{ pattern: '^a' }, long, 'parameters/p/length body p'],
  ])('%j', async (parameter, value, says) => {
    const options = { parameters: [{ name: 'p', ...parameter }] }
    expect(told(await inspect(json({ p: value }), options))).toBe(says)
    expect(told(await inspect(json({ q: value }), options))).toBe('allow')
  })
})
