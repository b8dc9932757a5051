/**
 * Requests of any bytes: nothing throws, every decision can be logged, and a body that arrives in pieces is decided as the
 * whole one. A few hundred by default; THINGWALL_FUZZ_RUNS=100000 for a long run, THINGWALL_FUZZ_SEED to repeat one. What
 * it finds is written down as a test of its own.
 */
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inspectWith } from './inspect.ts'
import type { Decision } from './model/decision.ts'
import type { RequestParts } from './model/request.ts'
import { readOptions } from './options.ts'
import { receive } from './receive.ts'
import { hostileBody } from './request/fixtures/hostile-body.ts'

const numRuns = Number(process.env.THINGWALL_FUZZ_RUNS ?? 400)
const seed =
  process.env.THINGWALL_FUZZ_SEED === undefined ? {} : { seed: Number(process.env.THINGWALL_FUZZ_SEED) }
/** A long run has the time that it needs. */
const timeout = Math.max(60_000, numRuns * 100)

const types = [
  'application/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=xYz',
  'text/xml',
  'text/plain',
  'application/octet-stream',
  'application/vnd.api+json; charset=gbk',
  'multipart/mixed; boundary="',
  '',
]
const pieces = [
  ...[
    "'",
    '"',
    '`',
    '<',
    '>',
    '(',
    ')',
    '{',
    '}',
    '[',
    ']',
    '%',
    '%25',
    '%u003c',
    '&#',
    '&lt;',
    '\\',
    '\\u003c',
  ],
  ...[
    '\0',
    '\r',
    '\n',
    '\r\n',
    '\u00e9',
    '\ud83d',
    '\ufeff',
    '\u200b',
    '../',
    ';',
    '|',
    '--',
    '/*',
    '*/',
    '=',
    '+',
    '#',
  ],
  ...[
    'select ',
    'union ',
    ' or ',
    'case when ',
    '<script',
    'onerror=',
    'javascript:',
    '$' + '{jndi:',
    '{{',
    '$ne',
    '__proto__',
  ],
  ...['http://127.1', 'cat /etc/passwd', 'a'.repeat(200), '1', ' ', 'x'],
]
const text = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...pieces) },
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    {
      maxLength: 20,
    },
  )
  .map((all) => all.join(''))
const headerName = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      'host',
      'cookie',
      'referer',
      'origin',
      'content-type',
      'content-length',
      'content-encoding',
      'range',
      'x-a',
    ),
  },
  { weight: 1, arbitrary: text },
)
const body = fc.oneof(
  ...types.map(hostileBody),
  fc.uint8Array({ maxLength: 200 }),
  text.map((all) => new TextEncoder().encode(all)),
  fc
    .tuple(fc.constantFrom(...pieces), fc.integer({ min: 1, max: 20_000 }))
    .map(([piece, times]) => new TextEncoder().encode(piece.repeat(times).slice(0, 150_000))),
  hostileBody('application/json').map((bytes) => new Uint8Array(gzipSync(bytes))),
)
const request: fc.Arbitrary<RequestParts> = fc.record({
  method: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom('GET', 'POST', 'PUT') },
    { weight: 1, arbitrary: text },
  ),
  target: fc.oneof(
    text.map((all) => `/a?${all}`),
    text.map((all) => `/a?q=${encodeURIComponent(all.toWellFormed())}`),
    text,
  ),
  headers: fc
    .tuple(
      fc.option(fc.constantFrom(...types)),
      fc.option(fc.constantFrom('gzip', 'deflate, gzip', 'br'), { freq: 6 }),
      fc.array(fc.tuple(headerName, text), { maxLength: 3 }),
    )
    .map(([type, coding, more]) => [
      ...(type === null ? [] : [['content-type', type] as const]),
      ...(coding === null ? [] : [['content-encoding', coding] as const]),
      ...more,
    ]),
  body: fc.option(body, { freq: 8 }),
})

const settings = readOptions({ newId: () => 'id', limits: { holdBytes: 200_000 } })

/** A decision that somebody can read: it has a reason, bounded, and it can be logged. */
function sound(decision: Decision): void {
  expect(['allow', 'refuse']).toContain(decision.verdict)
  expect(decision.finding === null).toBe(decision.verdict === 'allow')
  expect(JSON.parse(JSON.stringify(decision))).toBeTypeOf('object')
  if (decision.finding === null) return
  expect(decision.finding.excerpt.length).toBeLessThanOrEqual(80)
  expect(decision.finding.why).not.toBe('')
}

describe('any request', () => {
  test(
    'is decided',
    async () => {
      const verdicts = new Set<string>()
      await fc.assert(
        fc.asyncProperty(request, async (parts) => {
          const { decision } = await inspectWith(parts, settings)
          sound(decision)
          verdicts.add(decision.verdict)
        }),
        { numRuns, ...seed },
      )
      expect(verdicts.size).toBe(2)
    },
    timeout,
  )

  test(
    'is decided the same when it arrives in pieces',
    async () => {
      async function* arriving(
        bytes: Uint8Array,
        places: readonly number[],
      ): AsyncGenerator<Uint8Array, void> {
        const sorted = [0, ...places.map((at) => at % (bytes.length + 1)), bytes.length].toSorted(
          (a, b) => a - b,
        )
        for (const [index, to] of sorted.slice(1).entries()) yield bytes.slice(sorted[index], to)
      }
      await fc.assert(
        fc.asyncProperty(request, fc.array(fc.nat(), { maxLength: 5 }), async (parts, places) => {
          const { decision } = await inspectWith(parts, settings)
          const arrives = { ...parts, body: parts.body === null ? null : arriving(parts.body, places) }
          const received = await receive(arrives, settings)
          expect(received.kind).toBe('whole')
          const now = await received.decision
          sound(now)
          expect(now.verdict).toBe(decision.verdict)
          // What is wrong with a coding is seen sooner or later, as its bytes come.
          if (!parts.headers.some(([name]) => name.toLowerCase() === 'content-encoding'))
            expect(now.finding?.rule).toBe(decision.finding?.rule)
        }),
        { numRuns, ...seed },
      )
    },
    timeout,
  )
})
