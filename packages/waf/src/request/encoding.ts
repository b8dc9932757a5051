/**
 * A whole compressed body made readable: at most `holdBytes` come out. It deliberately leaves what flows to `coding.ts`, by
 * which it is read.
 */
import type { RequestParts } from '../model/request.ts'
import { joined } from './bytes.ts'
import { CodingError, codingsOf, type Decoders, decoded } from './coding.ts'
import type { Fault, Limits } from './limits.ts'

export type Decoded =
  | { readonly kind: 'decoded'; readonly parts: RequestParts }
  | { readonly kind: 'fault'; readonly fault: Fault }

/** The request with its body as it was before it was encoded, and without the headers that said so. */
export async function decodeEncoding(
  parts: RequestParts,
  limits: Limits,
  decoders: Decoders = {},
): Promise<Decoded> {
  const { body } = parts
  const codings = codingsOf(parts.headers, limits, decoders)
  if (body === null || body.length === 0) return { kind: 'decoded', parts }
  if (codings.kind !== 'codings') return { kind: 'fault', fault: codings.fault }
  if (codings.decoders.length === 0) return { kind: 'decoded', parts }
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of decoded(once(body), codings.decoders, limits)) {
      chunks.push(chunk)
      size += chunk.length
      if (size > limits.holdBytes) return { kind: 'fault', fault: tooLarge(limits) }
    }
  } catch (error) {
    if (error instanceof CodingError) return { kind: 'fault', fault: error.fault }
    throw error
  }
  if (size === 0) return { kind: 'fault', fault: aroundNothing }
  return {
    kind: 'decoded',
    parts: { ...parts, headers: withoutCoding(parts.headers), body: joined(chunks) },
  }
}

/** Some readers see a body there, and others none. */
export const aroundNothing: Fault = { rule: 'content-encoding', why: 'a coding around nothing', text: '' }

/** The headers of a body whose codings are undone. */
export function withoutCoding(headers: RequestParts['headers']): RequestParts['headers'] {
  return headers.filter(([name]) => !/^content-(?:encoding|length)$/i.test(name))
}

function tooLarge({ holdBytes }: Limits): Fault {
  return { rule: 'coding-bomb', why: `a body of more than ${holdBytes} bytes once it is unpacked`, text: '' }
}

async function* once(body: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield body
}
