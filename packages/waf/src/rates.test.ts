/** How often somebody may call: per caller and route, with a memory near or far. */
import { describe, expect, test } from 'vitest'
import {
  type Caller,
  type Decision,
  inspectPlain,
  inspectWith,
  memoryState,
  type RequestParts,
  readOptions,
  receive,
  type Settings,
  type State,
  type WafOptions,
} from './index.ts'

const get = (target: string, address?: string): RequestParts => ({
  method: 'GET',
  target,
  headers: [['host', 'api.volcano.example']],
  body: null,
  ...(address !== undefined && { address }),
})
const vent = (id: string): Caller => ({ id, profile: 'seismometer' })

interface World {
  at: number
  readonly settings: Settings
}

function world(more: WafOptions = {}): World {
  const made: World = {
    at: 0,
    settings: readOptions({
      routes: { 'GET /a': { rate: '2/min' }, 'GET /b/{id}': { rate: '2/min' }, 'GET /free': {} },
      state: memoryState({ now: () => made.at }),
      ...more,
    }),
  }
  return made
}

const ask = (settings: Settings, parts: RequestParts, caller: Caller | null = null): string => {
  const { decision } = inspectPlain(parts, settings, caller)
  return decision.finding?.rule ?? 'allow'
}

test('what is too often is told when to come back', () => {
  const { settings } = world()
  ask(settings, get('/a'), vent('vent-01'))
  ask(settings, get('/a'), vent('vent-01'))
  const { decision } = inspectPlain(get('/a'), settings, vent('vent-01'))
  expect(decision).toMatchObject({
    verdict: 'refuse',
    who: 'vent-01',
    route: 'GET /a',
    finding: { rule: 'routes/rate' },
    answer: { status: 429, headers: [['retry-after', '30']] },
  })
})

test('each caller, each route, and each stranger by its address', () => {
  const one = world()
  const { settings } = one
  for (const who of [vent('vent-01'), vent('vent-02')])
    for (const path of ['/a', '/b/1'])
      expect([1, 2, 3].map(() => ask(settings, get(path), who))).toEqual(['allow', 'allow', 'routes/rate'])
  // Another value of the path is the same route.
  expect(ask(settings, get('/b/2'), vent('vent-01'))).toBe('routes/rate')
  expect([1, 2, 3].map(() => ask(settings, get('/a', '198.51.100.7')))).toEqual([
    'allow',
    'allow',
    'routes/rate',
  ])
  expect(ask(settings, get('/a', '198.51.100.8'))).toBe('allow')
  expect([1, 2, 3].map((last) => ask(settings, get('/a', `fd20::${last}`)))).toEqual([
    'allow',
    'allow',
    'routes/rate',
  ])
  expect([1, 2, 3].map(() => ask(settings, get('/a')))).toEqual(['allow', 'allow', 'routes/rate'])
  // A caller who calls itself like an address is none.
  expect(ask(settings, get('/a'), vent('198.51.100.7'))).toBe('allow')
  expect([1, 2, 3, 4].map(() => ask(settings, get('/free')))).toEqual(['allow', 'allow', 'allow', 'allow'])
  one.at += 60_000
  expect(ask(settings, get('/a'), vent('vent-01'))).toBe('allow')
})

test('what is only reported is reported', () => {
  const { settings } = world({ mode: 'report' })
  const verdicts = [1, 2, 3].map(() => inspectPlain(get('/a'), settings).decision.verdict)
  expect(verdicts).toEqual(['allow', 'allow', 'report'])
})

describe('a memory far away', () => {
  const far = (): State => {
    const near = memoryState({ now: () => 0 })
    return { take: async (key, rate) => near.take(key, rate) }
  }
  test('is waited for', async () => {
    const { settings } = world({ state: far() })
    const rules: (string | undefined)[] = []
    for (let i = 0; i < 2; i++) rules.push((await inspectWith(get('/a'), settings)).decision.finding?.rule)
    const received = await receive({ ...get('/a'), body: null }, settings)
    rules.push((await received.decision).finding?.rule)
    expect(rules).toEqual([undefined, undefined, 'routes/rate'])
  })
  test('that cannot be waited for is a mistake, not a hole', () => {
    const { settings } = world({ state: far() })
    expect(() => inspectPlain(get('/a'), settings)).toThrow(/inspectWith/)
    expect(ask(settings, get('/free'))).toBe('allow')
  })
  test('that fails lets nothing pass', async () => {
    const { settings } = world({ state: { take: () => Promise.reject(new Error('gone')) } })
    await expect(inspectWith(get('/a'), settings)).rejects.toThrow('gone')
    await expect(receive({ ...get('/a'), body: null }, settings)).rejects.toThrow('gone')
  })
})

test('counted by route, rule and verdict', () => {
  const { settings } = world()
  const decisions: Decision[] = [1, 2, 3].map(() => inspectPlain(get('/a'), settings).decision)
  inspectPlain(get('/nowhere'), settings)
  expect(decisions.length).toBe(3)
  expect(settings.counters.counts()).toEqual([
    { route: 'GET /a', rule: null, verdict: 'allow', count: 2 },
    { route: 'GET /a', rule: 'routes/rate', verdict: 'refuse', count: 1 },
    { route: null, rule: 'routes/unknown', verdict: 'refuse', count: 1 },
  ])
})
