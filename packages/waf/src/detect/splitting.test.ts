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
    ['I got a HTTP 404\nand then a 500'],
    ['data\nin rows'],
  ])('%s', (...[text, field]) => {
    expect(asked(splitting, text, field)).toBeNull()
  })
})
