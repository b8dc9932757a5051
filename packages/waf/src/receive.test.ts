/** Requests as they arrive: what is held, refused, handed on and broken off, and what is told of it. */
import { Duplex } from 'node:stream'
import { brotliCompressSync, createBrotliDecompress, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { Decision } from './model/decision.ts'
import { readOptions, type WafOptions } from './options.ts'
import { type Arriving, BodyRefused, type Received, receive } from './receive.ts'
import type { Decoders } from './request/coding.ts'

const attack = '<script>alert(1)</script>'
const small: WafOptions = { limits: { holdBytes: 200 } }
const encoder = new TextEncoder()

interface Sent {
  readonly request: Arriving
  /** How many chunks were taken, and whether the body is still wanted. */
  readonly state: { taken: number; open: boolean }
}

function sent(
  chunks: readonly (string | Uint8Array)[],
  headers: Readonly<Record<string, string>> = {},
  target = '/readings',
): Sent {
  const state = { taken: 0, open: true }
  async function* body(): AsyncGenerator<Uint8Array, void> {
    try {
      for (const chunk of chunks) {
        state.taken++
        yield typeof chunk === 'string' ? encoder.encode(chunk) : chunk
      }
    } finally {
      state.open = false
    }
  }
  const all = { host: 'api.volcano.example', 'content-type': 'application/json', ...headers }
  return { request: { method: 'POST', target, headers: Object.entries(all), body: body() }, state }
}

/** Verdict, rule, and what the application got to read; `broken` where reading it failed. */
async function outcome(
  received: Received,
): Promise<readonly [verdict: string, rule: string | null, text: string | null]> {
  if (received.kind === 'whole') {
    const text = received.bytes === null ? null : new TextDecoder().decode(received.bytes)
    return [received.decision.verdict, received.decision.finding?.rule ?? null, text]
  }
  let text: string
  try {
    text = await new Response(received.stream).text()
  } catch (error) {
    if (!(error instanceof BodyRefused)) throw error
    text = 'broken'
  }
  const decision = await received.decision
  return [decision.verdict, decision.finding?.rule ?? null, text]
}

const ask = async ({ request }: Sent, options: WafOptions = {}) =>
  outcome(await receive(request, readOptions(options)))
const list = (count: number, ...more: string[]): string[] => [
  '[',
  ...Array.from({ length: count }, (_, i) => `"line ${i}",`),
  ...more,
  '0]',
]

describe('a body that is held', () => {
  test('is let through with the value that was judged', async () => {
    const received = await receive(sent(['{"a":', '[1,2]}']).request, readOptions({}))
    expect(received).toMatchObject({
      kind: 'whole',
      decision: { verdict: 'allow' },
      value: { kind: 'json', value: { a: [1, 2] } },
    })
    expect(await outcome(received)).toEqual(['allow', null, '{"a":[1,2]}'])
  })

  test('is refused as soon as something is found, and read no further', async () => {
    const one = sent(list(5, `"${attack}",`, '1,', '2,'))
    expect(await ask(one)).toEqual(['refuse', 'xss', null])
    expect(one.state).toEqual({ taken: 7, open: false })
  })

  test('is refused by its head before it is read', async () => {
    const one = sent(list(5), {}, `/readings?q=${encodeURIComponent(attack)}`)
    expect(await ask(one)).toEqual(['refuse', 'xss', null])
    expect(one.state).toEqual({ taken: 1, open: false })
  })

  test('is handed on as it came where findings are only told', async () => {
    const chunks = ['[', `"${attack}",`, ...list(30).slice(1)]
    for (const options of [{ mode: 'report' }, { mode: 'report', ...small }] as const)
      expect(await ask(sent(chunks), options)).toEqual(['report', 'xss', chunks.join('')])
  })

  test('without bytes is none', async () => {
    expect(await ask(sent([]))).toEqual(['allow', null, null])
    expect(await ask(sent(['', '']))).toEqual(['allow', null, null])
    const none = { ...sent([]).request, body: null }
    expect(await outcome(await receive(none, readOptions({})))).toEqual(['allow', null, null])
  })

  test.each<[rule: string, headers: Record<string, string>]>([
    ['protocol/content-type', { 'content-type': '' }],
    ['protocol/framing', { 'content-length': '3', 'transfer-encoding': 'chunked' }],
    ['protocol/header', { 'content-type': 'application/json; charset=utf-16' }],
    ['protocol/content-encoding', { 'content-encoding': 'gzip,, gzip' }],
  ])('%s', async (rule, headers) => {
    expect((await ask(sent(['{}'], headers)))[1]).toBe(rule)
  })
})

describe('a body that is too long to be held', () => {
  const chunks = list(40)

  test('is refused with 413', async () => {
    const one = sent(chunks)
    const received = await receive(one.request, readOptions(small))
    expect(received).toMatchObject({ kind: 'whole', decision: { answer: { status: 413 } }, bytes: null })
    expect(await outcome(received)).toEqual(['refuse', 'protocol/limit-body', null])
    expect(one.state.open).toBe(false)
    expect(one.state.taken).toBeLessThan(40)
  })

  test('passes unjudged where that is said, told or not', async () => {
    const attacked = list(40, `"${attack}",`)
    const on = (onOverflow: 'report' | 'pass') => ask(sent(attacked), { ...small, bodies: { onOverflow } })
    expect(await on('report')).toEqual(['report', 'protocol/limit-body', attacked.join('')])
    expect(await on('pass')).toEqual(['allow', null, attacked.join('')])
  })

  test('flows on where that is chosen', async () => {
    const received = await receive(sent(chunks).request, readOptions({ ...small, bodies: { stream: true } }))
    expect(received.kind).toBe('flowing')
    expect(await outcome(received)).toEqual(['allow', null, chunks.join('')])
  })

  test('is broken off at what is found, and how much had passed is told', async () => {
    const decisions: Decision[] = []
    const options: WafOptions = {
      ...small,
      bodies: { stream: true },
      onDecision: (decision) => decisions.push(decision),
    }
    const one = sent(list(400, `"${attack}",`, '1,'))
    const received = await receive(one.request, readOptions(options))
    expect(await outcome(received)).toEqual(['refuse', 'xss', 'broken'])
    expect(one.state.open).toBe(false)
    expect(decisions).toHaveLength(1)
    expect(decisions[0]?.passedBytes).toBeGreaterThan(3000)
  })

  test('flows on whole where findings are only told', async () => {
    const attacked = list(400, `"${attack}",`, '1,')
    expect(await ask(sent(attacked), { ...small, mode: 'report', bodies: { stream: true } })).toEqual([
      'report',
      'xss',
      attacked.join(''),
    ])
  })

  test('flows only on the routes that are named, and not where its values are declared', async () => {
    const options: WafOptions = {
      ...small,
      bodies: { stream: ['POST /firmware', 'POST /form'] },
      routes: {
        'POST /firmware': { body: { content: { 'application/json': { maxBytes: 500 } } } },
        'POST /form': {
          body: {
            content: { 'application/json': {}, 'application/x-www-form-urlencoded': { fields: { a: {} } } },
          },
        },
        'POST /readings': { body: { content: { 'application/json': {} } } },
      },
    }
    const at = async (target: string, chunks: string[], headers = {}) =>
      (await ask(sent(chunks, headers, target), options)).slice(0, 2)
    expect(await at('/firmware', list(30))).toEqual(['allow', null])
    expect(await at('/firmware', list(80))).toEqual(['refuse', 'protocol/limit-body'])
    expect(await at('/readings', list(30))).toEqual(['refuse', 'protocol/limit-body'])
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    expect(await at('/form', ['a=', 'x'.repeat(300)], form)).toEqual(['refuse', 'protocol/limit-body'])
    expect(await at('/form', list(30))).toEqual(['allow', null])
  })
})

describe('a body in a coding', () => {
  const gzip = { 'content-encoding': 'gzip', 'content-length': '99' }

  test('is handed on without it, and without the headers that were true of it', async () => {
    const received = await receive(sent([new Uint8Array(gzipSync('{"a":1}'))], gzip).request, readOptions({}))
    expect(await outcome(received)).toEqual(['allow', null, '{"a":1}'])
    expect(received.headers.map(([name]) => name)).toEqual(['host', 'content-type'])
  })

  test('is judged without it, held and flowing', async () => {
    const attacked = new Uint8Array(gzipSync(list(400, `"${attack}",`).join('')))
    expect(await ask(sent([attacked], gzip))).toEqual(['refuse', 'xss', null])
    expect((await ask(sent([attacked], gzip), { ...small, bodies: { stream: true } }))[0]).toBe('refuse')
    const quiet = list(400)
    expect(
      await ask(sent([new Uint8Array(gzipSync(quiet.join('')))], gzip), {
        ...small,
        bodies: { stream: true },
      }),
    ).toEqual(['allow', null, quiet.join('')])
  })

  test('that is not what it says is refused; where that is only told it is handed on as it came', async () => {
    expect(await ask(sent(['{"a"', ':1}'], gzip))).toEqual(['refuse', 'protocol/content-encoding', null])
    const received = await receive(sent(['{"a"', ':1}'], gzip).request, readOptions({ mode: 'report' }))
    expect(received.headers.map(([name]) => name)).toContain('content-encoding')
    expect(await outcome(received)).toEqual(['report', 'protocol/content-encoding', '{"a":1}'])
  })

  test('around nothing is refused', async () => {
    expect(await ask(sent([new Uint8Array(gzipSync(''))], gzip))).toEqual([
      'refuse',
      'protocol/content-encoding',
      null,
    ])
  })

  test('that nobody can undo is what the options say', async () => {
    const zstd = { 'content-encoding': 'zstd' }
    expect(await ask(sent(['(.', '/'], zstd))).toEqual(['refuse', 'protocol/coding-unknown', null])
    const on = (onUnread: 'report' | 'pass') => ask(sent(['(.', '/'], zstd), { bodies: { onUnread } })
    expect(await on('report')).toEqual(['report', 'protocol/coding-unknown', '(./'])
    expect(await on('pass')).toEqual(['allow', null, '(./'])
  })

  test('that an adapter brings a decoder for is read', async () => {
    const decoders: Decoders = {
      x: () => Duplex.toWeb(createBrotliDecompress()) as ReturnType<Decoders[string]>,
    }
    const body = new Uint8Array(brotliCompressSync(`["${attack}"]`))
    expect(await ask(sent([body], { 'content-encoding': 'x' }), { bodies: { decoders } })).toEqual([
      'refuse',
      'xss',
      null,
    ])
  })
})

test('a connection that breaks is an error', async () => {
  async function* breaking(): AsyncGenerator<Uint8Array, void> {
    yield encoder.encode('{')
    throw new Error('reset')
  }
  await expect(receive({ ...sent([]).request, body: breaking() }, readOptions({}))).rejects.toThrow('reset')
})
