/** What is of a format, and its near misses. */
import { expect, test } from 'vitest'
import type { TextFormat } from './api.ts'
import { formats } from './formats.ts'

const cases: Readonly<Record<TextFormat, readonly [is: readonly string[], isNot: readonly string[]]>> = {
  base64url: [
    ['', 'YQ', 'YWI', 'YWJj', '-_-_'],
    ['a', 'YQ==', 'Y+==', 'a b'],
  ],
  byte: [
    ['', 'YQ==', 'YWI=', 'YWJj', '+/+/'],
    ['YQ', 'YQ=', '====', 'Y===', 'YQ==\n', 'a-b_'],
  ],
  date: [
    ['2026-11-22', '2024-02-29', '2000-02-29', '0001-01-01'],
    [
      '2026-02-29',
      '1900-02-29',
      '2026-13-01',
      '2026-00-01',
      '2026-01-00',
      '2026-1-1',
      '2026-11-22\n',
      '２026-11-22',
    ],
  ],
  'date-time': [
    [
      '2026-11-22T22:00:00Z',
      '2026-11-22t22:00:00.123456z',
      '2026-11-22T22:00:00+05:30',
      '2026-12-31T23:59:60Z',
    ],
    [
      '2026-11-22',
      '2026-11-22 22:00:00Z',
      '2026-11-22T22:00:00',
      '2026-11-22T24:00:00Z',
      '2026-11-22T22:00Z',
      '2026-02-30T00:00:00Z',
    ],
  ],
  duration: [
    ['P1D', 'PT1H', 'P1Y2M3DT4H5M6S', 'PT0.5S', 'P4W'],
    ['P', 'PT', 'P1', '1D', 'P1DT', 'P1W2D', 'PT1D', `P${'1'.repeat(10_000)}D`],
  ],
  email: [
    ['a@b.example', "o'brien+x@volcano.example", 'a@localhost'],
    [
      '@b',
      'a@',
      'a b@c',
      'a..b@c',
      '.a@c',
      'a.@c',
      'a@b@c',
      '"a"@c',
      'a@-b',
      `${'a'.repeat(65)}@b`,
      `a@${'b.'.repeat(200)}c`,
    ],
  ],
  hostname: [
    ['a', 'api.volcano.example', 'xn--bcher-kva.example', '1.2.3.4', `${'a'.repeat(63)}.b`],
    ['', '.', 'a.', 'a..b', '-a', 'a-', 'a_b', 'a b', `${'a'.repeat(64)}.b`, 'a.'.repeat(5000)],
  ],
  ipv4: [
    ['0.0.0.0', '255.255.255.255', '10.20.0.11'],
    ['256.0.0.1', '1.2.3', '1.2.3.4.', '01.2.3.4', '1.2.3.4.5', '0x1.2.3.4', '1.2.3.4\n', ''],
  ],
  ipv6: [
    ['::', '::1', 'fd20::11', '1:2:3:4:5:6:7:8', '::ffff:10.0.0.1', '1::8', '1:2:3:4:5:6:1.2.3.4'],
    [
      '',
      ':',
      ':::',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '1::2::3',
      '12345::',
      'fe80::1%eth0',
      '::1.2.3',
      '1:2:3:4:5:6:7::8',
      '1.2.3.4::',
    ],
  ],
  mac: [
    ['24:6f:28:aa:00:01', '24-6F-28-AA-00-01'],
    ['24:6f:28:aa:00', '24:6f-28:aa:00:01', '246f28aa0001', '24:6f:28:aa:00:0g'],
  ],
  time: [
    ['22:00:00Z', '22:00:00.5+01:00'],
    ['22:00:00', '25:00:00Z', '22:60:00Z', '22:00:61Z', '22:00:00+24:00'],
  ],
  uri: [
    ['https://api.volcano.example/a?b=%20#c', 'urn:uuid:1', 'mqtt://[fd20::11]:1883'],
    ['/a', 'a b:c', 'http://a b', 'http://a/%zz', 'http://a/%2', '1http://a', 'http://a/\u0000', 'http://ä'],
  ],
  uuid: [
    ['123e4567-e89b-12d3-a456-426614174000', '123E4567-E89B-12D3-A456-426614174000'],
    [
      '123e4567e89b12d3a456426614174000',
      '{123e4567-e89b-12d3-a456-426614174000}',
      '123e4567-e89b-12d3-a456-42661417400g',
    ],
  ],
}

test.each(Object.entries(cases))('%s', (format, [is, isNot]) => {
  const holds = formats[format as TextFormat]
  expect(is.filter((text) => !holds(text))).toEqual([])
  expect(isNot.filter(holds)).toEqual([])
})

test.each(Object.keys(formats))('%s answers to anything', (format) => {
  const holds = formats[format as TextFormat]
  for (const piece of ['1', 'a', '.', ':', '-', '@', '%', '%2', 'P', '\u0000', '\ud800', '😀', '0:', '1.'])
    expect(typeof holds(piece.repeat(100_000))).toBe('boolean')
})
