/**
 * The body of an Oak request, as it comes, and handed on once it was judged: the bytes that the application reads are those that
 * were judged, without their codings, however it reads them. A body that flows on is read once. It deliberately judges nothing.
 */
import type { Received } from '../receive.ts'

/** What of Oak's `Body` is passed on as it is. */
interface OakBody {
  readonly stream: ReadableStream<Uint8Array> | null
  type(customMediaTypes?: unknown): string
}

interface OakRequest {
  readonly headers: Headers
  readonly hasBody: boolean
  readonly body: unknown
}

/** The body as it comes; where the request was judged before, what was handed on then. */
export function arrivingBody({ hasBody, body }: OakRequest): ReadableStream<Uint8Array> | null {
  return hasBody ? (body as OakBody).stream : null
}

/** Puts a body back, so that `request.body.json()`, `.text()` and all others work, and headers that are true of it. */
export function handOn(request: OakRequest, received: Received): void {
  if (received.kind === 'whole' && received.bytes === null) return
  const original = request.body as OakBody
  const { bytes, stream } =
    received.kind === 'whole'
      ? { bytes: received.bytes, stream: null }
      : { bytes: null, stream: received.stream }
  // Bytes may be read again and again; what flows is gone once it is read.
  const source = (): Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null =>
    bytes === null ? stream : bytes.slice()
  if (received.headers.length < [...request.headers].length)
    define(request, 'headers', new Headers(received.headers.map(([name, value]) => [name, value])))
  define(request, 'body', handedOn(source, request.headers, original))
}

function define(request: OakRequest, name: 'body' | 'headers', value: unknown): void {
  Object.defineProperty(request, name, { value, configurable: true })
}

/** An object with the members of Oak's `Body`. */
function handedOn(
  source: () => Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null,
  headers: Headers,
  original: OakBody,
): object {
  let used = false
  const type = headers.get('content-type') ?? ''
  const response = (): Response => {
    used = true
    return new Response(source(), { headers: { 'content-type': type } })
  }
  return {
    has: true,
    get used() {
      return used
    },
    get stream() {
      return response().body
    },
    arrayBuffer: () => response().arrayBuffer(),
    blob: () => response().blob(),
    text: () => response().text(),
    json: () => response().json(),
    form: async () => new URLSearchParams(await response().text()),
    formData: () => response().formData(),
    type: (customMediaTypes?: unknown) => original.type(customMediaTypes),
  }
}
