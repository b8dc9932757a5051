/** The closed list of requests: what is on it is read as it is, and nothing else is. */
import { describe, expect, test } from 'vitest'
import { Refused } from './checked.ts'
import { writeSteps } from './element-changes.ts'
import { readRequest } from './request.ts'

const change = {
  verb: 'add',
  family: 'inet',
  table: 'thingwall',
  set: 'class/4',
  elements: ['10.0.0.7 : 1:1'],
}
const log = {
  kind: 'packet-log',
  group: 5,
  copyBytes: 128,
  batch: 32,
  flushAfterMs: 100,
  receiveBufferBytes: 1 << 20,
}

describe('read', () => {
  test.each([
    [{ op: 'load' }],
    [{ op: 'check' }],
    [{ op: 'rules' }],
    [{ op: 'objects' }],
    [{ op: 'table', family: 'arp', table: 'thingwall' }],
    [{ op: 'fill', family: 'inet', table: 'thingwall', set: 'a/class/4', marker: 'a/digest/ab/1' }],
    [{ op: 'set', family: 'inet', table: 'filter', set: 'name/0/4' }],
    [{ op: 'timer', family: 'inet', table: 'thingwall', set: 'trial' }],
    [{ op: 'map', family: 'inet', table: 'thingwall', set: 'a/decide' }],
    [{ op: 'setting', setting: 'net/ipv4/ip_forward', value: 1 }],
    [{ op: 'socket', socket: log }],
    [{ op: 'socket', socket: { kind: 'flow-events', receiveBufferBytes: 4096 } }],
    [{ op: 'socket', socket: { kind: 'address-frames', interfaceIndex: 7, receiveBufferBytes: 4096 } }],
  ])('%j', (request) => {
    expect(readRequest(request)).toEqual(request)
  })

  test('changes of elements become steps, and these commands of nft', () => {
    const renewed = {
      ...change,
      verb: 'renew',
      set: 'bound/things/4',
      elements: ['02:00:00:00:00:01 . 10.0.0.7 timeout 5m'],
    }
    const gone = { ...change, verb: 'delete', elements: ['10.0.0.7', '10.0.0.8'] }
    const request = readRequest({ op: 'elements', changes: [change, renewed, gone] })
    const steps = request.op === 'elements' ? request.steps : []
    expect(steps.map(({ verb, set, elements }) => `${verb} ${set} ${elements}`)).toEqual([
      'add class/4 10.0.0.7 : 1:1',
      'add bound/things/4 02:00:00:00:00:01 . 10.0.0.7 timeout 5m',
      'delete bound/things/4 02:00:00:00:00:01 . 10.0.0.7',
      'add bound/things/4 02:00:00:00:00:01 . 10.0.0.7 timeout 5m',
      'delete class/4 10.0.0.7, 10.0.0.8',
    ])
    expect(writeSteps(steps)).toBe(
      [
        'add element inet thingwall class/4 { 10.0.0.7 : 1:1 }\n',
        'add element inet thingwall bound/things/4 { 02:00:00:00:00:01 . 10.0.0.7 timeout 5m }\n',
        'delete element inet thingwall bound/things/4 { 02:00:00:00:00:01 . 10.0.0.7 }\n',
        'add element inet thingwall bound/things/4 { 02:00:00:00:00:01 . 10.0.0.7 timeout 5m }\n',
        'delete element inet thingwall class/4 { 10.0.0.7, 10.0.0.8 }\n',
      ].join(''),
    )
  })

  test.each([
    ['10.0.0.7', '10.0.0.7'],
    ['10.0.0.7 timeout 1d2h', '10.0.0.7'],
    ['10.0.0.7 : 1:1', '10.0.0.7'],
    ['10.0.0.7 timeout 5m : 1:1', '10.0.0.7'],
    ['02:00:00:00:00:01 . fd20::7 timeout 5m', '02:00:00:00:00:01 . fd20::7'],
    ['fe80::1 . 2001:db8::9', 'fe80::1 . 2001:db8::9'],
    ['::', '::'],
  ])('the key of %j is %j', (element, key) => {
    const read = readRequest({ op: 'elements', changes: [{ ...change, verb: 'renew', elements: [element] }] })
    expect(read).toMatchObject({
      steps: [{ verb: 'add' }, { verb: 'delete', elements: key }, { verb: 'add' }],
    })
  })
})

describe('refused', () => {
  const elements = (...list: unknown[]): object => ({
    op: 'elements',
    changes: [{ ...change, elements: list }],
  })
  test.each([
    [null],
    ['load'],
    [[]],
    [{}],
    [{ op: 'run', command: 'flush ruleset' }],
    [{ op: '__proto__' }],
    [{ op: 'load', file: '/etc/shadow' }],
    [{ op: 'table', family: 'inet', table: 'a; flush ruleset' }],
    [{ op: 'table', family: 'inet', table: 'a b' }],
    [{ op: 'table', family: 'inet', table: 'a\nflush ruleset' }],
    [{ op: 'table', family: 'unix', table: 'a' }],
    [{ op: 'table', family: 'inet' }],
    [{ op: 'set', family: 'inet', table: 'thingwall', set: '"x"' }],
    [{ op: 'fill', family: 'inet', table: 'filter', set: 'class/4', marker: 'a' }],
    [{ op: 'fill', family: 'inet', table: 'thingwall', set: 'class/4' }],
    [{ op: 'fill', family: 'inet', table: 'thingwall', set: 'class/4', marker: 'a }' }],
    [{ op: 'elements', changes: [] }],
    [{ op: 'elements', changes: 'add element' }],
    [{ op: 'elements', changes: [{ ...change, verb: 'flush' }] }],
    [{ op: 'elements', changes: [{ ...change, table: 'filter' }] }],
    [{ op: 'elements', changes: [{ ...change, more: 1 }] }],
    [elements()],
    [elements(7)],
    [elements('')],
    [elements('10.0.0.7 }\nflush ruleset\n')],
    [elements('10.0.0.7, 10.0.0.8')],
    [elements('10.0.0.7 } ; flush ruleset')],
    [elements('"a"')],
    [elements('@other')],
    [elements('$x')],
    [elements('10.0.0.7 comment "x"')],
    [elements('1'.repeat(300))],
    [elements(...Array.from({ length: 100_001 }, () => '10.0.0.7'))],
    [{ op: 'setting', setting: 'kernel/core_pattern', value: 1 }],
    [{ op: 'setting', setting: '../kernel/core_pattern', value: 1 }],
    [{ op: 'setting', setting: 'toString', value: 1 }],
    [{ op: 'setting', setting: 'net/ipv4/ip_forward', value: 2 }],
    [{ op: 'setting', setting: 'net/ipv4/ip_forward', value: '1' }],
    [{ op: 'setting', setting: 'net/netfilter/nf_conntrack_max', value: 1e12 }],
    [{ op: 'socket', socket: { kind: 'raw', receiveBufferBytes: 4096 } }],
    [{ op: 'socket', socket: { ...log, group: 65_536 } }],
    [{ op: 'socket', socket: { ...log, copyBytes: 1.5 } }],
    [{ op: 'socket', socket: { kind: 'flow-events', receiveBufferBytes: 2 ** 40 } }],
    // 0 would be every interface.
    [{ op: 'socket', socket: { kind: 'address-frames', interfaceIndex: 0, receiveBufferBytes: 4096 } }],
    [{ op: 'socket', socket: { kind: 'address-frames', interface: 'wan0', receiveBufferBytes: 4096 } }],
  ])('%j', (request) => {
    expect(() => readRequest(request)).toThrow(Refused)
  })

  test('what was sent is not repeated', () => {
    expect(() => readRequest({ op: 'SECRET', x: 'SECRET' })).toThrow(/^(?!.*SECRET)/)
  })
})
