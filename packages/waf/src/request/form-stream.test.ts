/** Forms as they flow: pairs, their names first, and the value that is kept. */
import { expect, test } from 'vitest'
import { FormStream } from './form-stream.ts'
import { defaultLimits } from './limits.ts'
import { pairsOf } from './query.ts'
import { Reading } from './reading.ts'
import { windowLength } from './windows.ts'

function read(chunks: readonly string[], { builds = true } = {}) {
  const told: string[] = []
  const reading = new Reading(
    {
      text({ part, name, text, piece }) {
        told.push(`${part} ${name} ${piece === undefined ? text : piece.at}`)
        return null
      },
    },
    defaultLimits,
  )
  const pairs: [string, string][] = []
  const form = new FormStream(reading, builds ? pairs : null)
  for (const chunk of chunks) form.write(chunk)
  form.end()
  return { told, pairs, fault: reading.fault }
}

test.each(['', 'a', '=b', 'a=b=c', 'a=1&a=2', '&&a=1&', 'a=%C3%BC+x&b=%zz%', 'a=%ff'])(
  '%j is read as a query is',
  (text) => {
    for (const chunks of [[text], [...text]]) expect(read(chunks).pairs).toEqual(pairsOf(text))
  },
)

test('a name is told before its value, once', () => {
  expect(read(['a=1&a=2&b']).told).toEqual(['name a a', 'value a 1', 'value a 2', 'name b b', 'value b '])
})

test('the line break behind a form belongs to nobody', () => {
  expect(read(['a=1\r\n']).pairs).toEqual([['a', '1']])
})

test('a long value comes in pieces, unescaped, and is kept whole where it is kept', () => {
  const text = `a=${'%41'.repeat(windowLength + 10)}&b=1`
  expect(read([text]).pairs[0]?.[1]).toBe('A'.repeat(windowLength + 10))
  for (const builds of [true, false])
    expect(read([text.slice(0, 200_001), text.slice(200_001)], { builds }).told).toEqual([
      'name a a',
      'value a 0',
      `value a ${windowLength - 16_384}`,
      'name b b',
      'value b 1',
    ])
})
