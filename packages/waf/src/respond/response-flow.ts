/**
 * A response that flows: each chunk is judged together with the end of what went before, then sent on at once. So nothing waits (events
 * reach who listens when they happen), what stands in one chunk never leaves, and what chunks cut in two is broken off with
 * its second half. It deliberately undoes no coding, and holds no more than the rules have to see again.
 */
import type { Decision } from '../model/decision.ts'
import type { Settings } from '../options.ts'
import { byteText } from '../request/bytes.ts'
import type { ResponseInspector } from './inspect-response.ts'
import { type Asked, leaked, responseInspector } from './judge-response.ts'
import { isTextual, looksTextual } from './textual.ts'

/** What reading a response fails with that was broken off while it flowed. */
export class ResponseRefused extends Error {
  readonly decision: Decision
  constructor(decision: Decision) {
    super(`Refused by the application firewall. Reason id: ${decision.id}`)
    this.name = 'ResponseRefused'
    this.decision = decision
  }
}

/** What servers stream: bytes or texts. Anything else is passed on unread. */
export type ResponseChunks = ReadableStream<unknown> | AsyncIterable<unknown>

/**
 * The same chunks, judged as they pass. `type` is the Content-Type: what is no text is not read, and where there is none the first
 * chunk says what it is. The very same stream where nothing is to be judged.
 */
export function judgeResponseStream(
  chunks: ResponseChunks,
  settings: Settings,
  asked: Asked,
  type: string | null,
): ResponseChunks {
  const inspector = type === null || isTextual(type) ? responseInspector(settings, asked) : null
  return inspector === null ? chunks : judged(chunks, new Flow(inspector, settings, asked, type === null))
}

/** A whole response in bytes; null where nothing leaks or it is no text. */
export function judgeResponseBytes(
  bytes: Uint8Array,
  settings: Settings,
  asked: Asked,
  type: string | null,
): Decision | null {
  if (type === null ? !looksTextual(bytes) : !isTextual(type)) return null
  const inspector = responseInspector(settings, asked)
  if (inspector === null) return null
  for (let at = 0; at < bytes.length; at += bite) inspector.write(byteText(bytes.subarray(at, at + bite)))
  const finding = inspector.end()
  return finding === null ? null : leaked(finding, settings, asked)
}

/** In bytes: what is turned into text at a time. */
const bite = 65_536

/** What is known of one response on its way. */
class Flow {
  readonly #settings: Settings
  readonly #asked: Asked
  /** Null once nothing more is read. */
  #inspector: ResponseInspector | null
  /** The type is not known yet. */
  #unsure: boolean
  #passedBytes = 0

  constructor(inspector: ResponseInspector, settings: Settings, asked: Asked, unsure: boolean) {
    this.#inspector = inspector
    this.#settings = settings
    this.#asked = asked
    this.#unsure = unsure
  }

  /** Throws `ResponseRefused` where this chunk must not be sent. */
  chunk(chunk: unknown): void {
    if (this.#inspector === null) return
    if (this.#unsure && chunk instanceof Uint8Array && chunk.length > 0) {
      this.#unsure = false
      if (!looksTextual(chunk)) this.#inspector = null
    }
    const bytes = chunk instanceof Uint8Array ? chunk : null
    if (bytes === null) this.#look(typeof chunk === 'string' ? chunk : '')
    else for (let at = 0; at < bytes.length; at += bite) this.#look(byteText(bytes.subarray(at, at + bite)))
    this.#passedBytes += bytes?.length ?? (typeof chunk === 'string' ? chunk.length : 0)
  }

  end(): void {
    this.#found(this.#inspector?.end() ?? null)
  }

  #look(text: string): void {
    const inspector = this.#inspector
    if (inspector === null) return
    inspector.write(text)
    this.#found(inspector.look())
  }

  #found(finding: ReturnType<ResponseInspector['look']>): void {
    if (finding === null) return
    this.#inspector = null
    const decision = leaked(finding, this.#settings, this.#asked, this.#passedBytes)
    if (decision.verdict === 'refuse') throw new ResponseRefused(decision)
  }
}

/** Takes a chunk only when one is asked for, and ends the source when nobody listens any more. */
function judged(chunks: ResponseChunks, flow: Flow): ReadableStream<unknown> {
  const source = iteratorOf(chunks)
  return new ReadableStream<unknown>(
    {
      async pull(controller) {
        try {
          const { done, value } = await source.next()
          if (done === true) flow.end()
          else flow.chunk(value)
          if (done === true) controller.close()
          else controller.enqueue(value)
        } catch (error) {
          controller.error(error)
          if (error instanceof ResponseRefused) await source.return?.()
        }
      },
      cancel: async () => {
        await source.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}

/** A reader can be cancelled while it waits, which the iterator of a stream cannot. */
function iteratorOf(chunks: ResponseChunks): AsyncIterator<unknown> {
  return chunks instanceof ReadableStream ? readerOf(chunks) : chunks[Symbol.asyncIterator]()
}

function readerOf(stream: ReadableStream<unknown>): AsyncIterator<unknown> {
  const reader = stream.getReader()
  return {
    next: async () => {
      const { done, value } = await reader.read()
      return done ? { done, value: undefined } : { done, value }
    },
    return: async () => {
      await reader.cancel()
      return { done: true, value: undefined }
    },
  }
}
