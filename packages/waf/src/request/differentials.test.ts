/**
 * Requests that two readers read differently: each is refused, by the rule in the table, and its plain neighbour passes. What is
 * judged is then what every reader behind us reads. Shapes after "WAFFLED" (2025), RFC 9112, RFC 7578, RFC 8259.
 */
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { inspect } from '../inspect.ts'
import type { RequestParts } from '../model/request.ts'

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0) & 0xff)

async function ruleOf(
  body: string | Uint8Array,
  ...headers: readonly (readonly [name: string, value: string])[]
): Promise<string | null> {
  const request: RequestParts = {
    method: 'POST',
    target: '/readings',
    headers: [['host', 'api.volcano.example'], ...headers],
    body: typeof body === 'string' ? latin1(body) : body,
  }
  return (await inspect(request)).finding?.rule ?? null
}

const type = (value: string): [string, string] => ['content-type', value]
const multipart = type('multipart/form-data; boundary=xYz')
const json = type('application/json')

const disposition = (rest: string): string => `--xYz\r\nContent-Disposition: form-data; ${rest}\r\n\r\n1\r\n`
const one = disposition('name="a"')
const end = '--xYz--\r\n'

describe('Content-Type', () => {
  test.each<[rule: string | null, what: string, body: string, headers: [string, string][]]>([
    [null, 'plain', '{"a":1}', [json]],
    [null, 'with a charset', '{"a":1}', [type('application/json; charset=utf-8')]],
    ['protocol/content-type', 'none', '{"a":1}', []],
    ['protocol/content-type', 'empty', '{"a":1}', [type('')]],
    ['protocol/header', 'twice', '{"a":1}', [json, type('text/plain')]],
    ['protocol/content-type', 'a list', '{"a":1}', [type('application/json, text/plain')]],
    ['protocol/content-type', 'no subtype', '{"a":1}', [type('application')]],
    ['protocol/content-type', 'no slash', '{"a":1}', [type('multipart form-data; boundary=x')]],
    ['protocol/content-type', 'a blank before the slash', '{"a":1}', [type('application /json')]],
    ['protocol/content-type', 'a parameter twice', '{"a":1}', [type('application/json; a=1; A=2')]],
    ['protocol/header', 'a parameter without a value', '{"a":1}', [type('application/json; charset')]],
    ['protocol/content-type', 'a quote that does not end', '{"a":1}', [type('application/json; a="b')]],
    ['splitting', 'a line break', '{"a":1}', [type('application/json\r\nx: y')]],
    ['protocol/header', 'a NUL', '{"a":1}', [type('application/json\0')]],
    ['protocol/header', 'UTF-7', '+ADw-', [type('text/plain; charset=utf-7')]],
    ['protocol/header', 'UTF-16', '{"a":1}', [type('application/json; charset=UTF-16LE')]],
    ['protocol/header', 'UTF-32', '{"a":1}', [type('application/json; charset="utf-32"')]],
    ['protocol/header', 'EBCDIC', 'a=1', [type('application/x-www-form-urlencoded; charset=ibm037')]],
  ])('%s: %s', async (rule, _, body, headers) => {
    expect(await ruleOf(body, ...headers)).toBe(rule)
  })
})

describe('framing', () => {
  test.each<[rule: string | null, what: string, headers: [string, string][]]>([
    [null, 'a length', [['content-length', '7']]],
    [null, 'chunked', [['transfer-encoding', 'chunked']]],
    [
      'protocol/framing',
      'both',
      [
        ['content-length', '7'],
        ['transfer-encoding', 'chunked'],
      ],
    ],
    [
      'protocol/header',
      'two lengths',
      [
        ['content-length', '7'],
        ['Content-Length', '7'],
      ],
    ],
    ['protocol/header', 'a list of lengths', [['content-length', '7, 7']]],
    ['protocol/header', 'a signed length', [['content-length', '+7']]],
    ['protocol/header', 'a length in hexadecimal', [['content-length', '0x7']]],
    ['protocol/framing', 'a coding before chunked', [['transfer-encoding', 'gzip, chunked']]],
    ['protocol/framing', 'a coding that looks like chunked', [['transfer-encoding', 'chunkedx']]],
    [
      'protocol/header',
      'two transfer codings',
      [
        ['transfer-encoding', 'chunked'],
        ['transfer-encoding', 'identity'],
      ],
    ],
    ['protocol/header', 'a name with a blank', [['content-length ', '7']]],
    [
      'protocol/content-encoding',
      'a coding twice',
      [
        ['content-encoding', 'gzip'],
        ['content-encoding', 'br'],
      ],
    ],
  ])('%s: %s', async (rule, _, headers) => {
    expect(await ruleOf('{"a":1}', json, ...headers)).toBe(rule)
  })
})

describe('JSON', () => {
  test.each<[rule: string | null, what: string, body: string | Uint8Array]>([
    [null, 'plain', ' {"a":[1,"\\u00e9"]}\r\n'],
    ['protocol/json', 'a key twice', '{"a":1,"a":2}'],
    ['protocol/json', 'a key twice, once escaped', '{"a":1,"\\u0061":2}'],
    ['protocol/json', 'a key with a NUL', '{"a\\u0000b":1}'],
    ['protocol/json', 'a comment', '{"a":1/* b */}'],
    ['protocol/json', 'a line comment', '{"a":1}// b'],
    ['protocol/json', 'a trailing comma', '[1,]'],
    ['protocol/json', 'a value behind it', '{"a":1}{"b":2}'],
    ['protocol/json', 'a NUL behind it', '{"a":1}\0'],
    ['protocol/json', 'single quotes', "{'a':1}"],
    ['protocol/json', 'a key without quotes', '{a:1}'],
    ['protocol/json', 'a line break in a text', '["a\nb"]'],
    ['protocol/json', 'NaN', '[NaN]'],
    ['protocol/json', 'a leading zero', '[01]'],
    ['protocol/json', 'a plus sign', '[+1]'],
    ['protocol/json', 'hexadecimal', '[0x1]'],
    ['protocol/json', 'a number that no double holds', '[1e999]'],
    ['protocol/json', 'an escape that is none', '["\\x41"]'],
    ['protocol/json', 'a form feed between', '[1,\f2]'],
    ['protocol/json', 'a byte order mark', '\xef\xbb\xbf{"a":1}'],
    ['protocol/json', 'UTF-16 without saying so', '[\x001\x00]\x00'],
    ['protocol/utf-8', 'UTF-16 with its mark', '\xff\xfe[\x001\x00]\x00'],
    ['protocol/utf-8', 'an overlong quote', '["\xc0\xa2"]'],
    ['protocol/utf-8', 'half a character', '["\xc3"]'],
    ['protocol/utf-8', 'a surrogate in UTF-8', '["\xed\xa0\x80"]'],
    ['protocol/json', 'what is chunked once more', '7\r\n{"a":1}\r\n0\r\n\r\n'],
  ])('%s: %s', async (rule, _, body) => {
    expect(await ruleOf(body, json)).toBe(rule)
  })
})

describe('boundaries', () => {
  test.each<[rule: string | null, what: string, contentType: string]>([
    [null, 'plain', 'multipart/form-data; boundary=xYz'],
    [null, 'in quotes', 'multipart/form-data; boundary="xYz"'],
    ['protocol/multipart-boundary', 'none', 'multipart/form-data'],
    ['protocol/content-type', 'empty', 'multipart/form-data; boundary='],
    ['protocol/multipart-boundary', 'empty, in quotes', 'multipart/form-data; boundary=""'],
    ['protocol/content-type', 'twice', 'multipart/form-data; boundary=xYz; boundary=other'],
    ['protocol/multipart-boundary', 'another case', 'multipart/form-data; boundary=xyz'],
    [
      'protocol/multipart-boundary',
      'the beginning of the one in the body',
      'multipart/form-data; boundary=xY',
    ],
    ['protocol/multipart-boundary', 'in two halves', 'multipart/form-data; boundary*0=x; boundary*1=Yz'],
    [
      'protocol/multipart-boundary',
      'in RFC 2231, beside a plain one',
      "multipart/form-data; boundary=xYz; boundary*=''other",
    ],
    ['protocol/multipart-boundary', 'longer than 70', `multipart/form-data; boundary=${'x'.repeat(71)}`],
    ['protocol/multipart-boundary', 'with a blank at its end', 'multipart/form-data; boundary="xYz "'],
    ['protocol/content-type', 'in single quotes with a blank', "multipart/form-data; boundary='x Yz'"],
    ['protocol/content-type', 'cut by a second semicolon', 'multipart/form-data; boundary=xYz;; charset'],
  ])('%s: %s', async (rule, _, contentType) => {
    expect(await ruleOf(one + end, type(contentType))).toBe(rule)
  })
})

describe('parts', () => {
  test.each<[rule: string | null, what: string, body: string]>([
    [null, 'plain', one + end],
    [null, 'a name twice', one + one + end],
    [null, 'an empty one', `--xYz\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n${end}`],
    [null, 'the boundary within a line', disposition('name="a"').replace('1', 'a --xYz b') + end],
    [null, 'lines that all end in LF', (one + end).replaceAll('\r', '')],
    ['protocol/multipart-preamble', 'a preamble', `hidden\r\n${one}${end}`],
    ['protocol/multipart-boundary', 'a preamble that looks like a boundary', `--other\r\n${one}${end}`],
    ['protocol/multipart-epilogue', 'an epilogue', `${one}${end}hidden`],
    ['protocol/multipart-epilogue', 'parts behind the end', `${one}${end}${one}${end}`],
    ['protocol/multipart-end', 'no end', one],
    ['protocol/multipart-end', 'half an end', `${one}--xYz-`],
    ['protocol/multipart-boundary', 'a blank behind the boundary', one.replace('--xYz\r', '--xYz \r') + end],
    ['protocol/multipart-boundary', 'a boundary that goes on', `${one}--xYzz\r\n${end}`],
    [
      'protocol/multipart-line',
      'LF before a boundary, where others end in CRLF',
      one.replace('1\r\n', '1\n') + end,
    ],
    ['protocol/multipart-line', 'CR before a boundary', one.replace('1\r\n', '1\r') + end],
    ['protocol/multipart-line', 'LF at the end of a header', one.replace('"a"\r\n', '"a"\n') + end],
    ['protocol/multipart-header', 'CR in a header', one.replace('name', '\rname') + end],
    ['protocol/multipart-header', 'a NUL in a header', one.replace('"a"', '"a\0"') + end],
    ['protocol/multipart-header', 'a header that is folded', one.replace('; name', ';\r\n name') + end],
    [
      'protocol/multipart-header',
      'a blank before the colon',
      one.replace('Disposition:', 'Disposition :') + end,
    ],
    ['protocol/multipart-header', 'no header at all', `--xYz\r\n\r\n1\r\n${end}`],
    [
      'protocol/multipart-header',
      'no blank line',
      `--xYz\r\nContent-Disposition: form-data; name="a"\r\n${end}`,
    ],
    [
      'protocol/multipart-header',
      'a header twice',
      one.replace('\r\n\r\n', '\r\nContent-Disposition: form-data; name="b"\r\n\r\n') + end,
    ],
    ['protocol/multipart-header', 'a misspelt header', one.replace('Disposition', 'Dispositon') + end],
    [
      'protocol/multipart-header',
      'a transfer encoding of its own',
      one.replace('\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n') + end,
    ],
    [
      'protocol/multipart-encoding',
      'base64',
      one.replace('\r\n\r\n', '\r\nContent-Transfer-Encoding: base64\r\n\r\n') + end,
    ],
    [
      'protocol/multipart-charset',
      'UTF-7',
      one.replace('\r\n\r\n', '\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n') + end,
    ],
    [
      'protocol/multipart-charset',
      'two charsets',
      one.replace('\r\n\r\n', '\r\nContent-Type: text/plain; charset=utf-8; charset=utf-7\r\n\r\n') + end,
    ],
    [
      'protocol/multipart-type',
      'parts within a part',
      one.replace('\r\n\r\n', '\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n') + end,
    ],
    [
      'protocol/multipart-name',
      'a file once and a text once',
      one + disposition('name="a"; filename="f"') + end,
    ],
  ])('%s: %s', async (rule, _, body) => {
    expect(await ruleOf(body, multipart)).toBe(rule)
  })
})

describe('names of parts', () => {
  test.each<[rule: string | null, rest: string]>([
    [null, 'name="a"'],
    [null, 'name=a'],
    [null, 'name="a"; filename="C:\\dir\\file.txt"'],
    [null, 'name="a"; filename*=UTF-8\'\'f%C3%BC.txt'],
    ['protocol/multipart-name', 'name="a"; name="b"'],
    ['protocol/multipart-name', 'name="a"; NAME="b"'],
    ['protocol/multipart-name', 'name="a"; filename="x"; filename*=UTF-8\'\'y'],
    ['protocol/multipart-name', 'name="a"; name*=UTF-8\'\'b'],
    ['protocol/multipart-name', 'name*0="a"; name*1="b"'],
    ['protocol/multipart-name', 'name="a\\"; filename=\\"x"'],
    ['protocol/multipart-name', 'name="a'],
    ['protocol/multipart-name', "name='a'"],
    ['protocol/multipart-name', 'name=a b'],
    ['protocol/multipart-name', 'name="a"b'],
    ['protocol/multipart-name', 'nam e="a"'],
    ['protocol/multipart-name', 'dummy="a"'],
  ])('%s: %s', async (rule, rest) => {
    expect(await ruleOf(disposition(rest) + end, multipart)).toBe(rule)
  })

  test('a disposition that is another', async () => {
    expect(await ruleOf(one.replace('form-data', 'inline') + end, multipart)).toBe('protocol/multipart-name')
  })
})

// Found by the fuzz test: 0x3b is a whole brotli stream of no bytes.
test.each([
  ['br', Uint8Array.of(0x3b)],
  ['gzip', new Uint8Array(gzipSync(''))],
])('protocol/content-encoding: %s around nothing', async (coding, body) => {
  expect(await ruleOf(body, json, ['content-encoding', coding])).toBe('protocol/content-encoding')
  expect(await ruleOf(body, ['content-encoding', coding])).toBe('protocol/content-encoding')
})

describe('XML', () => {
  test.each<[rule: string | null, what: string, body: string]>([
    [null, 'plain', '<?xml version="1.0" encoding="UTF-8"?><a>1</a>'],
    ['xxe', 'a DTD', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'],
    ['protocol/xml', 'UTF-16 with its mark', '\xff\xfe<\0a\0/\0>\0'],
    ['protocol/xml', 'UTF-16 without', '\0<\0a\0/\0>'],
    ['protocol/xml', 'UTF-7', '<?xml version="1.0" encoding="UTF-7"?>+ADw-a/+AD4-'],
    ['protocol/xml', 'EBCDIC', "<?xml version='1.0' encoding='cp037'?><a/>"],
  ])('%s: %s', async (rule, _, body) => {
    expect(await ruleOf(body, type('application/xml'))).toBe(rule)
  })
})
