/**
 * A JSON document that is all there, as a value; the reader is the one that bodies flow through. It deliberately tells
 * nothing but the value, or why there is none.
 */
import { type JsonEvents, type JsonLimits, JsonStream, type JsonValue } from './json-stream.ts'

export type JsonResult =
  | { readonly kind: 'value'; readonly value: JsonValue }
  | { readonly kind: 'fault'; readonly why: string }

const silent: JsonEvents = { key: () => false, text: () => false, scalar: () => false }

/** The value, or why it is none. Never throws. */
export function readJson(text: string, limits: JsonLimits): JsonResult {
  const stream = new JsonStream(limits, silent, { builds: true })
  stream.write(text)
  stream.end()
  return stream.fault === null
    ? { kind: 'value', value: stream.value }
    : { kind: 'fault', why: stream.fault.why }
}
