/**
 * Whether a response is a text that rules about texts can be asked of: by its Content-Type or, where it has none, by its first bytes. It
 * deliberately guesses no charset: in every one that responses have ASCII is ASCII.
 */
import { bodyKindOf, readContentType } from '../request/content-type.ts'

/** A Content-Type that cannot be read is a text: what is sent by mistake has seldom a good one. */
export function isTextual(type: string): boolean {
  const read = readContentType(type)
  return read === null || bodyKindOf(read) !== 'binary'
}

/** So much of it says what it is. */
const looked = 512

/** No control characters but those of texts. */
export function looksTextual(bytes: Uint8Array): boolean {
  return bytes.subarray(0, looked).every((byte) => byte >= 0x20 || (byte >= 9 && byte <= 13) || byte === 0x1b)
}
