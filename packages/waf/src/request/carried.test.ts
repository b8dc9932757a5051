/** Names and values inside of values, and values that hold none. */
import { describe, expect, test } from 'vitest'
import { innerTexts, mayCarry } from './carried.ts'
import { graphqlDocument } from './graphql.ts'
import { defaultLimits } from './limits.ts'
import { Reading, Values } from './reading.ts'

const inside = (text: string): string[] =>
  mayCarry(text) ? [...innerTexts(text)].map(({ name, part, text }) => `${part} ${name} ${text}`) : []
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const base64url = (text: string): string => Buffer.from(text).toString('base64url')

describe('holds', () => {
  test.each<[text: string, ...inside: string[]]>([
    ['https://volcano.example/a?b=1%27%20or&c=2#d=3', "value ?b 1' or", 'value ?c 2'],
    ['/a/b?c[d]=e', 'name ?c[d] c[d]', 'value ?c[d] e'],
    ['?next=%2Fa', 'value ?next /a'],
    ['a=b&c=%3Cd%3E', 'value ?a b', 'value ?c <d>'],
    ['%7B%22a%22%3A1%7D', 'value  {"a":1}'],
    [`${base64('{"a":"b c d"}')}`, 'value  {"a":"b c d"}'],
    [
      `${base64url('{"alg":"HS256"}')}.${base64url('{"sub":"ünïcode"}')}.c2lnbmVk`,
      'value  {"alg":"HS256"}',
      'value  {"sub":"ünïcode"}',
    ],
    [
      '<?xml version="1.0"?>\n<note>x &amp; y</note>',
      'value /comment ?xml version="1.0"?',
      'value /text x & y',
    ],
    [
      '{ notes(like: "a\\"b\\u003c", by: """c "d" \\""" e""") { id } }',
      'value /string a"b<',
      'value /string c "d" """ e',
    ],
    ['mutation { add(note: "a") { id } }', 'value /string a'],
  ])('%s', (text, ...wanted) => {
    expect(inside(text)).toEqual(wanted)
  })

  test('what XML holds, by the way to it', () => {
    expect(inside('<note b="1 &lt; 2">c &amp; d<![CDATA[e]]><!--f--></note>')).toEqual([
      'name /note/@b b',
      'value /note/@b 1 < 2',
      'value /text c & d',
      'value /text e',
      'value /comment f',
    ])
  })
})

describe('holds nothing', () => {
  test.each([
    '',
    'a',
    'prose with a % and a "quote"',
    'x = y, so y = x',
    'what? a=b they say',
    '<p>a page, with <b>markup</b></p>',
    '<3',
    '<note> that does not end',
    '{"a":"b"}',
    '{ "a": "b" }',
    'query the "list" of all',
    'eyes wide open, shut by 2 o’clock',
    'eyJ is how a token begins',
    '100%25 of it',
    'W3C',
  ])('%j', (text) => {
    expect(inside(text)).toEqual([])
  })
})

test('a document is judged without its strings, which are judged by themselves', () => {
  const text = 'query { a(b: "1; ls", c: """x "y" """) { id } }'
  expect(graphqlDocument(text)?.skeleton).toBe('query { a(b: "", c: """""") { id } }')
  const told: string[] = []
  const judge = {
    text: ({ name, text }: { name: string; text: string }) => {
      told.push(`${name}: ${text}`)
      return null
    },
  }
  new Values(new Reading(judge, defaultLimits)).value('query', { text, at: 0, last: true })
  expect(told).toEqual([
    'query: query { a(b: "", c: """""") { id } }',
    'query/string: 1; ls',
    'query/string: x "y" ',
  ])
})

test('strings that are left open are told to the end', () => {
  expect(graphqlDocument('{ a(b: "c')?.strings).toEqual(['c'])
  expect(graphqlDocument('{ a(b: """c"')?.strings).toEqual(['c"'])
  expect(graphqlDocument('{ a(b: "c\\')?.strings).toEqual(['c\\'])
})

test('values are judged as deep as they go, but no deeper than is said', () => {
  const told: string[] = []
  const judge = {
    text: ({ name, text }: { name: string; text: string }) => {
      told.push(`${name}: ${text}`)
      return null
    },
  }
  const wrap = (text: string): string => `/a?b=${encodeURIComponent(text)}`
  const deep = wrap(wrap(wrap(wrap('x y'))))
  new Values(new Reading(judge, defaultLimits, 'query')).value('q', { text: deep, at: 0, last: true })
  expect(told).toEqual([
    `q: ${deep}`,
    `q?b: ${wrap(wrap(wrap('x y')))}`,
    `q?b?b: ${wrap(wrap('x y'))}`,
    `q?b?b?b: ${wrap('x y')}`,
  ])
})

test('hostile texts are read in one pass', () => {
  for (const piece of ['"', '"""', '\\"', '<![CDATA[', '<a ', '&a=', '?', '%7B', '.', '{a"', '<!--'])
    for (const begin of ['{a(b:"', '<note ', 'a=', '/?a=', 'ey', '%7B'])
      expect(() => inside(begin + piece.repeat(20_000))).not.toThrow()
})
