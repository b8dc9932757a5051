/**
 * What is wrong with a policy only as a whole: each row is one fault, what is told of it, and below it the neighbour
 * that is fine. All faults come at once, each where it was written, and nothing is half-lowered. One table, long as
 * it is, so that a code without a row shows.
 */
import { describe, expect, test } from 'vitest'
import { forwardDocumentOf } from '../author/forward.ts'
import { allow, deny, device, forward, list, network, profile } from '../author/index.ts'
import { validate } from '../author/validate.ts'
import { links, networks, siteOf, why } from '../fixtures/site.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { Ruleset } from '../model/ruleset.ts'
import { type LowerContext, lower } from './lower.ts'

const vent = { mac: links.vent1, ip: '10.20.0.11' }
const to = '203.0.113.10'
const out = { to, service: 'https', why } as const
const devices = { 'vent-01': device(vent) }
const hosts = list('hosts', { why, entries: { 'c2.example': { why }, '198.51.100.7': { why } } })

function tried(parts: object, context: LowerContext = {}): readonly [Ruleset | null, readonly Diagnostic[]] {
  const [document, faults] = validate(JSON.parse(JSON.stringify(siteOf({ devices, ...parts }))))
  expect(faults).toEqual([])
  return lower(document as never, context)
}
const told = (parts: object, context: LowerContext = {}): readonly string[] =>
  tried(parts, context)[1].map(({ code, path, value, hint }) => `${code} ${path} ${value ?? '-'}: ${hint}`)

const withRules = (rules: object, more: object = {}): object => ({
  devices: { 'vent-01': device({ ...vent, rules, ...more } as never) },
})
const rules = (own: object): object => ({ rules: own })
const things = (more: object): object => ({
  networks: { ...networks, things: { ...networks.things, ...more } },
})

type Case = readonly [what: string, wrong: object, expected: string, fine: object]

const camera = { at: 'uplink', service: '8554/tcp', to: 'vent-01', why } as const
const forwards = (...all: readonly object[]): object => ({
  forwards: Object.fromEntries(all.map((one, at) => [`f${at}`, forward({ ...camera, ...one } as never)])),
})

const cases: readonly Case[] = [
  // TW1026, TW1027: forwards that cannot be.
  [
    'a forward on a network that is not there',
    forwards({ at: 'uplnk' }),
    'TW1005 forwards.f0.at uplnk: Did you mean uplink?',
    forwards({}),
  ],
  [
    'a forward to a device that is not there',
    forwards({ to: 'vent-1' }),
    'TW1005 forwards.f0.to vent-1: Did you mean vent-01?',
    forwards({ to: 'vent-01' }),
  ],
  [
    'a forward from inside',
    forwards({ at: 'station' }),
    'TW1026 forwards.f0.at station: From inside, reach the device by its own address, with an allow rule; or name an uplink.',
    forwards({ at: 'station', by: 'docker' }),
  ],
  ...(
    [
      ['to a network', { to: 'things' }, { to: 'things', by: 'docker' }],
      ['to a prefix', { to: '10.20.0.0/28' }, { to: '10.20.0.9' }],
      ['to two devices', { to: ['vent-01', '10.20.0.9'] }, { to: ['vent-01'] }],
      ['to somebody outside', { to: '203.0.113.9' }, { to: 'fd20::9' }],
      ['to the gateway by its address', { to: '10.20.0.1' }, { to: '10.20.0.2' }],
      ['to the gateway', { to: 'gateway' }, {}],
    ] as const
  ).map(
    ([what, wrong, fine]): Case => [
      `a forward ${what}`,
      forwards(wrong),
      `TW1026 forwards.f0.to ${JSON.stringify(forwardDocumentOf(wrong).to)}: Write to: 'crater-cam', or an address that lives on a network which is no uplink and is not the gateway's.`,
      forwards(fine),
    ],
  ),
  [
    'a forward of several ports to one',
    forwards({ service: '8000-8010/tcp', port: 554 }),
    'TW1026 forwards.f0.port 554: Write a forward for each port, or leave `port` out: each goes to its own number.',
    forwards({ service: '8000-8010/tcp' }),
  ],
  [
    'a forward of the answers that give the gateway its address',
    forwards({ service: '1-1023/udp' }),
    'TW1026 forwards.f0.service 1-1023/udp: Leave 68/udp and 546/udp out.',
    forwards({ service: '1-1023/tcp' }),
  ],
  [
    'two forwards of one port',
    forwards({}, { service: '8000-9000/tcp' }),
    'TW1027 forwards.f1.service 8000-9000/tcp: A port leads to one place: give one of them another port, or remove it.',
    forwards({}, { service: '8000-9000/udp' }),
  ],
  [
    'a forward from a DNS name',
    forwards({ from: 'c2.example', to: '10.20.0.9' }),
    'TW1015 forwards.f0.from -: A name means the addresses a device was told. Say which devices (who: a profile, label or device), or name addresses.',
    forwards({ from: 'c2.example', to: 'vent-01' }),
  ],
  // TW1005: a reference to nothing, with what was probably meant.
  [
    'a network that is not there',
    withRules({ a: allow.out({ ...out, to: { network: 'staton' } as never }) }),
    'TW1005 devices.vent-01.rules.a.to staton: Did you mean station?',
    withRules({ a: allow.out({ ...out, to: { network: 'station' } }) }),
  ],
  [
    'a device that is not there',
    rules({ a: deny.in({ who: { device: 'vent-1' }, from: 'any', why }) }),
    'TW1005 rules.a.who vent-1: Did you mean vent-01?',
    rules({ a: deny.in({ who: { device: 'vent-01' }, from: 'any', why }) }),
  ],
  [
    'a profile that is not there',
    rules({ a: deny.both({ who: { profile: 'sensor' }, peer: 'any', why }) }),
    'TW1005 rules.a.who sensor: Give it to a device, or correct the name. A profile that is to wait for its devices is named in profiles: […].',
    {
      ...rules({ a: deny.both({ who: { profile: 'sensor' }, peer: 'any', why }) }),
      profiles: [profile('sensor', { why })],
    },
  ],
  [
    'a profile called as every object is born',
    rules({ a: deny.both({ who: { profile: 'tostring' }, peer: 'any', why }) }),
    'TW1005 rules.a.who tostring: Give it to a device, or correct the name. A profile that is to wait for its devices is named in profiles: […].',
    {},
  ],
  [
    'a list that is not there',
    rules({ a: deny.out({ who: 'any', to: { list: 'host' }, why }) }),
    'TW1005 rules.a.to host: Define it in this policy, or correct the name.',
    { ...rules({ a: deny.out({ who: 'vent-01', to: { list: 'hosts' }, why }) }), lists: [hosts] },
  ],
  [
    'a word that means nothing',
    withRules({ a: allow.out({ ...out, to: 'gatway' }) }),
    'TW1005 devices.vent-01.rules.a.to gatway: Did you mean gateway?',
    withRules({ a: allow.out({ ...out, to: 'gateway' }) }),
  ],
  [
    'a word left out that means nothing',
    withRules({ a: allow.out({ ...out, to: 'any', except: 'statio' }) }),
    'TW1005 devices.vent-01.rules.a.to statio: Did you mean station?',
    withRules({ a: allow.out({ ...out, to: 'any', except: 'station' }) }),
  ],
  [
    'a quarantine of nobody',
    { quarantine: { 'vent-02': { why } } },
    'TW1005 quarantine.vent-02 vent-02: Did you mean vent-01?',
    { quarantine: { 'vent-01': { why } } },
  ],
  [
    'a device on a network that is not there',
    { devices: { x: device({ mac: links.vent1, network: 'thing' }) } },
    'TW1005 devices.x.network thing: Did you mean things?',
    { devices: { x: device({ mac: links.vent1, network: 'things' }) } },
  ],
  [
    'a device on the uplink',
    { devices: { x: device({ mac: links.vent1, network: 'uplink' }) } },
    'TW1005 devices.x.network uplink: Local networks: things, station, visitors.',
    { devices: { x: device({ mac: links.vent1, network: 'visitors' }) } },
  ],

  // TW1006: of what `validate` cannot see.
  [
    'an administrator from elsewhere',
    { networks: { ...networks, station: { ...networks.station, admin: ['10.40.0.5'] } } },
    'TW1006 networks.station.admin 10.40.0.5: Name addresses inside the network’s own prefixes.',
    { networks: { ...networks, station: { ...networks.station, admin: ['10.30.0.0/29'] } } },
  ],

  // TW1011: an address belongs to one device.
  [
    'two devices with one address',
    { devices: { a: device(vent), b: device({ mac: links.vent2, ip: '10.20.0.11' }) } },
    'TW1011 devices.b.ip[0] 10.20.0.11: An address belongs to one device: correct one of them.',
    { devices: { a: device(vent), b: device({ mac: links.vent2, ip: '10.20.0.12' }) } },
  ],
  [
    'two devices with one link address',
    { devices: { a: device(vent), b: device({ mac: links.vent1.toUpperCase(), ip: '10.20.0.12' }) } },
    `TW1011 devices.b.mac ${links.vent1.toUpperCase()}: A link address belongs to one device: correct one of them.`,
    {},
  ],
  [
    'one address written in two ways',
    {
      devices: {
        a: device({ ...vent, ip: 'fd20::11' }),
        b: device({ mac: links.vent2, ip: 'FD20:0:0:0::0011' }),
      },
    },
    'TW1011 devices.b.ip[0] FD20:0:0:0::0011: An address belongs to one device: correct one of them.',
    {},
  ],
  [
    'a device with the address of the gateway',
    { devices: { a: device({ ...vent, ip: '10.20.0.1' }) } },
    'TW1011 devices.a.ip[0] 10.20.0.1: An address belongs to one device: correct one of them.',
    { ...things({ gateway: ['10.20.0.254'] }), devices: { a: device({ ...vent, ip: '10.20.0.1' }) } },
  ],

  // TW1012: an address lives on one network, an interface serves one.
  [
    'one prefix inside another',
    {
      networks: { ...networks, more: network({ role: 'guest', interface: 'gst1', cidrs: '10.20.0.128/25' }) },
    },
    'TW1012 networks.more.cidrs 10.20.0.128/25: Every address lives on one network: split or correct the prefixes.',
    { networks: { ...networks, more: network({ role: 'guest', interface: 'gst1', cidrs: '10.20.1.0/25' }) } },
  ],
  [
    'a prefix twice on one network',
    things({ cidrs: ['10.20.0.0/24', '10.20.0.0/24'] }),
    'TW1012 networks.things.cidrs 10.20.0.0/24: Every address lives on one network: split or correct the prefixes.',
    things({ cidrs: ['10.20.0.0/24', '10.20.1.0/24'] }),
  ],
  [
    'an interface of two networks',
    {
      networks: {
        ...networks,
        more: network({ role: 'guest', interface: ['gst1', 'wlan0'], cidrs: '10.50.0.0/24' }),
      },
    },
    'TW1012 networks.more.interface wlan0: An interface belongs to one network; give each its own, or make them one network.',
    {
      networks: {
        ...networks,
        more: network({ role: 'guest', interface: ['gst1', 'wlan1'], cidrs: '10.50.0.0/24' }),
      },
    },
  ],

  // TW1013: a device is on one network.
  [
    'a device whose address lives nowhere here',
    { devices: { x: device({ ...vent, ip: '192.168.1.5' }) } },
    'TW1013 devices.x.ip 192.168.1.5: Correct the address, or say which network it is on with network: …; a device has one network.',
    { devices: { x: device({ ...vent, ip: '10.40.0.5' }) } },
  ],
  [
    'a device on two networks',
    { devices: { x: device({ ...vent, ip: ['10.20.0.11', '10.30.0.11'] }) } },
    'TW1013 devices.x.ip 10.20.0.11, 10.30.0.11: Correct the address, or say which network it is on with network: …; a device has one network.',
    { devices: { x: device({ ...vent, ip: ['10.20.0.11', 'fd20::11'] }) } },
  ],
  [
    'a device with an address outside the network it names',
    { devices: { x: device({ ...vent, network: 'visitors' }) } },
    'TW1013 devices.x.ip 10.20.0.11: Correct the address, or say which network it is on with network: …; a device has one network.',
    { devices: { x: device({ ...vent, network: 'things' }) } },
  ],
  [
    'a device that could be on either of two networks of things',
    {
      networks: {
        ...networks,
        cellar: network({ role: 'things', interface: 'lan1', cidrs: '10.50.0.0/24' }),
      },
      devices: { x: device({ mac: links.vent1 }) },
    },
    'TW1013 devices.x.ip : Correct the address, or say which network it is on with network: …; a device has one network.',
    { devices: { x: device({ mac: links.vent1 }) } },
  ],

  // TW1014: where link addresses tell devices, one is needed.
  [
    'a device without a link address',
    { devices: { x: device({ ip: '10.20.0.11' }) } },
    "TW1014 devices.x -: Give its mac, or say identity: 'ip' for the network if a hop hides link addresses.",
    { ...things({ identity: 'ip' }), devices: { x: device({ ip: '10.20.0.11' }) } },
  ],

  // TW1015: a name means what a device was told.
  [
    'a name for a network',
    rules({ a: allow.out({ ...out, who: 'station', to: 'api.example' }) }),
    'TW1015 rules.a.to -: A name means the addresses a device was told. Say which devices (who: a profile, label or device), or name addresses.',
    rules({ a: allow.out({ ...out, who: 'vent-01', to: 'api.example' }) }),
  ],
  [
    'a name for anyone, inside a list',
    rules({ a: deny.both({ who: 'any', peer: hosts, why }) }),
    'TW1015 rules.a.peer -: A name means the addresses a device was told. Say which devices (who: a profile, label or device), or name addresses.',
    rules({ a: deny.both({ who: 'vent-01', peer: hosts, why }) }),
  ],
  [
    'a name as who',
    rules({ a: allow.out({ ...out, who: 'api.example' }) }),
    'TW1015 rules.a.to -: A name means the addresses a device was told. Say which devices (who: a profile, label or device), or name addresses.',
    rules({ a: allow.in({ who: 'vent-01', from: 'api.example', service: 'https', why }) }),
  ],
  [
    'a name left out for a network',
    rules({ a: allow.out({ ...out, who: 'station', to: 'any', except: 'ads.example' }) }),
    'TW1015 rules.a.to -: A name means the addresses a device was told. Say which devices (who: a profile, label or device), or name addresses.',
    withRules({ a: allow.out({ ...out, to: 'any', except: 'ads.example' }) }),
  ],

  // TW1016: one word, one meaning.
  [
    'a network and a device of one name',
    { devices: { station: device(vent) } },
    'TW1016 devices.station station: Rename one of them: in a rule the word must mean one thing.',
    { devices: { stations: device(vent) } },
  ],
  [
    'a profile and a device of one name with rules of one name',
    {
      devices: {
        x: profile('x', { why, rules: { a: allow.out(out) } }).device({
          ...vent,
          rules: { a: allow.out(out) },
        }),
      },
    },
    'TW1016 rules.x/a x/a: A profile and a device of one name have rules of one name: rename one of them.',
    {
      devices: {
        x: profile('x', { why, rules: { a: allow.out(out) } }).device({
          ...vent,
          rules: { b: allow.out(out) },
        }),
      },
    },
  ],
]

describe.each(cases)('%s', (_, wrong, expected, fine) => {
  test(`is ${expected.slice(0, 6)}`, () => {
    expect(told(wrong)).toEqual([expected])
    const [ruleset, diagnostics] = tried(wrong)
    expect(ruleset).toBeNull()
    expect(diagnostics[0]?.severity).toBe('error')
  })
  test('and its neighbour is fine', () => {
    expect(told(fine)).toEqual([])
    expect(tried(fine)[0]).not.toBeNull()
  })
})

test('prefixes that only the gateway knows are a warning: nobody is on that network until it reads them', () => {
  const delegated = { ...things({ cidrs: 'from-interface' }), devices: {} }
  const [ruleset, diagnostics] = tried(delegated)
  expect(told(delegated)).toEqual([
    'TW1021 networks.things.cidrs -: On the gateway apply reads them; here nobody is on this network, and what it sends is held.',
  ])
  expect(diagnostics[0]?.severity).toBe('warning')
  expect(ruleset?.networks.find(({ name }) => name === 'things')?.addresses).toEqual([])
})

test('every code of this stage has a row', () => {
  const codes = new Set(cases.map(([, , expected]) => expected.slice(0, 6)))
  expect([...codes].sort()).toEqual([
    'TW1005',
    'TW1006',
    'TW1011',
    'TW1012',
    'TW1013',
    'TW1014',
    'TW1015',
    'TW1016',
    'TW1026',
    'TW1027',
  ])
})

test('all faults at once, each where it was written', () => {
  const wrong = {
    devices: {
      a: device({ ip: '10.20.0.11', rules: { x: allow.out({ ...out, to: 'nowhere-at-all' }) } }),
      b: device({ ...vent, ip: '10.20.0.11' }),
    },
    rules: { y: allow.out({ ...out, who: 'station', to: 'api.example' }) },
    quarantine: { c: { why } },
  }
  const [, diagnostics] = tried(wrong)
  expect(diagnostics.map(({ code, path }) => `${code} ${path}`).sort()).toEqual([
    'TW1005 devices.a.rules.x.to',
    'TW1005 quarantine.c',
    'TW1011 devices.b.ip[0]',
    'TW1014 devices.a',
    'TW1015 rules.y.to',
  ])
  for (const { origin, path } of diagnostics) expect(origin, path).not.toBeNull()
})

test('prefixes read from an interface are lowered as if they had been written', () => {
  const parts = { ...things({ cidrs: 'from-interface' }) }
  expect(told(parts, { prefixes: { things: ['10.20.0.0/24', 'fd20::/64'] } })).toEqual([])
  const [ruleset] = tried(parts, { prefixes: { things: ['10.20.0.0/24', 'fd20::/64'] } })
  const [stated] = tried({})
  expect(ruleset?.networks).toMatchObject(stated?.networks.map(({ origin: _, ...rest }) => rest) ?? [])
})

test('a prefix read from an interface that does not read is refused like one that was written', () => {
  const prefixes = { things: ['10.20.0.7/24', '10.20.0.0/24'] }
  expect(told(things({ cidrs: 'from-interface' }), { prefixes })).toEqual([
    'TW1006 networks.things.cidrs 10.20.0.7/24: Write 10.20.0.0/24 or fd20::/64, with no bits set past the length.',
  ])
})
