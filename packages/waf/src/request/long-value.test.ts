/** Long values: unescaped and decoded however they are cut, in pieces; no more once somebody has enough. */
import { expect, test } from 'vitest'
import { LongValue } from './long-value.ts'
import type { Piece } from './windows.ts'
import { windowLength } from './windows.ts'

function read(
  escapes: 'form' | 'none',
  chunks: readonly string[],
  enough = Number.POSITIVE_INFINITY,
): Piece[] {
  const pieces: Piece[] = []
  const value = new LongValue(escapes, (piece) => pieces.push(piece) >= enough)
  for (const chunk of chunks) value.write(chunk)
  value.end()
  return pieces
}

test.each([
  ['form', 'a+b%41%c3%bc%', 'a bAü%'],
  ['form', '%c3%28%', '\xc3(%'],
  ['none', 'a+b%41\xc3\xbc\xff\xc3\xbc', 'a+b%41ü\xff\xc3\xbc'],
  ['none', '', ''],
] as const)('%s: %j', (escapes, text, expected) => {
  for (const chunks of [[text], [...text]])
    expect(read(escapes, chunks)).toEqual([{ text: expected, at: 0, last: true }])
})

test('who has enough is told no more', () => {
  const text = 'x'.repeat(3 * windowLength)
  expect(read('none', [text]).length).toBe(4)
  expect(read('none', [text], 1).length).toBe(1)
})
