/** What a policy file writes, and the document that comes of it. */
import { expect, test as it } from 'vitest'
import type { EndpointDocument } from '../model/policy.ts'
import type { Peers } from './endpoint.ts'
import {
  allow,
  api,
  deny,
  device,
  list,
  network,
  part,
  policy,
  profile,
  type RuleValue,
  tcp,
  test,
  validate,
} from './index.ts'

const badHosts = list('known-botnets', {
  why: 'Command-and-control hosts seen in the March incident',
  owner: 'secops@volcano.example',
  entries: {
    '198.51.100.7': { why: 'Mirai loader', source: 'incident INC-88', expires: '2027-03-02' },
    '203.0.113.0/28': { why: 'Mozi peers', source: 'abuse feed', onExpiry: 'lift' },
  },
})

const seismometer = profile('seismometer', {
  why: 'ESP32 that pushes ground-motion readings; nothing ever connects to it',
  owner: 'geo-platform@volcano.example',
  limits: { egress: '64 kB/s', newConnections: '30/min' },
  rules: {
    readings: allow.out({
      to: 'api.volcano.example',
      service: 'https',
      why: 'POST /readings',
      ticket: 'GEO-12',
    }),
    clock: allow.out({ to: 'time.volcano.example', service: 'ntp', why: 'TLS needs the time' }),
  },
})

const volcano = policy('mauna-loa', {
  networks: {
    things: network({ role: 'things', interface: 'wlan0', cidrs: ['10.20.0.0/24', 'fd20::/64'] }),
    station: network({ role: 'trusted', interface: 'lan0', cidrs: '10.30.0.0/24', admin: ['10.30.0.5'] }),
    uplink: network({ role: 'uplink', interface: ['wan0', 'wwan0'], masquerade: true }),
  },
  devices: {
    'vent-01': seismometer.device({ mac: '24:6f:28:aa:00:01', ip: '10.20.0.11', labels: { region: 'us' } }),
    relay: device({ mac: '24:6f:28:aa:00:02', network: 'things', owner: 'it@volcano.example' }),
  },
  rules: { botnets: deny.both({ who: 'any', peer: badHosts, why: 'Never, whatever else is allowed' }) },
  quarantine: { relay: { why: 'Scanned the station', added: '2026-03-02' } },
  apis: { backend: api({ host: 'api.volcano.example', routes: { 'GET /echo': { query: {} } } }) },
  tests: [
    test.allows('vent-01', 'api.volcano.example:443/tcp', { rule: 'seismometer/readings' }),
    { from: '203.0.113.200', to: 'vent-01:22/tcp', expect: 'deny' },
  ],
})

it('collects what devices and rules use', () => {
  expect(Object.keys(volcano.profiles)).toEqual(['seismometer'])
  expect(Object.keys(volcano.lists)).toEqual(['known-botnets'])
  expect(volcano.devices['vent-01']?.profile).toBe('seismometer')
})

it('is what validate reads back, before and after it was text', () => {
  expect(validate(volcano)).toEqual([volcano, []])
  expect(validate(JSON.parse(JSON.stringify(volcano)))).toEqual([volcano, []])
})

it('fills in what was not said', () => {
  expect(volcano.networks.things).toMatchObject({
    isolation: 'none',
    identity: 'mac+ip',
    gateway: null,
    admin: [],
  })
  expect(volcano.networks.uplink).toMatchObject({ interface: ['wan0', 'wwan0'], cidrs: [], identity: 'ip' })
  expect(volcano.rules.botnets).toMatchObject({ service: ['any'], onExpiry: 'stay', when: null })
  expect(volcano.profiles.seismometer?.rules.clock).toMatchObject({ who: null, onExpiry: 'lift' })
  expect(volcano.lists['known-botnets']?.entries['198.51.100.7']?.onExpiry).toBe('stay')
  expect(volcano.tests.map(({ name }) => name)).toEqual([
    'vent-01 reaches api.volcano.example:443/tcp',
    '203.0.113.200 does not reach vent-01:22/tcp',
  ])
})

const directions: readonly [rule: RuleValue, says: string][] = [
  [allow.out({ to: 'any', service: 'any', why: 'x' }), 'allow out'],
  [allow.in({ from: 'any', service: 'any', why: 'x' }), 'allow in'],
  [allow.both({ peer: 'any', service: 'any', why: 'x' }), 'allow both'],
  [deny.out({ to: 'any', why: 'x' }), 'deny out'],
  [deny.in({ from: 'any', why: 'x' }), 'deny in'],
  [deny.both({ peer: 'any', why: 'x' }), 'deny both'],
]

it.each(directions)('%# %s', (rule, says) => {
  const { document } = rule()
  expect(`${document.effect} ${document.direction}`).toBe(says)
  expect(document.peer).toEqual([{ kind: 'any' }])
})

const text = (words: string): EndpointDocument => ({ kind: 'text', text: words })
const peers: readonly [written: Peers<string, string, string, string, string>, document: EndpointDocument][] =
  [
    ['any', { kind: 'any' }],
    ['gateway', { kind: 'gateway' }],
    ['10.0.0.0/8', text('10.0.0.0/8')],
    [badHosts, { kind: 'list', name: 'known-botnets' }],
    [seismometer, { kind: 'profile', name: 'seismometer' }],
    [{ list: 'known-botnets' }, { kind: 'list', name: 'known-botnets' }],
    [{ network: 'things' }, { kind: 'network', name: 'things' }],
    [{ device: 'vent-01' }, { kind: 'device', name: 'vent-01' }],
    [{ name: 'gateway.example' }, { kind: 'name', name: 'gateway.example' }],
    [{ label: { site: 'mauna-loa' } }, { kind: 'label', labels: { site: 'mauna-loa' } }],
    [
      { network: 'things', except: 'vent-01' },
      { kind: 'except', of: [{ kind: 'network', name: 'things' }], except: [text('vent-01')] },
    ],
    [
      { of: ['10.0.0.0/8', 'fd00::/8'], except: ['10.0.0.1', { list: 'x' }] },
      {
        kind: 'except',
        of: [text('10.0.0.0/8'), text('fd00::/8')],
        except: [text('10.0.0.1'), { kind: 'list', name: 'x' }],
      },
    ],
  ]

it.each(peers)('peer %j', (written, document) => {
  expect(deny.out({ to: written, why: 'x' })().document.peer).toEqual([document])
})

it('excepts from the whole peer side', () => {
  const { peer } = deny.out({ to: ['any', 'things'], except: 'vent-01', why: 'x' })().document
  expect(peer).toEqual([{ kind: 'except', of: [{ kind: 'any' }, text('things')], except: [text('vent-01')] }])
})

it('flattens services', () => {
  const rule = allow.out({ to: 'any', service: ['https', tcp(8443, '9000-9100')], why: 'x' })
  expect(rule().document.service).toEqual(['https', '8443/tcp', '9000-9100/tcp'])
})

it('keeps two meanings of one name apart, for validate to refuse both with their places', () => {
  const other = profile('seismometer', { why: 'Another one', owner: 'someone' })
  const networks = { things: network({ role: 'things', interface: 'wlan0', cidrs: '10.20.0.0/24' }) }
  const devices = {
    one: seismometer.device({ mac: '24:6f:28:aa:00:01' }),
    two: other.device({ mac: '24:6f:28:aa:00:02' }),
  }
  const [document, diagnostics] = validate(policy('site', { networks, devices }))
  expect(document).toBeNull()
  expect(diagnostics.map(({ code, path }) => `${code} ${path}`)).toEqual(['TW1016 profiles.seismometer#2'])
  expect(diagnostics[0]?.origin).toEqual(other.document.origin)
})

it('loses no device to a prototype', () => {
  const networks = { things: network({ role: 'things', interface: 'wlan0', cidrs: '10.20.0.0/24' }) }
  const devices = { __proto__: device({ mac: '24:6f:28:aa:00:01' }) }
  const [document, diagnostics] = validate(policy('site', { networks, devices }))
  expect(document).toBeNull()
  expect(diagnostics[0]).toMatchObject({ code: 'TW1004', path: 'devices.__proto__' })
})

const wlan = network({ role: 'things', interface: 'wlan0', cidrs: '10.20.0.0/24' })
const vent = (mac: string) => seismometer.device({ mac, network: 'things' })

it('is put together from parts, in which the same thing may stand twice', () => {
  const botnets = deny.both({ who: 'any', peer: badHosts, why: 'Known for attacks' })
  const one = part({ devices: { 'vent-01': vent('24:6f:28:aa:00:01') }, rules: { botnets } })
  const two = part({ devices: { 'vent-02': vent('24:6f:28:aa:00:02') }, rules: { botnets } })
  const [document, diagnostics] = validate(
    policy('site', { owner: 'ops', networks: { things: wlan }, parts: [one, two] }),
  )
  expect(diagnostics).toEqual([])
  expect(Object.keys(document?.devices ?? {})).toEqual(['vent-01', 'vent-02'])
  expect(Object.keys(document?.rules ?? {})).toEqual(['botnets'])
  expect(Object.keys(document?.profiles ?? {})).toEqual(['seismometer'])
  expect(Object.keys(document?.lists ?? {})).toEqual(['known-botnets'])
})

it('refuses parts that say different things of one name, with both places', () => {
  const one = part({ devices: { 'vent-01': vent('24:6f:28:aa:00:01') } })
  const two = part({
    networks: { things: network({ role: 'things', interface: 'wlan1', cidrs: '10.20.0.0/24' }) },
    devices: { 'vent-01': seismometer.device({ mac: '24:6f:28:aa:00:99', network: 'things' }) },
  })
  const [document, diagnostics] = validate(
    policy('site', { owner: 'ops', networks: { things: wlan }, parts: [one, two] }),
  )
  expect(document).toBeNull()
  expect(diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([
    'TW1016 two networks are called "things", and they do not say the same',
    'TW1016 two devices are called "vent-01", and they do not say the same',
  ])
  for (const { origin, related } of diagnostics) expect(origin?.line).not.toBe(related?.line)
})

it.each([7, 'x', [null], [{}], [{ content: null }]])('%j is no part, and is refused', (parts) => {
  const [document, diagnostics] = validate(
    policy('site', { networks: { things: wlan }, parts: parts as never }),
  )
  expect(document).toBeNull()
  expect(diagnostics).toMatchObject([{ code: 'TW1003', path: 'parts' }])
})
