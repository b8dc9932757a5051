/**
 * Address translation on the uplink: IPv4 sources become the gateway's address there and replies find back; IPv6 is
 * left as it is; nothing comes in by the public address. The policy judges the original source throughout.
 */
import { openPacketSocket, type PacketSocket, parseFrame } from '@thingwall/gateway/lab'
import {
  type Address,
  allow,
  device,
  evaluate,
  type LinkAddress,
  network,
  parseAddress,
  policy,
} from '@thingwall/policy'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { until } from './wall/agent.ts'
import { gatewayAt, networks, places, siteDescription } from './wall/places.ts'
import { type Applied, buildWall, type Wall } from './wall/wall.ts'

const at = (name: 'vent-01' | 'vent-02'): { mac: string; ip: string[] } => ({
  mac: places[name].mac,
  ip: [places[name].four, places[name].six],
})
const site = policy('volcano', {
  owner: 'geo@volcano.example',
  networks: { ...networks, uplink: network({ role: 'uplink', interface: 'wan0', masquerade: true }) },
  devices: {
    'vent-01': device({
      ...at('vent-01'),
      rules: {
        readings: allow.out({ to: ['203.0.113.10', '2001:db8:a::10'], service: 'https', why: 'readings' }),
        valve: allow.out({ to: 'valve', service: 'http', why: 'opens the valve' }),
      },
    }),
    'vent-02': device(at('vent-02')),
    valve: device({ mac: places.valve.mac, ip: [places.valve.four, places.valve.six] }),
  },
})

let wall: Wall
let applied: Applied
const wires = new Map<string, PacketSocket>()
beforeAll(async () => {
  wall = await buildWall(siteDescription)
  applied = wall.apply(site)
  for (const [host, port] of [
    ['internet', 443],
    ['valve', 80],
    ['gateway', 443],
  ] as const)
    await (await wall.on(host)).serve('tcp', port)
  for (const host of ['internet', 'valve'])
    wires.set(host, openPacketSocket({ interface: 'eth0', namespacePath: wall.site.namespacePath(host) }))
})
afterAll(async () => {
  for (const wire of wires.values()) wire.close()
  await wall?.end()
})
beforeEach(() => {
  wall.forget()
  for (const wire of wires.values()) wire.drain()
})

/** The sources of packets to this port that a host has seen arrive. */
function sourcesSeenBy(host: string, port: number): readonly string[] {
  const seen = new Set<string>()
  for (const frame of wires.get(host)?.drain() ?? []) {
    const { payload } = parseFrame(frame)
    if (payload.kind !== 'ipv4' && payload.kind !== 'ipv6') continue
    if (payload.payload.kind === 'tcp' && payload.payload.destinationPort === port) seen.add(payload.source)
  }
  return [...seen]
}

test.each([
  {
    from: 'vent-01',
    to: places.internet.four,
    port: 443,
    seenBy: 'internet',
    as: gatewayAt.uplink.four,
    rule: 'vent-01/readings',
  },
  {
    from: 'vent-01',
    to: places.internet.six,
    port: 443,
    seenBy: 'internet',
    as: places['vent-01'].six,
    rule: 'vent-01/readings',
  },
  {
    from: 'laptop',
    to: places.internet.four,
    port: 443,
    seenBy: 'internet',
    as: gatewayAt.uplink.four,
    rule: 'default/trusted-to-uplink',
  },
  {
    from: 'vent-01',
    to: places.valve.four,
    port: 80,
    seenBy: 'valve',
    as: places['vent-01'].four,
    rule: 'vent-01/valve',
  },
] as const)('$from to $to is seen there as $as, by $rule', async ({ from, to, port, seenBy, as, rule }) => {
  const flow = await (await wall.on(from)).open({ protocol: 'tcp', to, port })
  await flow.exchange('here')
  expect(wall.decisions(flow)).toEqual([`allow ${rule}`])
  expect(sourcesSeenBy(seenBy, port)).toEqual([as])
  await flow.end()
})

test('two hosts with one source port both keep their flow', async () => {
  const options = { protocol: 'tcp', to: places.internet.four, port: 443, fromPort: 19_999 } as const
  const one = await (await wall.on('vent-01')).open(options)
  const two = await (await wall.on('laptop')).open(options)
  await one.exchange('one')
  await two.exchange('two')
  await one.exchange('one again')
  for (const flow of [one, two]) await flow.end()
})

test.each([
  { to: gatewayAt.uplink.four, port: 443, decided: 'deny default/deny' },
  { to: gatewayAt.uplink.four, port: 22, decided: 'deny default/deny' },
  { to: gatewayAt.uplink.six, port: 443, decided: 'deny default/deny' },
  { to: places['vent-01'].four, port: 443, decided: 'deny default/deny' },
  { to: places['vent-01'].six, port: 443, decided: 'deny default/deny' },
])('from the internet to $to port $port: $decided', async ({ to, port, decided }) => {
  const flow = await (await wall.on('internet')).begin({ protocol: 'tcp', to, port })
  await wall.decides(decided, flow)
  await flow.end()
})

test('evaluate judges the original source, as the kernel does', async () => {
  const flow = (source: string, link: string): Parameters<typeof evaluate>[1] => ({
    ingress: 'things',
    link: link as LinkAddress,
    source: parseAddress(source) as Address,
    destination: parseAddress(places.internet.four) as Address,
    protocol: 6,
    destinationPort: 443,
  })
  const judged = (['vent-01', 'vent-02'] as const).map((name) => {
    const { mac, four } = places[name]
    return evaluate(applied.ruleset, flow(four, mac), applied.bindings, Date.now()).rule.id
  })
  expect(judged).toEqual(['vent-01/readings', 'default/deny'])
  const refused = await (await wall.on('vent-02')).begin({
    protocol: 'tcp',
    to: places.internet.four,
    port: 443,
  })
  await wall.decides('deny default/deny', refused)
  await until('nothing to have arrived', () => sourcesSeenBy('internet', 443).length === 0)
  await refused.end()
})
