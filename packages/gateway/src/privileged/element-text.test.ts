/** Elements read as the kernel keeps them: every value that the compiler can write, and nothing that only looks like one. */
import { type Address, formatAddress } from '@thingwall/policy'
import { element } from '@thingwall/policy/nftables'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Field, type KernelSet, type Layout, layoutOf, sizeOf } from './element-layout.ts'
import { ElementReader } from './element-text.ts'

const hexOf = (digits: number): fc.Arbitrary<string> =>
  fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`)).filter((text) => text.length === digits)
/** With runs of zeros, which addresses leave out. */
const six = fc
  .array(fc.oneof(fc.constantFrom('0000', '0000', '0001', 'ffff'), hexOf(4)), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.join(''))
const little = (digits: string): string => digits.replace(/^(..)(..)(..)(..)$/, '$4$3$2$1')

/** A value in nft's words, and its bytes in hex. */
const values: Readonly<Record<Field, fc.Arbitrary<readonly [text: string, bytes: string]>>> = {
  ipv4: hexOf(8).map((bits) => [formatAddress(bits as Address), bits]),
  ipv6: six.map((bits) => [formatAddress(bits as Address), bits]),
  raw128: six.map((bits) => [`0x${bits}`, bits]),
  raw48: hexOf(12).map((bits) => [`0x${bits}`, `${bits}0000`]),
  link: hexOf(12).map((bits) => [(bits.match(/../g) ?? []).join(':'), `${bits}0000`]),
  mark: hexOf(8).map((bits) => [`0x${bits}`, little(bits)]),
  class: hexOf(8).map((bits) => [
    `${Number.parseInt(bits.slice(0, 4), 16).toString(16)}:${Number.parseInt(bits.slice(4), 16).toString(16)}`,
    little(bits),
  ]),
}
const layouts: readonly Layout[] = [
  { key: ['ipv4'], data: null },
  { key: ['ipv6'], data: null },
  { key: ['raw128'], data: null },
  { key: ['link'], data: null },
  { key: ['mark'], data: null },
  { key: ['class'], data: null },
  { key: ['ipv4'], data: 'class' },
  { key: ['ipv6'], data: 'class' },
  { key: ['link', 'ipv4'], data: null },
  { key: ['link', 'ipv6'], data: null },
  { key: ['link', 'raw128'], data: null },
  { key: ['link', 'raw48'], data: null },
  { key: ['ipv6', 'ipv6'], data: null },
]

interface Read {
  readonly key: string
  readonly data: string
  readonly timeoutMs: number
}

/** All elements of a list; null where one is not understood. */
function readAll(text: string, layout: Layout): readonly Read[] | null {
  const reader = new ElementReader(Buffer.from(text, 'latin1'), layout)
  const found: Read[] = []
  while (reader.hasMore) {
    // What was there before must not shine through.
    const into = Buffer.alloc(64, 0xee)
    if (!reader.read(into, 0, 40)) return null
    found.push({
      key: into.toString('hex', 0, sizeOf(layout.key)),
      data: layout.data === null ? '' : into.toString('hex', 40, 40 + sizeOf([layout.data])),
      timeoutMs: reader.timeoutMs,
    })
  }
  return found
}

describe.each(layouts)('$key : $data', (layout) => {
  const one = fc
    .tuple(
      fc.tuple(...layout.key.map((field) => values[field])),
      layout.data === null ? fc.constant(null) : values[layout.data],
      fc.option(fc.integer({ min: 1, max: 2 ** 45 }), { nil: null }),
    )
    .map(([key, data, timeoutMs]) => ({
      text: element(
        key.map(([text]) => text).join(' . '),
        timeoutMs === null ? Number.POSITIVE_INFINITY : timeoutMs,
        0,
        data === null ? '' : ` : ${data[0]}`,
      ),
      read: {
        key: key.map(([, bytes]) => bytes).join(''),
        data: data === null ? '' : data[1],
        timeoutMs: timeoutMs ?? 0,
      },
    }))
  test.each([', ', ',\n\t\t\t'])('lists put together with %j are read as they are', (separator) => {
    fc.assert(
      fc.property(fc.array(one, { maxLength: 5 }), (all) => {
        const text = `\n\t\t\t${all.map((each) => each.text).join(separator)}\n`
        expect(readAll(text, layout)).toEqual(all.map((each) => each.read))
      }),
    )
  })
  test('whatever comes is read or not understood, and never more than there is', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789abcdefx:. ,tmsh\n"{}') }), (text) => {
        const all = readAll(text, layout)
        // Every element takes at least a character and its comma.
        expect(all === null || all.length <= (text.length + 1) / 2).toBe(true)
      }),
    )
  })
})

describe('not understood', () => {
  const address = { key: ['ipv6'], data: null } as const
  test.each([
    ['1::2::3'],
    [':::'],
    [':1'],
    ['1:'],
    ['1:2:3:4:5:6:7'],
    ['1:2:3:4:5:6:7:8:9'],
    ['1:2:3:4:5:6:7::8'],
    ['12345::'],
    ['::ffff:10.0.0.1'],
    ['FE80::1'],
    ['::/64'],
    ['::1-::2'],
    ['::1 timeout'],
    ['::1 timeout 5'],
    ['::1 timeout 5w'],
    ['::1 timeout 0s'],
    ['::1 timeout 9999999999s'],
    ['::1 expires 5s'],
    ['::1 : 0:1'],
    ['::1 . ::2'],
    ['::1 ::2'],
    ['::1 comment "x"'],
    ['"::1"'],
    ['::1,,::2'],
  ])('%j', (text) => {
    expect(readAll(text, address)).toBeNull()
  })
  test.each([
    ['10.0.0', 'ipv4'],
    ['10.0.0.0.1', 'ipv4'],
    ['10.0.0.256', 'ipv4'],
    ['10.0.0.0001', 'ipv4'],
    ['10.0.0.0/8', 'ipv4'],
    ['10..0.1', 'ipv4'],
    ['2:00:00:00:00:01', 'link'],
    ['02:00:00:00:00', 'link'],
    ['0xfd20', 'raw128'],
    [`0x${'0'.repeat(33)}`, 'raw128'],
    [`0x${'0'.repeat(13)}`, 'raw48'],
    ['0x123456789', 'mark'],
    ['7', 'mark'],
    ['10000:1', 'class'],
    ['1', 'class'],
    ['none', 'class'],
  ] as const)('%j as %s', (text, field) => {
    expect(readAll(text, { key: [field], data: null })).toBeNull()
  })
})

describe('a set as the kernel describes it', () => {
  const plain: KernelSet = { flags: 0x10, keyType: 7, keyBytes: 4, dataType: null, dataBytes: 0 }
  const map: KernelSet = { ...plain, flags: 0x18, dataType: 23, dataBytes: 4 }
  test.each<[string, KernelSet, Layout | null]>([
    ['addresses', plain, { key: ['ipv4'], data: null }],
    ['without time limits', { ...plain, flags: 0 }, { key: ['ipv4'], data: null }],
    ['classes by address', map, { key: ['ipv4'], data: 'class' }],
    ['one link address', { ...plain, keyType: 9, keyBytes: 6 }, { key: ['link'], data: null }],
    [
      'link and network address',
      { ...plain, keyType: (9 << 6) | 7, keyBytes: 12 },
      { key: ['link', 'ipv4'], data: null },
    ],
    ['raw bits of another length', { ...plain, keyType: 4, keyBytes: 4 }, null],
    ['a length that is not the types’', { ...plain, keyBytes: 8 }, null],
    ['intervals', { ...plain, flags: 0x4 }, null],
    ['a meter', { ...plain, flags: 0x30 }, null],
    ['counters or limits as data', { ...plain, flags: 0x50 }, null],
    ['verdicts', { ...map, dataType: 0xffffff00 }, null],
    ['data of another length', { ...map, dataBytes: 8 }, null],
    ['a map without a type', { ...map, dataType: null }, null],
    ['a type that is not known', { ...plain, keyType: 13 }, null],
    ['machine order in a concatenation', { ...plain, keyType: (19 << 6) | 7, keyBytes: 8 }, null],
    ['nothing', { ...plain, keyType: 0, keyBytes: 0 }, null],
  ])('%s', (_, set, layout) => {
    expect(layoutOf(set)).toEqual(layout)
  })
})
