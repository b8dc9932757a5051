/** What of a head is judged, under which name: credentials are taken apart, and values are looked into wherever they stand. */
import { describe, expect, test } from 'vitest'
import type { Field, RequestParts } from '../model/request.ts'
import { readHead } from './fields.ts'
import { defaultLimits } from './limits.ts'

function told(parts: Partial<RequestParts>): string[] {
  const lines: string[] = []
  const judge = {
    text: ({ part, place, name, text }: Field) => {
      lines.push(`${place} ${part} ${name} ${text}`)
      return null
    },
  }
  readHead({ method: 'GET', target: '/', headers: [], body: null, ...parts }, judge, defaultLimits)
  return lines
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

describe('credentials', () => {
  const of = (content: string): string[] => told({ headers: [['Authorization', content]] }).slice(1)

  test('a name and a password', () => {
    const given = base64("ada:x' or 1=1:ü")
    expect(of(`Basic ${given}`)).toEqual([
      `header value authorization Basic ${given}`,
      `header value authorization ${given}`,
      'header value authorization.user ada',
      "header value authorization.password x' or 1=1:ü",
    ])
  })

  test('the claims of a token', () => {
    const given = [base64('{"alg":"none"}'), base64('{"sub":"vent 1"}'), 'c2ln'].join('.').replaceAll('=', '')
    expect(of(`Bearer ${given}`).slice(1)).toEqual([
      `header value authorization ${given}`,
      'header value authorization {"alg":"none"}',
      'header name authorization alg',
      'header value authorization.alg none',
      'header value authorization {"sub":"vent 1"}',
      'header name authorization sub',
      'header value authorization.sub vent 1',
    ])
  })

  test('pairs in quotes', () => {
    expect(of('Digest username="a b", uri="/c"').slice(3)).toEqual([
      'header value authorization.username a b',
      'header value authorization.uri /c',
    ])
  })

  test('what is none of it is a value', () => {
    expect(of('secret')).toEqual(['header value authorization secret'])
    expect(of('Basic !')).toEqual(['header value authorization Basic !', 'header value authorization !'])
  })
})

test('JSON in a header and in a cookie that is escaped', () => {
  expect(told({ headers: [['x-device', '{"a":"b c"}']] }).slice(1)).toEqual([
    'header value x-device {"a":"b c"}',
    'header name x-device a',
    'header value x-device.a b c',
  ])
  expect(told({ headers: [['cookie', 'p=%7B%22a%22%3A%22b%20c%22%7D']] }).slice(1)).toEqual([
    'cookie name p p',
    'cookie value p %7B%22a%22%3A%22b%20c%22%7D',
    'cookie value p {"a":"b c"}',
    'cookie name p a',
    'cookie value p.a b c',
  ])
})

test('the query of a URL in a query', () => {
  expect(told({ target: '/login?next=%2Fa%3Fb%3Dc%2520d' }).slice(1)).toEqual([
    'query name next next',
    'query value next /a?b=c%20d',
    'query value next?b c d',
  ])
})
