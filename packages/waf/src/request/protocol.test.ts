/** Heads and bodies that can be read in one way, and those that cannot. */
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { inspect } from '../inspect.ts'
import type { RequestParts } from '../model/request.ts'

const base: RequestParts = {
  method: 'POST',
  target: '/readings?device=vent-01',
  headers: [['host', 'api.volcano.example']],
  body: null,
}
const with_ = (more: Partial<RequestParts>, ...headers: [string, string][]): RequestParts => ({
  ...base,
  ...more,
  headers: [...base.headers, ...headers],
})
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const json: [string, string] = ['content-type', 'application/json']
const multipart: [string, string] = ['content-type', 'multipart/form-data; boundary=x']

describe('refused', () => {
  test.each<[rule: string, request: RequestParts]>([
    ['method', with_({ method: 'TRACE' })],
    ['method', with_({ method: 'get' })],
    ['nul', with_({ target: '/a%00' })],
    ['target', with_({ target: '/a\u0001' })],
    ['header', with_({}, ['proxy', 'http://evil.example'])],
    ['header', with_({}, ['x-http-method-override', 'DELETE'])],
    ['header', with_({}, ['host', 'b.example'])],
    ['header', with_({}, ['bad name', 'x'])],
    ['header', with_({}, ['range', 'bytes=0-1,2-3,4-5,6-7,8-9,10-11'])],
    ['header', with_({}, ['content-type', 'text/plain; charset=utf-7'])],
    ['framing', with_({}, ['content-length', '5'], ['transfer-encoding', 'chunked'])],
    ['framing', with_({}, ['transfer-encoding', 'xchunked'])],
    ['framing', with_({ method: 'GET', body: bytes('{}') }, json)],
    ['content-type', with_({ body: bytes('{}') })],
    ['content-type', with_({ body: bytes('{}') }, ['content-type', 'application/json; a=b; a=c'])],
    ['json', with_({ body: bytes('{"a":1,"a":2}') }, json)],
    ['json', with_({ body: bytes('{"a":1,}') }, json)],
    ['json', with_({ body: bytes('['.repeat(100)) }, json)],
    ['utf-8', with_({ body: new Uint8Array([0x22, 0xc0, 0xaf, 0x22]) }, json)],
    ['multipart-boundary', with_({ body: bytes('--y\r\n') }, multipart)],
    [
      'multipart-end',
      with_({ body: bytes('--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1') }, multipart),
    ],
    [
      'multipart-name',
      with_(
        { body: bytes('--x\r\nContent-Disposition: form-data; name="a"; name="b"\r\n\r\n1\r\n--x--') },
        multipart,
      ),
    ],
    [
      'multipart-header',
      with_(
        {
          body: bytes(
            '--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Disposition: form-data; name="b"\r\n\r\n1\r\n--x--',
          ),
        },
        multipart,
      ),
    ],
    [
      'multipart-charset',
      with_(
        {
          body: bytes(
            '--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n1\r\n--x--',
          ),
        },
        multipart,
      ),
    ],
    ['content-encoding', with_({ body: bytes('no gzip') }, json, ['content-encoding', 'gzip'])],
    ['content-encoding', with_({ body: bytes('x') }, json, ['content-encoding', 'br, gzip'])],
    ['coding-unknown', with_({ body: bytes('x') }, json, ['content-encoding', 'zstd'])],
    ['limit-body', with_({ body: new Uint8Array(2_000_000) }, ['content-type', 'application/octet-stream'])],
  ])('protocol/%s', async (rule, request) => {
    const { verdict, finding } = await inspect(request)
    expect(finding?.rule).toBe(`protocol/${rule}`)
    expect(verdict).toBe('refuse')
  })

  test('a bomb is not unpacked', async () => {
    const body = new Uint8Array(gzipSync(Buffer.alloc(50_000_000, 0x20)))
    const { finding } = await inspect(with_({ body }, json, ['content-encoding', 'gzip']))
    expect(finding?.why).toContain('once it is unpacked')
  })

  test('what is compressed is judged', async () => {
    const body = new Uint8Array(gzipSync('{"note":"<script>alert(1)</script>"}'))
    expect((await inspect(with_({ body }, json, ['content-encoding', 'gzip']))).finding?.rule).toBe('xss')
  })
})

describe('passes', () => {
  test.each<[what: string, request: RequestParts]>([
    ['a query', base],
    [
      'telemetry',
      with_({ body: bytes('{"device":"vent-01","groundMotion":[0.1,0.2],"note":"O\'Brien\'s < 5"}') }, json),
    ],
    [
      'compressed telemetry',
      with_({ body: new Uint8Array(gzipSync('{"a":1}')) }, json, ['content-encoding', 'gzip']),
    ],
    [
      'a form',
      with_({ body: bytes('a=1&b=two+words') }, [
        'content-type',
        'application/x-www-form-urlencoded; charset=UTF-8',
      ]),
    ],
    [
      'a file',
      with_(
        {
          body: bytes(
            '--x\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\nContent-Type: application/octet-stream\r\n\r\n\u0000\u0001;id|\r\n--x--\r\n',
          ),
        },
        multipart,
      ),
    ],
    ['a range', with_({ method: 'GET' }, ['range', 'bytes=0-1023'])],
    [
      'firmware',
      with_({ body: new Uint8Array(4096).map((_, i) => (i * 197) & 255) }, [
        'content-type',
        'application/octet-stream',
      ]),
    ],
  ])('%s', async (_, request) => {
    expect((await inspect(request)).finding).toBeNull()
  })

  test('only reporting lets through, and tells', async () => {
    const told: string[] = []
    const decision = await inspect(with_({ target: '/?a=<script>' }), {
      mode: 'report',
      onDecision: ({ verdict }) => told.push(verdict),
    })
    expect([decision.verdict, told]).toEqual(['report', ['report']])
  })
})
