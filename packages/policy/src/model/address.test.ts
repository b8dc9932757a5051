/** Addresses, prefixes and link addresses: what is read comes back, and what programs disagree about is refused. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Address,
  familyOf,
  formatAddress,
  formatInterval,
  type LinkAddress,
  linkLocalOf,
  parseAddress,
  parseLinkAddress,
  parsePrefix,
  predecessor,
  prefixLengthOf,
  successor,
} from './address.ts'

const hex = (digits: number): fc.Arbitrary<Address> =>
  fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`)).map((text) => text as Address)
const four = hex(8)
/** IPv4-mapped addresses are not addresses here. */
const six = fc
  .oneof(
    hex(32),
    fc.constantFrom('', 'ff', 'fe80').map((head) => head.padEnd(32, '0') as Address),
  )
  .filter((text) => !text.startsWith('00000000000000000000ffff'))
const any = fc.oneof(four, six)

describe('addresses', () => {
  test('what is written is read back, in either family', () => {
    fc.assert(
      fc.property(any, (address) => {
        expect(parseAddress(formatAddress(address))).toBe(address)
        expect(familyOf(address)).toBe(address.length === 8 ? 4 : 6)
      }),
    )
  })
  test.each([
    ['10.20.0.11', '0a14000b', '10.20.0.11'],
    ['0.0.0.0', '00000000', '0.0.0.0'],
    ['fd20::11', 'fd200000000000000000000000000011', 'fd20::11'],
    ['FD20:0:0:0:0:0:0:0011', 'fd200000000000000000000000000011', 'fd20::11'],
    ['::', '0'.repeat(32), '::'],
    // RFC 5952: the longest run of zeros, the first of two, never a single one.
    ['2001:db8:0:1:0:0:0:1', '20010db8000000010000000000000001', '2001:db8:0:1::1'],
    ['2001:0:0:1:0:0:1:1', '20010000000000010000000000010001', '2001::1:0:0:1:1'],
    ['1:0:2:3:4:5:6:7', '00010000000200030004000500060007', '1:0:2:3:4:5:6:7'],
  ])('%s', (text, digits, written) => {
    expect(parseAddress(text)).toBe(digits)
    expect(formatAddress(digits as Address)).toBe(written)
  })

  test.each([
    '',
    ' ',
    '10.20.0',
    '10.20.11',
    '10',
    '0xa.20.0.11',
    '0x0a14000b',
    '169082891',
    '010.20.0.11',
    '10.20.0.011',
    '10.20.0.00',
    '10.20.0.256',
    '10.20.0.-1',
    '10.20.0.11.',
    '.10.20.0.11',
    '10.20.0.11 ',
    ' 10.20.0.11',
    '10.20.0.11\n',
    '10.20.0.11/32',
    '10.20.0.1e1',
    '١٠.20.0.11',
    '10。20.0.11',
    '+10.20.0.11',
    '::ffff:10.20.0.11',
    '::ffff:a14:b',
    '0:0:0:0:0:ffff:0a14:000b',
    'fe80::1%eth0',
    'fe80::1%1',
    '[fd20::11]',
    'fd20::11/128',
    'fd20:::11',
    'fd20::1::1',
    'fd20',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    'g::1',
    'fd20::00011',
    'fd20::-1',
    `${'0'.repeat(10_000)}::1`,
    '1.'.repeat(10_000),
    'any',
    'gateway',
    '__proto__',
  ])('%j is no address', (text) => {
    expect(parseAddress(text)).toBeNull()
  })
  test('text never throws and never becomes something that is not written as it was read', () => {
    const nearly = fc.stringMatching(/^[0-9a-fx:.%/ ]{0,40}$/)
    fc.assert(
      fc.property(fc.oneof(fc.string(), nearly), (text) => {
        const address = parseAddress(text)
        if (address !== null) expect(parseAddress(formatAddress(address))).toBe(address)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('neighbours', () => {
  test('after and before undo each other, and order is that of the text', () => {
    fc.assert(
      fc.property(any, (address) => {
        const next = successor(address)
        if (next === null) return expect(address).toMatch(/^f+$/)
        expect(predecessor(next)).toBe(address)
        expect(next > address).toBe(true)
        expect(BigInt(`0x${next}`) - BigInt(`0x${address}`)).toBe(1n)
      }),
    )
  })
  test('nothing is before the first or after the last of a family', () => {
    for (const width of [8, 32]) {
      expect(predecessor('0'.repeat(width) as Address)).toBeNull()
      expect(successor('f'.repeat(width) as Address)).toBeNull()
    }
  })
})

describe('prefixes', () => {
  test('every length of every address is read back', () => {
    fc.assert(
      fc.property(any, fc.nat(128), (address, given) => {
        const width = address.length * 4
        const length = given % (width + 1)
        const mask = ((1n << BigInt(width)) - 1n) ^ ((1n << BigInt(width - length)) - 1n)
        const first = (BigInt(`0x${address}`) & mask).toString(16).padStart(width / 4, '0') as Address
        if (parseAddress(formatAddress(first)) === null) return
        const read = parsePrefix(`${formatAddress(first)}/${length}`)
        const last = (BigInt(`0x${first}`) | (~mask & ((1n << BigInt(width)) - 1n)))
          .toString(16)
          .padStart(width / 4, '0')
        expect(read).toEqual({ first, last })
        if (typeof read === 'string') return
        expect(prefixLengthOf(read)).toBe(length)
        expect(parsePrefix(formatInterval(read))).toEqual(read)
        if (first !== address && parseAddress(formatAddress(address)) !== null)
          expect(parsePrefix(`${formatAddress(address)}/${length}`)).toBe('host-bits')
      }),
      { numRuns: 500 },
    )
  })
  test.each([
    ['10.20.0.7/24', 'host-bits'],
    ['fd20::1/64', 'host-bits'],
    ['10.20.0.0/7', 'host-bits'],
    ['10.20.0.0/33', 'syntax'],
    ['fd20::/129', 'syntax'],
    ['10.20.0.0/', 'syntax'],
    ['10.20.0.0/024', 'syntax'],
    ['10.20.0.0/-1', 'syntax'],
    ['10.20.0.0/+8', 'syntax'],
    ['10.20.0.0/8/8', 'syntax'],
    ['10.20.0.0/255.255.255.0', 'syntax'],
    ['10.20.0.0/ 24', 'syntax'],
    ['10.20/16', 'syntax'],
    ['/24', 'syntax'],
    ['::ffff:10.20.0.0/112', 'syntax'],
    ['fe80::%eth0/64', 'syntax'],
  ])('%s: %s', (text, fault) => {
    expect(parsePrefix(text)).toBe(fault)
  })
  test('an interval that is no prefix is written as what it is', () => {
    expect(formatInterval({ first: '0a140003' as Address, last: '0a140009' as Address })).toBe(
      '10.20.0.3-10.20.0.9',
    )
    expect(prefixLengthOf({ first: '0a140001' as Address, last: '0a140002' as Address })).toBeNull()
    expect(formatInterval({ first: '00000000' as Address, last: 'ffffffff' as Address })).toBe('0.0.0.0/0')
  })
})

describe('link addresses', () => {
  test.each([
    ['24:6f:28:aa:00:01', '24:6f:28:aa:00:01'],
    ['24-6F-28-AA-00-01', '24:6f:28:aa:00:01'],
    ['24:6f-28:aa:00:01', null],
    ['246f28aa0001', null],
    ['246f.28aa.0001', null],
    ['24:6f:28:aa:00', null],
    ['24:6f:28:aa:00:01:02', null],
    ['24:6f:28:aa:00:0g', null],
    ['24:6f:28:aa:0:1', null],
    ['01:00:5e:00:00:fb', null],
    ['ff:ff:ff:ff:ff:ff', null],
    ['24:6f:28:aa:00:01\n', null],
    ['', null],
  ])('%j: %s', (text, link) => {
    expect(parseLinkAddress(text)).toBe(link)
  })
  test('form the link-local address of RFC 4291 appendix A', () => {
    expect(formatAddress(linkLocalOf('24:6f:28:aa:00:01' as LinkAddress))).toBe('fe80::266f:28ff:feaa:1')
    expect(formatAddress(linkLocalOf('02:00:00:00:00:99' as LinkAddress))).toBe('fe80::ff:fe00:99')
  })
})
