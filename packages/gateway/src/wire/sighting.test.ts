/**
 * What frames say, and who is believed: tables of single frames, and a fuzz that holds hostile bytes to the same. One file
 * for all that is read off a wire, and as many lines as there are ways to lie in it.
 */
import { type Address, formatAddress, parseAddress } from '@thingwall/policy'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildFrame } from '../lab/frame/ethernet.ts'
import { fragment } from '../lab/frame/fragment.ts'
import type { Frame, Ipv4Packet } from '../lab/frame/model.ts'
import { wireFilter } from '../privileged/wire-filter.ts'
import { sightingsIn } from './sighting.ts'

const vent = '24:6f:28:aa:00:01'
const other = '24:6f:28:aa:00:02'
const own = '02:00:00:00:ff:01'
const ours = new Set(['10.20.0.1', 'fe80::1', 'fd20::1'].map((text) => parseAddress(text)))
const isOurs = (address: Address): boolean => ours.has(address)

/** `given 24:… 10.20.0.57 3600`, one for each sighting. */
function seen(frame: Uint8Array, isOutgoing: boolean): readonly string[] {
  return sightingsIn({ frame, isOutgoing }, isOurs).map((one) => {
    const till = one.kind === 'given' ? ` ${one.forMs / 1000}` : ''
    return `${one.kind} ${one.link} ${formatAddress(one.address)}${till}`
  })
}

const u16 = (value: number): readonly number[] => [value >> 8, value & 255]
const u32 = (value: number): readonly number[] => [...u16(value >>> 16), ...u16(value & 0xffff)]
const bytesOf = (text: string): readonly number[] =>
  [...(parseAddress(text) as string).matchAll(/../g)].map(([pair]) => Number.parseInt(pair, 16))
const linkOf = (text: string): readonly number[] => text.split(':').map((pair) => Number.parseInt(pair, 16))

const ACK = [53, 1, 5]
const HOUR = [51, 4, ...u32(3600)]
const END = [255]

interface Four {
  readonly op?: number
  readonly options?: readonly number[]
  readonly file?: readonly number[]
  readonly yours?: string
  readonly client?: string
  readonly link?: string
  readonly hardware?: readonly [type: number, length: number]
  readonly magic?: readonly number[]
}
function bootp(four: Four = {}): Uint8Array {
  const { op = 2, hardware = [1, 6], yours = '10.20.0.57', client = '0.0.0.0', link = vent } = four
  const head = Array<number>(240).fill(0)
  head.splice(0, 3, op, ...hardware)
  head.splice(12, 8, ...bytesOf(client), ...bytesOf(yours))
  head.splice(28, 6, ...linkOf(link))
  head.splice(108, four.file?.length ?? 0, ...(four.file ?? []))
  head.splice(236, 4, ...(four.magic ?? [0x63, 0x82, 0x53, 0x63]))
  return Uint8Array.from([...head, ...(four.options ?? [...ACK, ...HOUR, ...END])])
}
interface Way {
  readonly from?: string
  readonly source?: string
  readonly ports?: readonly [number, number]
  readonly part?: Partial<Ipv4Packet>
}
function four(
  data: Uint8Array,
  { from = own, source = '10.20.0.1', ports = [67, 68], part = {} }: Way = {},
): Frame {
  const payload = { kind: 'udp', sourcePort: ports[0], destinationPort: ports[1], data } as const
  return {
    destination: from === own ? vent : own,
    source: from,
    payload: { kind: 'ipv4', source, destination: '10.20.0.57', payload, ...part },
  }
}
const answer = (data: Uint8Array, way: Way = {}): readonly string[] => seen(buildFrame(four(data, way)), true)
const release = (link: string, from: string): readonly string[] => {
  const data = bootp({ op: 1, yours: '0.0.0.0', client: '10.20.0.57', link, options: [53, 1, 7, ...END] })
  return seen(buildFrame(four(data, { from, source: '10.20.0.57', ports: [68, 67] })), false)
}
const GIVEN = [`given ${vent} 10.20.0.57 3600`]

describe('a DHCP acknowledgement', () => {
  test.each<readonly [string, readonly string[], readonly string[]]>([
    ['of the gateway’s own server', answer(bootp()), GIVEN],
    [
      'for ever',
      answer(bootp({ options: [...ACK, 51, 4, 255, 255, 255, 255, ...END] })),
      [`given ${vent} 10.20.0.57 Infinity`],
    ],
    [
      'with its time in a field for names',
      answer(bootp({ options: [...ACK, 52, 1, 1, ...END], file: [...HOUR, ...END] })),
      GIVEN,
    ],
    [
      'with padding before the options',
      answer(bootp({ options: [0, 0, ...ACK, 0, ...HOUR, ...END, 9] })),
      GIVEN,
    ],
    [
      'with an option that nobody knows',
      answer(bootp({ options: [...ACK, 224, 2, 1, 1, ...HOUR, ...END] })),
      GIVEN,
    ],
    ['that a device sends', seen(buildFrame(four(bootp())), false), []],
    ['from an address that is not ours', answer(bootp(), { source: '10.20.0.2' }), []],
    ['from a client’s port', answer(bootp(), { ports: [68, 67] }), []],
    ['from any port', answer(bootp(), { ports: [67, 1068] }), []],
    ['that is a request', answer(bootp({ op: 1 })), []],
    ['that is an offer', answer(bootp({ options: [53, 1, 2, ...HOUR, ...END] })), []],
    ['that is a refusal', answer(bootp({ options: [53, 1, 6, ...HOUR, ...END] })), []],
    ['without a time', answer(bootp({ options: [...ACK, ...END] })), []],
    ['for no time', answer(bootp({ options: [...ACK, 51, 4, 0, 0, 0, 0, ...END] })), []],
    ['of no address, as to an INFORM', answer(bootp({ yours: '0.0.0.0' })), []],
    ['for a group', answer(bootp({ link: '01:00:5e:00:00:01' })), []],
    ['for nobody', answer(bootp({ link: '00:00:00:00:00:00' })), []],
    ['for another kind of hardware', answer(bootp({ hardware: [6, 6] })), []],
    ['for a link address of another length', answer(bootp({ hardware: [1, 16] })), []],
    ['that says its time twice', answer(bootp({ options: [...ACK, ...HOUR, ...HOUR, ...END] })), []],
    ['that says twice what it is', answer(bootp({ options: [53, 1, 6, ...ACK, ...HOUR, ...END] })), []],
    ['whose options do not end', answer(bootp({ options: [...ACK, ...HOUR] })), []],
    ['whose last option is torn', answer(bootp({ options: [...ACK, ...HOUR, 12, 9, 1] })), []],
    ['whose time has another length', answer(bootp({ options: [...ACK, 51, 3, 0, 14, 16, ...END] })), []],
    [
      'that overloads what does not exist',
      answer(bootp({ options: [...ACK, ...HOUR, 52, 1, 4, ...END] })),
      [],
    ],
    ['without the magic number', answer(bootp({ magic: [0, 0, 0, 0] })), []],
    [
      'in a fragment',
      seen(buildFrame(four(bootp(), { part: { fragment: { offsetBytes: 0, more: true } } })), true),
      [],
    ],
  ])('%s', (_, found, expected) => {
    expect(found).toEqual(expected)
  })
  test('in pieces says nothing', () => {
    const whole = four(bootp())
    if (whole.payload.kind !== 'ipv4') throw new Error('not IPv4')
    const pieces = fragment(whole.payload, { sizeBytes: 200, identification: 7 })
    expect(pieces.length).toBeGreaterThan(1)
    for (const payload of pieces) expect(seen(buildFrame({ ...whole, payload }), true)).toEqual([])
  })
  test('is given back only by who has it', () => {
    expect(release(vent, vent)).toEqual([`given-back ${vent} 10.20.0.57`])
    expect(release(vent, other)).toEqual([])
  })
})

const option = (code: number, ...value: readonly number[]): readonly number[] => [
  ...u16(code),
  ...u16(value.length),
  ...value,
]
const addressOption = (text: string, seconds: number, ...more: readonly number[]): readonly number[] =>
  option(5, ...bytesOf(text), ...u32(seconds), ...u32(seconds), ...more)
const association = (...options: readonly number[]): readonly number[] =>
  option(3, ...u32(1), ...u32(0), ...u32(0), ...options)
const failed = option(13, ...u16(2))
function six(
  data: readonly number[],
  { from = own, source = 'fe80::1', ports = [547, 546] }: Omit<Way, 'part'> = {},
  to = vent,
): Uint8Array {
  const payload = {
    kind: 'udp',
    sourcePort: ports[0] as number,
    destinationPort: ports[1] as number,
    data: Uint8Array.from(data),
  } as const
  return buildFrame({
    destination: to,
    source: from,
    payload: { kind: 'ipv6', source, destination: 'fe80::57', payload },
  })
}
const reply = (...options: readonly number[]): readonly number[] => [7, 1, 2, 3, ...options]
const isGiven = [`given ${vent} fd20::57 3600`]

describe('a DHCPv6 reply', () => {
  const good = association(...addressOption('fd20::57', 3600))
  test.each<readonly [string, readonly string[], readonly string[]]>([
    ['of the gateway’s own server', seen(six(reply(...good)), true), isGiven],
    [
      'with two addresses',
      seen(
        six(reply(...association(...addressOption('fd20::57', 3600), ...addressOption('fd20::58', 60)))),
        true,
      ),
      [...isGiven, `given ${vent} fd20::58 60`],
    ],
    [
      'of a temporary address',
      seen(six(reply(...option(4, ...u32(1), ...addressOption('fd20::57', 3600)))), true),
      isGiven,
    ],
    [
      'that takes an address away',
      seen(six(reply(...association(...addressOption('fd20::57', 0)))), true),
      [`given-back ${vent} fd20::57`],
    ],
    ['that a device sends', seen(six(reply(...good)), false), []],
    ['from an address that is not ours', seen(six(reply(...good), { source: 'fe80::2' }), true), []],
    ['to a group', seen(six(reply(...good), {}, '33:33:00:00:00:01'), true), []],
    ['from a client’s port', seen(six(reply(...good), { ports: [546, 547] }), true), []],
    ['that only advertises', seen(six([2, ...reply(...good).slice(1)]), true), []],
    ['without success', seen(six(reply(...failed, ...good)), true), []],
    [
      'without success for these addresses',
      seen(six(reply(...association(...addressOption('fd20::57', 3600), ...failed))), true),
      [],
    ],
    [
      'without success for this address',
      seen(six(reply(...association(...addressOption('fd20::57', 3600, ...failed)))), true),
      [],
    ],
    ['with a torn address', seen(six(reply(...association(...option(5, ...bytesOf('fd20::57'))))), true), []],
    ['with a torn end', seen(six(reply(...good, 0, 3, 0, 9)), true), []],
    ['of a prefix', seen(six(reply(...option(25, ...good))), true), []],
    [
      'with more addresses than a device may have',
      seen(
        six(
          reply(
            ...association(
              ...Array.from({ length: 17 }, (_, at) => addressOption(`fd20::1${at}`, 60)).flat(),
            ),
          ),
        ),
        true,
      ),
      [],
    ],
  ])('%s', (_, found, expected) => {
    expect(found).toEqual(expected)
  })
  test('a device gives back its own', () => {
    const data = [8, 1, 2, 3, ...association(...addressOption('fd20::57', 0))]
    expect(seen(six(data, { from: vent, source: 'fe80::57', ports: [546, 547] }, own), false)).toEqual([
      `given-back ${vent} fd20::57`,
    ])
  })
})

function discovery(
  type: number,
  source: string,
  target: string,
  change: { readonly hops?: number; readonly code?: number } = {},
): Uint8Array {
  const { hops = 255, code = 0 } = change
  const body = Uint8Array.from([0, 0, 0, 0, ...bytesOf(target)])
  const payload = { kind: 'icmpv6', type, code, body } as const
  return buildFrame({
    destination: '33:33:ff:00:00:57',
    source: vent,
    payload: { kind: 'ipv6', source, destination: 'ff02::1:ff00:57', hops, payload },
  })
}

describe('neighbour discovery', () => {
  const claimed = [`claimed ${vent} fd20::57`]
  test.each<readonly [string, Uint8Array, readonly string[]]>([
    ['a question whether anybody has it', discovery(135, '::', 'fd20::57'), claimed],
    ['a question from it', discovery(135, 'fd20::57', 'fd20::1'), claimed],
    ['an advertisement of it', discovery(136, 'fe80::57', 'fd20::57'), claimed],
    ['from further away than this link', discovery(135, '::', 'fd20::57', { hops: 254 }), []],
    ['with a code that it does not have', discovery(135, '::', 'fd20::57', { code: 1 }), []],
    ['of a group', discovery(135, '::', 'ff02::1'), []],
    ['a router’s advertisement', discovery(134, 'fe80::57', 'fd20::57'), []],
  ])('%s', (_, frame, expected) => {
    expect(seen(frame, false)).toEqual(expected)
  })
  test('of this machine’s own claims nothing', () => {
    expect(seen(discovery(136, 'fe80::1', 'fd20::57'), true)).toEqual([])
  })
})

const samples = [
  buildFrame(four(bootp())),
  six(reply(...association(...addressOption('fd20::57', 3600)))),
  discovery(135, '::', 'fd20::57'),
]
const mutated = fc
  .tuple(
    fc.constantFrom(...samples),
    fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 6 }),
    fc.nat(400),
    fc.boolean(),
  )
  .map(([sample, changes, length, isCut]) => {
    const frame = Uint8Array.from(sample)
    for (const [at, value] of changes) if (at < frame.length) frame[at] = value
    return isCut ? frame.slice(0, length) : frame
  })
const hostile = fc.oneof(fc.uint8Array({ maxLength: 600 }), mutated, mutated)

/** The kernel's packet filter, as far as the program uses it. */
function passes(frame: Uint8Array): boolean {
  const program = wireFilter()
  const at = (place: number): number => {
    if (place >= frame.length) throw new RangeError('the kernel drops what ends before')
    return frame[place] as number
  }
  let [taken, length] = [0, 0]
  try {
    for (let next = 0; ; next++) {
      const [code, yes, no, value] = [
        program.readUInt16LE(next * 8),
        program[next * 8 + 2] as number,
        program[next * 8 + 3] as number,
        program.readUInt32LE(next * 8 + 4),
      ]
      if (code === 0x06) return value > 0
      if (code === 0x28) taken = at(value) * 256 + at(value + 1)
      else if (code === 0x30) taken = at(value)
      else if (code === 0xb1) length = (at(value) & 15) * 4
      else if (code === 0x48) taken = at(length + value) * 256 + at(length + value + 1)
      else if (code === 0x15) next += taken === value ? yes : no
      else if (code === 0x45) next += (taken & value) !== 0 ? yes : no
      else throw new Error(`no such instruction: ${code}`)
    }
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

describe('whatever bytes come', () => {
  test('nothing throws, no device gives addresses, and the kernel lets through all that says something', () => {
    let telling = 0
    fc.assert(
      fc.property(hostile, fc.boolean(), (frame, isOutgoing) => {
        const found = sightingsIn({ frame, isOutgoing }, isOurs)
        if (found.length > 0) telling += 1
        for (const { kind, address } of found) {
          if (!isOutgoing) expect(kind).not.toBe('given')
          expect(address).toMatch(/^(?:[0-9a-f]{8}|[0-9a-f]{32})$/)
        }
        if (found.length > 0) expect(passes(frame)).toBe(true)
      }),
      { numRuns: 4000 },
    )
    expect(telling).toBeGreaterThan(50)
  })
  test('a frame cut anywhere says nothing', () => {
    for (const [at, sample] of samples.entries()) {
      for (let length = 0; length < sample.length; length++)
        expect(seen(sample.slice(0, length), at < 2), `${at}, ${length}`).toEqual([])
    }
  })
  test('the filter lets other traffic pass by', () => {
    const udp = (ports: readonly [number, number]): Uint8Array => buildFrame(four(bootp(), { ports }))
    expect([udp([67, 68]), udp([68, 67])].map(passes)).toEqual([true, true])
    expect([udp([53, 68]), udp([67, 53]), udp([68, 68]), udp([443, 5000])].map(passes)).toEqual([
      false,
      false,
      false,
      false,
    ])
    expect([discovery(135, '::', 'fd20::57'), discovery(134, '::', 'fd20::57')].map(passes)).toEqual([
      true,
      false,
    ])
  })
})
