/**
 * The gateway's own broadcasts: Linux hands a copy of each back to the gateway, which is no one's forgery. The same
 * packet from a wire is.
 */
import {
  buildFrame,
  type Ipv4Packet,
  type Ipv6Packet,
  openPacketSocket,
  openRawIpSocket,
} from '@thingwall/gateway/lab'
import { device, policy } from '@thingwall/policy'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { gatewayAt, networks, places, siteDescription } from './wall/places.ts'
import { buildWall, type Wall } from './wall/wall.ts'

let wall: Wall
beforeAll(async () => {
  wall = await buildWall(siteDescription)
  const { mac, four, six } = places['vent-01']
  wall.apply(
    policy('volcano', {
      owner: 'geo@volcano.example',
      networks,
      devices: { 'vent-01': device({ mac, ip: [four, six] }) },
    }),
  )
})
afterAll(() => wall?.end())
beforeEach(() => wall.forget())

const EVERYONE = 'ff:ff:ff:ff:ff:ff'

/** A DHCP answer of the gateway to everybody on the things network. */
function answer(family: 4 | 6, clientPort: number): Ipv4Packet | Ipv6Packet {
  const sourcePort = family === 4 ? 67 : 547
  const payload = { kind: 'udp', sourcePort, destinationPort: clientPort } as const
  return family === 4
    ? { kind: 'ipv4', source: gatewayAt.things.four, destination: '10.20.0.255', payload }
    : { kind: 'ipv6', source: gatewayAt.things.six, destination: 'ff02::1', payload }
}

test.each([4, 6] as const)('IPv%s: its copy comes back and is nobody’s', async (family) => {
  const clientPort = family === 4 ? 68 : 546
  const packet = buildFrame({ destination: EVERYONE, source: EVERYONE, payload: answer(family, clientPort) })
  const own = openRawIpSocket(wall.site.namespacePath('gateway'))
  expect(own.send(packet.subarray(14), 'wlan0')).toBe(true)
  await wall.decides('allow fixed/loopback', `port ${clientPort}`)
  expect(wall.decisions(`port ${clientPort}`).filter((one) => one.startsWith('deny'))).toEqual([])
  own.close()
})

test.each([
  [4, places['vent-01'].mac],
  [6, places['vent-01'].mac],
  [4, EVERYONE],
  [6, EVERYONE],
] as const)('IPv%s: from a wire, by link address %s, it is spoofed', async (family, source) => {
  const clientPort = family === 4 ? 68 : 546
  // The bridge before the vents takes nothing from a group's link address; a plain cable does.
  const host = source === EVERYONE ? 'laptop' : 'vent-01'
  const wire = openPacketSocket({ namespacePath: wall.site.namespacePath(host), interface: 'eth0' })
  const destination = family === 4 ? EVERYONE : '33:33:00:00:00:01'
  wire.send(buildFrame({ destination, source, payload: answer(family, clientPort) }))
  await wall.decides('deny fixed/spoofed', `port ${clientPort}`)
  expect(wall.decisions(`port ${clientPort}`).filter((one) => one.startsWith('allow'))).toEqual([])
  wire.close()
})
