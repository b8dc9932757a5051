/**
 * The body of an Oak response, judged in every shape that Oak sends: texts and bytes at once, what becomes JSON as that JSON, streams
 * as they flow. It deliberately decides nothing; the rules about responses do.
 */
import type { Decision } from '../model/decision.ts'
import type { Settings } from '../options.ts'
import { type Asked, judgeResponse } from '../respond/judge-response.ts'
import { judgeResponseBytes, judgeResponseStream, type ResponseChunks } from '../respond/response-flow.ts'

interface OakResponse {
  body: unknown
  readonly headers: Headers
  readonly type?: string | undefined
}

/** The decision where something leaks; null where nothing does, or it only shows while the body flows. */
export async function judgeSent(
  { response }: { readonly response: OakResponse },
  settings: Settings,
  asked: Asked,
): Promise<Decision | null> {
  // As Oak does at the very end: a function is called for the body.
  for (let calls = 0; typeof response.body === 'function' && calls < mostCalls; calls++)
    response.body = await (response.body as () => unknown)()
  const { body } = response
  if (typeof body === 'string') return judgeResponse(body, settings, asked)
  if (typeof body !== 'object' || body === null || isCoded(response.headers)) return null
  const type = typeOf(response)
  if (ArrayBuffer.isView(body))
    return judgeResponseBytes(
      new Uint8Array(body.buffer, body.byteOffset, body.byteLength),
      settings,
      asked,
      type,
    )
  if (body instanceof ArrayBuffer) return judgeResponseBytes(new Uint8Array(body), settings, asked, type)
  if (body instanceof Blob) {
    const blobType = type ?? (body.type === '' ? null : body.type)
    const stream = judgeResponseStream(body.stream(), settings, asked, blobType)
    return becomes(response, stream, blobType)
  }
  if (isChunks(body)) return becomes(response, judgeResponseStream(body, settings, asked, type), null)
  if (body instanceof URLSearchParams) return judgeResponse(String(body), settings, asked)
  // Oak asks a reader for bytes and sends a form as it is; all else it makes JSON of.
  if ('read' in body || body instanceof FormData) return null
  return judgeResponse(JSON.stringify(body) ?? '', settings, asked)
}

const mostCalls = 8

/** A blob says its type by itself, a stream of it does not. */
function becomes(response: OakResponse, stream: ResponseChunks, type: string | null): null {
  response.body = stream
  if (type !== null && !response.headers.has('content-type')) response.headers.set('content-type', type)
  return null
}

function isChunks(body: object): body is ResponseChunks {
  return body instanceof ReadableStream || Symbol.asyncIterator in body
}

/** What is compressed already cannot be read. */
function isCoded(headers: Headers): boolean {
  return !/^\s*(?:identity\s*)?$/i.test(headers.get('content-encoding') ?? '')
}

const textEndings =
  /^\.?(?:json|html?|xhtml|txt|text|xml|rss|atom|svg|[cm]?[jt]sx?|css|csv|tsv|md|ya?ml|toml|ini|log|map|webmanifest)$/

/** The Content-Type that it will have; null where it will have none. */
function typeOf({ headers, type }: OakResponse): string | null {
  const given = headers.get('content-type') ?? type
  if (given === undefined || given === '') return null
  if (given.includes('/')) return given
  return textEndings.test(given.toLowerCase()) ? 'text/plain' : 'application/octet-stream'
}
