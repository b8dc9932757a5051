/** Line breaks that begin something, and line breaks between sentences. */
import { describe, expect, test } from 'vitest'
import type { Field } from '../model/request.ts'
import { asked } from './fixtures/asked.ts'
import { splitting } from './splitting.ts'

describe('refused', () => {
  test.each<[text: string, field?: Partial<Field>]>([
    ['x\r\nSet-Cookie: a=b'],
    ['x\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK'],
    ['x%0d%0aLocation:%20//evil.example'],
    ['GET /a HTTP/1.1\r\nHost: b'],
    ['/a\r\nb', { place: 'path', name: '' }],
    ['x\r\nRCPT TO: <a@b>'],
    ['x\r\nQUIT\r\n'],
    ['\r\nA1 LOGIN a b'],
    ['a\nb', { part: 'name' }],
    ['x\r\n \r\n\tSet-Cookie : a=b'],
    [`x\n${'\n '.repeat(5000)}Set-Cookie: a=b`],
    ['a\r\nx-forwarded-host:b'],
    ['http\r\nHTTP/1.1 200 OK'],
    ['aPOST http://x/ HTTP/1.1'],
    ['\u560a\u560dSet-Cookie:\u0020a=b'],
    ['%E5%98%8A%E5%98%8DLocation:%20http://evil.example'],
    ['/a\u010d\u010aHost: b', { place: 'path', name: '' }],
    ['\u4e0d\u4e0aSet-Cookie: a=b'],
    ['a\nb', { place: 'header', name: 'x-note' }],
  ])('%s', (...[text, field]) => {
    expect(asked(splitting, text, field)).not.toBeNull()
  })
})

describe('passes', () => {
  test.each<[text: string, field?: Partial<Field>]>([
    ['first line\r\nsecond line'],
    ['Hello,\nNote: bring boots.\nBye'],
    ['server: nginx\r\ncontent-length: 29\r\ndate: now'],
    ['to\ndo\nlist'],
    ['two\nlines', { place: 'header', name: 'authorization.note' }],
    ['I got a HTTP 404\nand then a 500'],
    ['data\nin rows'],
    ['\u8fde\u4e0d\u4e0aServer: timeout'],
    ['\u4ee5\u4e0astatus: 3'],
    ['\u560a\u560d'],
    ['a line\n12 lists of a'],
    ['the host\n: is down'],
    ['see HTTP/1.1 and GET /a'],
  ])('%s', (...[text, field]) => {
    expect(asked(splitting, text, field)).toBeNull()
  })
})
