/**
 * A body as it flows: bytes go in as they come, cut anywhere, and every name and value is judged as soon as it is complete.
 * How they are cut never changes the decision. Where it is wanted, the value that was read is handed on: the application
 * gets the very one that was judged. It deliberately decompresses nothing.
 */
import type { Finding } from '../model/decision.ts'
import type { BodyBuild, BodyReader, BodyValue } from './body-reader.ts'
import { byteText } from './bytes.ts'
import { bodyKindOf, type ContentType } from './content-type.ts'
import { FormStream } from './form-stream.ts'
import { jsonReader } from './json-body.ts'
import type { Fault, Limits } from './limits.ts'
import { multipartReader } from './multipart-body.ts'
import { type Judge, Reading } from './reading.ts'
import { textReader } from './text-body.ts'
import { xmlReader } from './xml-body.ts'

/** Why a body does not pass. */
export type Stop =
  | { readonly kind: 'finding'; readonly finding: Finding }
  | { readonly kind: 'fault'; readonly fault: Fault }

export interface BodyInspector {
  /**
   * Grows with every name and value that is judged. All that was written before it grew is judged, but for what stands open
   * at its end.
   */
  readonly judged: number
  /** Null: so far there is nothing. After a stop nothing more is read. */
  write(chunk: Uint8Array): Stop | null
  /** The stop, or what the body was read as. */
  end(): Stop | { readonly kind: 'read'; readonly value: BodyValue }
}

/** In bytes: what is turned into text at a time, however large a chunk is. */
const bite = 65_536

/** `build`: makes its value, where that is wanted and the body is small enough to be held. */
export function bodyInspector(
  type: ContentType,
  judge: Judge,
  limits: Limits,
  build: BodyBuild | null,
): BodyInspector {
  const reading = new Reading(judge, limits)
  const reader = readerOf(type, reading, build)
  const stop = (): Stop | null =>
    reading.finding !== null
      ? { kind: 'finding', finding: reading.finding }
      : reading.fault !== null
        ? { kind: 'fault', fault: reading.fault }
        : null
  return {
    get judged() {
      // What is not read is judged by not being read.
      return reader === null ? Infinity : reading.judged
    },
    write(chunk) {
      if (reader !== null)
        for (let at = 0; at < chunk.length && !reading.stopped; at += bite)
          reader.write(chunk.subarray(at, at + bite))
      return stop()
    },
    end() {
      if (!reading.stopped) reader?.end()
      return stop() ?? { kind: 'read', value: build?.value() ?? { kind: 'bytes' } }
    },
  }
}

/** Null: nothing is read. Firmware is not worth a string. */
function readerOf(type: ContentType, reading: Reading, build: BodyBuild | null): BodyReader | null {
  const kind = bodyKindOf(type)
  switch (kind) {
    case 'json':
      return jsonReader(reading, build)
    case 'form':
      return formReader(reading, build)
    case 'multipart':
      return multipartReader(reading, type)
    case 'xml':
      return xmlReader(reading)
    case 'text':
      return textReader(reading)
    case 'binary':
      return null
    default:
      return kind satisfies never
  }
}

function formReader(reading: Reading, build: BodyBuild | null): BodyReader {
  const form = new FormStream(reading, build?.pairs() ?? null)
  return {
    write: (chunk) => form.write(byteText(chunk)),
    end: () => form.end(),
  }
}
