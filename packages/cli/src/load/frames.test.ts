/** Frames in pieces of any size, and frames that lie about their length. */
import { expect, test } from 'vitest'
import { frameOf, frameReader } from './frames.ts'

const frames = [
  frameOf({ kind: 'ready' }),
  frameOf({ kind: 'file', text: 'ü\n' }, Buffer.from([0, 1, 255])),
  frameOf({ kind: 'result' }, Buffer.alloc(5000, 7)),
]
const bytes = Buffer.concat(frames)

test.each([1, 3, 7, 8, 100, 6000])('in pieces of %d bytes', (size) => {
  const read = frameReader(10_000)
  const got = []
  for (let at = 0; at < bytes.length; at += size) got.push(...read(bytes.subarray(at, at + size)))
  expect(got.map(({ head }) => head)).toEqual([
    { kind: 'ready' },
    { kind: 'file', text: 'ü\n' },
    { kind: 'result' },
  ])
  expect(got.map(({ body }) => body.length)).toEqual([0, 3, 5000])
  expect([...(got[1]?.body ?? [])]).toEqual([0, 1, 255])
})

test('what is longer than the limit is refused before it has come', () => {
  const huge = Buffer.alloc(8)
  huge.writeUInt32LE(0xffff_ffff, 4)
  expect(() => frameReader(10_000)(huge)).toThrow(RangeError)
  expect(() => frameReader(100)(frames[2] as Buffer)).toThrow(RangeError)
})

test('a head that is no JSON is refused', () => {
  const text = Buffer.from('{"kind":')
  const prefix = Buffer.alloc(8)
  prefix.writeUInt32LE(text.length, 0)
  expect(() => frameReader(100)(Buffer.concat([prefix, text]))).toThrow(SyntaxError)
})
