/**
 * Large and odd policies load, can be dumped and loaded again as the same rule set, and still decide rightly.
 *
 * Equality is that of nft's own dump before and after: what a person saves and restores must mean the same. It is
 * long because its policies are.
 */
import { buildFrame, openPacketSocket, type PacketSocket } from '@thingwall/gateway/lab'
import { allow, deny, device, list, network, type PolicyDocument, policy, profile } from '@thingwall/policy'
import { afterAll, beforeAll, expect, test } from 'vitest'
import volcano from '../../examples/volcano/thingwall.policy.ts'
import { gatewayLinks, networks, places, siteDescription } from './wall/places.ts'
import { buildWall, type Wall } from './wall/wall.ts'

let wall: Wall
let wire: PacketSocket
beforeAll(async () => {
  wall = await buildWall(siteDescription)
  wire = openPacketSocket({ interface: 'eth0', namespacePath: wall.site.namespacePath('stranger') })
})
afterAll(async () => {
  wire?.close()
  await wall?.end()
})

const owner = 'geo@volcano.example'
const hex = (value: number): string => value.toString(16).padStart(2, '0')
const mac = (at: number): string => `02:11:00:00:${hex(at >> 8)}:${hex(at & 0xff)}`
const wide = {
  things: network({ role: 'things', interface: 'wlan0', cidrs: ['10.20.0.0/16', 'fd20::/64'] }),
  uplink: network({ role: 'uplink', interface: 'wan0' }),
} as const
const ip = (at: number): string[] => [`10.20.${(at >> 8) + 1}.${at & 0xff}`, `fd20::1:${at.toString(16)}`]
const numbered = <T>(count: number, make: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at))

const sensor = profile('sensor', {
  why: 'one of many',
  owner,
  limits: { egress: '64 kB/s', newConnections: '30/min' },
  rules: {
    readings: allow.out({ to: ['203.0.113.10', '2001:db8:a::10'], service: 'https', why: 'readings' }),
  },
})

/** 2,000 devices of one kind. */
const large = policy('large', {
  networks: wide,
  devices: Object.fromEntries(
    numbered(2000, (at) => [`sensor-${at}`, sensor.device({ mac: mac(at), ip: ip(at) })]),
  ),
})

/** One profile with 300 rules. */
const talkative = profile('talkative', {
  why: 'says everything',
  owner,
  rules: Object.fromEntries(
    numbered(300, (at) => [
      `rule-${at}`,
      allow.out({ to: `203.0.113.${at % 250}`, service: `${1000 + at}/tcp`, why: `reason ${at}` }),
    ]),
  ),
})
const manyRules = policy('many-rules', {
  networks: wide,
  devices: { one: talkative.device({ mac: mac(1), ip: ip(1) }) },
})

const kinds = numbered(300, (at) =>
  profile(`kind-${at}`, {
    why: `kind ${at}`,
    owner,
    rules: { readings: allow.out({ to: '203.0.113.10', service: `${1000 + at}/tcp`, why: 'readings' }) },
  }),
)
/** 300 profiles with a device each. */
const manyProfiles = policy('many-profiles', {
  networks: wide,
  devices: Object.fromEntries(
    kinds.map((kind, at) => [`d-${at}`, kind.device({ mac: mac(at), ip: ip(at) })]),
  ),
})

/** 70 classes that all belong to one labelled group: more than the compiler repeats a rule in. */
const manyClasses = policy('many-classes', {
  owner,
  networks: wide,
  devices: Object.fromEntries(
    kinds
      .slice(0, 70)
      .map((kind, at) => [`d-${at}`, kind.device({ mac: mac(at), ip: ip(at), labels: { site: 'crater' } })]),
  ),
  rules: {
    together: allow.out({
      who: { label: { site: 'crater' } },
      to: '203.0.113.20',
      service: 'https',
      why: 'all of them',
    }),
    never: deny.in({
      who: { label: { site: 'crater' } },
      from: '10.30.0.0/24',
      service: 'ssh',
      why: 'none of them',
    }),
  },
})

/** Identifiers have at most 48 characters; rule ids join two of them. */
const long = (word: string): string => word.padEnd(47, 'x').concat('9')
const longest = profile(long('profile-'), {
  why: 'w'.repeat(512),
  owner,
  limits: { egress: '64 kB/s', newConnections: '30/min' },
  rules: {
    [long('rule-')]: allow.out({
      to: `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.example`,
      service: 'https',
      why: 'a long name',
    }),
    [long('until-')]: allow.out({
      to: '203.0.113.10',
      service: 'https',
      expires: '2099-01-01',
      why: 'it ends',
    }),
  },
})
const longNames = policy(long('policy-'), {
  networks: {
    // 15 characters are the most an interface has; these are legal, if odd.
    [long('things-')]: network({
      role: 'things',
      interface: ['a.b-c_d@e.12345', 'l-an', '0'],
      cidrs: '10.20.0.0/16',
    }),
    [long('uplink-')]: network({ role: 'uplink', interface: 'ppp@wan.4094', masquerade: true }),
  },
  devices: { [long('device-')]: longest.device({ mac: mac(1), ip: '10.20.1.1' }) },
  quarantine: {
    [long('device-')]: { why: 'just so', owner, expires: '2099-01-01', onExpiry: 'lift' },
  } as never,
})

/** Every feature the compiler knows, in one policy. */
const blocked = list('blocked', {
  why: 'seen in March',
  owner,
  entries: {
    '198.51.100.0/24': { why: 'loader' },
    '203.0.113.7': { why: 'peer', expires: '2099-01-01', onExpiry: 'lift' },
    '2001:db8:bad::/48': { why: 'loader over IPv6' },
  },
})
const everything = policy('everything', {
  owner,
  networks: { ...networks, uplink: network({ role: 'uplink', interface: 'wan0', masquerade: true }) },
  devices: {
    'vent-01': sensor.device({
      mac: places['vent-01'].mac,
      ip: [places['vent-01'].four, places['vent-01'].six],
      labels: { site: 'crater' },
    }),
    'vent-02': sensor.device({ mac: places['vent-02'].mac, network: 'things' }),
    valve: device({
      mac: places.valve.mac,
      ip: [places.valve.four, places.valve.six],
      rules: {
        open: allow.in({
          from: { profile: 'sensor' },
          except: 'vent-02',
          service: '8000-8010/tcp',
          why: 'vents open it',
        }),
        night: allow.out({
          to: 'any',
          except: blocked,
          service: 'any',
          when: { days: ['mon', 'sun'], hours: '22:00-06:00' },
          why: 'updates',
        }),
        firmware: allow.out({
          to: '*.vendor.example',
          service: ['https', 'icmp/8', 'icmpv6/128', 'protocol/47'],
          why: 'updates',
          expires: '2099-01-01',
        }),
        found: allow.out({ to: '224.0.0.251', service: 'mdns', why: 'is found' }),
        asked: allow.in({ from: 'gateway', service: 'http', why: 'the gateway looks at its page' }),
      },
    }),
  },
  rules: {
    botnets: deny.both({ who: 'any', peer: blocked, why: 'never' }),
    soon: deny.out({
      who: { label: { site: 'crater' } },
      to: 'station',
      service: 'ssh',
      why: 'not now',
      expires: '2099-01-01',
      onExpiry: 'lift',
    }),
  },
  quarantine: { 'vent-02': { why: 'scanned its neighbours' } },
})

const bindings = {
  format: 1,
  addresses: [{ device: 'vent-02', address: '10.20.0.12', until: '2099-01-01T00:00:00Z' }],
  names: [
    {
      device: 'valve',
      name: 'a.vendor.example',
      addresses: ['203.0.113.20', '2001:db8:a::20'],
      until: '2099-01-01T00:00:00Z',
    },
  ],
}

const nft = (argv: readonly string[], input?: string): Promise<string> =>
  wall.site.must('gateway', ['nft', ...argv], { withinMs: 60_000, ...(input === undefined ? {} : { input }) })
const dump = async (): Promise<string> =>
  `${await nft(['-s', 'list', 'table', 'inet', 'thingwall'])}${await nft(['-s', 'list', 'table', 'arp', 'thingwall'])}`

interface Case {
  readonly name: string
  readonly document: PolicyDocument
  readonly bindings?: unknown
}

const cases: readonly Case[] = [
  { name: 'the volcano', document: volcano },
  { name: 'one with every feature', document: everything, bindings },
  { name: '2,000 devices', document: large },
  { name: '300 rules in one profile', document: manyRules },
  { name: '300 profiles', document: manyProfiles },
  { name: '70 classes in one group', document: manyClasses },
  { name: 'the longest names', document: longNames },
]

test.each(cases)(
  '$name: checked, loaded, dumped, loaded again: the same',
  async ({ document, bindings: given }) => {
    const { text } = wall.apply(document, given === undefined ? {} : { bindings: given })
    await nft(['-c', '-f', '-'], text)
    const first = await dump()
    await nft(['flush', 'ruleset'])
    await nft(['-f', '-'], first)
    expect(await dump()).toBe(first)
    for (const comment of first.matchAll(/comment "([^"]*)"/g))
      expect(Buffer.byteLength(comment[1] as string)).toBeLessThanOrEqual(128)
  },
)

test.each([
  {
    document: large,
    name: 'the last of 2,000 devices',
    at: 1999,
    to: '203.0.113.10',
    port: 443,
    decided: 'allow sensor/readings',
  },
  {
    document: large,
    name: 'the last of 2,000 devices',
    at: 1999,
    to: '203.0.113.11',
    port: 443,
    decided: 'deny default/deny',
  },
  {
    document: large,
    name: 'a device under another’s address',
    at: 1999,
    as: 1998,
    to: '203.0.113.10',
    port: 443,
    decided: 'deny fixed/spoofed',
  },
  {
    document: manyRules,
    name: 'the last of 300 rules',
    at: 1,
    to: '203.0.113.49',
    port: 1299,
    decided: 'allow talkative/rule-299',
  },
  {
    document: manyRules,
    name: 'none of 300 rules',
    at: 1,
    to: '203.0.113.49',
    port: 1300,
    decided: 'deny default/deny',
  },
  {
    document: manyProfiles,
    name: 'the last of 300 profiles',
    at: 299,
    to: '203.0.113.10',
    port: 1299,
    decided: 'allow kind-299/readings',
  },
  {
    document: manyProfiles,
    name: 'a neighbour’s rule',
    at: 299,
    to: '203.0.113.10',
    port: 1298,
    decided: 'deny default/deny',
  },
  {
    document: manyClasses,
    name: 'one class of 70',
    at: 69,
    to: '203.0.113.20',
    port: 443,
    decided: 'allow together',
  },
  {
    document: manyClasses,
    name: 'one class of 70, by its own rule',
    at: 69,
    to: '203.0.113.10',
    port: 1069,
    decided: 'allow kind-69/readings',
  },
  {
    document: manyClasses,
    name: 'one class of 70, another’s rule',
    at: 69,
    to: '203.0.113.10',
    port: 1068,
    decided: 'deny default/deny',
  },
])('$name to $to port $port: $decided', async ({ document, at, as, to, port, decided }) => {
  wall.apply(document)
  wall.forget()
  const payload = { kind: 'tcp', sourcePort: 1024, destinationPort: port, flags: ['syn'] } as const
  const source = ip(as ?? at)[0] as string
  const packet = { kind: 'ipv4', source, destination: to, payload } as const
  wire.send(buildFrame({ destination: gatewayLinks.wlan0, source: mac(at), payload: packet }))
  await wall.decides(decided, `port ${port}`)
})

test('odd interface names are taken as they are, and never as patterns', () => {
  const { text } = wall.apply(longNames)
  for (const name of ['a.b-c_d@e.12345', 'l-an', '0', 'ppp@wan.4094']) expect(text).toContain(`"${name}"`)
})
