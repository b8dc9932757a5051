/** Bindings as they come from a file: what is read, and that a file with any fault is refused whole. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { device } from '../author/index.ts'
import { links, lowered, siteOf } from '../fixtures/site.ts'
import { parseAddress } from '../model/address.ts'
import { readBindings } from './bindings.ts'

const ruleset = lowered(
  siteOf({
    devices: {
      'vent-01': device({ mac: links.vent1, ip: '10.20.0.11' }),
      'vent-02': device({ mac: links.vent2, network: 'things' }),
    },
  }),
)
const until = '2026-11-22T18:00:00Z'
const told = { device: 'vent-01', name: 'api.volcano.example', addresses: ['203.0.113.10'] }

describe('what is read', () => {
  test('nothing given, nothing told', () => {
    const [bindings, faults] = readBindings({ format: 1 }, ruleset)
    expect(faults).toEqual([])
    expect([bindings?.owners.size, bindings?.names.size, bindings?.gateway.size]).toEqual([0, 0, 0])
  })
  test('addresses, answers and the gateway, in either family; without an end for as long as they stand', () => {
    const [bindings] = readBindings(
      {
        format: 1,
        addresses: [
          { device: 'vent-02', address: '10.20.0.57', until },
          { device: 'vent-02', address: 'FD20::57', until: null },
        ],
        names: [told, { ...told, addresses: ['2001:db8::10'], until }],
        gateway: ['192.0.2.7'],
      },
      ruleset,
    )
    const at = (text: string) => bindings?.owners.get(parseAddress(text) as never)
    expect(at('10.20.0.57')).toEqual({ device: 'vent-02', until: Date.parse(until) })
    expect(at('fd20::57')).toEqual({ device: 'vent-02', until: Number.POSITIVE_INFINITY })
    expect(bindings?.names.get('vent-01')?.get('api.volcano.example')).toEqual([
      { address: parseAddress('203.0.113.10'), until: Number.POSITIVE_INFINITY },
      { address: parseAddress('2001:db8::10'), until: Date.parse(until) },
    ])
    expect([...(bindings?.gateway ?? [])]).toEqual([parseAddress('192.0.2.7')])
  })
  test('names as they are spelt anywhere are one name', () => {
    const [bindings] = readBindings(
      { format: 1, names: [{ ...told, name: 'API.Volcano.example.' }] },
      ruleset,
    )
    expect([...(bindings?.names.get('vent-01')?.keys() ?? [])]).toEqual(['api.volcano.example'])
  })
})

describe('what is refused, whole', () => {
  test.each<readonly [string, unknown, string]>([
    ['no object', [], ''],
    ['nothing', null, ''],
    ['another format', { format: 2 }, ''],
    ['an unknown part', { format: 1, adresses: [] }, 'adresses'],
    ['no list', { format: 1, addresses: {} }, 'addresses'],
    ['an entry that is none', { format: 1, names: ['x'] }, 'names[0]'],
    [
      'an unknown device',
      { format: 1, addresses: [{ device: 'vent-2', address: '10.20.0.57' }] },
      'addresses[0].device',
    ],
    [
      'an address of everyone',
      { format: 1, addresses: [{ device: '*', address: '10.20.0.57' }] },
      'addresses[0].device',
    ],
    [
      'no address',
      { format: 1, addresses: [{ device: 'vent-02', address: '10.20.0.057' }] },
      'addresses[0].address',
    ],
    [
      'a prefix',
      { format: 1, addresses: [{ device: 'vent-02', address: '10.20.0.0/24' }] },
      'addresses[0].address',
    ],
    [
      'a mapped answer',
      { format: 1, names: [{ ...told, addresses: ['::ffff:203.0.113.10'] }] },
      'names[0].addresses',
    ],
    ['an answer to a wildcard', { format: 1, names: [{ ...told, name: '*.example' }] }, 'names[0].name'],
    ['an answer to no name', { format: 1, names: [{ ...told, name: 'a b' }] }, 'names[0].name'],
    [
      'answers that are no list',
      { format: 1, names: [{ ...told, addresses: '203.0.113.10' }] },
      'names[0].addresses',
    ],
    ['no instant', { format: 1, names: [{ ...told, until: 'tomorrow' }] }, 'names[0].until'],
    ['an instant as a number', { format: 1, names: [{ ...told, until: 1 }] }, 'names[0].until'],
    ['no address of the gateway', { format: 1, gateway: ['gateway'] }, 'gateway'],
    [
      'a device called as objects are born',
      { format: 1, names: [{ ...told, device: 'constructor' }] },
      'names[0].device',
    ],
  ])('%s', (_, input, path) => {
    const [bindings, faults] = readBindings(input, ruleset)
    expect(bindings).toBeNull()
    expect(faults.map((fault) => [fault.code, fault.path])).toEqual([['TW1024', path]])
    expect(faults[0]?.hint).not.toBe('')
  })

  test('with what was probably meant', () => {
    const [, faults] = readBindings(
      { format: 1, addresses: [{ device: 'vent-O1', address: '10.20.0.57' }] },
      ruleset,
    )
    expect(faults[0]?.hint).toMatch(/^Did you mean vent-0[12]\?$/)
  })
  test('all faults at once, and none repeats a control character', () => {
    const hostile = `\u001b]0;x\u0007${'x'.repeat(10_000)}`
    const [, faults] = readBindings(
      { format: 1, addresses: [{ device: hostile, address: hostile, until: hostile }], gateway: [hostile] },
      ruleset,
    )
    expect(faults.length).toBe(4)
    for (const { value } of faults) {
      expect(value).toMatch(/^\\u\{1b\}/)
      expect(value?.length).toBeLessThan(200)
    }
  })
  test('never throws, whatever JSON says', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (addresses, names, gateway) => {
        const [bindings, faults] = readBindings({ format: 1, addresses, names, gateway } as never, ruleset)
        expect(bindings === null).toBe(faults.length > 0)
      }),
      { numRuns: 300 },
    )
  })
})
