/** Bodies through the middleware, in a context of Oak's shape: held and read in every way, flowing, refused, unpacked. */
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { type OakContext, type OakOptions, RequestRefused, waf } from '../index.ts'

const attack = '<script>alert(1)</script>'

/** What an application uses of Oak's body. */
interface Body {
  readonly used: boolean
  readonly stream: ReadableStream<Uint8Array> | null
  arrayBuffer(): Promise<ArrayBuffer>
  text(): Promise<string>
  json(): Promise<unknown>
  form(): Promise<URLSearchParams>
  formData(): Promise<FormData>
  type(): string
}

function contextOf(
  body: string | Uint8Array,
  type: string,
  headers: Record<string, string> = {},
): OakContext {
  const original = new Response(typeof body === 'string' ? body : body.slice())
  return {
    request: {
      method: 'POST',
      url: new URL('http://api.volcano.example/readings'),
      headers: new Headers({ 'content-type': type, ...headers }),
      hasBody: true,
      body: { stream: original.body, type: () => 'json' },
    },
    response: { status: 404, body: undefined, headers: new Headers() },
  }
}

/** What the application read, or null where it never ran; and the status. */
async function through<T>(
  options: OakOptions,
  ctx: OakContext,
  read: (body: Body) => Promise<T>,
): Promise<{ status: number; value: T | null }> {
  let value: T | null = null
  await waf(options)(ctx, async () => {
    value = await read(ctx.request.body as Body)
    ctx.response.status = 200
  })
  return { status: ctx.response.status, value }
}

const list = (count: number, ...more: string[]): string =>
  `["${Array.from({ length: count }, (_, i) => `line ${i}`).join('","')}"${more.map((one) => `,"${one}"`).join('')}]`

describe('a held body', () => {
  test('is read as JSON, as a text, as bytes, as a stream, again and again', async () => {
    const read = async (body: Body): Promise<unknown[]> => [
      body.used,
      await body.json(),
      await body.text(),
      (await body.arrayBuffer()).byteLength,
      await new Response(body.stream).text(),
      body.used,
      body.type(),
    ]
    const { value } = await through({}, contextOf('{"a":1}', 'application/json'), read)
    expect(value).toEqual([false, { a: 1 }, '{"a":1}', 7, '{"a":1}', true, 'json'])
  })

  test('is read as a form, and as parts', async () => {
    const form = contextOf('a=1&b=%C3%BC', 'application/x-www-form-urlencoded')
    expect((await through({}, form, async (body) => [...(await body.form())])).value).toEqual([
      ['a', '1'],
      ['b', 'ü'],
    ])
    const text = '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'
    const parts = contextOf(text, 'multipart/form-data; boundary=x')
    expect((await through({}, parts, async (body) => (await body.formData()).get('a'))).value).toBe('1')
  })

  test('that is refused is read by nobody', async () => {
    const ctx = contextOf(`{"a":"${attack}"}`, 'application/json')
    expect(await through({}, ctx, (body) => body.text())).toEqual({ status: 403, value: null })
  })

  test('that is too long is refused with 413', async () => {
    const options = { limits: { holdBytes: 100 } }
    const { status, value } = await through(options, contextOf(list(100), 'application/json'), (body) =>
      body.text(),
    )
    expect([status, value]).toEqual([413, null])
  })

  test('is handed on unpacked, with headers that are true of it', async () => {
    const ctx = contextOf(new Uint8Array(gzipSync('{"a":1}')), 'application/json', {
      'content-encoding': 'gzip',
    })
    expect((await through({}, ctx, (body) => body.json())).value).toEqual({ a: 1 })
    expect(ctx.request.headers.has('content-encoding')).toBe(false)
  })

  test('is judged a second time inside the application', async () => {
    const ctx = contextOf('{"a":"<b>"}', 'application/json')
    const inside = through({}, ctx, async () => {
      await waf(ctx, { parameters: [{ name: 'a', disallowTags: true }] })
    })
    await expect(inside).rejects.toThrow(RequestRefused)
  })

  test('longer than is held comes whole where findings are only told', async () => {
    const text = list(100, attack)
    const options: OakOptions = { mode: 'report', limits: { holdBytes: 100 } }
    expect((await through(options, contextOf(text, 'application/json'), (body) => body.text())).value).toBe(
      text,
    )
  })
})

describe('a body that flows', () => {
  const options: OakOptions = { limits: { holdBytes: 100 }, bodies: { stream: true } }

  test('arrives', async () => {
    const text = list(1000)
    expect(await through(options, contextOf(text, 'application/json'), (body) => body.text())).toEqual({
      status: 200,
      value: text,
    })
  })

  test('is broken off, and answered with 403 and the id of the reason', async () => {
    const ids: string[] = []
    const ctx = contextOf(list(100_000, attack), 'application/json')
    const told: OakOptions = { ...options, onDecision: ({ id }) => ids.push(id) }
    expect(await through(told, ctx, (body) => body.text())).toEqual({ status: 403, value: null })
    expect(ids).toHaveLength(1)
    expect(ctx.response.headers.get('x-thingwall-reason')).toBe(ids[0])
  })
})
