/**
 * Every check: what it must find, and the neighbour it must leave alone. Told as policies. More than 300 lines,
 * because all checks are tried on one sound site, with one thing changed at a time.
 */
import { describe, expect, test } from 'vitest'
import {
  allow,
  type Code,
  check,
  deny,
  device,
  test as flow,
  hasErrors,
  list,
  lower,
  network,
  type PolicyDocument,
  policy,
  profile,
  validate,
} from '../index.ts'

const NOW = Date.parse('2026-11-22T12:00:00Z')
const owner = 'geo@volcano.example'
const why = 'Readings, once a minute'

const networks = {
  things: network({
    role: 'things',
    interface: 'wlan0',
    cidrs: ['10.20.0.0/24', 'fd20::/64'],
    isolation: 'access-point',
  }),
  station: network({ role: 'trusted', interface: 'lan0', cidrs: ['10.30.0.0/24', 'fd30::/64'] }),
  uplink: network({ role: 'uplink', interface: 'wan0', masquerade: true }),
}
const clock = allow.out({ to: 'gateway', service: 'ntp', why: 'TLS needs the time' })
const mac = '24:6f:28:aa:00:01'

type Parts = Partial<Parameters<typeof policy>[1]>

/** A policy of one sound device on sound networks, with something changed. */
function site(parts: Parts): PolicyDocument {
  const vent = device({ mac, ip: '10.20.0.11', why: 'On the rim', rules: { clock } })
  return policy('mauna-loa', { owner, networks, devices: { vent }, ...parts } as never)
}

/** A device with these rules beside its clock. */
function withRules(rules: Record<string, unknown>): PolicyDocument {
  return site({
    devices: { vent: device({ mac, ip: '10.20.0.11', rules: { clock, ...rules } as never }) } as never,
  })
}

/** The paths at which a code is told. */
function found(document: PolicyDocument, code: Code): readonly string[] {
  return told(document).flatMap((one) => (one.code === code ? [one.path] : []))
}

function told(input: PolicyDocument): ReturnType<typeof check> {
  const [document, faults] = validate(JSON.parse(JSON.stringify(input)))
  expect(faults).toEqual([])
  const [ruleset, unresolved] = lower(document as PolicyDocument)
  expect(unresolved).toEqual([])
  return check(document as PolicyDocument, ruleset as NonNullable<typeof ruleset>, { at: NOW })
}

const rule = (more: object): ReturnType<typeof allow.out> =>
  allow.out({ to: '192.0.2.7', service: 'https', why, ...more })

test('a sound policy is told nothing', () => {
  expect(told(site({}))).toEqual([])
})

describe('TW2001 a reason that says nothing', () => {
  test.each(['todo', 'TODO!', 'n/a', '...', 'api'])('%s', (text) => {
    expect(found(withRules({ api: rule({ why: text }) }), 'TW2001')).toEqual(['devices.vent.rules.api.why'])
  })
  test.each(['TLS needs the time', 'todo list of the observatory', 'API'.repeat(2)])('not: %s', (text) => {
    expect(found(withRules({ api: rule({ why: text }) }), 'TW2001')).toEqual([])
  })
})

describe('TW2002 it ended on its date', () => {
  test('an allow past its date', () => {
    expect(found(withRules({ api: rule({ expires: '2026-11-22' }) }), 'TW2002')).toHaveLength(1)
  })
  test('not: one that ends tomorrow, and a deny that stays', () => {
    const stays = deny.out({ to: '192.0.2.9', why, expires: '2026-01-01' })
    expect(found(withRules({ api: rule({ expires: '2026-11-23' }), stays }), 'TW2002')).toEqual([])
  })
})

describe('TW2003 its date has passed and it stays in force', () => {
  const hosts = (onExpiry: 'stay' | 'lift'): PolicyDocument =>
    site({
      lists: [
        list('bots', { why, entries: { '198.51.100.7': { why, expires: '2026-01-01', onExpiry } } }),
      ] as never,
    })
  test('a list entry', () => {
    expect(found(hosts('stay'), 'TW2003')).toEqual(['lists.bots.entries["198.51.100.7"].expires'])
  })
  test('not: one that lifts, which has ended', () => {
    expect(found(hosts('lift'), 'TW2003')).toEqual([])
    expect(found(hosts('lift'), 'TW2002')).toHaveLength(1)
  })
  const dated = list('dated', { why, entries: { '198.51.100.7': { why, expires: '2026-01-01' } } })
  const path = 'lists.dated.entries["198.51.100.7"].expires'
  test.each<readonly [use: string, rules: object, code: Code, says: RegExp]>([
    ['an allow', { a: rule({ to: dated }) }, 'TW2002', /ended with 2026-01-01: it does nothing any more/],
    [
      'an exception from a deny',
      { a: deny.out({ to: 'any', except: dated, why }) },
      'TW2002',
      /ended with 2026-01-01: what it left out of a deny is denied/,
    ],
    ['a deny', { a: deny.out({ to: dated, why }) }, 'TW2003', /; it stays in force$/],
    [
      'an exception from an allow',
      { a: rule({ to: '198.51.100.0/24', except: dated }) },
      'TW2003',
      /; it stays in force$/,
    ],
    [
      'an allow and a deny',
      { a: rule({ to: dated }), b: deny.in({ from: dated, why }) },
      'TW2003',
      /; what it allows has ended, what it denies stays in force$/,
    ],
  ])('an entry used by %s', (_, rules, code, says) => {
    const findings = told(withRules(rules as never)).filter((one) => one.path === path)
    expect(findings.map((one) => one.code)).toEqual([code])
    expect(findings[0]?.message).toMatch(says)
  })
  test('a deny and a quarantine', () => {
    const document = {
      ...withRules({ no: deny.out({ to: '192.0.2.9', why, expires: '2026-01-01' }) }),
    }
    expect(found(document, 'TW2003')).toEqual(['devices.vent.rules.no.expires'])
    const held = site({ quarantine: { vent: { why, expires: '2026-01-01' } } as never })
    expect(found(held, 'TW2003')).toEqual(['quarantine.vent.expires'])
  })
})

describe('TW2017 an administrator by address alone', () => {
  const desk = { mac: '24:6f:28:aa:00:05', ip: ['10.30.0.5', 'fd30::5'] }
  const on = (role: 'trusted' | 'things', more: object, device_?: object): PolicyDocument =>
    site({
      networks: {
        ...networks,
        station: network({
          role,
          interface: 'lan0',
          cidrs: ['10.30.0.0/24', 'fd30::/64'],
          isolation: 'bridge-port',
          ...more,
        } as never),
      } as never,
      devices: {
        vent: device({ mac, ip: '10.20.0.11', rules: { clock } as never }),
        ...(device_ === undefined ? {} : { desk: device(device_ as never) }),
      } as never,
    })
  const at = ['networks.station.admin']
  test('of either family, of a whole prefix, and of a device that has another address', () => {
    for (const admin of ['10.30.0.5', 'fd30::5', '10.30.0.4/30']) {
      expect(found(on('trusted', { admin }), 'TW2017')).toEqual(at)
      expect(found(on('trusted', { admin }, { ...desk, ip: '10.30.0.99' }), 'TW2017')).toEqual(at)
    }
    expect(found(on('trusted', { admin: '10.30.0.4/30' }, desk), 'TW2017')).toEqual(at)
  })
  test('not: one that a device with a link address owns, nor is that device idle', () => {
    const admin = ['10.30.0.5', 'fd30::5']
    for (const role of ['trusted', 'things'] as const) {
      const findings = told(on(role, { admin }, desk)).map(({ code }) => code)
      expect(findings).toEqual([])
    }
    expect(found(on('things', {}, desk), 'TW2006')).toEqual(['devices.desk'])
  })
  test('not: where an address is all there is', () => {
    expect(found(on('trusted', { admin: '10.30.0.5', identity: 'ip' }), 'TW2017')).toEqual([])
  })
})

describe('TW2004 it ends soon', () => {
  test.each([
    ['2026-11-22T12:00:01Z', 1],
    ['2026-12-22T12:00:00Z', 1],
    ['2026-12-22T12:00:01Z', 0],
    ['2026-11-22T12:00:00Z', 0],
  ])('%s: %d', (expires, times) => {
    expect(found(withRules({ api: rule({ expires }) }), 'TW2004')).toHaveLength(times)
  })
})

describe('TW2005 a review is overdue', () => {
  test.each([
    ['2026-11-22', 1],
    ['2026-11-23', 0],
  ])('%s: %d', (review, times) => {
    expect(found(withRules({ api: rule({ review }) }), 'TW2005')).toHaveLength(times)
  })
  test('of a device', () => {
    const vent = device({ mac, review: '2026-01-01', network: 'things', rules: { clock } })
    expect(found(site({ devices: { vent } as never }), 'TW2005')).toEqual(['devices.vent.review'])
  })
})

describe('TW2016 dates that contradict each other', () => {
  test('over before it was added; reviewed after it has ended', () => {
    const early = rule({ added: '2026-11-02', expires: '2026-02-11' })
    const late = rule({ to: '192.0.2.8', expires: '2027-02-11', review: '2027-03-01' })
    expect(found(withRules({ early, late }), 'TW2016')).toEqual([
      'devices.vent.rules.early.expires',
      'devices.vent.rules.late.review',
    ])
  })
  test('not: in their order', () => {
    const fine = rule({ added: '2026-11-02', review: '2027-01-01', expires: '2027-02-11' })
    expect(found(withRules({ fine }), 'TW2016')).toEqual([])
  })
})

describe('TW2006 a device without rules', () => {
  const idle = device({ mac: '24:6f:28:aa:00:02', ip: '10.20.0.12' })
  const vent = device({ mac, ip: '10.20.0.11', rules: { clock } })
  test('on a network of things', () => {
    expect(found(site({ devices: { vent, idle } as never }), 'TW2006')).toEqual(['devices.idle'])
  })
  test('a rule that only mentions everyone as its peer does not help it', () => {
    const open = device({
      mac,
      ip: '10.20.0.11',
      rules: { in: allow.in({ from: 'any', service: 'https', why }) },
    })
    expect(found(site({ devices: { open, idle } as never }), 'TW2006')).toEqual(['devices.idle'])
  })
  test('not: where a rule speaks of its network, its address or itself', () => {
    for (const who of ['things', '10.20.0.12', 'idle', '10.20.0.0/28']) {
      const rules = { all: allow.out({ who, to: 'gateway', service: 'dns', why }) }
      expect(found(site({ devices: { vent, idle }, rules } as never), 'TW2006'), who).toEqual([])
    }
  })
  test('not: in quarantine, or on a trusted network', () => {
    const laptop = device({ mac: '24:6f:28:aa:00:03', ip: '10.30.0.7' })
    const quarantine = { idle: { why } }
    expect(found(site({ devices: { vent, idle, laptop }, quarantine } as never), 'TW2006')).toEqual([])
  })
  test('a whole profile is told once', () => {
    const mute = profile('mute', { why, rules: {} })
    const devices = {
      vent,
      a: mute.device({ mac: '24:6f:28:aa:00:04', ip: '10.20.0.14' }),
      b: mute.device({ mac: '24:6f:28:aa:00:05', ip: '10.20.0.15' }),
    }
    expect(found(site({ devices } as never), 'TW2006')).toEqual(['profiles.mute'])
  })
})

describe('TW2007 a rule that can never match', () => {
  const never = (rules: object): readonly string[] => found(site({ rules } as never), 'TW2007')
  test('a label that no device has', () => {
    const label = allow.out({
      who: { label: { kind: 'kiln' } },
      to: '192.0.2.7',
      service: 'https',
      why,
    } as never)
    expect(never({ label })).toEqual(['rules.label'])
  })
  test('a deny that always wins', () => {
    const no = deny.out({ who: 'things', to: 'station', why })
    const print = allow.out({ who: 'vent', to: '10.30.0.9', service: 'ipp', why })
    expect(never({ no, print })).toEqual(['rules.print'])
  })
  test('not: a deny that wins only over a part, for a time, or over other services', () => {
    const print = allow.out({ who: 'vent', to: '10.30.0.9', service: 'ipp', why })
    for (const no of [
      deny.out({ who: 'vent', to: '10.30.0.9', service: 'ssh', why }),
      deny.out({ who: 'vent', to: '10.30.0.9', when: { days: ['mon'] }, why }),
      deny.out({ who: 'vent', to: '10.30.0.8', why }),
      deny.in({ who: 'vent', from: 'station', why }),
      deny.out({ who: 'things', to: 'station', expires: '2027-01-01', onExpiry: 'lift', why } as never),
    ]) {
      expect(never({ no, print })).toEqual([])
    }
  })
  test('a profile without devices is told once', () => {
    const unused = profile('unused', { why, rules: { a: rule({}), b: rule({ to: '192.0.2.8' }) } })
    expect(found(site({ profiles: [unused] } as never), 'TW2007')).toEqual(['profiles.unused'])
  })
  const only = (peer: string, more: object = {}): object => ({
    x: allow.out({ who: 'vent', to: peer, service: 'https', why, ...more } as never),
  })
  test.each<readonly [words: RegExp, rules: object]>([
    [
      /10\.20\.0\.0\/25 is IPv4, 2001:db8::\/32 is IPv6/,
      { x: deny.both({ who: '10.20.0.0/25', peer: '2001:db8::/32', why } as never) },
    ],
    [/2001:db8::7 is IPv6, icmp\/8 is IPv4/, only('2001:db8::7', { service: 'icmp/8' })],
    [/192\.0\.2\.7 is IPv4, icmpv6\/128 is IPv6/, only('192.0.2.7', { service: 'icmpv6/128' })],
    [/no packet goes to 127\.0\.0\.1: fixed\/martian/, only('127.0.0.1')],
    [/no packet goes to 0\.0\.0\.0\/8/, only('0.0.0.0/8')],
    [/no packet goes to ::1/, only('::1')],
    [
      /no packet comes from 127\.0\.0\.0\/8: fixed\/spoofed/,
      { x: allow.in({ who: 'vent', from: '127.0.0.0/8', service: 'https', why } as never) },
    ],
    [
      /no packet comes from 224\.0\.0\.251/,
      { x: allow.in({ who: 'vent', from: '224.0.0.251', service: 'mdns', why } as never) },
    ],
    [/vent is both its ends/, only('vent')],
  ])('what no packet can be: %s', (words, rules) => {
    const dead = told(site({ rules } as never)).filter(({ code }) => code === 'TW2007')
    expect(dead.map(({ path }) => path)).toEqual(['rules.x'])
    expect(dead[0]?.message).toMatch(words)
  })
  test.each<readonly [string, object]>([
    ['a prefix of which a part is nobody’s', only('126.0.0.0/7')],
    [
      'both families on one end',
      {
        x: allow.out({ who: 'vent', to: ['192.0.2.7', '2001:db8::7'], service: 'icmpv6/128', why } as never),
      },
    ],
    ['ping, which is of both', only('2001:db8::7', { service: 'ping' })],
    ['a device with an IPv4 address, which may be given one of IPv6', only('2001:db8::7')],
    ['multicast, which packets go to', only('224.0.0.251', { service: 'mdns' })],
    [
      'a link-local source',
      { x: allow.in({ who: 'vent', from: 'fe80::7', service: 'https', why } as never) },
    ],
    ['the network of the device, where others may be', only('things')],
  ])('not: %s', (_, rules) => {
    expect(never(rules)).toEqual([])
  })
  test('a device in quarantine, whose rules rest', () => {
    const held = site({ quarantine: { vent: { why } } as never })
    expect(found(held, 'TW2007')).toEqual(['devices.vent.rules.clock'])
  })
})

describe('TW2008 a rule that changes nothing', () => {
  test('a narrower allow beside a wider one', () => {
    const document = withRules({ narrow: rule({}), wide: rule({ service: '1-1023/tcp' }) })
    expect(found(document, 'TW2008')).toEqual(['devices.vent.rules.narrow'])
  })
  test('of two that say the same, the later', () => {
    expect(found(withRules({ b: rule({}), a: rule({}) }), 'TW2008')).toEqual(['devices.vent.rules.b'])
  })
  test('what the role of the network allows already', () => {
    const rules = { web: allow.out({ who: 'station', to: 'uplink', service: 'https', why }) }
    expect(found(site({ rules } as never), 'TW2008')).toEqual(['rules.web'])
  })
  test('not: where the wider one ends earlier, rests at times, or is a deny', () => {
    for (const wide of [
      rule({ service: 'any', expires: '2027-06-01' }),
      rule({ service: 'any', when: { hours: '08:00-18:00' } }),
      deny.out({ to: '192.0.2.7', service: 'https', why }),
    ]) {
      expect(found(withRules({ narrow: rule({}), wide }), 'TW2008')).toEqual([])
    }
  })
  test('not: asking the gateway for names, in the rule for which that may be asked', () => {
    const name = 'api.volcano.example'
    const nobody = { of: name, except: name } as const
    const asks = allow.out({ to: ['gateway', nobody], service: 'dns', when: { hours: '22:00-06:00' }, why })
    expect(found(withRules({ asks }), 'TW2008')).toEqual([])
  })
  test('not: a rule for other devices', () => {
    const other = device({ mac: '24:6f:28:aa:00:02', ip: '10.20.0.12', rules: { web: rule({}) } })
    const vent = device({ mac, ip: '10.20.0.11', rules: { web: rule({}) } })
    expect(found(site({ devices: { vent, other } } as never), 'TW2008')).toEqual([])
  })
})

describe('TW2009 a rule wider than a thing can need', () => {
  test.each([
    allow.out({ to: 'any', service: 'any', why }),
    allow.out({ to: 'uplink', service: 'any', why }),
    allow.in({ from: 'any', service: 'any', why }),
    allow.out({ to: '192.0.0.0/15', service: 'https', why }),
    allow.out({ to: '2001::/31', service: 'https', why }),
    allow.out({ to: '0.0.0.0/0', service: 'https', why }),
    allow.out({ to: 'any', service: 'https', why }),
    allow.out({ to: 'any', except: 'station', service: 'https', why }),
    allow.out({ to: ['203.0.113.10', { network: 'uplink' }], service: 'https', why }),
    allow.in({ from: 'any', service: 'https', why }),
  ])('%#', (wide) => {
    expect(found(withRules({ wide }), 'TW2009')).toEqual(['devices.vent.rules.wide'])
  })
  test.each([
    allow.out({ to: 'station', service: 'any', why }),
    allow.out({ to: 'station', service: 'https', why }),
    allow.out({ to: '192.0.0.0/16', service: 'https', why }),
    allow.out({ to: '2001:db8::/32', service: 'https', why }),
    deny.out({ to: 'any', service: 'any', why }),
    allow.out({ to: 'any', service: 'any', why, expires: '2026-01-01' }),
  ])('not: %#', (fine) => {
    expect(found(withRules({ fine }), 'TW2009')).toEqual([])
  })
})

describe('TW2010 a name weaker than it looks', () => {
  test.each([
    '*.amazonaws.com',
    '*.s3.eu-west-1.amazonaws.com',
    '*.cloudfront.net',
    'd1.cloudfront.net',
    '*.com',
  ])('%s', (to) => {
    expect(found(withRules({ api: rule({ to }) }), 'TW2010')).toEqual(['devices.vent.rules.api'])
  })
  test.each([
    '*.volcano.example',
    'readings.s3.eu-west-1.amazonaws.com',
    'notcloudfront.net',
    'volcano.github.io',
  ])('not: %s', (to) => {
    expect(found(withRules({ api: rule({ to }) }), 'TW2010')).toEqual([])
  })
})

describe('TW2011 a deny by name', () => {
  test('holds flows until the device has asked', () => {
    const no = deny.out({ to: 'ads.vendor.example', why })
    expect(found(withRules({ no }), 'TW2011')).toEqual(['devices.vent.rules.no'])
  })
  test('not: by address, or an allow by name', () => {
    const no = deny.out({ to: '192.0.2.9', why })
    expect(found(withRules({ no, yes: rule({ to: 'api.volcano.example' }) }), 'TW2011')).toEqual([])
  })
})

describe('TW2012 nobody keeps these devices apart', () => {
  const loose = network({ role: 'things', interface: 'wlan0', cidrs: ['10.20.0.0/24', 'fd20::/64'] })
  test('a network of things without isolation, with the rules it concerns', () => {
    const rules = { peers: allow.both({ who: 'vent', peer: 'things', service: 'coap', why }) }
    const all = told(site({ networks: { ...networks, things: loose }, rules } as never))
    const [warning] = all.filter(({ code }) => code === 'TW2012')
    expect(warning?.path).toBe('networks.things.isolation')
    expect(warning?.message).toContain('not enforced there: peers')
  })
  test('not: trusted networks, whose hosts may talk', () => {
    expect(found(site({}), 'TW2012')).toEqual([])
  })
})

describe('TW2013 an address that is the gateway', () => {
  test('as a peer', () => {
    expect(found(withRules({ ntp: rule({ to: '10.20.0.1' }) }), 'TW2013')).toEqual([
      'devices.vent.rules.ntp.to',
    ])
  })
  test('on a list', () => {
    const lists = [list('own', { why, entries: { 'fd20::1': { why } } })]
    expect(found(site({ lists } as never), 'TW2013')).toEqual(['lists.own.entries["fd20::1"]'])
  })
  test('not: a host beside it, or the word', () => {
    expect(found(withRules({ ntp: rule({ to: '10.20.0.2' }) }), 'TW2013')).toEqual([])
  })
})

describe('TW2014 a test of the policy failed', () => {
  test('says what was expected and which rule decided', () => {
    const tests = [flow.allows('vent', '10.30.0.5:22/tcp')]
    const all = told(site({ tests } as never))
    expect(hasErrors(all)).toBe(true)
    expect(all[0]?.path).toBe('tests[0]')
    expect(all[0]?.message).toMatch(/expected allow, got deny/)
  })
  test('the wrong rule is a failure too', () => {
    const tests = [flow.allows('vent', 'gateway:123/udp', { rule: 'vent/other' })]
    expect(told(site({ tests } as never))[0]?.message).toMatch(
      /allow by vent\/other, got allow by vent\/clock/,
    )
  })
  test('not: tests that hold, a name included, and an instant of their own', () => {
    const tests = [
      flow.denies('vent', '10.30.0.5:22/tcp'),
      flow.allows('vent', 'gateway:123/udp', { rule: 'vent/clock' }),
      flow.allows('vent', 'api.volcano.example:443/tcp'),
      flow.denies('vent', 'api.volcano.example:443/tcp', { at: '2028-01-01' }),
    ]
    const vent = device({
      mac,
      ip: '10.20.0.11',
      rules: { clock, api: rule({ to: 'api.volcano.example', expires: '2027-06-01' }) },
    })
    expect(told(site({ devices: { vent }, tests } as never))).toEqual([])
  })
})

describe('TW2020 a test that a quarantine stands in the way of', () => {
  const quarantine = { vent: { why: 'Scans the station since 02:10' } }
  const ofTests = (tests: readonly unknown[]): ReturnType<typeof told> =>
    told(site({ quarantine, tests } as never)).filter(({ path }) => path.startsWith('tests'))
  test('is no failure: the device is held, whatever the policy means it to do', () => {
    const tests = [
      flow.allows('vent', 'gateway:123/udp'),
      flow.denies('vent', '10.30.0.5:22/tcp', { rule: 'default/deny' }),
    ]
    const all = ofTests(tests)
    expect(all.map(({ code, path }) => [code, path])).toEqual([
      ['TW2020', 'tests[0]'],
      ['TW2020', 'tests[1]'],
    ])
    expect(all[0]?.message).toMatch(/quarantine\/vent refuses it: Scans the station/)
    expect(hasErrors(all)).toBe(false)
  })
  test('not: tests that hold all the same; and a test of another flow still fails', () => {
    const tests = [
      flow.denies('vent', '10.30.0.5:22/tcp'),
      flow.denies('vent', '10.30.0.5:23/tcp', { rule: 'quarantine/vent' }),
      flow.allows('203.0.113.9', '10.30.0.5:22/tcp'),
    ]
    const all = ofTests(tests)
    expect(all.map(({ code, path }) => [code, path])).toEqual([['TW2014', 'tests[2]']])
  })
})

describe('TW2015 a test cannot be judged', () => {
  test('nobody of that name', () => {
    const tests = [flow.denies('vnet', '10.30.0.5:22/tcp')]
    expect(found(site({ tests } as never), 'TW2015')).toEqual(['tests[0].from'])
  })
})
