/**
 * The contract of the API, without a kernel: what is answered has the shape that the OpenAPI document says, what is not
 * understood is refused, and hostile names leave as JSON. The events are in a real store.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAddress } from '@thingwall/policy'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Daemon } from '../daemon/daemon.ts'
import type { InForce, Past } from '../enforce/point.ts'
import { type Happening, nowhere } from '../events/model.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { type HistoryJson, inForceOf, type LookJson, pastOf } from './in-force-json.ts'
import { openapi } from './openapi.ts'
import { routes } from './routes.ts'
import { openServer } from './server.ts'

const at = Date.UTC(2026, 2, 2, 18)
const TOKEN = 'a-token-of-some-length'
const hostile = 'vent"\n<script>alert(1)</script>\u202e'

const record = {
  sequence: 3,
  digest: 'd'.repeat(32),
  by: hostile,
  at,
  why: null,
  policy: { name: 'volcano', file: null, digest: null },
  bindings: '',
  bootDigest: null,
  log: 8520,
  confirmWithinMs: null,
  again: null,
} satisfies Past['record']
const inForce: InForce = {
  digest: record.digest,
  record,
  integrity: { kind: 'intact', covers: 'all' },
  trial: { leftMs: 1500.4, until: at + 1500, returnsTo: { digest: null, record: null } },
  over: { record, confirmed: null, fate: { kind: 'abandoned', at, by: hostile } },
  isTimeless: false,
  last: record,
}
const past: Past = { record, confirmed: { by: 'ada', at }, fate: { kind: 'in force' } }
const tried: Past = {
  record: { ...record, sequence: 2, confirmWithinMs: 120_000, again: 1 },
  confirmed: null,
  fate: { kind: 'reverted', at: at - 1000, isEarly: true },
}
const denied: Happening = {
  kind: 'denied',
  at,
  until: at,
  rule: 'default/deny',
  source: { ...nowhere, address: parseAddress('10.20.0.11'), port: 40_000, device: hostile },
  destination: { ...nowhere, address: parseAddress('2001:db8::10'), port: 7001 },
  translated: { source: null, destination: null },
  etherType: 0x86dd,
  protocol: 17,
  icmpType: null,
  link: null,
  ingress: 'wlan0',
  count: 12,
  sent: { packets: 12, bytes: 480 },
  answered: { packets: 0, bytes: 0 },
  isGathered: false,
}
const said: Happening = {
  kind: 'notice',
  at,
  until: at,
  topic: 'rules-changed',
  text: hostile,
  device: null,
  count: 1,
}
const none = { seen: 0, lost: 0, overruns: 0 }

let folder: string
let store: Store
let server: FastifyInstance
let id: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'thingwall-api-'))
  store = openSqliteStore({ folder, keepHours: 24, maxBytes: 1 << 28 })
  await store.append([denied, said], at)
  id = (await store.query({ kinds: ['denied'] })).events[0]?.id ?? ''
  server = openServer({ daemon: daemonWith(store), log: silent, now: () => at + 1000, token: null })
})
afterEach(async () => {
  await server.close()
  await store.close()
  rmSync(folder, { recursive: true })
})

const silent = { info: () => {}, warn: () => {}, error: () => {} }

function daemonWith(events: Store): Daemon {
  return {
    stateFolder: '/var/lib/thingwall',
    point: {
      read: async () => inForce,
      history: async () => [past, tried],
      toldFor: async (sequence: number) => `told for ${sequence}`,
      surroundings: async () => ({ foreign: [], counters: [{ rule: 'a"b\n', packets: 5, bytes: 300 }] }),
    } as unknown as Daemon['point'],
    events,
    state: async () => ({
      startedAt: at,
      watch: { inForce, drift: { at, changes: ['chain inet forward was changed'] }, drifts: 1, restores: 0 },
      recording: {
        isRunning: true,
        restarts: 0,
        fault: null,
        group: 8520,
        counts: {
          packets: { ...none, messagesLostSince: 0 },
          flows: none,
          events: { written: 2, lost: 0 },
          storeFault: null,
          kinds: 0,
        },
      },
      given: { leases: 1, followed: [{ kind: 'dnsmasq', path: '/a"b' }], watched: ['wlan0'], trouble: null },
      privileged: { kind: 'library', restarts: 0 },
      countsBytes: true,
    }),
    onRecorded: () => () => {},
    policyOf: async () => null,
    saidOf: async (who) => ({
      policy: 'volcano',
      format: 1,
      addresses: [{ device: who, address: '10.20.0.57', until: '2026-03-02T19:00:00Z' }],
      names: [{ device: who, name: 'api.volcano.example', addresses: ['203.0.113.10'] }],
      gateway: [],
    }),
    flush: async () => {},
    close: async () => {},
  }
}

const schemas = new Ajv2020({
  strict: false,
  formats: { 'date-time': (text: string) => !Number.isNaN(Date.parse(text)) },
})

/** Without the stream, which has no end: test/kernel/gateway.test.ts follows it. */
const asked: Readonly<Record<Exclude<keyof typeof routes, 'stream'>, () => string>> = {
  status: () => '/v1/status',
  events: () => '/v1/events?kind=denied,notice&limit=10&since=2026-03-02T17:00:00Z',
  event: () => `/v1/events/${id}`,
  explanation: () => `/v1/events/${id}/explanation`,
  overview: () => '/v1/overview?since=2026-03-02T17:00:00Z',
  inForce: () => '/v1/in-force',
  history: () => '/v1/history',
  bindings: () => '/v1/bindings?of=vent-01',
  openapi: () => '/v1/openapi.json',
  metrics: () => '/metrics',
}

describe('answers have the shape that the document says', () => {
  for (const [name, path] of Object.entries(asked)) {
    test(name, async () => {
      const answer = await server.inject(path())
      expect([answer.statusCode, answer.body]).toEqual([200, answer.body])
      const { type, schema } = routes[name as keyof typeof routes].answer
      expect(answer.headers['content-type']).toContain(type)
      const value: unknown = type === 'application/json' ? answer.json() : answer.body
      expect([schemas.validate(schema, value), schemas.errors]).toEqual([true, null])
    })
  }
})

test('what is in force and what was is read back as it was', async () => {
  const look = (await server.inject('/v1/in-force')).json<LookJson>()
  // Milliseconds of the kernel's timer are whole.
  expect(inForceOf(look.inForce)).toEqual({ ...inForce, trial: { ...inForce.trial, leftMs: 1500 } })
  expect(look).toMatchObject({ told: `told for ${inForce.record?.sequence}` })
  expect(look).toMatchObject({ state: '/var/lib/thingwall', counters: [{ rule: 'a"b\n', packets: 5 }] })
  const { applications } = (await server.inject('/v1/history')).json<HistoryJson>()
  expect(applications.map(pastOf)).toEqual([past, tried])
  expect(() => inForceOf({ ...look.inForce, last: {} as never })).toThrow(TypeError)
})

describe('what is not understood is refused, with what to do', () => {
  const refused: readonly (readonly [path: string, status: number])[] = [
    ['/v1/events?divice=vent-01', 400],
    ['/v1/events?limit=0', 400],
    ['/v1/events?limit=10001', 400],
    ['/v1/events?limit=ten', 400],
    ['/v1/events?kind=denied,other', 400],
    ['/v1/events?since=yesterday', 400],
    ['/v1/events?after=..%2f..', 400],
    [`/v1/events?device=${'x'.repeat(256)}`, 400],
    ['/v1/overview?top=100000', 400],
    ['/v1/status?verbose=1', 400],
    ['/v1/bindings', 400],
    ['/v1/events/..%2fstatus', 400],
    ['/v1/events/zz-zz', 404],
    ['/v1/nothing', 404],
  ]
  test.each(refused)('%s: %i', async (path, status) => {
    const answer = await server.inject(path)
    expect(answer.statusCode).toBe(status)
    expect(answer.json()).toEqual({
      error: { code: expect.any(String), message: expect.any(String), hint: expect.any(String) },
    })
  })

  test('nothing can be changed through it', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'] as const)
      expect((await server.inject({ method, url: '/v1/events' })).statusCode).toBe(404)
  })
})

test('hostile names leave as they came, inside JSON, and do not end a line of the metrics', async () => {
  const answer = await server.inject(`/v1/events?device=${encodeURIComponent(hostile)}`)
  expect(answer.json()).toMatchObject({ events: [{ source: { device: hostile, address: '10.20.0.11' } }] })
  const { body } = await server.inject('/metrics')
  expect(body).toContain('thingwall_rule_packets_total{rule="a\\"b\\n"} 5')
  expect(body).toContain('thingwall_trial_left_seconds 1.5004')
})

test('with a token, only who shows it is answered', async () => {
  const remote = openServer({ daemon: daemonWith(store), log: silent, now: () => at, token: TOKEN })
  const status = async (authorization?: string): Promise<number> =>
    (
      await remote.inject({
        url: '/v1/status',
        headers: authorization === undefined ? {} : { authorization },
      })
    ).statusCode
  expect(await status()).toBe(401)
  expect(await status('Bearer ')).toBe(401)
  expect(await status(`Bearer ${TOKEN}x`)).toBe(401)
  expect(await status(`Basic ${TOKEN}`)).toBe(401)
  expect(await status(`Bearer ${TOKEN}`)).toBe(200)
  expect((await remote.inject('/v1/nothing')).statusCode).toBe(401)
  await remote.close()
})

test('the OpenAPI document lists every route, each parameter, and answers that are schemas', () => {
  const document = openapi() as {
    readonly openapi: string
    readonly paths: Readonly<
      Record<
        string,
        {
          readonly get: {
            readonly operationId: string
            readonly parameters: readonly { readonly name: string; readonly in: string }[]
          }
        }
      >
    >
  }
  expect(document.openapi).toBe('3.1.0')
  const operations = Object.values(document.paths).map(({ get }) => get.operationId)
  expect(operations.sort()).toEqual(Object.keys(routes).sort())
  for (const [path, { get }] of Object.entries(document.paths)) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    expect(get.parameters.filter((one) => one.in === 'path').map(({ name }) => name)).toEqual(inPath)
  }
  for (const { answer, query } of Object.values(routes))
    for (const schema of [answer.schema, query]) expect(schemas.validateSchema(schema)).toBe(true)
})
