/** Whether one rule covers another: yes only where it is certain. */
import { describe, expect, test } from 'vitest'
import { type Address, type Interval, parsePrefix } from '../model/address.ts'
import type { Atom, Endpoint, Match, Ruleset } from '../model/ruleset.ts'
import { parseService } from '../model/service.ts'
import { coversHours, coversMatch, outlasts } from './cover.ts'

const devices = [0, 1, 2].map((at) => ({ name: `d${at}`, network: at < 2 ? 'things' : 'lab' }))
const ruleset = {
  devices,
  groups: [
    { label: 'all', devices: [0, 1, 2] },
    { label: 'things', devices: [0, 1] },
    { label: 'd2', devices: [2] },
  ],
  networkByName: new Map([['things', { addresses: [interval('10.20.0.0/24')] }]]),
} as unknown as Ruleset

function interval(text: string): Interval {
  const read = parsePrefix(text)
  return typeof read === 'string' ? { first: '' as Address, last: '' as Address } : read
}

const any: Atom = { kind: 'any' }
const gateway: Atom = { kind: 'gateway' }
const group = (at: number): Atom => ({ kind: 'group', group: at })
const net = (name: string): Atom => ({ kind: 'network', name })
const host = (text: string): Atom => ({ kind: 'addresses', set: [interval(text)] })
const named = (pattern: string): Atom => ({ kind: 'name', pattern })

function to(
  include: readonly Atom[],
  except: readonly Atom[] = [],
  services: readonly string[] = ['any'],
): Match {
  const from: Endpoint = { include: [any], except: [] }
  const read = services.flatMap((text) => {
    const service = parseService(text)
    return typeof service === 'string' ? [] : service
  })
  return { from, to: { include, except }, services: read, startsAt: null, endsAt: null }
}

describe('ends', () => {
  test.each([
    [to([any]), to([host('192.0.2.7')]), true],
    [to([any]), to([group(0)]), true],
    [to([any]), to([gateway]), false],
    [to([gateway]), to([gateway]), true],
    [to([group(0)]), to([group(1)]), true],
    [to([group(1)]), to([group(0)]), false],
    [to([net('things')]), to([group(1)]), true],
    [to([net('things')]), to([group(2)]), false],
    [to([net('things')]), to([host('10.20.0.7')]), true],
    [to([net('things')]), to([host('10.21.0.7')]), false],
    [to([host('10.0.0.0/8')]), to([host('10.20.0.0/16')]), true],
    [to([host('10.20.0.0/16')]), to([host('10.0.0.0/8')]), false],
    [to([named('*.a.example')]), to([named('x.a.example')]), true],
    [to([named('x.a.example')]), to([named('*.a.example')]), false],
    [to([host('10.0.0.0/8')]), to([host('10.1.0.0/16'), named('a.example')]), false],
    [to([any], [host('10.20.0.7')]), to([host('10.20.0.7')]), false],
    [to([any], [host('10.20.0.7')]), to([host('10.20.0.8')]), true],
    [to([any], [host('10.20.0.7')]), to([any], [host('10.20.0.0/24')]), true],
    [to([any], [group(2)]), to([group(1)]), true],
    [to([any], [group(2)]), to([group(0)]), false],
  ])('%#', (outer, inner, covers) => {
    expect(coversMatch(outer, inner, ruleset)).toBe(covers)
  })
})

describe('services', () => {
  test.each([
    [['any'], ['https'], true],
    [['https'], ['any'], false],
    [['1-100/tcp', '101-200/tcp'], ['50-150/tcp'], true],
    [['1-100/tcp', '102-200/tcp'], ['50-150/tcp'], false],
    [['443/tcp'], ['443/udp'], false],
    [['dns'], ['53/udp'], true],
    [['53/udp'], ['dns'], false],
    [['ping'], ['icmp/8'], true],
    [['protocol/47'], ['protocol/50'], false],
  ] as const)('%j covers %j: %s', (outer, inner, covers) => {
    expect(coversMatch(to([any], [], outer), to([any], [], inner), ruleset)).toBe(covers)
  })
})

test('times', () => {
  expect(outlasts(null, 5)).toBe(true)
  expect(outlasts(5, null)).toBe(false)
  expect(outlasts(5, 5)).toBe(true)
  expect(outlasts(4, 5)).toBe(false)
  expect(coversHours(null, null)).toBe(true)
  expect(coversHours([[0, 60]], null)).toBe(false)
  expect(coversHours([[0, 7 * 1440]], null)).toBe(true)
  expect(coversHours([[0, 60]], [[10, 20]])).toBe(true)
  expect(coversHours([[0, 60]], [[10, 70]])).toBe(false)
})
