/** Codings undone as they flow: whole, cut anywhere, one in the other; and bodies that are not what they say. */
import { Duplex } from 'node:stream'
import { brotliCompressSync, createBrotliDecompress, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { CodingError, codingsOf, type Decoders, decoded } from './coding.ts'
import { defaultLimits, type Limits } from './limits.ts'

const text = 'telemetry '.repeat(500)

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size)
}

/** What comes out, or the rule by which it does not. */
async function unpacked(
  coding: string,
  body: Uint8Array,
  {
    size = body.length,
    limits = defaultLimits,
    more = {},
  }: { size?: number; limits?: Limits; more?: Decoders } = {},
): Promise<string> {
  const codings = codingsOf([['Content-Encoding', coding]], limits, more)
  if (codings.kind !== 'codings') return codings.fault.rule
  const out: Uint8Array[] = []
  try {
    for await (const chunk of decoded(chunksOf(body, size), codings.decoders, limits)) out.push(chunk)
  } catch (error) {
    if (error instanceof CodingError) return error.fault.rule
    throw error
  }
  return Buffer.concat(out).toString()
}

describe('what comes out is what went in', () => {
  const brotli: Decoders = {
    br: () => Duplex.toWeb(createBrotliDecompress()) as ReturnType<Decoders[string]>,
  }
  test.each<[coding: string, body: Uint8Array, more: Decoders]>([
    ['', Buffer.from(text), {}],
    ['identity', Buffer.from(text), {}],
    ['gzip', gzipSync(text), {}],
    ['X-GZip', gzipSync(text), {}],
    ['deflate', deflateSync(text), {}],
    ['br', brotliCompressSync(text), {}],
    ['br', brotliCompressSync(text), brotli],
    ['gzip, identity', gzipSync(text), {}],
    ['deflate, gzip', gzipSync(deflateSync(text)), {}],
    ['gzip,br', brotliCompressSync(gzipSync(text)), {}],
  ])('%s', async (coding, body, more) => {
    for (const size of [body.length, 7, 1])
      expect(await unpacked(coding, new Uint8Array(body), { size, more })).toBe(text)
  })
})

describe('refused', () => {
  const gzip = gzipSync(text)
  test.each<[rule: string, coding: string, body: Uint8Array]>([
    ['coding-unknown', 'zstd', gzip],
    ['coding-unknown', 'gzip, exi', gzip],
    ['content-encoding', 'gzip, gzip, gzip', gzip],
    ['content-encoding', 'gzip,', gzip],
    ['content-encoding', 'gz ip', gzip],
    ['content-encoding', 'gzip', Buffer.from('no gzip')],
    ['content-encoding', 'gzip', gzip.subarray(0, gzip.length - 9)],
    ['content-encoding', 'gzip', Buffer.concat([gzip, Buffer.from('more')])],
    ['content-encoding', 'deflate', deflateRawSync(text)],
    ['content-encoding', 'gzip, gzip', gzip],
    ['content-encoding', 'br', Buffer.from('no brotli at all')],
  ])('%s: %s', async (rule, coding, body) => {
    expect(await unpacked(coding, new Uint8Array(body))).toBe(rule)
  })

  test('the header twice', () => {
    const twice = [
      ['content-encoding', 'gzip'],
      ['Content-Encoding', 'gzip'],
    ] as const
    expect(codingsOf(twice, defaultLimits)).toMatchObject({
      kind: 'fault',
      fault: { rule: 'content-encoding' },
    })
  })
})

describe('a bomb', () => {
  const zeros = Buffer.alloc(20_000_000)
  test.each<[coding: string, body: Uint8Array]>([
    ['gzip', gzipSync(zeros)],
    ['deflate', deflateSync(zeros)],
    ['br', brotliCompressSync(zeros)],
    ['gzip, gzip', gzipSync(gzipSync(zeros))],
  ])('of %s goes off after a little more than is harmless', async (coding, body) => {
    const codings = codingsOf([['content-encoding', coding]], defaultLimits)
    if (codings.kind !== 'codings') throw new Error('no codings')
    let size = 0
    const reading = (async () => {
      for await (const { length } of decoded(
        chunksOf(new Uint8Array(body), body.length),
        codings.decoders,
        defaultLimits,
      ))
        size += length
    })()
    await expect(reading).rejects.toMatchObject({ fault: { rule: 'coding-bomb' } })
    expect(size).toBeLessThan(6_000_000)
  })

  test('what is as large and not as dense is none', async () => {
    const body = Buffer.from(Array.from({ length: 300_000 }, (_, i) => `${i * 7919}`).join(' '))
    expect((await unpacked('gzip', new Uint8Array(gzipSync(body)))).length).toBe(body.length)
  })
})

test('what breaks off comes through as what it is', async () => {
  async function* breaking(): AsyncGenerator<Uint8Array, void> {
    yield new Uint8Array(gzipSync(text)).slice(0, 20)
    throw new Error('connection reset')
  }
  const codings = codingsOf([['content-encoding', 'deflate, gzip']], defaultLimits)
  if (codings.kind !== 'codings') throw new Error('no codings')
  const reading = (async () => {
    for await (const _ of decoded(breaking(), codings.decoders, defaultLimits));
  })()
  await expect(reading).rejects.toThrow('connection reset')
})

test('who stops reading ends the body', async () => {
  let ended = false
  async function* endless(): AsyncGenerator<Uint8Array, void> {
    try {
      const body = new Uint8Array(
        gzipSync(Buffer.from(Array.from({ length: 50_000 }, (_, i) => `${i}`).join(' '))),
      )
      for (let at = 0; ; at = (at + 1000) % body.length) yield body.slice(at, at + 1000)
    } finally {
      ended = true
    }
  }
  const codings = codingsOf([['content-encoding', 'gzip']], defaultLimits)
  if (codings.kind !== 'codings') throw new Error('no codings')
  for await (const _ of decoded(endless(), codings.decoders, defaultLimits)) break
  await expect.poll(() => ended).toBe(true)
})
