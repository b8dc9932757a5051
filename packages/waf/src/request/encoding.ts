/**
 * A compressed body made readable, with the decompressor that every runtime brings. At most `holdBytes` come out; what
 * would be more is a bomb, and refused before it is unpacked. It deliberately knows only what runs everywhere: gzip and
 * deflate, one layer; others are refused, for they could not be judged.
 */
import type { RequestParts } from '../model/request.ts'
import type { Fault, Limits } from './limits.ts'

export type Decoded =
  | { readonly kind: 'decoded'; readonly parts: RequestParts }
  | { readonly kind: 'fault'; readonly fault: Fault }

/** The request with its body as it was before it was encoded, and without the headers that said so. */
export async function decodeEncoding(parts: RequestParts, limits: Limits): Promise<Decoded> {
  const encodings = parts.headers
    .filter(([name]) => name.toLowerCase() === 'content-encoding')
    .map(([, value]) => value.trim().toLowerCase())
  const [encoding] = encodings
  if (encoding === undefined || encoding === 'identity' || parts.body === null || parts.body.length === 0)
    return { kind: 'decoded', parts }
  const fault = (why: string): Decoded => ({
    kind: 'fault',
    fault: { rule: 'content-encoding', why, text: encodings.join(', ') },
  })
  if (encodings.length > 1) return fault('the header content-encoding is there twice')
  const format =
    encoding === 'gzip' || encoding === 'x-gzip' ? 'gzip' : encoding === 'deflate' ? 'deflate' : null
  if (format === null) return fault('an encoding that cannot be read here')
  const bytes = await inflate(parts.body, format, limits.holdBytes)
  if (bytes === 'broken') return fault('a body that is not what its encoding says')
  if (bytes === 'bomb') return fault(`a body of more than ${limits.holdBytes} bytes once it is unpacked`)
  const headers = parts.headers.filter(([name]) => !/^content-(?:encoding|length)$/i.test(name))
  return { kind: 'decoded', parts: { ...parts, headers, body: bytes } }
}

async function inflate(
  body: Uint8Array,
  format: 'gzip' | 'deflate',
  most: number,
): Promise<Uint8Array | 'broken' | 'bomb'> {
  const unpacked = new Blob([body.slice()]).stream().pipeThrough(new DecompressionStream(format))
  const reader = unpacked.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      chunks.push(value)
      size += value.length
      if (size > most) {
        // Its outcome does not matter any more.
        reader.cancel().catch(() => {})
        return 'bomb'
      }
    }
  } catch {
    // What is wrong inside is the sender's affair; it is unreadable, and that is all that counts.
    return 'broken'
  }
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}
