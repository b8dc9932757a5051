/** Pieces of a long value: they overlap, cover all of it, and do not depend on how it came. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { copied, overlapLength, type Piece, Windows, windowLength } from './windows.ts'

function piecesOf(chunks: readonly string[]): Piece[] {
  const windows = new Windows()
  return [...chunks.flatMap((chunk) => [...windows.write(chunk)]), windows.end()]
}

test.each([0, 1, windowLength - 1, windowLength])('%i characters are one piece', (length) => {
  expect(piecesOf(['x'.repeat(length)])).toEqual([{ text: 'x'.repeat(length), at: 0, last: true }])
})

test('longer values come in pieces that overlap, however they are cut', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: windowLength + 1, max: 4 * windowLength }),
      fc.array(fc.nat({ max: 4 * windowLength }), { maxLength: 5 }),
      (length, places) => {
        const text = Array.from({ length: Math.ceil(length / 7) }, (_, i) => `${i}`.padStart(7))
          .join('')
          .slice(0, length)
        const sorted = [0, ...places.filter((at) => at < length), length].toSorted((a, b) => a - b)
        const pieces = piecesOf(sorted.slice(1).map((to, i) => text.slice(sorted[i], to)))
        expect(pieces).toEqual(piecesOf([text]))
        for (const [index, piece] of pieces.entries()) {
          expect(piece.text).toBe(text.slice(piece.at, piece.at + windowLength))
          expect(piece.at).toBe(index * (windowLength - overlapLength))
          expect(piece.last).toBe(index === pieces.length - 1)
        }
        const last = pieces.at(-1) as Piece
        expect(last.at + last.text.length).toBe(length)
      },
    ),
    { numRuns: 30 },
  )
})

test('after its end it takes the next value', () => {
  const windows = new Windows()
  windows.write('a')
  windows.end()
  windows.write('b')
  expect(windows.end()).toEqual({ text: 'b', at: 0, last: true })
})

test('a copy is the same text', () => {
  expect([copied(''), copied('abc')]).toEqual(['', 'abc'])
})
