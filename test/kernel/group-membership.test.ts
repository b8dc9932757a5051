/**
 * Who listens to which group: hosts say so from their own address, or from none while they have none (RFC 3376 4.2.13,
 * RFC 3590). Nobody is taken for a forger for it, and nobody gets another's address in by it.
 */
import {
  buildFrame,
  type Ipv4Packet,
  type Ipv6Packet,
  openPacketSocket,
  openRawIpSocket,
} from '@thingwall/gateway/lab'
import { device, formatAddress, type LinkAddress, linkLocalOf, policy } from '@thingwall/policy'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { gatewayAt, networks, places, siteDescription } from './wall/places.ts'
import { buildWall, type Wall } from './wall/wall.ts'

const { mac, four, six } = places['vent-01']
const strangerLink = '66:66:66:66:66:66'

let wall: Wall
beforeAll(async () => {
  wall = await buildWall(siteDescription)
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

/** An IGMPv2 report, with router alert and TTL 1, to a group that the gateway hears, too. */
function report4(source: string, destination = '224.0.0.1'): Ipv4Packet {
  const bytes = Uint8Array.of(0x16, 0, 0x09, 0x04, 224, 0, 0, 251)
  const options = Uint8Array.of(0x94, 4, 0, 0)
  return {
    kind: 'ipv4',
    source,
    destination,
    hops: 1,
    options,
    payload: { kind: 'bytes', protocol: 2, bytes },
  }
}

/** An MLDv1 report (RFC 2710) for ff02::fb. */
function report6(source: string): Ipv6Packet {
  const body = Uint8Array.of(0, 0, 0, 0, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfb)
  const payload = { kind: 'icmpv6', type: 131, code: 0, body } as const
  return { kind: 'ipv6', source, destination: 'ff02::1', hops: 1, payload }
}

const localOf = (link: string): string => formatAddress(linkLocalOf(link as LinkAddress))
type Sender = 'vent-01' | 'stranger' | 'laptop' | 'internet'
const linkOf = {
  'vent-01': mac,
  stranger: strangerLink,
  laptop: places.laptop.mac,
  internet: places.internet.mac,
} as const

test.each<readonly [by: Sender, source: string, decision: string]>([
  ['vent-01', '0.0.0.0', 'allow fixed/group-membership'],
  ['vent-01', four, 'allow fixed/group-membership'],
  ['stranger', '0.0.0.0', 'allow fixed/group-membership'],
  ['laptop', '0.0.0.0', 'allow fixed/group-membership'],
  ['laptop', places.laptop.four, 'allow fixed/group-membership'],
  ['internet', '192.0.2.1', 'allow fixed/group-membership'],
  ['stranger', '10.20.0.99', 'deny fixed/stranger'],
  ['stranger', four, 'deny fixed/spoofed'],
  ['vent-01', places['vent-02'].four, 'deny fixed/spoofed'],
  ['laptop', four, 'deny fixed/spoofed'],
  ['internet', '0.0.0.0', 'deny fixed/spoofed'],
  ['internet', four, 'deny fixed/spoofed'],
])('%s reports a group from %s: %s', async (by, source, decision) => {
  await sends(by, report4(source), decision, `protocol 2 from ${source}`)
})

test('from no address to one host it is a forgery still', async () => {
  await sends(
    'vent-01',
    report4('0.0.0.0', gatewayAt.things.four),
    'deny fixed/spoofed',
    'protocol 2 from 0.0.0.0',
  )
})

test.each<readonly [by: Sender, source: string, decision: string]>([
  ['vent-01', '::', 'allow fixed/neighbour-discovery'],
  ['stranger', '::', 'allow fixed/neighbour-discovery'],
  ['stranger', localOf(strangerLink), 'allow fixed/neighbour-discovery'],
  ['stranger', localOf(mac), 'deny fixed/spoofed'],
  ['stranger', 'fd20::99', 'deny fixed/stranger'],
])('%s reports a group from %s: %s', async (by, source, decision) => {
  await sends(by, report6(source), decision, `icmpv6 131 from ${source}`)
})

test('the gateway says what it listens to itself', async () => {
  const packet = buildFrame({ destination: mac, source: mac, payload: report4(gatewayAt.things.four) })
  const own = openRawIpSocket(wall.site.namespacePath('gateway'))
  expect(own.send(packet.subarray(14), 'wlan0')).toBe(true)
  await wall.decides('allow fixed/group-membership', `protocol 2 from ${gatewayAt.things.four}`)
  own.close()
})

async function sends(
  by: Sender,
  payload: Ipv4Packet | Ipv6Packet,
  decision: string,
  subject: string,
): Promise<void> {
  const wire = openPacketSocket({ namespacePath: wall.site.namespacePath(by), interface: 'eth0' })
  const destination = payload.kind === 'ipv4' ? '01:00:5e:00:00:01' : '33:33:00:00:00:01'
  wire.send(buildFrame({ destination, source: linkOf[by], payload }))
  await wall.decides(decision, subject)
  wire.close()
}
