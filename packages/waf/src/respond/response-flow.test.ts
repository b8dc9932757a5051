/** Responses that flow: nothing waits, nothing that stands in one chunk leaves, and what is held is bounded. */
import { describe, expect, test } from 'vitest'
import type { Decision } from '../model/decision.ts'
import { readOptions, type Settings, type WafOptions } from '../options.ts'
import { judgeResponseBytes, judgeResponseStream, ResponseRefused } from './response-flow.ts'

const asked = { route: null, who: null }
const token = `gh${'p_'}${'a1B2'.repeat(9)}`
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function settingsOf(options: WafOptions = {}): { readonly settings: Settings; readonly told: Decision[] } {
  const told: Decision[] = []
  return { settings: readOptions({ ...options, onDecision: (one) => told.push(one) }), told }
}

/** A source of which each chunk is given when it is asked for; says how many were taken and whether it was ended. */
function sourceOf(
  chunks: readonly unknown[],
): ReadableStream<unknown> & { taken: number; cancelled: boolean } {
  const counted = { taken: 0, cancelled: false }
  const stream = new ReadableStream<unknown>(
    {
      pull(controller) {
        if (counted.taken === chunks.length) controller.close()
        else controller.enqueue(chunks[counted.taken++])
      },
      cancel() {
        counted.cancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return Object.defineProperties(stream, {
    taken: { get: () => counted.taken },
    cancelled: { get: () => counted.cancelled },
  }) as ReturnType<typeof sourceOf>
}

const readerOf = (chunks: ReturnType<typeof judgeResponseStream>): ReadableStreamDefaultReader<unknown> =>
  (chunks as ReadableStream<unknown>).getReader()

async function all(chunks: ReturnType<typeof judgeResponseStream>): Promise<string> {
  const reader = readerOf(chunks)
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text
    text += typeof value === 'string' ? value : new TextDecoder().decode(value as Uint8Array)
  }
}

describe('as they flow', () => {
  test('an event is sent on before the next is there', async () => {
    const { settings } = settingsOf()
    let tell = (_: ReadableStreamDefaultController<unknown>): void => {}
    const begun = new Promise<ReadableStreamDefaultController<unknown>>((resolve) => {
      tell = resolve
    })
    const source = new ReadableStream<unknown>({ start: (controller) => tell(controller) })
    const reader = readerOf(judgeResponseStream(source, settings, asked, 'text/event-stream'))
    const controller = await begun
    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      controller.enqueue(bytes(event))
      expect(await reader.read()).toEqual({ done: false, value: bytes(event) })
    }
    // And a stream that waits for its next event ends when nobody listens.
    const waiting = reader.read()
    await reader.cancel()
    expect(await waiting).toEqual({ done: true, value: undefined })
  })

  test('a chunk is taken when it is asked for, and the very chunk is passed', async () => {
    const { settings } = settingsOf()
    const chunk = bytes('one')
    const source = sourceOf([chunk, bytes('two')])
    const reader = readerOf(judgeResponseStream(source, settings, asked, 'text/plain'))
    expect(source.taken).toBe(0)
    expect((await reader.read()).value).toBe(chunk)
    expect(source.taken).toBe(1)
    await reader.cancel()
    expect(source.cancelled).toBe(true)
  })

  test('what stands in one chunk never leaves, and the source is ended', async () => {
    const { settings, told } = settingsOf({ newId: () => 'c3' })
    const source = sourceOf([bytes('fine\n'), bytes(`token=${token}\n`), bytes('more')])
    const reader = readerOf(judgeResponseStream(source, settings, asked, 'text/plain'))
    expect((await reader.read()).done).toBe(false)
    await expect(reader.read()).rejects.toThrow('Refused by the application firewall. Reason id: c3')
    expect(source.cancelled).toBe(true)
    expect(told).toMatchObject([
      {
        id: 'c3',
        verdict: 'refuse',
        passedBytes: 5,
        finding: { rule: 'leak/token', place: 'response', offset: 11 },
      },
    ])
  })

  test('wherever chunks cut it', async () => {
    const text = `${'line of a log\n'.repeat(300)}token=${token} ${'and so on\n'.repeat(300)}`
    for (const size of [1, 3, 17, 1000, 2048, 5000, 100_000]) {
      const { settings, told } = settingsOf()
      const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
        text.slice(at * size, (at + 1) * size),
      )
      const asBytes = judgeResponseStream(sourceOf(chunks.map(bytes)), settings, asked, 'text/plain')
      await expect(all(asBytes)).rejects.toBeInstanceOf(ResponseRefused)
      const asTexts = judgeResponseStream(sourceOf(chunks), settings, asked, 'text/plain')
      await expect(all(asTexts)).rejects.toBeInstanceOf(ResponseRefused)
      expect(told.map(({ finding }) => finding?.rule)).toEqual(['leak/token', 'leak/token'])
    }
  })

  test('one large chunk is judged to its end', async () => {
    const { settings } = settingsOf()
    const source = sourceOf([bytes(`${'x '.repeat(500_000)}${token}`)])
    await expect(all(judgeResponseStream(source, settings, asked, 'text/plain'))).rejects.toBeInstanceOf(
      ResponseRefused,
    )
  })

  test('what is only told is told once, and all of it is sent', async () => {
    const { settings, told } = settingsOf({ leaks: 'report' })
    const text = `${token}\n`.repeat(3)
    const source = sourceOf([bytes(text), bytes(text)])
    expect(await all(judgeResponseStream(source, settings, asked, 'text/plain'))).toBe(text + text)
    expect(told).toMatchObject([{ verdict: 'report', passedBytes: 0 }])
  })

  test('what goes wrong in the source goes wrong behind us', async () => {
    const { settings, told } = settingsOf()
    async function* failing(): AsyncGenerator<Uint8Array, void> {
      yield bytes('a')
      throw new Error('the disk is gone')
    }
    await expect(all(judgeResponseStream(failing(), settings, asked, 'text/plain'))).rejects.toThrow(
      'the disk is gone',
    )
    expect(told).toEqual([])
  })
})

describe('what is not read', () => {
  test.each<[what: string, options: WafOptions, type: string | null]>([
    ['firmware', {}, 'application/octet-stream'],
    ['an image', {}, 'image/jpeg'],
    ['what is meant to be sent', { leaks: 'allow' }, 'text/plain'],
    ['what is meant to be sent, of no type', { leaks: 'allow' }, null],
  ])('%s: the very stream', (_, options, type) => {
    const { settings } = settingsOf(options)
    const source = sourceOf([])
    expect(judgeResponseStream(source, settings, asked, type)).toBe(source)
    expect(judgeResponseBytes(bytes(token), settings, asked, type)).toBeNull()
  })

  test('of no type: what begins like a text is one', async () => {
    const { settings } = settingsOf()
    const binary = Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 0, ...bytes(token)])
    const flow = judgeResponseStream(sourceOf([binary, bytes(token)]), settings, asked, null)
    expect((await all(flow)).length).toBeGreaterThan(token.length)
    await expect(
      all(judgeResponseStream(sourceOf([bytes(token)]), settings, asked, null)),
    ).rejects.toBeInstanceOf(ResponseRefused)
    expect(judgeResponseBytes(binary, settings, asked, null)).toBeNull()
    expect(judgeResponseBytes(bytes(token), settings, asked, null)).toMatchObject({ verdict: 'refuse' })
  })

  test('an exclusion holds', async () => {
    const { settings } = settingsOf({
      routes: { 'GET /a': {} },
      exclusions: {
        one: { rule: 'leak/token', route: '*', field: 'response', why: 'Test keys', expires: '2999-01-01' },
      },
    })
    const source = sourceOf([bytes(token)])
    expect(await all(judgeResponseStream(source, settings, asked, 'text/plain'))).toBe(token)
  })
})
