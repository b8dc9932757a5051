/**
 * Points 6 and 13 as decision tables: a name means the addresses this very device was told, for as long as it may use
 * them; and where that is not known the answer is "unknown, needs …", never a guess.
 */
import { describe, expect, test } from 'vitest'
import { allow, deny, device, list, profile } from '../author/index.ts'
import { decide, judges } from '../fixtures/flow.ts'
import { later, links, why, world } from '../fixtures/site.ts'

const sensor = profile('sensor', {
  why: 'Pushes readings',
  rules: {
    readings: allow.out({ to: 'api.volcano.example', service: 'https', why }),
    parts: allow.out({ to: '*.vendor.example', service: 'https', why }),
    calls: allow.in({ from: 'console.volcano.example', service: 'coap', why }),
  },
})
const devices = {
  'vent-01': sensor.device({ mac: links.vent1, ip: ['10.20.0.11', 'fd20::11'] }),
  'vent-02': sensor.device({ mac: links.vent2, ip: ['10.20.0.12', 'fd20::12'] }),
}
const vent = (rules: object) => ({
  'vent-01': device({ mac: links.vent1, ip: ['10.20.0.11', 'fd20::11'], rules } as never),
})
const api = { device: 'vent-01', name: 'api.volcano.example' }
const until = '2026-11-22T12:05:00Z'

describe('6. a name means what the device was told', () => {
  const names = [
    { ...api, addresses: ['203.0.113.10', '2001:db8::10'], until },
    { device: 'vent-01', name: 'cdn.eu.vendor.example', addresses: ['203.0.113.20'] },
    { device: 'vent-01', name: 'vendor.example', addresses: ['203.0.113.21'] },
    { device: 'vent-01', name: 'notvendor.example', addresses: ['203.0.113.22'] },
    { device: 'vent-01', name: 'console.volcano.example', addresses: ['203.0.113.30'] },
    { device: 'vent-02', name: 'api.volcano.example', addresses: ['203.0.113.11'] },
  ]
  const site = world({ devices }, { bindings: { names } })

  describe('this device, not its neighbour', () => {
    judges(site, [
      ['vent-01', '203.0.113.10 https', 'allow', 'sensor/readings'],
      ['vent-01', '2001:db8::10 https', 'allow', 'sensor/readings'],
      ['vent-01', '203.0.113.11 https', 'deny', 'default/deny'],
      ['vent-02', '203.0.113.11 https', 'allow', 'sensor/readings'],
      ['vent-01', '203.0.113.10 http', 'deny', 'default/deny'],
    ])
  })
  describe('a wildcard is everything below a name and not the name', () => {
    judges(site, [
      ['vent-01', '203.0.113.20 https', 'allow', 'sensor/parts'],
      ['vent-01', '203.0.113.21 https', 'deny', 'default/deny'],
      ['vent-01', '203.0.113.22 https', 'deny', 'default/deny'],
    ])
  })
  describe('on the opening side as well', () => {
    judges(site, [
      ['203.0.113.30', 'vent-01 coap', 'allow', 'sensor/calls'],
      ['203.0.113.31', 'vent-01 coap', 'deny', 'default/deny'],
      ['vent-01', '203.0.113.30 coap', 'deny', 'default/deny'],
    ])
  })
  describe('for as long as it may use the answer', () => {
    const other = [...names, { ...api, addresses: ['203.0.113.12'], until: '2026-11-22T12:10:00Z' }]
    const renewed = world({ devices }, { bindings: { names: other } })
    judges(later(renewed, '2026-11-22T12:04:59.999Z'), [
      ['vent-01', '203.0.113.10 https', 'allow', 'sensor/readings'],
      ['vent-01', '203.0.113.12 https', 'allow', 'sensor/readings'],
    ])
    judges(later(renewed, until), [
      ['vent-01', '203.0.113.10 https', 'deny', 'default/deny'],
      ['vent-01', '203.0.113.12 https', 'allow', 'sensor/readings'],
    ])
    // Once the last answer is gone, it is as if the device had never asked.
    judges(later(site, until), [['vent-01', '203.0.113.10 https', 'unknown', 'sensor/readings']])
  })
  describe('an answer that points inside (rebinding) opens nothing, and closes nothing', () => {
    const inward = ['10.30.0.5', '10.20.0.12', '10.20.0.1', '203.0.113.10']
    const told = world({ devices }, { bindings: { names: [{ ...api, addresses: inward }] } })
    judges(told, [
      ['vent-01', '203.0.113.10 https', 'allow', 'sensor/readings'],
      ['vent-01', '10.30.0.5 https', 'deny', 'default/deny'],
      ['vent-01', 'vent-02 https', 'deny', 'default/deny'],
      ['vent-01', 'gateway https', 'deny', 'default/deny'],
    ])
    // Not even while no answer is known: nothing local can be meant.
    judges(world({ devices }), [
      ['vent-01', '10.30.0.5 https', 'deny', 'default/deny'],
      ['vent-01', 'vent-02 https', 'deny', 'default/deny'],
    ])
  })
  describe('and the device may ask the gateway, where its rules speak of names', () => {
    const plain = device({ mac: links.camera, ip: '10.20.0.13' })
    judges(world({ devices: { ...devices, plain } }), [
      ['vent-01', 'gateway dns', 'allow', 'default/names'],
      ['vent-01', 'gateway ntp', 'deny', 'default/deny'],
      ['plain', 'gateway dns', 'deny', 'default/deny'],
    ])
  })
})

describe('13. what cannot be told is unknown, with what it needs', () => {
  const site = world({ devices })
  describe('before any answer', () => {
    judges(site, [
      ['vent-01', '203.0.113.10 https', 'unknown', 'sensor/parts'],
      ['203.0.113.30', 'vent-01 coap', 'unknown', 'sensor/calls'],
      // No answer would change these.
      ['vent-01', '203.0.113.10 http', 'deny', 'default/deny'],
      ['vent-01', 'gateway https', 'deny', 'default/deny'],
    ])
  })
  test.each([
    ['vent-01', '203.0.113.10 https', ['an answer for *.vendor.example told to vent-01']],
    ['203.0.113.30', 'vent-01 coap', ['an answer for console.volcano.example told to vent-01']],
    ['vent-01', '203.0.113.10 http', []],
  ])('%s → %s needs %j', (from, to, needs) => {
    expect(decide(site, from, to).needs).toEqual(needs)
  })

  test('an alternative that cannot match any more needs nothing', () => {
    const rules = {
      some: allow.out({
        to: [{ of: 'any', except: ['203.0.113.0/24', 'a.example'] }, 'b.example'],
        service: 'https',
        why,
      }),
    }
    const { needs } = decide(world({ devices: vent(rules) }), 'vent-01', '203.0.113.10 https')
    expect(needs).toEqual(['an answer for b.example told to vent-01'])
  })

  describe('an allow that cannot be told does not matter where another allows', () => {
    const rules = {
      backend: allow.out({ to: 'api.volcano.example', service: 'https', why }),
      whole: allow.out({ to: '203.0.113.0/24', service: 'https', why, expires: '2027-01-01' }),
    }
    judges(world({ devices: vent(rules) }), [
      ['vent-01', '203.0.113.10 https', 'allow', 'vent-01/whole'],
      ['vent-01', '198.51.100.7 https', 'unknown', 'vent-01/backend'],
    ])
  })

  describe('a deny that cannot be told holds, unless a stronger rule has spoken', () => {
    const rules = {
      open: allow.out({ to: 'any', service: 'any', why }),
      bad: deny.out({ to: 'telemetry.vendor.example', why }),
    }
    const names = [{ device: 'vent-01', name: 'telemetry.vendor.example', addresses: ['203.0.113.66'] }]
    judges(world({ devices: vent(rules) }), [['vent-01', '203.0.113.10 https', 'unknown', 'vent-01/bad']])
    judges(world({ devices: vent(rules) }, { bindings: { names } }), [
      ['vent-01', '203.0.113.66 https', 'deny', 'vent-01/bad'],
      ['vent-01', '203.0.113.10 https', 'allow', 'vent-01/open'],
    ])
    judges(world({ devices: vent(rules), quarantine: { 'vent-01': { why } } }), [
      ['vent-01', '203.0.113.10 https', 'deny', 'quarantine/vent-01'],
    ])
    const nobody = { bad: rules.bad }
    judges(world({ devices: vent(nobody) }), [['vent-01', '203.0.113.10 https', 'unknown', 'vent-01/bad']])
  })

  describe('an exception that cannot be told', () => {
    const rules = {
      rest: allow.out({ to: 'any', except: 'ads.vendor.example', service: 'https', why }),
      barred: deny.out({ to: '198.51.100.0/24', except: 'api.volcano.example', why }),
      ssh: allow.out({ to: 'any', service: 'ssh', why }),
    }
    const names = [
      { device: 'vent-01', name: 'ads.vendor.example', addresses: ['203.0.113.66'] },
      { device: 'vent-01', name: 'api.volcano.example', addresses: ['198.51.100.7'] },
    ]
    judges(world({ devices: vent(rules) }), [
      ['vent-01', '203.0.113.10 https', 'unknown', 'vent-01/rest'],
      ['vent-01', '198.51.100.7 ssh', 'unknown', 'vent-01/barred'],
      ['vent-01', '203.0.113.10 ssh', 'allow', 'vent-01/ssh'],
    ])
    judges(world({ devices: vent(rules) }, { bindings: { names } }), [
      ['vent-01', '203.0.113.66 https', 'deny', 'default/deny'],
      ['vent-01', '203.0.113.10 https', 'allow', 'vent-01/rest'],
      ['vent-01', '198.51.100.7 ssh', 'allow', 'vent-01/ssh'],
      ['vent-01', '198.51.100.8 ssh', 'deny', 'vent-01/barred'],
    ])
  })

  describe('names on lists are names', () => {
    const hosts = list('hosts', {
      why: 'Known',
      entries: {
        'api.volcano.example': { why: 'Ours', expires: '2026-12-01' },
        '198.51.100.7': { why: 'Ours' },
      },
    })
    const rules = { known: allow.out({ to: hosts, service: 'https', why }) }
    const names = [{ ...api, addresses: ['203.0.113.10'] }]
    judges(world({ devices: vent(rules) }), [
      ['vent-01', '203.0.113.10 https', 'unknown', 'vent-01/known'],
      ['vent-01', '198.51.100.7 https', 'allow', 'vent-01/known'],
    ])
    const told = world({ devices: vent(rules) }, { bindings: { names } })
    judges(told, [['vent-01', '203.0.113.10 https', 'allow', 'vent-01/known']])
    judges(later(told, '2026-12-01T00:00:00Z'), [
      ['vent-01', '203.0.113.10 https', 'deny', 'default/deny'],
      ['vent-01', '198.51.100.7 https', 'allow', 'vent-01/known'],
    ])
  })
})
