/** Bytes as texts, cut anywhere: what comes out is what the whole would give. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeUtf8 } from '../decode/utf8.ts'
import { byteText, LenientUtf8, Utf8Stream } from './bytes.ts'

/** Bytes of which many are UTF-8 and many nearly so. */
const bytes = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3 }).map((text) => [...new TextEncoder().encode(text)]),
      fc.constantFrom(
        [0xc3],
        [0xe2, 0x82],
        [0xf0, 0x9f, 0x98],
        [0x80],
        [0xc0, 0xaf],
        [0xed, 0xa0, 0x80],
        [0xff],
        [0xef, 0xbb, 0xbf],
      ),
    ),
    { maxLength: 8 },
  )
  .map((parts) => Uint8Array.from(parts.flat()))

const strictly = (all: Uint8Array): string | null => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(all)
  } catch {
    return null
  }
}

test('byteText has one character for each byte', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (all) => {
      expect([...byteText(all)].map((char) => char.charCodeAt(0))).toEqual([...all])
    }),
  )
  expect(byteText(new Uint8Array(20_000).fill(0xe9))).toBe('é'.repeat(20_000))
})

describe('Utf8Stream', () => {
  test('takes UTF-8 and nothing else, wherever it is cut', () => {
    fc.assert(
      fc.property(bytes, fc.nat(), (all, place) => {
        const at = place % (all.length + 1)
        const stream = new Utf8Stream()
        const text = stream.write(all.slice(0, at)) + stream.write(all.slice(at))
        stream.end()
        const whole = strictly(all)
        expect(stream.broken).toBe(whole === null)
        if (whole !== null) expect(text).toBe(whole)
        const once = new Utf8Stream()
        expect(once.write(all)).toBe(text)
      }),
    )
  })

  test('gives what stands before something broken', () => {
    const stream = new Utf8Stream()
    expect(stream.write(Uint8Array.of(0x61, 0xc3, 0xa9, 0xff, 0x62))).toBe('aé')
    expect([stream.broken, stream.write(Uint8Array.of(0x63))]).toEqual([true, ''])
  })
})

describe('LenientUtf8', () => {
  test('decodes what is UTF-8 and leaves the rest, wherever it is cut', () => {
    fc.assert(
      fc.property(bytes, fc.nat(), (all, place) => {
        const text = byteText(all)
        const at = place % (text.length + 1)
        const read = (...chunks: string[]): string => {
          const lenient = new LenientUtf8()
          return chunks.map((chunk) => lenient.write(chunk)).join('') + lenient.end()
        }
        expect(read(text.slice(0, at), text.slice(at))).toBe(read(text))
        const whole = decodeUtf8(text)
        if (whole !== null) expect(read(text)).toBe(whole)
      }),
    )
  })

  test.each([
    ['\xc3\xa9 \xe9 \xc3\xa9', 'é \xe9 \xc3\xa9'],
    ['\xc3', '\xc3'],
    ['\xc0\xaf', '\xc0\xaf'],
  ])('%j is %j', (text, expected) => {
    const lenient = new LenientUtf8()
    expect(lenient.write(text) + lenient.end()).toBe(expected)
  })
})
