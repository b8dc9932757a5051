/**
 * `npm run bench -- waf`: what judging a request costs in CPU time of this process, how that grows with hostile bodies, and
 * a server with the firewall beside others. `--brief` takes fewer of the hostile values and shorter loads.
 *
 * "Growth" is the time for a megabyte over that for half of one, the best of a few runs of each: 2 is linear, 4 quadratic.
 * The worst of all shapes is told.
 */
import { type ApiRules, inspectPlain, type RequestParts, readOptions, type Settings } from '@thingwall/waf'
import type { Extent, Measured } from './rows.ts'
import { growthOfDetectors } from './waf/detectors.ts'
import { best, growthRows, memoryRows } from './waf/growth.ts'
import { type Load, sideBySide } from './waf/side-by-side.ts'

const settings = readOptions({ limits: { holdBytes: 16_777_216 } })
const headers: RequestParts['headers'] = [
  ['host', 'api.volcano.example'],
  ['user-agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:105.0) Gecko/20100101 Firefox/105.0'],
  ['accept', '*/*'],
  ['accept-encoding', 'gzip, deflate'],
  ['connection', 'keep-alive'],
]
const get: RequestParts = {
  method: 'GET',
  target: '/readings?device=vent-01&from=2026-11-22T10%3A00%3A00Z&limit=50&order=desc',
  headers,
  body: null,
}

/** More clients than are remembered. */
const strangers: readonly RequestParts['headers'][] = Array.from({ length: 3000 }, (_, at) =>
  headers.map(([name, value]) => [name, name === 'user-agent' ? `${value} vent/${at}` : value]),
)

const number = { type: 'number' } as const
const routes: ApiRules['routes'] = {
  'GET /readings': {
    query: {
      device: { required: true, pattern: '^[a-z0-9-]{1,32}$' },
      from: { format: 'date-time' },
      limit: { type: 'integer', minimum: 1, maximum: 100 },
      order: { enum: ['asc', 'desc'] },
    },
  },
  'POST /readings': { body: { content: { 'application/json': { schema: { $ref: '#/schemas/Readings' } } } } },
  ...Object.fromEntries(
    Array.from(
      { length: 48 },
      (_, at) => [`GET /v${at % 4}/part${at}/{id}`, { path: { id: { format: 'uuid' } } }] as const,
    ),
  ),
}
const declared = readOptions({
  routes,
  schemas: {
    Readings: {
      type: 'object',
      required: ['device', 'at', 'samples'],
      properties: {
        device: { type: 'string', pattern: '^[a-z0-9-]{1,32}$' },
        at: { type: 'string', format: 'date-time' },
        samples: {
          type: 'array',
          maxItems: 100,
          items: { type: 'object', properties: { t: number, v: { type: 'string', maxLength: 20 } } },
        },
        note: { type: 'string', maxLength: 200 },
      },
    },
  },
})

export default async function* measure(extent: Extent): AsyncGenerator<Measured> {
  const post = postOf({
    device: 'vent-01',
    at: '2026-11-22T10:00:00Z',
    samples: Array.from({ length: 32 }, (_, t) => ({ t, v: `s${t}-${(t * 7.3).toFixed(3)}` })),
    note: 'all fine',
  })
  yield {
    measure: 'a GET with a query',
    value: cpuMicroseconds(get, settings),
    unit: 'µs',
    bar: { op: '<=', value: 40 },
  }
  yield {
    measure: 'a GET with a query, from a client never seen before',
    value: cpuMicroseconds(get, settings, (at) => ({
      ...get,
      headers: strangers[at % strangers.length] ?? headers,
    })),
    unit: 'µs',
  }
  yield {
    measure: 'a GET with a query, of a declared route',
    value: cpuMicroseconds(get, declared),
    unit: 'µs',
    bar: { op: '<=', value: 40 },
    note: `one of ${Object.keys(routes).length} routes`,
  }
  yield {
    measure: 'a POST of 1 KB of JSON with 67 leaves, of a declared route',
    value: cpuMicroseconds(post, declared),
    unit: 'µs',
    bar: { op: '<=', value: 120 },
  }
  yield {
    measure: 'a POST of 1 KB of JSON with 67 leaves',
    value: cpuMicroseconds(post, settings),
    unit: 'µs',
    bar: { op: '<=', value: 120 },
    note: `${post.body?.length} bytes`,
  }
  for (const [megabytes, most] of [
    [1, 60],
    [12, 1000],
  ] as const) {
    const large = postOf({
      readings: Array.from({ length: megabytes * 37_000 }, (_, t) => ({ t, v: t / 7 })),
    })
    yield {
      measure: `a POST of ${megabytes} MB of JSON that ends in an attack`,
      value: best(3, () =>
        inspectPlain(
          withAttack(large),
          readOptions({ limits: { holdBytes: 16_777_216, fields: 2_000_000 } }),
        ),
      ),
      unit: 'ms',
      bar: { op: '<=', value: most },
      note: `${((large.body?.length ?? 0) / 1e6).toFixed(1)} MB`,
    }
  }
  yield* growthRows(extent)
  if (!extent.isBrief) yield* growthOfDetectors()
  yield* memoryRows()
  const loads: readonly Load[] = [
    { ...get, method: 'GET' },
    { ...post, method: 'POST' },
  ]
  yield* sideBySide(loads, extent.isBrief ? { seconds: 1, rounds: 1 } : { seconds: 4, rounds: 3 })
}

function postOf(value: unknown): RequestParts {
  const body = new TextEncoder().encode(JSON.stringify(value))
  return {
    method: 'POST',
    target: '/readings',
    headers: [...headers, ['content-type', 'application/json'], ['content-length', String(body.length)]],
    body,
  }
}

function withAttack(request: RequestParts): RequestParts {
  const text = new TextDecoder().decode(request.body ?? new Uint8Array())
  const body = new TextEncoder().encode(`${text.slice(0, -1)},"last":"<script>alert(1)</script>"}`)
  return { ...request, headers: request.headers.filter(([name]) => name !== 'content-length'), body }
}

/** `asked` makes the request of each round; it is the same one where it is left out. */
function cpuMicroseconds(
  request: RequestParts,
  settings: Settings,
  asked: (at: number) => RequestParts = () => request,
): number {
  const rounds = 5000
  const run = (): void => {
    for (let at = 0; at < rounds; at++) {
      const { decision } = inspectPlain(asked(at), settings)
      // A refusal is fast.
      if (decision.verdict !== 'allow') throw new Error(`refused: ${decision.finding?.rule}`)
    }
  }
  run()
  let least = Number.POSITIVE_INFINITY
  for (let turn = 0; turn < 6; turn++) {
    const before = process.cpuUsage()
    run()
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / rounds)
  }
  return least
}
