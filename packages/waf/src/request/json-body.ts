/**
 * A body of JSON: bytes that must be UTF-8, keys and values judged as they become complete. It deliberately takes no other
 * charset: JSON has none (RFC 8259 8.1).
 */
import type { BodyReader, BodyValue } from './body-reader.ts'
import { Utf8Stream } from './bytes.ts'
import { JsonStream } from './json-stream.ts'
import { jsonEvents, type Reading } from './reading.ts'

/** `builds`: whether the value is wanted at the end. */
export function jsonReader(reading: Reading, { builds }: { readonly builds: boolean }): BodyReader {
  const utf8 = new Utf8Stream()
  const stream = new JsonStream(reading.limits, jsonEvents(reading, ''), { builds })
  const check = (): void => {
    if (stream.fault !== null) reading.refuse('json', stream.fault.why, stream.fault.text)
    else if (utf8.broken) reading.refuse('utf-8', 'JSON that is not UTF-8')
  }
  return {
    write(chunk) {
      stream.write(utf8.write(chunk))
      check()
    },
    end() {
      utf8.end()
      if (!utf8.broken) stream.end()
      check()
    },
    value: (): BodyValue => (builds ? { kind: 'json', value: stream.value } : { kind: 'bytes' }),
  }
}
