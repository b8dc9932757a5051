/**
 * Point 5 as decision tables: an allow ends with its date, a deny does not unless it says so, list entries alike;
 * hours and days are in UTC and run over midnight and over the edge of the week.
 */
import { describe, expect, test } from 'vitest'
import { allow, deny, device, list, profile } from '../author/index.ts'
import { decide, judges } from '../fixtures/flow.ts'
import { later, links, why, world } from '../fixtures/site.ts'

const vent = { mac: links.vent1, ip: ['10.20.0.11', 'fd20::11'] }
const peer = '198.51.100.7'

/** A world in which the one device has these rules. */
const withRules = (rules: object) => world({ devices: { 'vent-01': device({ ...vent, rules } as never) } })

describe('5. an allow ends with its date', () => {
  const site = withRules({
    trial: allow.out({ to: peer, service: 'https', why, expires: '2026-12-01' }),
    hour: allow.out({ to: peer, service: 'ssh', why, expires: '2026-12-01T18:30:00Z' }),
  })
  describe('until its last second', () => {
    judges(later(site, '2026-11-30T23:59:59.999Z'), [
      ['vent-01', `${peer} https`, 'allow', 'vent-01/trial'],
      ['vent-01', `${peer} ssh`, 'allow', 'vent-01/hour'],
    ])
  })
  describe('and from that second on permits nothing', () => {
    judges(later(site, '2026-12-01T00:00:00Z'), [
      ['vent-01', `${peer} https`, 'deny', 'default/deny'],
      ['vent-01', `${peer} ssh`, 'allow', 'vent-01/hour'],
    ])
    judges(later(site, '2026-12-01T18:29:59Z'), [['vent-01', `${peer} ssh`, 'allow', 'vent-01/hour']])
    judges(later(site, '2026-12-01T18:30:00Z'), [['vent-01', `${peer} ssh`, 'deny', 'default/deny']])
  })
})

describe('5. a deny stays: forgetting must never open', () => {
  const rules = {
    open: allow.out({ to: 'any', service: 'any', why }),
    stays: deny.out({ to: '198.51.100.7', why, expires: '2026-12-01' }),
    lifts: deny.out({ to: '198.51.100.8', why, expires: '2026-12-01', onExpiry: 'lift' }),
  }
  const quarantine = {
    'vent-02': { why: 'Scans', expires: '2026-12-01' },
    'vent-03': { why: 'Scans', expires: '2026-12-01', onExpiry: 'lift' },
  }
  const kind = profile('sensor', { why, rules })
  const devices = {
    'vent-01': kind.device(vent),
    'vent-02': kind.device({ mac: links.vent2, ip: '10.20.0.12' }),
    'vent-03': kind.device({ mac: links.camera, ip: '10.20.0.13' }),
  }
  const site = world({ devices, quarantine })
  describe('before its date', () => {
    judges(site, [
      ['vent-01', '198.51.100.7 https', 'deny', 'sensor/stays'],
      ['vent-01', '198.51.100.8 https', 'deny', 'sensor/lifts'],
      ['vent-02', '198.51.100.9 https', 'deny', 'quarantine/vent-02'],
      ['vent-03', '198.51.100.9 https', 'deny', 'quarantine/vent-03'],
    ])
  })
  describe('after it', () => {
    judges(later(site, '2031-01-01T00:00:00Z'), [
      ['vent-01', '198.51.100.7 https', 'deny', 'sensor/stays'],
      ['vent-01', '198.51.100.8 https', 'allow', 'sensor/open'],
      ['vent-02', '198.51.100.9 https', 'deny', 'quarantine/vent-02'],
      ['vent-03', '198.51.100.9 https', 'allow', 'sensor/open'],
    ])
  })
})

describe('5. entries of a list end one by one', () => {
  const entries = {
    '198.51.100.7': { why: 'Dated', expires: '2026-12-01' },
    '198.51.100.8': { why: 'Dated, lifts', expires: '2026-12-01', onExpiry: 'lift' },
    '198.51.100.9': { why: 'For good' },
  } as const
  const hosts = list('hosts', { why: 'Known', entries })
  const before = '2026-11-30T23:59:59Z'
  const after = '2026-12-01T00:00:00Z'

  describe('of an allow: what is dated is gone', () => {
    const site = withRules({ some: allow.out({ to: hosts, service: 'https', why }) })
    judges(later(site, before), [
      ['vent-01', '198.51.100.7 https', 'allow', 'vent-01/some'],
      ['vent-01', '198.51.100.8 https', 'allow', 'vent-01/some'],
    ])
    judges(later(site, after), [
      ['vent-01', '198.51.100.7 https', 'deny', 'default/deny'],
      ['vent-01', '198.51.100.8 https', 'deny', 'default/deny'],
      ['vent-01', '198.51.100.9 https', 'allow', 'vent-01/some'],
    ])
  })
  describe('of a deny: only what lifts is gone', () => {
    const site = withRules({
      some: deny.out({ to: hosts, why }),
      open: allow.out({ to: 'any', service: 'any', why }),
    })
    judges(later(site, after), [
      ['vent-01', '198.51.100.7 https', 'deny', 'vent-01/some'],
      ['vent-01', '198.51.100.8 https', 'allow', 'vent-01/open'],
      ['vent-01', '198.51.100.9 https', 'deny', 'vent-01/some'],
    ])
  })
  describe('left out of an allow: they stay left out, but for what lifts', () => {
    const site = withRules({ rest: allow.out({ to: 'any', except: hosts, service: 'https', why }) })
    judges(later(site, before), [
      ['vent-01', '198.51.100.7 https', 'deny', 'default/deny'],
      ['vent-01', '198.51.100.8 https', 'deny', 'default/deny'],
    ])
    judges(later(site, after), [
      ['vent-01', '198.51.100.7 https', 'deny', 'default/deny'],
      ['vent-01', '198.51.100.8 https', 'allow', 'vent-01/rest'],
      ['vent-01', '198.51.100.9 https', 'deny', 'default/deny'],
      ['vent-01', '198.51.100.10 https', 'allow', 'vent-01/rest'],
    ])
  })
  describe('left out of a deny: what is dated is denied from that second on', () => {
    const site = withRules({
      rest: deny.out({ to: 'any', except: hosts, why }),
      open: allow.out({ to: 'any', service: 'any', why }),
    })
    judges(later(site, before), [
      ['vent-01', '198.51.100.7 https', 'allow', 'vent-01/open'],
      ['vent-01', '198.51.100.8 https', 'allow', 'vent-01/open'],
      ['vent-01', '198.51.100.10 https', 'deny', 'vent-01/rest'],
    ])
    judges(later(site, after), [
      ['vent-01', '198.51.100.7 https', 'deny', 'vent-01/rest'],
      // To lift is to forget a refusal sooner; it keeps no permission.
      ['vent-01', '198.51.100.8 https', 'deny', 'vent-01/rest'],
      ['vent-01', '198.51.100.9 https', 'allow', 'vent-01/open'],
    ])
  })
  describe('left out of a deny of addresses, by a list that ends as a whole', () => {
    const dated = list('dated', { why: 'Known', expires: '2026-12-01', entries })
    const site = withRules({
      rest: deny.out({ to: '198.51.100.0/24', except: dated, why }),
      open: allow.out({ to: 'any', service: 'any', why }),
    })
    judges(later(site, before), [['vent-01', '198.51.100.9 https', 'allow', 'vent-01/open']])
    judges(later(site, after), [
      ['vent-01', '198.51.100.9 https', 'deny', 'vent-01/rest'],
      ['vent-01', '203.0.113.9 https', 'allow', 'vent-01/open'],
    ])
  })
  describe('left out more than once: as long as the last of them stands', () => {
    const others = list('others', {
      why: 'Known',
      entries: { '198.51.100.0/28': { why: 'All of them', expires: '2026-12-24' } },
    })
    const site = withRules({
      rest: deny.out({ to: 'any', except: [hosts, others, '198.51.100.8'], why }),
      open: allow.out({ to: 'any', service: 'any', why }),
    })
    judges(later(site, after), [['vent-01', '198.51.100.7 https', 'allow', 'vent-01/open']])
    judges(later(site, '2026-12-24T00:00:00Z'), [
      ['vent-01', '198.51.100.7 https', 'deny', 'vent-01/rest'],
      ['vent-01', '198.51.100.8 https', 'allow', 'vent-01/open'],
      ['vent-01', '198.51.100.9 https', 'allow', 'vent-01/open'],
    ])
  })
  describe('left out at both ends: each by its own date', () => {
    const vents = list('vents', {
      why: 'Known',
      entries: { '10.20.0.0/27': { why: 'The rim', expires: '2026-12-24' } },
    })
    const site = world({
      devices: { 'vent-01': device(vent) },
      rules: {
        wall: deny.out({
          who: { of: 'any', except: vents },
          to: { of: 'any', except: hosts },
          why,
        } as never),
        open: allow.out({ who: 'vent-01', to: 'any', service: 'any', why }),
      },
    })
    judges(later(site, before), [['vent-01', '198.51.100.10 https', 'allow', 'open']])
    judges(later(site, '2026-12-23T23:59:59Z'), [['vent-01', '198.51.100.7 https', 'allow', 'open']])
    judges(later(site, '2026-12-24T00:00:00Z'), [
      ['vent-01', '198.51.100.7 https', 'deny', 'wall'],
      ['vent-01', '198.51.100.9 https', 'allow', 'open'],
      ['vent-01', '198.51.100.10 https', 'deny', 'wall'],
    ])
  })
  describe('left out of a deny that ends before: nothing comes back', () => {
    const site = withRules({
      rest: deny.out({ to: 'any', except: hosts, why, expires: '2026-11-25', onExpiry: 'lift' }),
      open: allow.out({ to: 'any', service: 'any', why }),
    })
    judges(later(site, after), [
      ['vent-01', '198.51.100.7 https', 'allow', 'vent-01/open'],
      ['vent-01', '198.51.100.10 https', 'allow', 'vent-01/open'],
    ])
  })
  describe('under a rule that ends itself: whichever is first', () => {
    const site = withRules({ some: allow.out({ to: hosts, service: 'https', why, expires: '2026-12-24' }) })
    judges(later(site, '2026-12-23T23:59:59Z'), [
      ['vent-01', '198.51.100.7 https', 'deny', 'default/deny'],
      ['vent-01', '198.51.100.9 https', 'allow', 'vent-01/some'],
    ])
    judges(later(site, '2026-12-24T00:00:00Z'), [['vent-01', '198.51.100.9 https', 'deny', 'default/deny']])
  })
})

/** 2026-11-16 is a Monday. */
const hours: readonly [when: object, inside: readonly string[], outside: readonly string[]][] = [
  [
    { hours: '08:00-18:30' },
    ['2026-11-16T08:00:00Z', '2026-11-22T18:29:59.999Z', '1970-01-01T12:00:00Z', '2028-02-29T09:00:00Z'],
    ['2026-11-16T07:59:59.999Z', '2026-11-16T18:30:00Z', '2026-11-16T23:00:00Z'],
  ],
  [
    { hours: '22:00-06:00' },
    ['2026-11-16T22:00:00Z', '2026-11-16T05:59:59Z', '2026-11-16T00:00:00Z', '2026-11-22T23:59:59Z'],
    ['2026-11-16T06:00:00Z', '2026-11-16T21:59:59Z'],
  ],
  [
    // Hours that wrap belong to the day they begin on: Saturday's run into Sunday.
    { days: ['sat'], hours: '22:00-06:00' },
    ['2026-11-21T22:00:00Z', '2026-11-22T05:59:59Z'],
    ['2026-11-21T05:00:00Z', '2026-11-20T23:00:00Z', '2026-11-22T06:00:00Z', '2026-11-22T23:00:00Z'],
  ],
  [
    // And Sunday's over the edge of the week into Monday.
    { days: ['sun'], hours: '22:00-06:00' },
    ['2026-11-22T22:00:00Z', '2026-11-22T23:59:59Z', '2026-11-23T00:00:00Z', '2026-11-23T05:59:59Z'],
    ['2026-11-23T06:00:00Z', '2026-11-22T05:00:00Z', '2026-11-23T22:00:00Z'],
  ],
  [
    { days: ['mon', 'sun'] },
    ['2026-11-16T00:00:00Z', '2026-11-16T23:59:59Z', '2026-11-22T00:00:00Z', '2026-11-22T23:59:59Z'],
    ['2026-11-17T00:00:00Z', '2026-11-21T23:59:59Z'],
  ],
  [{ days: ['thu'], hours: '00:00-24:00' }, ['1970-01-01T00:00:00Z'], ['1970-01-02T00:00:00Z']],
]

describe.each(hours)('5. when %j', (when, inside, outside) => {
  const site = withRules({
    awake: allow.out({ to: '198.51.100.7', service: 'https', why, when } as never),
    resting: deny.out({ to: '198.51.100.8', why, when } as never),
    open: allow.out({ to: '198.51.100.8', service: 'https', why }),
  })
  const at = (instant: string) => [
    decide(later(site, instant), 'vent-01', '198.51.100.7 https').rule.id,
    decide(later(site, instant), 'vent-01', '198.51.100.8 https').rule.id,
  ]
  test.each(inside)('%s is within', (instant) => {
    expect(at(instant)).toEqual(['vent-01/awake', 'vent-01/resting'])
  })
  test.each(outside)('%s is not', (instant) => {
    expect(at(instant)).toEqual(['default/deny', 'vent-01/open'])
  })
})
