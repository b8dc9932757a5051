/** Names, services, and text from outside on its way to a terminal. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { diagnose, escapeText } from './diagnostic.ts'
import { covers, type Flow } from './flow.ts'
import { didYouMean, IDENTIFIER_MAX_LENGTH, isIdentifier, nameMatches, parseDnsName } from './name.ts'
import {
  formatService,
  namedServices,
  opensFlow,
  parseService,
  type Service,
  type ServiceName,
  servicesOf,
} from './service.ts'

describe('identifiers', () => {
  test.each(['a', '0', 'vent-01', 'a.b_c-d', 'x'.repeat(IDENTIFIER_MAX_LENGTH)])('%s is one', (text) => {
    expect(isIdentifier(text)).toBe(true)
  })
  test.each([
    '',
    '-a',
    'a-',
    '.a',
    'a.',
    '_',
    'A',
    'a b',
    'a/b',
    'a;b',
    'a{',
    'a"',
    "a'",
    'a\\',
    'a\n',
    '\na',
    'a\u0000',
    'a\t',
    'аdmin',
    'ａ',
    'é',
    'a\u200bb',
    'a\u202eb',
    '__proto__',
    '$x',
    '`x`',
    'a*',
    'a@b',
    'a,b',
    'a:b',
    '../a',
    'x'.repeat(49),
    'x'.repeat(10_000),
  ])('%j is none', (text) => {
    expect(isIdentifier(text)).toBe(false)
  })
})

describe('DNS names', () => {
  test.each([
    ['api.volcano.example', 'api.volcano.example'],
    ['API.Volcano.Example.', 'api.volcano.example'],
    ['*.volcano.example', '*.volcano.example'],
    ['_mqtt._tcp.example', '_mqtt._tcp.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['localhost', 'localhost'],
    [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
    ['', null],
    ['.', null],
    ['*', null],
    ['*.', null],
    ['a..b', null],
    ['.a', null],
    ['a.*.b', null],
    ['*a.b', null],
    ['-a.example', null],
    ['a-.example', null],
    ['10.20.0.11', null],
    ['a.1', null],
    ['a b', null],
    ['a\n', null],
    ['bücher.example', null],
    ['а.example', null],
    ['a.example..', null],
    ['a;b.example', null],
    ['a{b}.example', null],
    [`${'a'.repeat(64)}.example`, null],
    [`${'a.'.repeat(127)}a`, null],
    ['a'.repeat(10_000), null],
    ['a."b', null],
  ])('%j: %s', (text, name) => {
    expect(parseDnsName(text)).toBe(name === null ? null : name)
  })
  test('a wildcard is everything below and not itself', () => {
    expect(nameMatches('*.a.example', 'b.a.example')).toBe(true)
    expect(nameMatches('*.a.example', 'c.b.a.example')).toBe(true)
    expect(nameMatches('*.a.example', 'a.example')).toBe(false)
    expect(nameMatches('*.a.example', 'ba.example')).toBe(false)
    expect(nameMatches('*.a.example', '.a.example')).toBe(false)
    expect(nameMatches('a.example', 'a.example')).toBe(true)
    expect(nameMatches('a.example', 'b.a.example')).toBe(false)
  })
  test('did you mean: close, or nothing', () => {
    expect(didYouMean('staton', ['things', 'station'])).toBe('station')
    expect(didYouMean('x', ['station'])).toBeNull()
    expect(didYouMean('', ['a'])).toBe('a')
    expect(didYouMean('npt', ['ftp', 'ntp', 'http'])).toBe('ntp')
    expect(didYouMean('pnt', ['ntp'])).toBeNull()
    expect(didYouMean('x'.repeat(10_000), ['x'.repeat(9_999)])).toBeNull()
  })
})

const service: fc.Arbitrary<Service> = fc.oneof(
  fc.constant<Service>({ kind: 'any' }),
  fc
    .tuple(
      fc.constantFrom<6 | 17>(6, 17),
      fc.integer({ min: 1, max: 65_535 }),
      fc.integer({ min: 1, max: 65_535 }),
    )
    .map(
      ([protocol, a, b]): Service => ({
        kind: 'ports',
        protocol,
        first: Math.min(a, b),
        last: Math.max(a, b),
      }),
    ),
  fc.constantFrom<Service>(
    { kind: 'icmp', family: 4, type: 8 },
    { kind: 'icmp', family: 6, type: 139 },
    { kind: 'protocol', number: 47 },
  ),
)

describe('services', () => {
  test('what is written is read back', () => {
    fc.assert(
      fc.property(service, (one) => {
        expect(parseService(formatService(one))).toEqual([one])
      }),
    )
  })
  test('every named one reads, and means ports that exist', () => {
    for (const name of Object.keys(namedServices) as ServiceName[]) {
      expect(servicesOf(name).length, name).toBe(namedServices[name].length)
      expect(servicesOf(name).map(formatService), name).toEqual([...namedServices[name]])
    }
  })
  test.each([
    ['0/tcp', 'port'],
    ['65536/tcp', 'port'],
    ['1-65536/udp', 'port'],
    ['90-80/tcp', 'range'],
    ['443', 'syntax'],
    ['443/sctp', 'syntax'],
    ['443/TCP', 'syntax'],
    [' 443/tcp', 'syntax'],
    ['443/tcp\n', 'syntax'],
    ['-1/tcp', 'syntax'],
    ['1e3/tcp', 'syntax'],
    ['0x50/tcp', 'syntax'],
    ['icmp/0', 'icmp-type'],
    ['icmp/3', 'icmp-type'],
    ['icmp/256', 'icmp-type'],
    ['icmpv6/129', 'icmp-type'],
    ['icmpv6/135', 'icmp-type'],
    ['icmpv6/8', 'icmp-type'],
    ['protocol/0', 'protocol'],
    ['protocol/6', 'protocol'],
    ['protocol/58', 'protocol'],
    ['protocol/256', 'protocol'],
    ['', 'syntax'],
    ['constructor', 'syntax'],
    ['__proto__', 'syntax'],
    ['HTTPS', 'syntax'],
    ['9'.repeat(10_000), 'syntax'],
  ])('%j: %s', (text, fault) => {
    expect(parseService(text)).toBe(fault)
  })
  test('only requests open flows', () => {
    const opening = (family: 4 | 6) =>
      Array.from({ length: 256 }, (_, type) => type).filter((type) => opensFlow(family, type))
    expect([opening(4), opening(6)]).toEqual([
      [8, 13, 15, 17],
      [128, 139],
    ])
  })
  test('a service covers its own packets and no other', () => {
    const flow = (more: Partial<Flow>): Flow => ({
      ingress: null,
      source: '' as never,
      destination: '' as never,
      protocol: 6,
      ...more,
    })
    const range: Service = { kind: 'ports', protocol: 6, first: 80, last: 90 }
    expect([79, 80, 90, 91].map((destinationPort) => covers(range, flow({ destinationPort })))).toEqual([
      false,
      true,
      true,
      false,
    ])
    expect(covers(range, flow({ protocol: 17, destinationPort: 80 }))).toBe(false)
    expect(covers(range, flow({}))).toBe(false)
    expect(covers({ kind: 'icmp', family: 4, type: 8 }, flow({ protocol: 58, icmpType: 8 }))).toBe(false)
    expect(covers({ kind: 'protocol', number: 47 }, flow({ protocol: 47 }))).toBe(true)
    expect(covers({ kind: 'any' }, flow({ protocol: 132 }))).toBe(true)
  })
})

describe('text from outside', () => {
  test.each([
    ['plain, ünïcödé 你好 🌋', 'plain, ünïcödé 你好 🌋'],
    ['\u001b[31mred\u001b[0m', '\\u{1b}[31mred\\u{1b}[0m'],
    ['\u001b]0;title\u0007', '\\u{1b}]0;title\\u{7}'],
    ['a\r\nb\tc', 'a\\u{d}\\u{a}b\\u{9}c'],
    ['\u009b31m', '\\u{9b}31m'],
    ['\u202etxt.exe\u2066', '\\u{202e}txt.exe\\u{2066}'],
    ['a\u200bb\u00ad\ufeff', 'a\\u{200b}b\\u{ad}\\u{feff}'],
    ['a\u2028b\u2029c', 'a\\u{2028}b\\u{2029}c'],
    ['\ud83d', '\\u{d83d}'],
    ['\udc0b!', '\\u{dc0b}!'],
    ['tag \u{e0041}', 'tag \\u{e0041}'],
    ['\u0000', '\\u{0}'],
  ])('%j is shown as %s', (text, shown) => {
    expect(escapeText(text, 400)).toBe(shown)
  })
  test('is cut to what was asked', () => {
    expect(escapeText('x'.repeat(10_000), 80)).toBe(`${'x'.repeat(79)}…`)
  })
  test('every part of a diagnostic is, the path and the hint too', () => {
    const hostile = `\u001b[2J\u202e${'x'.repeat(10_000)}\n`
    const told = diagnose('TW1002', {
      message: hostile,
      path: hostile,
      value: hostile,
      hint: hostile,
      origin: null,
    })
    for (const text of [told.message, told.path, told.value, told.hint]) {
      expect(text).toMatch(/^\\u\{1b\}\[2J\\u\{202e\}x+…$/)
      expect(text?.length).toBeLessThan(450)
    }
    expect(told.severity).toBe('error')
    expect(
      diagnose('TW1002', { message: 'x', path: '', value: { a: '\n' }, hint: '', origin: null }).value,
    ).toBe('{"a":"\\n"}')
  })
})
