/**
 * Networks that are not one interface with bound link addresses: several interfaces in one network, hops that hide the
 * link address (`identity: 'ip'`), and things that talk to things, across networks and within one.
 */
import { buildFrame, openPacketSocket, type PacketSocket } from '@thingwall/gateway/lab'
import {
  type Address,
  allow,
  type Decision,
  device,
  evaluate,
  type LinkAddress,
  network,
  type PolicyDocument,
  parseAddress,
  policy,
} from '@thingwall/policy'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { gatewayLinks, networks, places, siteDescription } from './wall/places.ts'
import { type Applied, buildWall, type Wall } from './wall/wall.ts'

const owner = 'geo@volcano.example'
const { valve } = places
const vent01 = places['vent-01']
const vent02 = places['vent-02']

let wall: Wall
const wires = new Map<string, PacketSocket>()
beforeAll(async () => {
  wall = await buildWall(siteDescription)
  for (const host of ['vent-01', 'vent-02', 'valve', 'internet']) await (await wall.on(host)).serve('tcp', 80)
  for (const host of ['vent-01', 'stranger', 'valve'])
    wires.set(host, openPacketSocket({ interface: 'eth0', namespacePath: wall.site.namespacePath(host) }))
  // Within one network everything goes by the gateway, as where an access point keeps its stations apart.
  for (const [host, other, four, six] of [
    ['vent-01', vent02, '10.20.0.1', 'fd20::1'],
    ['vent-02', vent01, '10.20.0.1', 'fd20::1'],
  ] as const) {
    await wall.site.must(host, ['ip', 'route', 'replace', other.four, 'via', four])
    await wall.site.must(host, ['ip', 'route', 'replace', other.six, 'via', six])
  }
})
afterAll(async () => {
  for (const wire of wires.values()) wire.close()
  await wall?.end()
})
beforeEach(() => wall.forget())

interface Attempt {
  readonly from: string
  readonly to: string
  readonly port: number
  readonly decided: string
}

async function attempt({ from, to, port, decided }: Attempt): Promise<void> {
  const agent = await wall.on(from)
  const options = { protocol: 'tcp', to, port } as const
  const flow = decided.startsWith('allow') ? await agent.open(options) : await agent.begin(options)
  if (decided.startsWith('allow')) await flow.exchange('here')
  await wall.decides(decided, flow)
  if (decided.startsWith('deny')) expect(await flow.fate()).not.toBe('open')
  await flow.end()
}

const both = (place: { readonly four: string; readonly six: string }): string[] => [place.four, place.six]

describe('things to things', () => {
  const site = policy('volcano', {
    owner,
    networks,
    devices: {
      'vent-01': device({
        mac: vent01.mac,
        ip: both(vent01),
        rules: {
          across: allow.out({ to: 'valve', service: 'http', why: 'opens the valve' }),
          beside: allow.out({ to: 'vent-02', service: 'http', why: 'asks its neighbour' }),
        },
      }),
      'vent-02': device({ mac: vent02.mac, ip: both(vent02) }),
      valve: device({ mac: valve.mac, ip: both(valve) }),
    },
  })
  beforeAll(() => void wall.apply(site))

  test.each(
    (['four', 'six'] as const).flatMap((family): Attempt[] => [
      { from: 'vent-01', to: valve[family], port: 80, decided: 'allow vent-01/across' },
      { from: 'vent-01', to: valve[family], port: 81, decided: 'deny default/deny' },
      { from: 'valve', to: vent01[family], port: 80, decided: 'deny default/deny' },
      { from: 'vent-02', to: valve[family], port: 80, decided: 'deny default/deny' },
      { from: 'vent-01', to: vent02[family], port: 80, decided: 'allow vent-01/beside' },
      { from: 'vent-01', to: vent02[family], port: 81, decided: 'deny default/deny' },
      { from: 'vent-02', to: vent01[family], port: 80, decided: 'deny default/deny' },
    ]),
  )('$from to $to port $port: $decided', attempt)

  test('the gateway sends nobody around itself, though it sends back out where the packets came in', async () => {
    for (const all of ['all', 'default', 'wlan0'])
      await wall.site.must('gateway', ['sysctl', '-qw', `net.ipv4.conf.${all}.send_redirects=1`])
    for (const to of both(vent02)) {
      const flow = await (await wall.on('vent-01')).open({ protocol: 'tcp', to, port: 80 })
      for (const text of ['one', 'two', 'three']) await flow.exchange(text)
      await flow.end()
    }
    expect(await wall.count('fixed/invalid')).toBeGreaterThan(0)
  })
})

describe('several interfaces in one network', () => {
  const site = policy('volcano', {
    owner,
    networks: {
      things: network({
        role: 'things',
        interface: ['wlan0', 'zone0'],
        cidrs: ['10.20.0.0/24', 'fd20::/64', '10.21.0.0/24', 'fd21::/64'],
        gateway: ['10.20.0.1', 'fd20::1', '10.21.0.1', 'fd21::1'],
        isolation: 'access-point',
      }),
      uplink: networks.uplink,
    },
    devices: {
      'vent-01': device({
        mac: vent01.mac,
        ip: both(vent01),
        rules: {
          valve: allow.out({ to: 'valve', service: 'http', why: 'opens the valve' }),
          web: allow.out({ to: both(places.internet), service: 'http', why: 'readings' }),
        },
      }),
      valve: device({
        mac: valve.mac,
        ip: both(valve),
        rules: { web: allow.out({ to: both(places.internet), service: 'http', why: 'readings' }) },
      }),
    },
  })
  beforeAll(() => void wall.apply(site))

  test.each(
    (['four', 'six'] as const).flatMap((family): Attempt[] => [
      { from: 'vent-01', to: places.internet[family], port: 80, decided: 'allow vent-01/web' },
      { from: 'valve', to: places.internet[family], port: 80, decided: 'allow valve/web' },
      { from: 'vent-01', to: valve[family], port: 80, decided: 'allow vent-01/valve' },
      { from: 'valve', to: vent01[family], port: 80, decided: 'deny default/deny' },
    ]),
  )('$from to $to port $port: $decided', attempt)
})

describe('an interface that no network names', () => {
  test('nobody there gets as far as finding the gateway', async () => {
    wall.apply(policy('volcano', { owner, networks: { things: networks.things, uplink: networks.uplink } }))
    await wall.site.must('laptop', ['ip', 'neigh', 'flush', 'all'])
    for (const [to, what] of [
      [vent01.four, `arp ${places.laptop.four} at ${places.laptop.mac}`],
      [vent01.six, `icmpv6 135 from ${places.laptop.six}`],
    ] as const) {
      const flow = await (await wall.on('laptop')).begin({ protocol: 'tcp', to, port: 80 })
      await wall.decides('deny fixed/interface', what)
      await flow.end()
    }
  })
})

describe('a hop that hides the link address', () => {
  const site: PolicyDocument = policy('volcano', {
    owner,
    networks: {
      ...networks,
      things: network({
        role: 'things',
        interface: 'wlan0',
        cidrs: ['10.20.0.0/24', 'fd20::/64'],
        identity: 'ip',
      }),
    },
    devices: {
      'vent-01': device({
        ip: both(vent01),
        rules: { web: allow.out({ to: both(places.internet), service: 'http', why: 'readings' }) },
      }),
      valve: device({ mac: valve.mac, ip: both(valve) }),
    },
  })
  beforeAll(() => void wall.apply(site))

  test('a real host is known by its address alone', async () => {
    for (const to of both(places.internet))
      await attempt({ from: 'vent-01', to, port: 80, decided: 'allow vent-01/web' })
  })

  const hop = '66:66:66:66:66:66'
  test.each([
    { from: 'stranger', source: vent01.four, link: hop, decided: 'allow vent-01/web' },
    { from: 'stranger', source: vent01.six, link: hop, decided: 'allow vent-01/web' },
    { from: 'stranger', source: '10.20.0.77', link: hop, decided: 'deny fixed/stranger' },
    { from: 'stranger', source: 'fd20::77', link: hop, decided: 'deny fixed/stranger' },
    { from: 'stranger', source: '10.20.0.1', link: hop, decided: 'deny fixed/spoofed' },
    { from: 'stranger', source: valve.four, link: valve.mac, decided: 'deny fixed/spoofed' },
    { from: 'stranger', source: '10.30.0.5', link: hop, decided: 'deny fixed/spoofed' },
    { from: 'valve', source: vent01.four, link: vent01.mac, decided: 'deny fixed/spoofed' },
    { from: 'valve', source: valve.four, link: hop, decided: 'deny fixed/spoofed' },
  ])('a packet from $source by $link at $from: $decided', async ({ from, source, link, decided }) => {
    ports += 1
    const payload = { kind: 'tcp', sourcePort: ports, destinationPort: 80, flags: ['syn'] } as const
    const packet = source.includes(':')
      ? ({ kind: 'ipv6', source, destination: places.internet.six, payload } as const)
      : ({ kind: 'ipv4', source, destination: places.internet.four, payload } as const)
    const destination = from === 'valve' ? gatewayLinks.zone0 : gatewayLinks.wlan0
    wires.get(from)?.send(buildFrame({ destination, source: link, payload: packet }))
    await wall.decides(decided, `port ${ports}`)
  })
})
let ports = 5000

describe('who keeps the devices of one network apart', () => {
  const siteWith = (isolation: 'access-point' | 'bridge-port' | 'none'): PolicyDocument =>
    policy('volcano', {
      owner,
      networks: {
        ...networks,
        things: network({
          role: 'things',
          interface: 'wlan0',
          cidrs: ['10.20.0.0/24', 'fd20::/64'],
          isolation,
        }),
      },
      devices: {
        'vent-01': device({ mac: vent01.mac, ip: both(vent01) }),
        'vent-02': device({ mac: vent02.mac, ip: both(vent02) }),
        valve: device({ mac: valve.mac, ip: both(valve) }),
      },
    })
  const judge = ({ ruleset, bindings }: Applied, to: string): Decision =>
    evaluate(
      ruleset,
      {
        ingress: 'things',
        link: vent01.mac as LinkAddress,
        source: parseAddress(vent01.four) as Address,
        destination: parseAddress(to) as Address,
        protocol: 6,
        destinationPort: 80,
      },
      bindings,
      Date.now(),
    )

  test.each([
    { isolation: 'access-point', to: vent02.four, enforced: true },
    { isolation: 'bridge-port', to: vent02.four, enforced: true },
    { isolation: 'none', to: vent02.four, enforced: false },
    { isolation: 'none', to: valve.four, enforced: true },
    { isolation: 'none', to: places.internet.four, enforced: true },
  ] as const)(
    '$isolation: vent-01 to $to is refused, enforced: $enforced',
    async ({ isolation, to, enforced }) => {
      const decision = judge(wall.apply(siteWith(isolation)), to)
      expect([decision.verdict, decision.enforced]).toEqual(['deny', enforced])
      // What does pass the gateway is refused all the same.
      await attempt({ from: 'vent-01', to, port: 80, decided: 'deny default/deny' })
    },
  )

  test('with none, what goes from one to the other without the gateway is not stopped, as evaluate says', async () => {
    wall.apply(siteWith('none'))
    for (const port of ['one', 'two'])
      await wall.site.must('air', [
        'ip',
        'link',
        'set',
        'dev',
        port,
        'type',
        'bridge_slave',
        'isolated',
        'off',
      ])
    await wall.site.must('vent-01', ['ip', 'route', 'del', vent02.four])
    await wall.site.must('vent-02', ['ip', 'route', 'del', vent01.four])
    const flow = await (await wall.on('vent-01')).open({ protocol: 'tcp', to: vent02.four, port: 80 })
    await flow.exchange('behind its back')
    expect(wall.decisions(flow)).toEqual([])
    await flow.end()
  })
})
