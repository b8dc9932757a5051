/** The middleware against a context of Oak's shape: who calls, what is answered, what leaks, what is counted. */
import { describe, expect, test } from 'vitest'
import {
  type Decision,
  type OakContext,
  type OakOptions,
  RequestRefused,
  ResponseRefused,
  waf,
} from '../index.ts'

interface Answered {
  readonly status: number
  readonly body: unknown
  readonly headers: Readonly<Record<string, string>>
  readonly ran: boolean
}

function contextOf(target: string, more: Partial<OakContext['request']> = {}): OakContext {
  return {
    request: {
      method: 'GET',
      url: new URL(target, 'http://api.volcano.example'),
      headers: new Headers(),
      hasBody: false,
      body: undefined,
      ...more,
    },
    response: { status: 404, body: undefined, headers: new Headers() },
  }
}

async function answered(
  options: OakOptions,
  ctx: OakContext,
  body: unknown = 'fine',
  middleware = waf(options),
): Promise<Answered> {
  let ran = false
  await middleware(ctx, async () => {
    ran = true
    ctx.response.status = 200
    ctx.response.body = body
  })
  const { status, headers } = ctx.response
  return { status, body: ctx.response.body, headers: Object.fromEntries(headers), ran }
}

test('what is let through is the application’s', async () => {
  expect(await answered({}, contextOf('/echo?echo=hi'))).toEqual({
    status: 200,
    body: 'fine',
    headers: {},
    ran: true,
  })
})

test('what is refused never runs, and says no more than its id', async () => {
  const options = { newId: () => 'a1', routes: { 'GET /echo': { query: { echo: { disallowTags: true } } } } }
  const refused = await answered(options, contextOf('/echo?echo=%3Cb%3E'))
  expect(refused).toMatchObject({ status: 403, ran: false })
  expect(refused.headers).toMatchObject({
    'x-thingwall-reason': 'a1',
    'content-type': 'text/plain; charset=utf-8',
  })
  expect(refused.body).toBe('Refused by the application firewall. Reason id: a1')
  expect(await answered(options, contextOf('/nowhere'))).toMatchObject({ status: 404, ran: false })
  const put = await answered(options, contextOf('/echo', { method: 'PUT' }))
  expect([put.status, put.headers.allow]).toEqual([405, 'GET, HEAD'])
})

test('who calls is asked for', async () => {
  const options: OakOptions = {
    routes: { 'GET /readings': { who: [{ profile: 'seismometer' }], rate: '1/h' } },
    caller: async ({ request }) => {
      const id = request.headers.get('x-client-cert')
      return id === null ? null : { id, profile: 'seismometer' }
    },
  }
  const middleware = waf(options)
  const known = (): OakContext =>
    contextOf('/readings', { headers: new Headers({ 'x-client-cert': 'vent-01' }) })
  expect(await answered(options, contextOf('/readings'), '', middleware)).toMatchObject({
    status: 403,
    ran: false,
  })
  expect(await answered(options, known(), '', middleware)).toMatchObject({ status: 200, ran: true })
  expect(await answered(options, known(), '', middleware)).toMatchObject({ status: 429, ran: false })
  expect(middleware.counters()).toEqual([
    { route: 'GET /readings', rule: 'routes/who', verdict: 'refuse', count: 1 },
    { route: 'GET /readings', rule: null, verdict: 'allow', count: 1 },
    { route: 'GET /readings', rule: 'routes/rate', verdict: 'refuse', count: 1 },
  ])
  await expect(
    answered({ caller: () => Promise.reject(new Error('no certificate store')) }, contextOf('/')),
  ).rejects.toThrow('no certificate store')
  expect(() => waf({ caller: 'vent-01' as never })).toThrow(TypeError)
})

test('strangers are told apart by where they come from', async () => {
  const options = { routes: { 'GET /': { rate: '1/h' } } }
  const middleware = waf(options)
  const from = async (ip: string): Promise<number> =>
    (await answered(options, contextOf('/', { ip }), '', middleware)).status
  expect([await from('198.51.100.7'), await from('198.51.100.7'), await from('198.51.100.8')]).toEqual([
    200, 429, 200,
  ])
})

class Failure {
  readonly stack: string
  constructor(stack: string) {
    this.stack = stack
  }
}

async function* yielding(...chunks: readonly unknown[]): AsyncGenerator<unknown, void> {
  yield* chunks
}

/** As Oak does it before it sends a stream. */
function bytesOf(body: unknown): ReadableStream<Uint8Array> {
  if (!(body instanceof ReadableStream)) throw new TypeError('this is no stream')
  return body.pipeThrough(
    new TransformStream<unknown, Uint8Array>({
      transform: (chunk, controller) =>
        controller.enqueue(chunk instanceof Uint8Array ? chunk : new TextEncoder().encode(String(chunk))),
    }),
  )
}

describe('what leaks', () => {
  const trace = 'Error: x\n    at f (/srv/app.js:1:2)\n    at g (/srv/app.js:3:4)'
  test.each<[what: string, body: unknown]>([
    ['a text', trace],
    ['an object', { error: { stack: trace } }],
    ['a list', [trace]],
  ])('%s is not sent', async (_, body) => {
    const decisions: Decision[] = []
    const sent = await answered(
      { newId: () => 'b2', onDecision: (one) => decisions.push(one) },
      contextOf('/a'),
      body,
    )
    expect(sent).toMatchObject({
      status: 500,
      body: 'Refused by the application firewall. Reason id: b2',
      ran: true,
    })
    expect(decisions).toMatchObject([
      { verdict: 'refuse', finding: { rule: 'leak/stack-trace', place: 'response' } },
    ])
  })

  const routes = {
    'GET /logs': { leaks: 'allow' },
    'GET /a': {},
    'GET /r': { leaks: 'report' },
    'GET /m': { mode: 'report' },
  } as const
  test.each<[path: string, more: OakOptions, status: number, told: readonly string[]]>([
    ['/logs', {}, 200, []],
    ['/a', {}, 500, ['refuse']],
    ['/r', {}, 200, ['report']],
    ['/m', {}, 200, ['report']],
    ['/a', { leaks: 'allow' }, 200, []],
    ['/a', { leaks: 'report' }, 200, ['report']],
    [
      '/a',
      {
        exclusions: {
          one: {
            rule: 'leak/stack-trace',
            route: 'GET /a',
            field: 'response',
            why: 'Shows crashes',
            expires: '2999-01-01',
          },
        },
      },
      200,
      [],
    ],
    [
      '/a',
      {
        exclusions: {
          one: {
            rule: 'leak/stack-trace',
            route: 'GET /a',
            field: 'response',
            why: 'Shows crashes',
            expires: '2026-01-01',
          },
        },
      },
      500,
      ['refuse'],
    ],
  ])('%s with %j: %d', async (path, more, status, told) => {
    const verdicts: string[] = []
    const options = { routes, onDecision: (one: Decision) => verdicts.push(one.verdict), ...more }
    expect((await answered(options, contextOf(path), trace)).status).toBe(status)
    expect(verdicts).toEqual(told)
  })

  test.each<[what: string, body: () => unknown, type?: string]>([
    ['bytes', () => new TextEncoder().encode(trace)],
    ['a buffer', () => new TextEncoder().encode(trace).buffer, 'text/html; charset=utf-8'],
    ['a view of some', () => new DataView(new TextEncoder().encode(trace).buffer), 'application/json'],
    ['a function that makes a text', () => () => trace],
    ['a function that makes bytes later', () => async () => new TextEncoder().encode(trace)],
    ['an object of a class', () => new Failure(trace)],
    ['parameters', () => new URLSearchParams([['token', `gh${'p_'}${'a1B2'.repeat(9)}`]])],
  ])('%s is not sent either', async (_, body, type) => {
    const ctx = contextOf('/a')
    if (type !== undefined) ctx.response.headers.set('content-type', type)
    expect((await answered({}, ctx, body())).status).toBe(500)
    expect(String(ctx.response.body)).toMatch(/^Refused by/)
  })

  const bytes = new TextEncoder().encode(trace)
  const streams: readonly (readonly [what: string, body: () => unknown])[] = [
    ['a stream', () => new Blob([bytes]).stream()],
    ['a generator', () => yielding(bytes.subarray(0, 20), bytes.subarray(20))],
    ['a generator of texts', () => yielding(trace.slice(0, 20), trace.slice(20))],
    ['a blob', () => new Blob([bytes], { type: 'text/plain' })],
  ]
  test.each(streams)('%s breaks off', async (_, body) => {
    const told: Decision[] = []
    const sent = await answered({ onDecision: (one) => told.push(one) }, contextOf('/a'), body())
    expect(sent.status).toBe(200)
    await expect(new Response(bytesOf(sent.body)).text()).rejects.toBeInstanceOf(ResponseRefused)
    expect(told).toMatchObject([{ verdict: 'refuse', finding: { rule: 'leak/stack-trace' } }])
  })

  test.each(streams)('%s is whole where that is only told', async (_, body) => {
    const told: Decision[] = []
    const options: OakOptions = { leaks: 'report', onDecision: (one) => told.push(one) }
    const sent = await answered(options, contextOf('/a'), body())
    expect(await new Response(bytesOf(sent.body)).text()).toBe(trace)
    expect(told).toMatchObject([{ verdict: 'report', finding: { rule: 'leak/stack-trace' } }])
  })

  test('a blob keeps its type', async () => {
    const sent = await answered({}, contextOf('/a'), new Blob(['a,b'], { type: 'text/csv' }))
    expect(sent.headers).toEqual({ 'content-type': 'text/csv' })
  })

  test.each<[type: string, coding?: string]>([
    ['image/png'],
    ['application/octet-stream'],
    ['text/plain', 'gzip'],
  ])('no text: %s %s', async (type, coding) => {
    for (const body of [bytes, new Blob([bytes]).stream()]) {
      const ctx = contextOf('/a')
      ctx.response.headers.set('content-type', type)
      if (coding !== undefined) ctx.response.headers.set('content-encoding', coding)
      expect((await answered({}, ctx, body)).body).toBe(body)
    }
  })

  test('an ending of a file’s name is a type', async () => {
    for (const [type, status] of [
      ['html', 500],
      ['.json', 500],
      ['png', 200],
    ] as const) {
      const ctx = contextOf('/a')
      expect(
        (await answered({}, { ...ctx, response: Object.assign(ctx.response, { type }) }, bytes)).status,
      ).toBe(status)
    }
  })

  test.each([
    null,
    7,
    new Uint8Array([1]),
    new FormData(),
    Object.create({ a: trace }),
    { read: () => null },
  ])('what is neither text nor JSON is sent as it is', async (body) => {
    expect((await answered({}, contextOf('/a'), body)).body).toBe(body)
  })
})

test('inside a middleware of one’s own', async () => {
  const options = { routes: { 'GET /a': { query: { n: { type: 'integer' } } } } } as const
  expect(await waf(contextOf('/a?n=1'), options)).toMatchObject({ verdict: 'allow', route: 'GET /a' })
  const refusal = waf(contextOf('/a?n=x'), options)
  await expect(refusal).rejects.toBeInstanceOf(RequestRefused)
  await expect(refusal).rejects.toMatchObject({
    status: 403,
    expose: true,
    decision: { finding: { rule: 'declared/type' } },
  })
  await expect(waf(contextOf('/b'), options)).rejects.toMatchObject({ status: 404 })
})
