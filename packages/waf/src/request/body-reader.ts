/**
 * What every reader of a format is, and what a body was read as. Types only: the formats know this, and `body.ts` knows the
 * formats.
 */
import type { JsonEvents } from './json-stream.ts'
import type { Pairs } from './query.ts'

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue }

/** What a body was read as. */
export type BodyValue =
  | { readonly kind: 'none' }
  | { readonly kind: 'json'; readonly value: JsonValue }
  | { readonly kind: 'pairs'; readonly pairs: Pairs }
  | { readonly kind: 'bytes' }

/** Reads one format. What it finds it tells the reading it was made with. */
export interface BodyReader {
  write(chunk: Uint8Array): void
  end(): void
}

/** Makes a value of a body while it is read. Each reader asks for what its format needs. */
export interface BodyBuild {
  /** Where a form's pairs are kept. */
  pairs(): [string, string][]
  /** Is told what a document of JSON holds instead of `events`, and tells it on to them. */
  json(events: JsonEvents): JsonEvents
  /** Only behind an end that found nothing. */
  value(): BodyValue
}
