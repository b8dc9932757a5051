/** Heads of parts: what they say. What they may not say is in differentials.test.ts. */
import { expect, test } from 'vitest'
import { readPartHead } from './part-head.ts'

test.each<[lines: string[], head: object]>([
  [['Content-Disposition: form-data; name="a"'], { name: 'a', fileName: null, type: null }],
  [['content-disposition:form-data;name=a;'], { name: 'a', fileName: null, type: null }],
  [['Content-Disposition: form-data; name=""'], { name: '', fileName: null }],
  [['Content-Disposition: form-data; name="\xc3\xbc"'], { name: 'ü' }],
  [
    [
      'Content-Disposition: form-data; name="f"; filename="a;b.bin"',
      'Content-Type: application/octet-stream',
    ],
    { name: 'f', fileName: 'a;b.bin', type: 'application/octet-stream' },
  ],
  [
    ['Content-Disposition: attachment; filename=x.bin', 'Content-Length: 12'],
    { name: '', fileName: 'x.bin' },
  ],
  [
    ["Content-Disposition: form-data; name=f; filename*=UTF-8''%e2%82%ac.txt"],
    { fileName: "UTF-8''%e2%82%ac.txt" },
  ],
  [['Content-Disposition: form-data; name=a', 'Content-Type: text/plain; charset="utf-8"'], { name: 'a' }],
  [['Content-Disposition: form-data; name=a', 'Content-Transfer-Encoding: 8bit'], { name: 'a' }],
])('%j', (lines, head) => {
  expect(readPartHead(lines)).toMatchObject(head)
})

test('what is told of a fault is short', () => {
  const fault = readPartHead([`no header ${'x'.repeat(500)}`])
  expect('rule' in fault && fault.text.length).toBe(80)
})
