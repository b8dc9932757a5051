/**
 * A compressed body made readable as it flows, with the decompressors that the runtime brings: gzip and deflate everywhere,
 * br where it knows it or an adapter brings one. What would unpack to more than was agreed is a bomb, and refused before
 * it is unpacked. It deliberately holds no body, and knows no coding that it could not undo.
 */
import type { Fault, Limits } from './limits.ts'

/** Undoes one coding. */
export type Decoder = () => ReadableWritablePair<Uint8Array, Uint8Array<ArrayBuffer>>

/** More decoders by their names in Content-Encoding: `br`, `zstd`. */
export type Decoders = Readonly<Record<string, Decoder>>

/** A body that cannot be read, or not within the limits. Thrown while it flows. */
export class CodingError extends Error {
  readonly fault: Fault
  constructor(fault: Fault) {
    super(fault.why)
    this.fault = fault
  }
}

export type Codings =
  | { readonly kind: 'codings'; readonly decoders: readonly Decoder[] }
  /** Nobody here can undo it. */
  | { readonly kind: 'unread'; readonly fault: Fault }
  | { readonly kind: 'fault'; readonly fault: Fault }

/** What `Content-Encoding` asks for: its decoders, in the order in which they are needed. */
export function codingsOf(
  headers: readonly (readonly [name: string, value: string])[],
  limits: Limits,
  more: Decoders = {},
): Codings {
  const values = headers
    .filter(([name]) => name.toLowerCase() === 'content-encoding')
    .map(([, value]) => value)
  const text = values.join(', ')
  const fault = (rule: string, why: string): Codings => ({ kind: 'fault', fault: { rule, why, text } })
  if (values.length > 1) return fault('content-encoding', 'the header content-encoding is there twice')
  const names = text
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== 'identity' && (name !== '' || text.includes(',')))
  if (names.some((name) => !/^[a-z0-9-]+$/.test(name)))
    return fault('content-encoding', 'a coding that is none')
  if (names.length > limits.codings)
    return fault('content-encoding', `more than ${limits.codings} codings, one in the other`)
  const decoders: Decoder[] = []
  for (const name of names.toReversed()) {
    const decoder = decoderOf(name, more)
    if (decoder === null)
      return {
        kind: 'unread',
        fault: { rule: 'coding-unknown', why: 'a coding that is not read here', text },
      }
    decoders.push(decoder)
  }
  return { kind: 'codings', decoders }
}

function decoderOf(name: string, more: Decoders): Decoder | null {
  if (Object.hasOwn(more, name)) return more[name] ?? null
  const format = { gzip: 'gzip', 'x-gzip': 'gzip', deflate: 'deflate', br: 'brotli' }[name]
  if (format === undefined) return null
  // The name that runtimes have for br; older ones throw.
  const decoder: Decoder = () =>
    new DecompressionStream(format as ConstructorParameters<typeof DecompressionStream>[0])
  if (format === 'brotli') {
    try {
      decoder()
    } catch {
      return null
    }
  }
  return decoder
}

/** A ratio says nothing of a small body: so much may come out of anything. */
const harmless = 1_048_576
/** In bytes: what a decompressor is given at once, for some give all that comes out of it at once. */
const bite = 4096

/**
 * The body as it is without its codings. Reading it throws a `CodingError` where it is not what it says, where it is a bomb,
 * or where more than `most` bytes come out of it.
 */
export async function* decoded(
  body: AsyncIterable<Uint8Array>,
  decoders: readonly Decoder[],
  limits: Limits,
): AsyncGenerator<Uint8Array, void> {
  let flowing = body
  for (const decoder of decoders) flowing = unpacked(flowing, decoder, limits)
  yield* flowing
}

/** What was fed so far, and what went wrong with the body itself. */
interface Feeding {
  bytes: number
  failure: { readonly error: unknown } | null
}

async function* unpacked(
  body: AsyncIterable<Uint8Array>,
  decoder: Decoder,
  limits: Limits,
): AsyncGenerator<Uint8Array, void> {
  const pair = decoder()
  const feeding: Feeding = { bytes: 0, failure: null }
  // What goes wrong is seen on the other side.
  feed(body, pair.writable, feeding).catch(() => {})
  const reader = pair.readable.getReader()
  let size = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      size += value.length
      if (size > harmless && size > feeding.bytes * limits.unpackRatio) throw bomb(limits)
      yield value
    }
  } catch (error) {
    if (feeding.failure !== null) throw feeding.failure.error
    throw error instanceof CodingError ? error : new CodingError(broken)
  } finally {
    // Its outcome does not matter any more.
    reader.cancel().catch(() => {})
  }
}

const broken: Fault = {
  rule: 'content-encoding',
  why: 'a body that is not what it says',
  text: '',
}

function bomb({ unpackRatio }: Limits): CodingError {
  const why = `a body that is more than ${unpackRatio} times as large once it is unpacked`
  return new CodingError({ rule: 'coding-bomb', why, text: '' })
}

async function feed(
  body: AsyncIterable<Uint8Array>,
  into: WritableStream<Uint8Array<ArrayBuffer>>,
  feeding: Feeding,
): Promise<void> {
  const writer = into.getWriter()
  const chunks = body[Symbol.asyncIterator]()
  try {
    for (;;) {
      const chunk = await chunks.next().catch((error: unknown) => {
        feeding.failure = { error }
        throw error
      })
      if (chunk.done === true) break
      for (let at = 0; at < chunk.value.length; at += bite) {
        const piece = chunk.value.slice(at, at + bite)
        feeding.bytes += piece.length
        await writer.write(piece)
      }
    }
    await writer.close()
  } catch (error) {
    await writer.abort(error)
  } finally {
    await chunks.return?.()
  }
}
