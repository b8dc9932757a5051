/**
 * A body of JSON: bytes that must be UTF-8, keys and values judged as they become complete. It deliberately takes no other
 * charset: JSON has none (RFC 8259 8.1).
 */
import type { BodyBuild, BodyReader } from './body-reader.ts'
import { Utf8Stream } from './bytes.ts'
import { JsonStream } from './json-stream.ts'
import { jsonEvents, type Reading } from './reading.ts'

/** `build` is null where nobody wants the value. */
export function jsonReader(reading: Reading, build: BodyBuild | null): BodyReader {
  const utf8 = new Utf8Stream()
  const events = jsonEvents(reading, '')
  const stream = new JsonStream(reading.limits, build?.json(events) ?? events)
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
  }
}
