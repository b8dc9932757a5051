/** Frames survive being cut anywhere, and what is no frame is refused before memory is taken for it. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Frame, FrameReader, writeFrame } from './frame.ts'

test('frames come out as they went in, wherever the stream is cut', () => {
  const frame = fc.record({
    head: fc.dictionary(fc.string(), fc.jsonValue()),
    payload: fc.uint8Array({ maxLength: 300 }),
  })
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 6 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 50 })),
      (frames, cuts) => {
        const bytes = Buffer.concat(
          frames.flatMap(({ head, payload }) => writeFrame(head, Buffer.from(payload))),
        )
        const reader = new FrameReader()
        const read: Frame[] = []
        for (let at = 0; at < bytes.length; ) {
          const length = cuts.next().value as number
          read.push(...reader.push(Buffer.from(bytes.subarray(at, at + length))))
          at += length
        }
        expect(read.map(({ head, payload }) => [JSON.stringify(head), [...payload]])).toEqual(
          frames.map(({ head, payload }) => [JSON.stringify(head), [...payload]]),
        )
      },
    ),
  )
})

test.each([
  ['a head of 4 GiB', [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]],
  ['a payload of 4 GiB', [0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff]],
  ['no head', [0, 0, 0, 0, 0, 0, 0, 5]],
  ['a head that is not JSON', [0, 0, 0, 2, 0, 0, 0, 0, 0x7b, 0x7b]],
])('%s is refused', (_, bytes) => {
  expect(() => new FrameReader().push(Buffer.from(bytes))).toThrow()
})
