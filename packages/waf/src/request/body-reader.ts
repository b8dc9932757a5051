/**
 * What every reader of a format is, and what a body was read as. Types only: the formats know this, and `body.ts` knows the
 * formats.
 */
import type { JsonValue } from './json-stream.ts'
import type { Pairs } from './query.ts'

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
  /** Only behind an `end` that found nothing. */
  value(): BodyValue
}
