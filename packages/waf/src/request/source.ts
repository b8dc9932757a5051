/**
 * The chunks of a body as a server has them, in one shape: taken one by one, and, as long as nothing was decided, kept, so that
 * a body that is only reported can still be handed on as it came. It deliberately looks into none of them.
 */

/** A body that is still coming. */
export type Chunks = AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>

/** Chunks that can be read once, and given back until `forget`. */
export class Source implements AsyncIterable<Uint8Array> {
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #kept: Uint8Array[] = []
  #keeps = true
  /** Read from what is kept first: it was only looked at. */
  #again = 0
  #reading: Promise<unknown> = Promise.resolve()

  constructor(chunks: Chunks) {
    this.#chunks = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunksOf(chunks)
  }

  /** The first chunk that holds something, still to be read; null where there is none. */
  async first(): Promise<Uint8Array | null> {
    for (;;) {
      const { done, value } = await this.#chunks.next()
      if (done === true) return null
      if (value.length === 0) continue
      this.#kept.push(value)
      this.#again = 1
      return value
    }
  }

  /** From now on nothing is kept. */
  forget(): void {
    this.#keeps = false
    this.#kept.length = this.#again = 0
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return {
      next: () => {
        const next = this.#next()
        this.#reading = next.catch(() => {})
        return next
      },
      // Who gives up reading does not end the body: that is for `close`.
      return: async () => ({ done: true, value: undefined }),
    }
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#again > 0) {
      this.#again--
      return { done: false, value: this.#kept[0] as Uint8Array }
    }
    const next = await this.#chunks.next()
    if (next.done !== true && this.#keeps) this.#kept.push(next.value)
    return next
  }

  /** Nobody wants more of it. */
  async close(): Promise<void> {
    await this.#chunks.return?.()
  }

  /** All of it as it came, from the first chunk on. Only before `forget`. */
  asItCame(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          // A decoder that was given up may still wait for a chunk.
          await this.#reading
          const next = this.#kept.shift()
          if (next !== undefined) {
            controller.enqueue(next)
            return
          }
          const { done, value } = await this.#chunks.next()
          if (done === true) controller.close()
          else controller.enqueue(value)
        },
        cancel: () => this.close(),
      },
      { highWaterMark: 0 },
    )
  }
}

async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const reader = stream.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel()
  }
}
