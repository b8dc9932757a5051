/** Each row is one fault in an otherwise sound policy, and everything `validate` says about it. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Code } from '../model/codes.ts'
import type { PolicyDocument } from '../model/policy.ts'
import { allow, api, deny, device, list, network, policy, profile, test as state, validate } from './index.ts'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** A sound policy as a loader hands it over, to be spoilt. */
function sound(): { [key: string]: Json } {
  const hosts = list('hosts', { why: 'Seen', entries: { '198.51.100.7': { why: 'Loader' } } })
  const sensor = profile('sensor', {
    why: 'Measures',
    limits: { egress: '64 kB/s', newConnections: '30/min' },
    rules: { readings: allow.out({ to: 'api.volcano.example', service: 'https', why: 'POST /readings' }) },
  })
  const written = policy('site', {
    owner: 'ops@volcano.example',
    networks: {
      things: network({ role: 'things', interface: 'wlan0', cidrs: '10.20.0.0/24', admin: '10.20.0.5' }),
    },
    devices: { vent: sensor.device({ mac: '24:6f:28:aa:00:01', ip: '10.20.0.11', labels: { site: 'x' } }) },
    rules: {
      hosts: deny.both({
        who: ['vent', { label: { site: 'x' } }],
        peer: hosts,
        except: '10.0.0.1',
        why: 'Never',
      }),
      nightly: allow.in({
        who: 'vent',
        from: 'things',
        service: '22/tcp',
        why: 'Backup',
        when: { days: ['sat'], hours: '22:00-06:00' },
        expires: '2030-01-01',
      }),
    },
    quarantine: { vent: { why: 'Scanned' } },
    apis: { backend: api({ host: 'api.volcano.example', routes: { 'GET /echo': {} } }) },
    tests: [state.denies('203.0.113.9', 'vent:22/tcp', { rule: 'default', at: '2026-03-02' })],
  })
  return JSON.parse(JSON.stringify(written)) as { [key: string]: Json }
}

/** Sets, or with `undefined` deletes, what stands at a path. */
function spoil(
  document: { [key: string]: Json },
  path: readonly (string | number)[],
  value: Json | undefined,
): unknown {
  let at: { [key: string]: Json } = document
  for (const key of path.slice(0, -1)) at = at[key] as { [key: string]: Json }
  const last = path.at(-1) as string
  if (value === undefined) delete at[last]
  else Object.defineProperty(at, last, { value, enumerable: true, configurable: true, writable: true })
  return document
}

test('a sound policy has no faults', () => {
  const [document, diagnostics] = validate(sound())
  expect(diagnostics).toEqual([])
  expect(document).toEqual(sound())
})

const readings = ['profiles', 'sensor', 'rules', 'readings'] as const
const nightly = ['rules', 'nightly'] as const
const vent = ['devices', 'vent'] as const
const things = ['networks', 'things'] as const

const faults: readonly [
  path: readonly (string | number)[],
  value: Json | undefined,
  code: Code,
  hint: RegExp,
][] = [
  // Reasons and owners.
  [[...readings, 'why'], undefined, 'TW1001', /add `why/],
  [[...readings, 'why'], '  ', 'TW1001', /add `why/],
  [['profiles', 'sensor', 'why'], undefined, 'TW1001', /add `why/],
  [['lists', 'hosts', 'entries', '198.51.100.7', 'why'], undefined, 'TW1001', /add `why/],
  [['quarantine', 'vent', 'why'], null, 'TW1001', /add `why/],
  [[...nightly, 'why'], 7, 'TW1002', /text/],
  [[...nightly, 'why'], 'x'.repeat(513), 'TW1025', /shorten/],
  [[...nightly, 'why'], 'one\ntwo', 'TW1025', /one line/],
  [[...nightly, 'why'], '\u202etxt.exe', 'TW1025', /one line/],
  [[...nightly, 'why'], '\u0000', 'TW1025', /one line/],
  [[...nightly, 'owner'], '', 'TW1025', /leave it out/],
  // Shapes and properties.
  [['format'], 2, 'TW1002', /version/],
  [['networks'], [], 'TW1002', /networks by name/],
  [['tests'], {}, 'TW1002', /a list/],
  [['devces'], {}, 'TW1003', /did you mean `devices`/],
  [[...nightly, 'tikcet'], 'x', 'TW1003', /did you mean `ticket`/],
  [[...nightly, 'who'], null, 'TW1019', /add `who`/],
  [[...readings, 'who'], [{ kind: 'any' }], 'TW1003', /leave it out/],
  [[...nightly, 'effect'], 'alow', 'TW1002', /did you mean 'allow'/],
  [[...nightly, 'onExpiry'], 'stay', 'TW1002', /leave `onExpiry` out/],
  [[...things, 'role'], undefined, 'TW1002', /'things' or/],
  [[...things, 'masquerade'], true, 'TW1002', /uplink/],
  [[...things, 'origin'], { file: 'x', line: 0, column: 1 }, 'TW1002', /place/],
  // Names.
  [['name'], 'Mauna Loa', 'TW1004', /lower-case/],
  [[...vent, 'network'], 'a"b', 'TW1004', /lower-case/],
  [['networks', 'any'], (sound().networks as { things: Json }).things, 'TW1004', /another name/],
  [['devices', 'constructor'], (sound().devices as { vent: Json }).vent, 'TW1004', /another name/],
  [['devices', '__proto__'], (sound().devices as { vent: Json }).vent, 'TW1004', /lower-case/],
  [['devices', 'x'.repeat(10_000)], (sound().devices as { vent: Json }).vent, 'TW1004', /at most 48/],
  [['devices', "a'; rm -rf /"], (sound().devices as { vent: Json }).vent, 'TW1004', /lower-case/],
  [[...vent, 'labels', 'site'], 'a b', 'TW1004', /letters/],
  [[...things, 'interface', 0], '../etc', 'TW1004', /ip link/],
  [['tests', 0, 'rule'], 'a/b/c/d', 'TW1004', /PROFILE/],
  // Addresses, names, services.
  [[...things, 'cidrs', 0], '10.20.0.7/24', 'TW1006', /end it in zeros/],
  [[...things, 'cidrs', 0], '10.20.0/24', 'TW1006', /one address/],
  [[...vent, 'ip', 0], '10.20.0.256', 'TW1006', /one address/],
  [[...vent, 'mac'], '24:6f:28:aa:00', 'TW1007', /six pairs/],
  [[...vent, 'mac'], '00:00:00:00:00:00', 'TW1007', /six pairs/],
  [[...vent, 'mac'], '01:00:5e:00:00:01', 'TW1007', /no group/],
  [[...readings, 'service', 0], 'htps', 'TW1008', /did you mean 'https'/],
  [[...readings, 'service', 0], '70000/tcp', 'TW1008', /1 to 65535/],
  [[...readings, 'service', 0], '90-80/tcp', 'TW1008', /lower port first/],
  [[...readings, 'service', 0], 'icmp/3', 'TW1008', /requests only/],
  [['apis', 'backend', 'host'], 'a..b', 'TW1010', /volcano/],
  [[...readings, 'peer', 0], { kind: 'text', text: '10.0.0.0/33' }, 'TW1006', /one address/],
  [[...readings, 'peer', 0], { kind: 'text', text: 'bad host' }, 'TW1010', /volcano/],
  [[...readings, 'peer', 0], { profle: 'sensor' }, 'TW1002', /did you mean { profile }/],
  [[...readings, 'peer', 0], 'any', 'TW1002', /gateway/],
  // Dates, hours, limits.
  [[...nightly, 'expires'], '2027-02-29', 'TW1009', /a day/],
  [[...nightly, 'when', 'hours'], '22-06', 'TW1017', /UTC/],
  [[...nightly, 'when', 'days', 0], 'monday', 'TW1017', /mon/],
  [[...nightly, 'when'], {}, 'TW1017', /hours/],
  [['profiles', 'sensor', 'limits', 'egress'], '64', 'TW1018', /kB/],
  [['profiles', 'sensor', 'limits', 'newConnections'], '30 kB/s', 'TW1018', /min/],
  // Nothing where something must stand.
  [[...readings, 'peer'], [], 'TW1019', /everything/],
  [[...readings, 'service'], [], 'TW1019', /every service/],
  [[...nightly, 'who'], [], 'TW1019', /any/],
  [[...things, 'cidrs'], [], 'TW1019', /prefixes/],
  [[...things, 'interface'], [], 'TW1019', /interface/],
  [[...nightly, 'when', 'days'], [], 'TW1019', /days/],
  [['rules', 'hosts', 'who', 1, 'labels'], {}, 'TW1019', /label/],
]

test.each(faults)('%j = %j is %s', (path, value, code, hint) => {
  const [document, diagnostics] = validate(spoil(sound(), path, value))
  expect(document).toBeNull()
  const found = diagnostics.filter((diagnostic) => diagnostic.code === code)
  expect(found.length, JSON.stringify(diagnostics)).toBeGreaterThan(0)
  expect(diagnostics.length, JSON.stringify(diagnostics)).toBe(1)
  expect(found[0]?.hint).toMatch(hint)
  expect(found[0]?.value ?? '').toSatisfy((shown: string) => shown.length <= 80)
})

test('a device needs something to be told by', () => {
  const document = sound()
  Object.assign((document.devices as { vent: object }).vent, { mac: null, ip: [] })
  expect(validate(document)[1].map(({ code, path }) => `${code} ${path}`)).toEqual(['TW1014 devices.vent'])
  const [, diagnostics] = validate(spoil(document, [...vent, 'origin'], { file: 7 }))
  expect(diagnostics.map(({ code }) => code)).toEqual(['TW1002', 'TW1014'])
  expect(diagnostics[1]?.origin).toEqual((document.origin ?? null) as never)
})

const ownerless = [
  'TW1020 lists.hosts.owner',
  'TW1020 profiles.sensor.rules.readings.owner',
  'TW1020 quarantine.vent.owner',
  'TW1020 rules.hosts.owner',
  'TW1020 rules.nightly.owner',
]
const owners: readonly [owned: readonly string[], missing: readonly string[]][] = [
  [[], ownerless],
  [['profiles.sensor'], ownerless.filter((at) => !/sensor|vent/.test(at))],
  [['devices.vent'], ownerless.filter((at) => !at.includes('vent'))],
  [['lists.hosts'], ownerless.filter((at) => !at.includes('hosts'))],
  [['rules.nightly'], ownerless.filter((at) => !at.includes('nightly'))],
]

test.each(owners)('with owners at %j', (owned, missing) => {
  const document = spoil(sound(), ['owner'], undefined) as { [key: string]: Json }
  for (const path of owned) spoil(document, [...path.split('.'), 'owner'], 'someone')
  expect(
    validate(document)[1]
      .map(({ code, path }) => `${code} ${path}`)
      .sort(),
  ).toEqual(missing)
})

test('all faults at once, each where the nearest enclosing thing was written', () => {
  const document = sound()
  const rule = (document.rules as { nightly: { [key: string]: Json } }).nightly
  rule.origin = { file: 'site.ts', line: 7, column: 3 }
  rule.why = null
  rule.service = ['htps', '0/tcp']
  const [, diagnostics] = validate(document)
  expect(diagnostics.map(({ code, path, origin }) => `${code} ${path} ${origin?.line}`)).toEqual([
    'TW1001 rules.nightly.why 7',
    'TW1008 rules.nightly.service[0] 7',
    'TW1008 rules.nightly.service[1] 7',
  ])
})

test('what the types would have refused, validate refuses', () => {
  const untyped = { policy, network, allow, device } as unknown as Record<
    string,
    (...input: unknown[]) => unknown
  >
  const [document, diagnostics] = validate(
    untyped.policy?.('site', {
      networks: { things: untyped.network?.({ role: 'things', interface: 'a', cidrs: '10.0.0.0/8' }), b: 7 },
      devices: { vent: untyped.device?.(null), other: undefined },
      rules: { x: (allow.out as (options: unknown) => unknown)({ servce: 'https' }), y: null },
      tests: [null, 7],
      quarantine: { vent: 'why not' },
    }),
  )
  expect(document).toBeNull()
  const codes = new Set(diagnostics.map(({ code }) => code))
  expect([...codes].sort()).toEqual(['TW1001', 'TW1002', 'TW1003', 'TW1014', 'TW1019', 'TW1020'])
})

test('hostile depth is refused, not followed', () => {
  const deep = (depth: number, wrap: (inner: Json) => Json): Json => {
    let value: Json = { kind: 'any' }
    for (let at = 0; at < depth; at++) value = wrap(value)
    return value
  }
  const peer = deep(100_000, (inner) => ({ kind: 'except', of: [inner], except: [] }))
  const routes = deep(100_000, (inner) => ({ inner }))
  expect(validate(spoil(sound(), [...readings, 'peer'], [peer]))[1].map(({ code }) => code)).toEqual([
    'TW1002',
  ])
  const codes = validate(spoil(sound(), ['apis', 'backend', 'routes'], routes))[1].map(({ code }) => code)
  expect(codes).toEqual(['TW6001', 'TW1003'])
  const schemas = spoil(sound(), ['apis', 'backend', 'schemas'], { a: routes })
  expect(validate(schemas)[1].map(({ code }) => code)).toEqual(['TW6009'])
  expect(validate(deep(100_000, (inner) => [inner]))[0]).toBeNull()
})

test('never throws, whatever JSON says', () => {
  const document = sound() as unknown as PolicyDocument
  const places = pathsOf(document)
  expect(validate(null)[0]).toBeNull()
  fc.assert(
    fc.property(fc.constantFrom(...places), fc.jsonValue(), fc.jsonValue(), (path, one, whole) => {
      const [read, diagnostics] = validate(spoil(sound(), path, one as Json))
      expect(read === null).toBe(diagnostics.length > 0)
      expect(Array.isArray(validate(whole)[1])).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test('what is built and sound comes back from text as it was', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/).filter((word) => !reserved.has(word))
  const octet = fc.integer({ min: 1, max: 254 })
  const why = fc.stringMatching(/^[A-Za-z][A-Za-z'" ]{0,40}$/)
  const peer = fc.oneof(
    fc.constantFrom('any', 'gateway', 'api.volcano.example', 'fd20::/64', 'things'),
    octet.map((last) => `198.51.100.${last}`),
    fc.record({ of: fc.constant('any'), except: octet.map((last) => `10.0.0.${last}`) }),
    fc.record({ label: fc.dictionary(name, name, { minKeys: 1, maxKeys: 2, noNullPrototype: true }) }),
  )
  const service = fc.constantFrom('https', 'any', '8000-8100/udp', 'icmp/8')
  const rule = fc
    .record({ why, peer: fc.array(peer, { minLength: 1, maxLength: 3 }), service, effect: fc.boolean() })
    .map(({ effect, ...options }) => (effect ? allow.both(options as never) : deny.both(options as never)))
  const devices = fc.dictionary(name, octet, { maxKeys: 5, noNullPrototype: true })
  fc.assert(
    fc.property(
      devices,
      fc.dictionary(name, rule, { maxKeys: 4, noNullPrototype: true }),
      why,
      (given, rules, said) => {
        const sensor = profile('sensor', { why: said, rules })
        const written = policy('site', {
          owner: 'ops',
          networks: { things: network({ role: 'things', interface: 'wlan0', cidrs: 'from-interface' }) },
          devices: Object.fromEntries(
            Object.entries(given).map(([key, last]) => [key, sensor.device({ ip: `10.20.0.${last}` })]),
          ),
        })
        expect(validate(JSON.parse(JSON.stringify(written)))).toEqual([written, []])
      },
    ),
    { numRuns: 200 },
  )
})

const reserved = new Set(['any', 'gateway', 'fixed', 'default', 'quarantine', 'limit', 'constructor'])

function pathsOf(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]]
  const inner = Object.entries(value).flatMap(([key, one]) => pathsOf(one, [...path, key]))
  return path.length === 0 ? inner : [[...path], ...inner]
}
