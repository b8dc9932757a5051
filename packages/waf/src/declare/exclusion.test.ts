/** False positives that are let pass: in that field of that route, until that day, and nothing beside it. */
import { describe, expect, test } from 'vitest'
import { type Decision, inspect, type RequestParts, readOptions, type WafOptions } from '../index.ts'

const get = (target: string): RequestParts => ({
  method: 'GET',
  target,
  headers: [['host', 'api.volcano.example']],
  body: null,
})
const post = (target: string, type: string, body: string): RequestParts => ({
  method: 'POST',
  target,
  headers: [
    ['host', 'api.volcano.example'],
    ['content-type', type],
  ],
  body: new TextEncoder().encode(body),
})
const told = ({ finding }: Decision): string =>
  finding === null ? 'allow' : `${finding.rule} ${finding.place} ${finding.name}`

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

  test('a session in the address, where another site leads to it knowingly', async () => {
    const led: RequestParts = {
      ...get('/search?jsessionid=a1'),
      headers: [
        ['host', 'api.volcano.example'],
        ['referer', 'https://portal.example/'],
      ],
    }
    expect(told(await inspect(led, excluding({})))).toBe('fixation query jsessionid')
    expect(told(await inspect(led, excluding({ rule: 'fixation', field: 'query.jsessionid' })))).toBe('allow')
    expect(told(await inspect(led, excluding({ rule: 'fixation', field: 'query.phpsessid' })))).toBe(
      'fixation query jsessionid',
    )
    expect(told(await inspect(led, excluding({ rule: 'fixation', field: 'query.*' })))).toBe(
      'fixation query jsessionid',
    )
  })

  test.each<[more: object, says: RegExp]>([
    [{ rule: 'sql' }, /no detector has this id.*sqli/s],
    [{ rule: 'declared/maxLength' }, /no detector/],
    [{ rule: 'protocol/json' }, /no detector/],
    [{ route: 'GET /serch' }, /no such route/],
    [{ field: 'q' }, /names no field/],
    [{ field: 'response' }, /rules about responses/],
    [{ rule: 'leak/token' }, /rules about responses/],
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
