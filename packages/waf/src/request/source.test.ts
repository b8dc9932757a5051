/** A body that is looked at, read, given up and still handed on as it came. */
import { expect, test } from 'vitest'
import { Source } from './source.ts'

const encoder = new TextEncoder()
const texts = ['', 'one ', 'two ', '', 'three']

async function* generated(state: { open: boolean } = { open: true }): AsyncGenerator<Uint8Array, void> {
  try {
    for (const text of texts) yield encoder.encode(text)
  } finally {
    state.open = false
  }
}

const streamed = (): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const text of texts) controller.enqueue(encoder.encode(text))
      controller.close()
    },
  })

async function read(source: AsyncIterable<Uint8Array>, most = Number.POSITIVE_INFINITY): Promise<string> {
  let text = ''
  let count = 0
  for await (const chunk of source) {
    text += new TextDecoder().decode(chunk)
    if (++count >= most) break
  }
  return text
}

test.each([
  ['a generator', () => generated()],
  ['a stream', streamed],
])('%s: the first chunk is seen, and read again', async (_, body) => {
  const source = new Source(body())
  expect(await source.first()).toEqual(encoder.encode('one '))
  expect(await read(source)).toBe('one two three')
})

test('a body of nothing has no first chunk', async () => {
  async function* nothing(): AsyncGenerator<Uint8Array, void> {
    yield new Uint8Array()
  }
  expect(await new Source(nothing()).first()).toBeNull()
})

test('who gives up reading leaves all of it to be handed on', async () => {
  for (const most of [0, 1, 2, 9]) {
    const source = new Source(generated())
    await source.first()
    if (most > 0) await read(source, most)
    expect(await new Response(source.asItCame()).text()).toBe('one two three')
  }
})

test('a chunk that somebody still waits for is not lost', async () => {
  let send: ((chunk: Uint8Array) => void) | undefined
  async function* slow(): AsyncGenerator<Uint8Array, void> {
    yield encoder.encode('first ')
    yield await new Promise<Uint8Array>((resolve) => {
      send = resolve
    })
    yield encoder.encode('last')
  }
  const source = new Source(slow())
  await source.first()
  const reader = source[Symbol.asyncIterator]()
  await reader.next()
  const waiting = reader.next()
  const handedOn = new Response(source.asItCame()).text()
  await expect.poll(() => send).toBeDefined()
  send?.(encoder.encode('second '))
  await waiting
  expect(await handedOn).toBe('first second last')
})

test('closing and cancelling end the body', async () => {
  for (const how of ['close', 'cancel'] as const) {
    const state = { open: true }
    const source = new Source(generated(state))
    await source.first()
    if (how === 'close') await source.close()
    else await source.asItCame().cancel()
    expect(state.open).toBe(false)
  }
})

test('a stream is cancelled too', async () => {
  let cancelled = false
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(encoder.encode('more')),
    cancel: () => {
      cancelled = true
    },
  })
  const source = new Source(body)
  await source.first()
  await source.close()
  expect(cancelled).toBe(true)
})
