/**
 * A JSON document that is all there, as a value; the reader is the one that bodies flow through. It deliberately tells
 * nothing but the value, or why there is none.
 */
import type { JsonValue } from './body-reader.ts'
import { Building } from './building.ts'
import { type JsonEvents, type JsonLimits, JsonStream } from './json-stream.ts'

export type JsonResult =
  | { readonly kind: 'value'; readonly value: JsonValue }
  | { readonly kind: 'fault'; readonly why: string }

const silent: JsonEvents = { key: () => false, text: () => false, scalar: () => false }

/** The value, or why it is none. Never throws. */
export function readJson(text: string, limits: JsonLimits): JsonResult {
  const build = new Building()
  const stream = new JsonStream(limits, build.json(silent))
  stream.write(text)
  stream.end()
  if (stream.fault !== null) return { kind: 'fault', why: stream.fault.why }
  const value = build.value()
  return value.kind === 'json' ? { kind: 'value', value: value.value } : { kind: 'fault', why: 'no value' }
}
