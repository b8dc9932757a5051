/**
 * Bytes as texts: one character for each byte, or as UTF-8, of which a chunk may hold half a character. It deliberately
 * repairs nothing: what is no UTF-8 is said to be none.
 */
import { textOf } from '../decode/rewriting.ts'
import { decodeUtf8 } from '../decode/utf8.ts'

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** One character for each byte. */
export function byteText(bytes: Uint8Array): string {
  const ascii = strictly(bytes)
  // As many characters as bytes: all ASCII, and the runtime's decoder is much faster.
  return ascii !== null && ascii.length === bytes.length ? ascii : textOf(bytes)
}

function strictly(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes)
  } catch {
    return null
  }
}

/** UTF-8 in chunks that are cut anywhere. Once it is broken it stays so. */
export class Utf8Stream {
  #cut: Uint8Array = new Uint8Array()
  #broken = false

  /** Whether something came that is no UTF-8. */
  get broken(): boolean {
    return this.#broken
  }

  /** The characters that are complete; before something broken those up to there. */
  write(chunk: Uint8Array): string {
    if (this.#broken) return ''
    const bytes = this.#cut.length === 0 ? chunk : joined([this.#cut, chunk])
    const end = bytes.length - unfinished(bytes.length, (at) => bytes[at] as number)
    const text = strictly(bytes.subarray(0, end))
    if (text !== null) {
      this.#cut = bytes.slice(end)
      return text
    }
    this.#broken = true
    return strictly(bytes.subarray(0, validLength(bytes))) ?? ''
  }

  /** No more comes: half a character is broken. */
  end(): void {
    if (this.#cut.length > 0) this.#broken = true
  }
}

/** All of them, one after the other: the very one where there is but one. */
export function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks
  if (first !== undefined && chunks.length === 1) return first
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/** How many bytes at the end are the beginning of a character. */
function unfinished(length: number, byteAt: (at: number) => number): number {
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = byteAt(length - back)
    if (byte < 0x80) return 0
    if (byte >= 0xc0) return back < lengthOf(byte) ? back : 0
  }
  return 0
}

function lengthOf(lead: number): number {
  return lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0
}

/** How many bytes from the beginning on are whole characters. */
function validLength(bytes: Uint8Array): number {
  let at = 0
  while (at < bytes.length) {
    const length = lengthOf(bytes[at] as number)
    if (length === 0 || at + length > bytes.length) return at
    if (length > 1 && strictly(bytes.subarray(at, at + length)) === null) return at
    at += length
  }
  return at
}

/**
 * A text with one character for each byte, as characters as far as it is UTF-8, and as it is from where it is not: what
 * charset that would be, nobody said. Chunks are cut anywhere.
 */
export class LenientUtf8 {
  #cut = ''
  #broken = false

  write(chunk: string): string {
    if (this.#broken) return chunk
    const text = this.#cut + chunk
    const end = text.length - unfinished(text.length, (at) => text.charCodeAt(at))
    this.#cut = text.slice(end)
    return this.#decoded(text.slice(0, end))
  }

  end(): string {
    const rest = this.#cut
    this.#cut = ''
    return rest
  }

  #decoded(text: string): string {
    const decoded = decodeUtf8(text)
    if (decoded !== null) return decoded
    this.#broken = true
    const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0))
    const valid = validLength(bytes)
    const rest = text.slice(valid) + this.#cut
    this.#cut = ''
    return (decodeUtf8(text.slice(0, valid)) ?? '') + rest
  }
}
