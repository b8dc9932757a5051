/**
 * The gateway's own flows: to the uplink it may open any, to things and laptops only what a rule of theirs says; and
 * to it, what its services and the rules of things say. Groups (mDNS, SSDP) are reached by rule only.
 */
import { allow, device, network, policy } from '@thingwall/policy'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { gatewayAt, networks, places, siteDescription } from './wall/places.ts'
import { buildWall, type Wall } from './wall/wall.ts'

const at = (name: 'vent-01' | 'vent-02'): { mac: string; ip: string[] } => ({
  mac: places[name].mac,
  ip: [places[name].four, places[name].six],
})
const site = policy('volcano', {
  owner: 'geo@volcano.example',
  networks: {
    ...networks,
    station: network({
      role: 'trusted',
      interface: 'lan0',
      cidrs: ['10.30.0.0/24', 'fd30::/64'],
      admin: '10.30.0.5',
    }),
  },
  devices: {
    'vent-01': device({
      ...at('vent-01'),
      rules: {
        page: allow.in({ from: 'gateway', service: 'http', why: 'the gateway looks at its page' }),
        tell: allow.out({ to: 'gateway', service: 'mqtt', why: 'the broker is on the gateway' }),
        found: allow.out({ to: ['224.0.0.251', 'ff02::fb'], service: 'mdns', why: 'is found by name' }),
      },
    }),
    'vent-02': device(at('vent-02')),
  },
})

let wall: Wall
beforeAll(async () => {
  wall = await buildWall(siteDescription)
  wall.apply(site)
  await (await wall.on('internet')).serve('tcp', 443)
  for (const host of ['vent-01', 'vent-02', 'laptop']) await (await wall.on(host)).serve('tcp', 80)
  const gateway = await wall.on('gateway')
  for (const port of [22, 1883, 8443]) await gateway.serve('tcp', port)
  await gateway.serve('udp', 5353, ['224.0.0.251@10.20.0.1', 'ff02::fb@::%wlan0'])
  await gateway.serve('udp', 1900, ['239.255.255.250@10.20.0.1'])
})
afterAll(() => wall?.end())
beforeEach(() => wall.forget())

describe.each(['four', 'six'] as const)('over IPv%s', (family) => {
  const own = gatewayAt.things[family]
  test.each([
    { from: 'gateway', to: places.internet[family], port: 443, decided: 'allow default/gateway-to-uplink' },
    { from: 'gateway', to: places['vent-01'][family], port: 80, decided: 'allow vent-01/page' },
    { from: 'gateway', to: places['vent-01'][family], port: 81, decided: 'deny default/deny' },
    { from: 'gateway', to: places['vent-02'][family], port: 80, decided: 'deny default/deny' },
    { from: 'gateway', to: places.laptop[family], port: 80, decided: 'deny default/deny' },
    { from: 'vent-01', to: own, port: 1883, decided: 'allow vent-01/tell' },
    { from: 'vent-01', to: own, port: 22, decided: 'deny default/deny' },
    { from: 'vent-02', to: own, port: 1883, decided: 'deny default/deny' },
    { from: 'vent-01', to: gatewayAt.uplink[family], port: 1883, decided: 'allow vent-01/tell' },
    { from: 'internet', to: gatewayAt.uplink[family], port: 1883, decided: 'deny default/deny' },
    { from: 'internet', to: own, port: 8443, decided: 'deny default/deny' },
    {
      from: 'laptop',
      to: gatewayAt.station[family],
      port: 8443,
      decided: family === 'four' ? 'allow default/admin' : 'deny default/deny',
    },
    { from: 'laptop', to: gatewayAt.station[family], port: 1883, decided: 'deny default/deny' },
  ])('$from to $to port $port: $decided', async ({ from, to, port, decided }) => {
    const agent = await wall.on(from)
    const options = { protocol: 'tcp', to, port } as const
    const flow = decided.startsWith('allow') ? await agent.open(options) : await agent.begin(options)
    if (decided.startsWith('allow')) await flow.exchange('here')
    await wall.decides(decided, flow)
    if (decided.startsWith('deny')) expect(await flow.fate()).not.toBe('open')
    await flow.end()
  })

  test.each([
    { from: 'laptop', to: gatewayAt.station[family], decided: 'allow default/gateway-services' },
    { from: 'vent-01', to: own, decided: 'deny default/deny' },
    { from: 'gateway', to: places['vent-01'][family], decided: 'deny default/deny' },
    { from: 'gateway', to: places.internet[family], decided: 'allow default/gateway-to-uplink' },
  ])('echo from $from to $to: $decided', async ({ from, to, decided }) => {
    const { status } = await wall.site.run(from, [
      'ping',
      '-c',
      '1',
      '-W',
      decided.startsWith('allow') ? '5' : '0.1',
      to,
    ])
    await wall.decides(decided, 'echo')
    expect(status === 0).toBe(decided.startsWith('allow'))
  })

  const shared = family === 'four' ? ['192.0.2.255', '10.20.0.255'] : ['2001:db8:1::', 'fd20::']
  test.each(shared)('to %s, which Linux takes for its own: no way to the gateway’s services', async (to) => {
    const flow = await (await wall.on('laptop')).open({ protocol: 'udp', to, port: 5353 })
    await flow.say('who is there?')
    await wall.decides('deny default/deny', flow)
    await flow.end()
  })

  const mdns = family === 'four' ? '224.0.0.251' : 'ff02::fb%eth0'
  test.each([
    { from: 'vent-01', to: mdns, port: 5353, decided: 'allow vent-01/found' },
    { from: 'vent-01', to: mdns, port: 5354, decided: 'deny default/deny' },
    { from: 'vent-02', to: mdns, port: 5353, decided: 'deny default/deny' },
    ...(family === 'four'
      ? [{ from: 'vent-01', to: '239.255.255.250', port: 1900, decided: 'deny default/deny' }]
      : []),
  ])('from $from to the group $to port $port: $decided', async ({ from, to, port, decided }) => {
    const flow = await (await wall.on(from)).open({ protocol: 'udp', to, port })
    await flow.say('who is there?')
    await wall.decides(decided, flow)
    await flow.end()
  })
})

test('what the gateway answers to a group’s question by unicast is a flow of its own, and needs a rule', async () => {
  const flow = await (await wall.on('vent-01')).open({ protocol: 'udp', to: '224.0.0.251', port: 5353 })
  await flow.say('who is there?')
  await wall.decides('deny default/deny', flow)
  expect(await flow.heard()).toBe('')
  await flow.end()
})
