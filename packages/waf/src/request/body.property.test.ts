/**
 * A body is judged the same however it is cut: the reader is fed whole, byte by byte, and at random places, and every
 * time it has to say the same. Attacks in the table stand where a cut hurts; the table says what must be found.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { detectors } from '../detect/all.ts'
import { judgeWith } from '../judge/judge.ts'
import { bodyInspector } from './body.ts'
import { Building } from './building.ts'
import { readContentType } from './content-type.ts'
import { hostileBody } from './fixtures/hostile-body.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { overlapLength, windowLength } from './windows.ts'

const judge = { text: judgeWith(detectors) }
const encoder = new TextEncoder()

/** What the reader says: the rule, or the value that was read. */
function told(
  contentType: string,
  chunks: readonly Uint8Array[],
  { builds = true, limits = defaultLimits }: { builds?: boolean; limits?: Limits } = {},
): unknown {
  const type = readContentType(contentType)
  if (type === null) throw new Error(`${contentType} is no content type`)
  const inspector = bodyInspector(type, judge, limits, builds ? new Building() : null)
  for (const chunk of chunks) inspector.write(chunk)
  const end = inspector.end()
  switch (end.kind) {
    case 'finding': {
      const { rule, name, part, offset, layers } = end.finding
      return { rule, name, part, offset, layers }
    }
    case 'fault':
      return { fault: end.fault.rule, why: end.fault.why }
    default:
      return end.value
  }
}

function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted(
    (a, b) => a - b,
  )
  return sorted.slice(1).map((to, index) => bytes.slice(sorted[index], to))
}

const multipart = 'multipart/form-data; boundary=xYz'
const part = (name: string, text: string, more = ''): string =>
  `--xYz\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${text}\r\n`

const small: readonly (readonly [what: string, type: string, body: string, rule: string | null])[] = [
  ['JSON', 'application/json', '{"a":[1,-2.5e3,true,null,"\\u003cb\\n"],"ü":"\\"é😀"}', null],
  ['JSON with an attack', 'application/json', '{"a":{"b":[0,"<script>alert(1)</script>"]}}', 'xss'],
  [
    'JSON with an escaped attack',
    'application/json',
    '["\\u003cscript\\u003ealert(1)\\u003c/script>"]',
    'xss',
  ],
  ['JSON in JSON', 'application/json', '{"in":"{\\"q\\":\\"1 union select password from users\\"}"}', 'sqli'],
  ['a key that is an attack', 'application/json', '{"<script>alert(1)</script>":1}', 'xss'],
  ['a form', 'application/x-www-form-urlencoded', 'a=1&b=%C3%BC+x&&c&d=%zz\r\n', null],
  [
    'a form with an attack',
    'application/x-www-form-urlencoded',
    'a=1&b=%3Cscript%3Ealert(1)%3C/script%3E',
    'xss',
  ],
  ['parts', multipart, `${part('a', 'line\r\n--xY\r\n')}${part('b', '')}--xYz--\r\n`, null],
  ['parts with an attack', multipart, `${part('a', 'x')}${part('b', "1' or 1=1 -- ")}--xYz--`, 'sqli'],
  ['a file name', multipart, `${part('a', 'x', '; filename="../../../../etc/passwd"')}--xYz--`, 'traversal'],
  ['XML', 'application/xml', '<?xml version="1.0"?><a b="c">ü &lt; <![CDATA[1 > 0]]></a>', null],
  ['XML with an attack', 'text/xml', '<a><b>x</b><c d="1 union select password from users"/></a>', 'sqli'],
  ['an attack in CDATA', 'text/xml', '<a><![CDATA[a > <script>alert(1)</script>]]></a>', 'xss'],
  ['a text', 'text/plain', 'having friends over is nice, ü', null],
  ['a text with an attack', 'text/plain', 'see <script>alert(1)</script>', 'xss'],
  ['a text that is JSON', 'text/plain', ' {"a":"1 union select password from users"}', 'sqli'],
  ['a text that is a form', 'text/plain', "user=x&pass=1' or '1'='1", 'sqli'],
  ['firmware', 'application/octet-stream', '<script>alert(1)</script>', null],
]

describe('every cut of', () => {
  test.each(small)('%s', (_, type, body, rule) => {
    const bytes = encoder.encode(body)
    const whole = told(type, [bytes])
    expect(whole).toEqual(
      rule === null
        ? expect.not.objectContaining({ fault: expect.anything() })
        : expect.objectContaining({ rule }),
    )
    if (rule === null) expect(whole).toHaveProperty('kind')
    for (let at = 0; at <= bytes.length; at++)
      expect(told(type, [bytes.slice(0, at), bytes.slice(at)])).toEqual(whole)
    expect(
      told(
        type,
        cutAt(
          bytes,
          Array.from(bytes, (_, at) => at),
        ),
      ),
    ).toEqual(whole)
  })
})

test('what JSON hands on is what JSON.parse reads', () => {
  const body = '{"a":[1,-2.5e3,true,null,"\\u003cb\\n"],"ü":"\\"é😀"}'
  expect(told('application/json', [encoder.encode(body)])).toEqual({ kind: 'json', value: JSON.parse(body) })
})

describe('hostile bodies, cut at random', () => {
  test.each(['application/json', 'application/x-www-form-urlencoded', multipart, 'text/xml', 'text/plain'])(
    '%s',
    (type) => {
      const kinds = new Set<string>()
      fc.assert(
        fc.property(
          hostileBody(type),
          fc.array(fc.nat(), { maxLength: 8 }),
          fc.boolean(),
          (bytes, places, builds) => {
            const whole = told(type, [bytes], { builds })
            kinds.add(Object.keys(whole as object)[0] ?? '')
            expect(told(type, cutAt(bytes, places), { builds })).toEqual(whole)
          },
        ),
        { numRuns: 300 },
      )
      // Neither only refused nor only let through, or this has looked at one way of ending.
      expect(kinds.size).toBeGreaterThan(1)
    },
  )
})

describe('a value of several pieces', () => {
  const attack = "' union select password from users -- "
  const ends = [windowLength, windowLength - overlapLength, 2 * windowLength - overlapLength]
  const places = ends.flatMap((end) => [-20, 0].map((by) => end + by))
  const wrapped: readonly (readonly [type: string, wrap: (text: string) => string])[] = [
    ['application/json', (text) => JSON.stringify({ a: { long: text } })],
    ['application/x-www-form-urlencoded', (text) => `long=${encodeURIComponent(text)}`],
    [multipart, (text) => `${part('long', text)}--xYz--`],
    ['text/xml', (text) => `<a><b>${text}</b></a>`],
    ['text/plain', (text) => text],
  ]
  test.each(wrapped)('%s: an attack is found wherever it stands, in every way it is cut', (type, wrap) => {
    for (const place of places) {
      const bytes = encoder.encode(wrap('a '.repeat(200_000).slice(0, place) + attack + 'é '.repeat(20_000)))
      for (const builds of [true, false]) {
        const whole = told(type, [bytes], { builds })
        expect(whole).toMatchObject({ rule: 'sqli' })
        expect(told(type, cutAt(bytes, [place - 10, place + 5, place + 15, 70_000]), { builds })).toEqual(
          whole,
        )
      }
    }
  })

  test.each(wrapped)('%s: a benign one passes', (type, wrap) => {
    const prose = 'It was a quiet night, and “the mountain” did nothing; 1 < 2. '
    const bytes = encoder.encode(wrap(prose.repeat(8_000)))
    expect(told(type, [bytes], { builds: false })).toEqual({ kind: 'bytes' })
  })
})

describe('limits', () => {
  test.each<[why: string, type: string, body: string, limits: Partial<Limits>]>([
    ['deeper than 2', 'application/json', '[[[1]]]', { depth: 2 }],
    ['more than 3 values', 'application/json', '[1,2,3]', { fields: 3 }],
    ['keys of more than 8 characters', 'application/json', '{"abcde":{"fghi":1}}', { names: 8 }],
    ['more than 2 fields', 'application/x-www-form-urlencoded', 'a=1&b=2&c=3', { fields: 2 }],
    ['a name that is longer than any', 'application/x-www-form-urlencoded', 'abcdefghi=1', { names: 8 }],
    ['more than 1 parts', multipart, `${part('a', '')}${part('b', '')}--xYz--`, { parts: 1 }],
    ['deeper than 2', 'text/xml', '<a><b><c/><d>', { depth: 2 }],
    ['more than 2 fields', 'text/xml', '<a>x<b>y<c>z', { fields: 2 }],
  ])('%s: %s', (why, type, body, limits) => {
    expect(told(type, [encoder.encode(body)], { limits: { ...defaultLimits, ...limits } })).toMatchObject({
      why,
    })
  })

  test('keys that are closed count no more', () => {
    const body = encoder.encode('[{"abcde":1},{"fghij":2}]')
    for (const builds of [true, false])
      expect(
        told('application/json', [body], { builds, limits: { ...defaultLimits, names: 8 } }),
      ).toHaveProperty('kind')
  })
})

test('behind a stop nothing more is read', () => {
  const type = readContentType('application/json')
  if (type === null) throw new Error('no type')
  const inspector = bodyInspector(type, judge, defaultLimits, null)
  const stop = inspector.write(encoder.encode('["<script>alert(1)</script>", '))
  expect(stop).toMatchObject({ kind: 'finding' })
  expect(inspector.write(encoder.encode('broken'))).toEqual(stop)
  expect(inspector.end()).toMatchObject({ kind: 'finding', finding: { rule: 'xss' } })
})
