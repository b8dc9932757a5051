/**
 * The body of an Oak request, taken in before it is judged and handed on from memory after: the bytes that the application
 * reads are those that were judged, however it reads them. It deliberately stops at the limit; what is longer is refused
 * by whoever asked.
 */

/** What of Oak's `Body` is passed on as it is. */
interface OakBody {
  readonly stream: ReadableStream<Uint8Array> | null
  type(customMediaTypes?: unknown): string
}

interface OakRequest {
  readonly headers: Headers
  readonly body: unknown
}

const held: WeakMap<object, Uint8Array> = new WeakMap()

/**
 * Reads the body and puts it back, so that `request.body.json()`, `.text()` and all others work. A second call for the
 * same request answers from memory. At most `limit + 1` bytes are read: more than `limit` is for the caller to refuse.
 */
export async function holdBody(request: OakRequest, limit: number): Promise<Uint8Array> {
  const known = held.get(request)
  if (known !== undefined) return known
  const original = request.body as OakBody
  const bytes = original.stream === null ? new Uint8Array() : await readUpTo(original.stream, limit + 1)
  held.set(request, bytes)
  Object.defineProperty(request, 'body', {
    value: heldBody(bytes, request.headers, original),
    configurable: true,
  })
  return bytes
}

async function readUpTo(stream: ReadableStream<Uint8Array>, most: number): Promise<Uint8Array> {
  const reader = stream.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  while (size < most) {
    const { done, value } = await reader.read()
    if (done) break
    chunks.push(value)
    size += value.length
  }
  if (size >= most) await reader.cancel()
  const bytes = new Uint8Array(Math.min(size, most))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk.subarray(0, bytes.length - at), at)
    at += chunk.length
    if (at >= bytes.length) break
  }
  return bytes
}

/** An object with the members of Oak's `Body`, over bytes. */
function heldBody(bytes: Uint8Array, headers: Headers, original: OakBody): object {
  let used = false
  const type = headers.get('content-type') ?? ''
  const response = (): Response => {
    used = true
    return new Response(bytes.slice(), { headers: { 'content-type': type } })
  }
  return {
    has: bytes.length > 0,
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
