/**
 * ICMP errors ride on the flow they belong to: those of a live flow pass, so that ports are refused at once and path
 * MTU discovery works through the wall; those of a flow whose rule is gone, or that never was, do not.
 */
import {
  buildFrame,
  type Frame,
  openPacketSocket,
  type PacketSocket,
  parseFrame,
  type Transport,
} from '@thingwall/gateway/lab'
import { allow, type PolicyDocument, policy, profile } from '@thingwall/policy'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type LiveFlow, until } from './wall/agent.ts'
import { gatewayLinks, networks, places, siteDescription } from './wall/places.ts'
import { buildWall, type Wall } from './wall/wall.ts'

/** Beyond a link of 1,300 bytes, with ordinary links at both ends: the sender must be told. */
const far = { four: '203.0.113.99', six: '2001:db8:b::99' } as const

let wall: Wall
let wire: PacketSocket
beforeAll(async () => {
  const { hosts, links } = siteDescription
  wall = await buildWall({
    hosts: {
      ...hosts,
      internet: {
        ...hosts['internet'],
        forwards: true,
        interfaces: {
          ...hosts['internet']?.interfaces,
          narrow: { mtuBytes: 1300, addresses: ['198.51.100.1/24', '2001:db8:c::1/64'] },
        },
        routes: [
          ...(hosts['internet']?.routes ?? []),
          { to: `${far.four}/32`, via: '198.51.100.2' },
          { to: `${far.six}/128`, via: '2001:db8:c::2' },
        ],
      },
      mid: {
        forwards: true,
        interfaces: {
          narrow: { mtuBytes: 1300, addresses: ['198.51.100.2/24', '2001:db8:c::2/64'] },
          wide: { addresses: ['203.0.113.98/31', '2001:db8:b::98/64'] },
        },
        routes: [
          { to: 'default', via: '198.51.100.1' },
          { to: 'default', via: '2001:db8:c::1' },
        ],
      },
      far: {
        interfaces: { eth0: { addresses: [`${far.four}/31`, `${far.six}/64`] } },
        routes: [
          { to: 'default', via: '203.0.113.98' },
          { to: 'default', via: '2001:db8:b::98' },
        ],
      },
    },
    links: [...links, ['internet:narrow', 'mid:narrow'], ['mid:wide', 'far:eth0']],
  })
  wire = openPacketSocket({ interface: 'eth0', namespacePath: wall.site.namespacePath('internet') })
  await (await wall.on('internet')).serve('udp', 123)
  await (await wall.on('far')).serve('tcp', 443)
})
afterAll(async () => {
  wire?.close()
  await wall?.end()
})
beforeEach(() => wall.forget())

function site(rule: 'with readings' | 'without readings'): PolicyDocument {
  const vent = profile('vent', {
    why: 'sends readings',
    owner: 'geo@volcano.example',
    rules:
      rule === 'without readings'
        ? {}
        : {
            readings: allow.out({
              to: 'uplink',
              service: ['https', 'ping', '123/udp', '9999/udp'],
              why: 'readings and what goes with them',
            }),
          },
  })
  const { mac, four, six } = places['vent-01']
  return policy('volcano', { networks, devices: { 'vent-01': vent.device({ mac, ip: [four, six] }) } })
}

describe.each(['four', 'six'] as const)('over IPv%s', (family) => {
  const server = places.internet[family]

  test('a closed port is refused at once', async () => {
    wall.apply(site('with readings'))
    const flow = await (await wall.on('vent-01')).open({ protocol: 'udp', to: server, port: 9999 })
    await flow.say('anyone?')
    await until('the error to arrive', async () => (await flow.fate()) === 'ECONNREFUSED')
    expect(wall.decisions(flow)).toEqual(['allow vent/readings', 'allow fixed/icmp-errors'])
    await flow.end()
  })

  test('a large upload crosses a narrow link: the sender is told, and sends smaller packets', async () => {
    wall.apply(site('with readings'))
    const flow = await (await wall.on('vent-01')).open({ protocol: 'tcp', to: far[family], port: 443 })
    await flow.exchange('x'.repeat(40_000))
    expect(wall.decisions(flow)).toContain('allow fixed/icmp-errors')
    const cached = await wall.site.must('vent-01', ['ip', 'route', 'get', far[family]])
    expect(cached).toContain('mtu 1300')
    await flow.end()
  })

  test('the gateway tells of its own narrow link, even about the first packet of a flow', async () => {
    wall.apply(site('with readings'))
    await wall.site.must('gateway', ['ip', 'link', 'set', 'wan0', 'mtu', '1290'])
    const ping = await wall.site.run('vent-01', [
      'ping',
      '-c',
      '1',
      '-W',
      '1',
      '-M',
      'do',
      '-s',
      '1300',
      server,
    ])
    await wall.site.must('gateway', ['ip', 'link', 'set', 'wan0', 'mtu', '1500'])
    expect(ping.stdout + ping.stderr).toMatch(/mtu ?= ?1290/)
    // Linux looks at the size before any rule judges the flow.
    expect(wall.decisions()).toContain('allow fixed/icmp-errors')
  })

  test('an error about a live flow passes, about a stale one or none it does not', async () => {
    wall.apply(site('with readings'))
    const vent = await wall.on('vent-01')
    const fromPort = family === 'four' ? 41_004 : 41_006
    const flow: LiveFlow = await vent.open({ protocol: 'udp', to: server, port: 123, fromPort })
    await flow.exchange('what time?')
    wall.forget()
    wire.send(unreachable(family, fromPort))
    await wall.decides('allow fixed/icmp-errors')
    wire.send(unreachable(family, fromPort + 1))
    await wall.decides('deny fixed/invalid')
    wall.apply(site('without readings'))
    wire.send(unreachable(family, fromPort))
    await wall.decides('deny fixed/stale')
    await flow.end()
  })
})

/** "Port unreachable", from the server, about what vent-01 sent from this port to its port 123. */
function unreachable(family: 'four' | 'six', fromPort: number): Uint8Array {
  const vent = places['vent-01'][family]
  const server = places.internet[family]
  const frame = (source: string, destination: string, payload: Transport): Uint8Array => {
    const kind = family === 'four' ? 'ipv4' : 'ipv6'
    const packet: Frame['payload'] = { kind, source, destination, payload }
    return buildFrame({ destination: gatewayLinks.wan0, source: places.internet.mac, payload: packet })
  }
  const asked = frame(vent, server, { kind: 'udp', sourcePort: fromPort, destinationPort: 123 })
  const body = Uint8Array.of(0, 0, 0, 0, ...asked.subarray(14))
  const icmp: Transport =
    family === 'four' ? { kind: 'icmp', type: 3, code: 3, body } : { kind: 'icmpv6', type: 1, code: 4, body }
  const bytes = frame(server, vent, icmp)
  expect(parseFrame(bytes).payload.kind).toBe(family === 'four' ? 'ipv4' : 'ipv6')
  return bytes
}
