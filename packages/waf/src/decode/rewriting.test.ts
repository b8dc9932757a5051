/** Pieces of a text replaced from left to right, near one another and far apart. */
import { expect, test } from 'vitest'
import { Rewriting } from './rewriting.ts'

test.each([0, 1, 5, 47, 48, 49, 100, 1023, 1024, 1025, 5000])('%i characters between two pieces', (gap) => {
  const between = 'äb€'.repeat(gap).slice(0, gap)
  const text = `${between}%X%${between}`.repeat(40)
  const out = new Rewriting(text)
  let index = 0
  for (let at = text.indexOf('%X%'); at >= 0; at = text.indexOf('%X%', at + 3), index++) {
    if (index % 3 === 0) out.put(at, at + 3, 0x3c)
    else out.putText(at, at + 3, index % 3 === 1 ? '😀' : '')
  }
  let count = 0
  expect(out.end()).toBe(text.replaceAll('%X%', () => ['<', '😀', ''][count++ % 3] as string))
})

test('nothing replaced is null, all replaced may be nothing', () => {
  expect(new Rewriting('abc').end()).toBeNull()
  const out = new Rewriting('abc')
  out.putText(0, 3, '')
  expect(out.end()).toBe('')
})
