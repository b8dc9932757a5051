/** What a request may take to be judged: the same for the same request, refused where it is more, unless that is answered otherwise. */
import { describe, expect, test } from 'vitest'
import { inspect, type RequestParts, type WafOptions } from '../index.ts'
import { Work } from './work.ts'

const post = (value: unknown): RequestParts => ({
  method: 'POST',
  target: '/notes',
  headers: [
    ['host', 'api.volcano.example'],
    ['content-type', 'application/json'],
  ],
  body: new TextEncoder().encode(JSON.stringify(value)),
})
const told = async (value: unknown, options: WafOptions): Promise<string> => {
  const { verdict, finding, answer } = await inspect(post(value), options)
  return `${verdict} ${finding?.rule ?? ''} ${finding?.name ?? ''} ${answer?.status ?? ''}`.trim()
}
const little = { limits: { work: 200_000 } }
const costly = { a: 'all is well', b: '; cat '.repeat(2000), c: 'x; rm -rf /' }

describe('steps', () => {
  test('are enough for a mebibyte, however little text there is', () => {
    const work = new Work(1000)
    work.text(10)
    expect([work.spend(1000), work.isOver, work.spend(1), work.isOver]).toEqual([true, false, false, true])
  })
  test('are more for a longer text, by its length', () => {
    const work = new Work(1000)
    for (let part = 0; part < 3; part++) work.text(1_048_576)
    expect([work.spend(3000), work.spend(1)]).toEqual([true, false])
  })
})

describe('a request that takes more', () => {
  test('is refused, and says where', async () => {
    expect(await told(costly, little)).toBe('refuse protocol/limit-work b 403')
  })
  test('is refused at the same place every time', async () => {
    for (let work = 1000; work < 1_000_000; work *= 2) {
      const first = await told(costly, { limits: { work } })
      expect(await told(costly, { limits: { work } })).toBe(first)
    }
  })
  test('is only told where that is chosen', async () => {
    expect(await told(costly, { ...little, bodies: { onWork: 'report' } })).toBe(
      'report protocol/limit-work b',
    )
  })
  test('passes where that is chosen, and what came before was judged', async () => {
    const options: WafOptions = { ...little, bodies: { onWork: 'pass' } }
    expect(await told(costly, options)).toBe('allow')
    expect(await told({ attack: '<script>alert(1)</script>', ...costly }, options)).toBe(
      'refuse xss attack 403',
    )
  })
  test('is not excluded by an exclusion of a detector', async () => {
    const options: WafOptions = {
      ...little,
      undeclared: 'allow',
      routes: { 'POST /notes': { undeclared: 'allow' } },
      exclusions: {
        lines: {
          rule: 'shell',
          route: 'POST /notes',
          field: 'body.b',
          why: 'notes hold commands',
          expires: '2999-01-01T00:00:00Z',
        },
      },
    }
    expect(await told(costly, options)).toBe('refuse protocol/limit-work b 403')
  })
})

test('many small values take together what one takes', async () => {
  const values = Array.from({ length: 400 }, () => '; cat ; cat ; cat ; cat ')
  expect(await told(values, little)).toMatch(/^refuse protocol\/limit-work \[\d+\] 403$/)
  expect(await told(values, {})).toBe('allow')
})
