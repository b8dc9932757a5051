/**
 * Neighbour discovery: an address is advertised by its own device alone; routers are advertised by the uplink alone.
 *
 * Each row is one frame, and the gateway's neighbour cache is looked at after it. A control shows that without the
 * wall such a frame does poison it. It is long because its one table is.
 */
import {
  buildFrame,
  type Icmp,
  neighbourAdvertisement,
  neighbourSolicitation,
  openPacketSocket,
  type PacketSocket,
  routerAdvertisement,
  routerSolicitation,
} from '@thingwall/gateway/lab'
import { allow, device, formatAddress, type LinkAddress, linkLocalOf, policy } from '@thingwall/policy'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from './wall/agent.ts'
import { gatewayAt, gatewayLinks, networks, places, siteDescription } from './wall/places.ts'
import { buildWall, type Wall } from './wall/wall.ts'

const linkLocal = (mac: string): string => formatAddress(linkLocalOf(mac as LinkAddress))
const strangerLink = '66:66:66:66:66:66'
const vent01 = places['vent-01']
const vent02 = places['vent-02']
const { laptop, internet } = places
const gateway = {
  things: gatewayAt.things.six,
  station: gatewayAt.station.six,
  local: linkLocal(gatewayLinks.wlan0),
}
/** A random link-local address, as RFC 7217 makes them. */
const random = 'fe80::1234:5678:9abc:def0'

const site = policy('volcano', {
  owner: 'geo@volcano.example',
  networks,
  devices: {
    'vent-01': device({ mac: vent01.mac, ip: [vent01.four, vent01.six] }),
    'vent-02': device({
      mac: vent02.mac,
      ip: [vent02.four, vent02.six],
      rules: { readings: allow.out({ to: '2001:db8:a::10', service: 'https', why: 'readings' }) },
    }),
    desk: device({ mac: '3c:22:fb:00:00:06', ip: 'fd30::6' }),
  },
})

const links = {
  'vent-02': vent02.mac,
  stranger: strangerLink,
  laptop: laptop.mac,
  internet: internet.mac,
} as const
type Sender = keyof typeof links
const interfaceOf = { 'vent-02': 'wlan0', stranger: 'wlan0', laptop: 'lan0', internet: 'wan0' } as const

let wall: Wall
const wires = new Map<Sender, PacketSocket>()
beforeAll(async () => {
  wall = await buildWall(siteDescription)
  for (const host of Object.keys(links) as Sender[])
    wires.set(host, openPacketSocket({ interface: 'eth0', namespacePath: wall.site.namespacePath(host) }))
  wall.apply(site)
  await fillCache()
})
afterAll(async () => {
  for (const wire of wires.values()) wire.close()
  await wall?.end()
})

interface Row {
  readonly by: Sender
  readonly does: string
  readonly source: string
  readonly says: Icmp
  /** The Ethernet source, where it is not its own. */
  readonly from?: string
  readonly to?: string
  readonly decided: string
}

const accepted = 'allow fixed/neighbour-discovery'
const spoofed = 'deny fixed/spoofed'
const held = 'deny fixed/stranger'
const refused = 'deny fixed/invalid'

/** Overriding, as an attacker would; `at` is the link address it tells. */
const advertises = (target: string, at: string): Icmp =>
  neighbourAdvertisement({
    target,
    flags: ['solicited', 'override'],
    options: [{ kind: 'target-link', link: at }],
  })
const softly = (target: string, at: string): Icmp =>
  neighbourAdvertisement({ target, flags: ['solicited'], options: [{ kind: 'target-link', link: at }] })
const asks = (target: string, at: string): Icmp =>
  neighbourSolicitation(target, [{ kind: 'source-link', link: at }])
const router = (at: string): Icmp =>
  routerAdvertisement({ lifetimeSeconds: 1800, options: [{ kind: 'source-link', link: at }] })
const redirect = (target: string): Icmp => ({
  kind: 'icmpv6',
  type: 137,
  code: 0,
  body: neighbourAdvertisement({ target }).body,
})

const own = vent02.six
const ownLocal = linkLocal(vent02.mac)
const me = vent02.mac
const table: readonly Row[] = [
  {
    by: 'vent-02',
    does: 'asks who has the gateway',
    source: own,
    says: asks(gateway.things, me),
    decided: accepted,
  },
  {
    by: 'vent-02',
    does: 'asks from its link-local address',
    source: ownLocal,
    says: asks(gateway.local, me),
    decided: accepted,
  },
  {
    by: 'vent-02',
    does: 'asks for a router',
    source: ownLocal,
    says: routerSolicitation(),
    to: 'ff02::2',
    decided: accepted,
  },
  {
    by: 'vent-02',
    does: 'looks whether its address is free',
    source: '::',
    says: neighbourSolicitation(own),
    decided: accepted,
  },
  {
    by: 'vent-02',
    does: 'advertises its own address',
    source: own,
    says: advertises(own, me),
    decided: accepted,
  },
  {
    by: 'vent-02',
    does: 'advertises its link-local address',
    source: ownLocal,
    says: advertises(ownLocal, me),
    decided: accepted,
  },
  {
    by: 'vent-02',
    does: 'claims the gateway',
    source: own,
    says: advertises(gateway.things, me),
    decided: spoofed,
  },
  {
    by: 'vent-02',
    does: 'claims the gateway’s link-local address',
    source: own,
    says: advertises(gateway.local, me),
    decided: spoofed,
  },
  { by: 'vent-02', does: 'claims vent-01', source: own, says: advertises(vent01.six, me), decided: spoofed },
  {
    by: 'vent-02',
    does: 'claims vent-01 without override',
    source: own,
    says: softly(vent01.six, me),
    decided: spoofed,
  },
  {
    by: 'vent-02',
    does: 'claims vent-01’s link-local address',
    source: ownLocal,
    says: advertises(linkLocal(vent01.mac), me),
    decided: spoofed,
  },
  {
    by: 'vent-02',
    does: 'claims an address nobody gave it',
    source: own,
    says: advertises('fd20::77', me),
    decided: spoofed,
  },
  {
    by: 'vent-02',
    does: 'claims vent-01 from nowhere',
    source: '::',
    says: advertises(vent01.six, me),
    decided: spoofed,
  },
  {
    by: 'vent-02',
    does: 'asks in vent-01’s name',
    source: vent01.six,
    says: asks(gateway.things, me),
    decided: spoofed,
  },
  {
    by: 'vent-02',
    does: 'asks in vent-01’s link-local name',
    source: linkLocal(vent01.mac),
    says: asks(gateway.things, me),
    decided: spoofed,
  },
  {
    by: 'vent-02',
    does: 'claims vent-01 with vent-01’s Ethernet source',
    from: vent01.mac,
    source: own,
    says: advertises(vent01.six, me),
    decided: spoofed,
  },
  {
    by: 'vent-02',
    does: 'plays the router',
    source: ownLocal,
    says: router(me),
    to: 'ff02::1',
    decided: refused,
  },
  { by: 'vent-02', does: 'redirects', source: ownLocal, says: redirect(internet.six), decided: refused },
  {
    by: 'stranger',
    does: 'finds the gateway',
    source: random,
    says: asks(gateway.local, strangerLink),
    decided: accepted,
  },
  {
    by: 'stranger',
    does: 'looks whether an address is free',
    source: '::',
    says: neighbourSolicitation(random),
    decided: accepted,
  },
  {
    by: 'stranger',
    does: 'advertises a link-local address nobody has',
    source: random,
    says: advertises(random, strangerLink),
    decided: accepted,
  },
  {
    by: 'stranger',
    does: 'claims vent-01',
    source: random,
    says: advertises(vent01.six, strangerLink),
    decided: spoofed,
  },
  {
    by: 'stranger',
    does: 'claims vent-01’s link-local address',
    source: random,
    says: advertises(linkLocal(vent01.mac), strangerLink),
    decided: spoofed,
  },
  {
    by: 'stranger',
    does: 'claims the gateway’s link-local address',
    source: random,
    says: advertises(gateway.local, strangerLink),
    decided: spoofed,
  },
  {
    by: 'stranger',
    does: 'claims a free address of the prefix',
    source: random,
    says: advertises('fd20::66', strangerLink),
    decided: spoofed,
  },
  {
    by: 'stranger',
    does: 'asks from a free address of the prefix',
    source: 'fd20::66',
    says: asks(gateway.things, strangerLink),
    decided: held,
  },
  {
    by: 'stranger',
    does: 'plays the router',
    source: random,
    says: router(strangerLink),
    to: 'ff02::1',
    decided: held,
  },
  {
    by: 'laptop',
    does: 'advertises its own address',
    source: laptop.six,
    says: advertises(laptop.six, laptop.mac),
    decided: accepted,
  },
  {
    by: 'laptop',
    does: 'advertises another of a trusted network',
    source: laptop.six,
    says: advertises('fd30::99', laptop.mac),
    decided: accepted,
  },
  {
    by: 'laptop',
    does: 'claims the gateway',
    source: laptop.six,
    says: advertises(gateway.station, laptop.mac),
    decided: spoofed,
  },
  {
    by: 'laptop',
    does: 'claims a device of its network',
    source: laptop.six,
    says: advertises('fd30::6', laptop.mac),
    decided: spoofed,
  },
  {
    by: 'laptop',
    does: 'plays the router',
    source: linkLocal(laptop.mac),
    says: router(laptop.mac),
    to: 'ff02::1',
    decided: refused,
  },
  {
    by: 'internet',
    does: 'asks who has the gateway',
    source: '2001:db8:1::1',
    says: asks(gatewayAt.uplink.six, internet.mac),
    decided: accepted,
  },
  {
    by: 'internet',
    does: 'asks in a thing’s name',
    source: vent01.six,
    says: asks(gatewayAt.uplink.six, internet.mac),
    decided: spoofed,
  },
  {
    by: 'internet',
    does: 'advertises itself as router',
    source: linkLocal(internet.mac),
    says: router(internet.mac),
    to: 'ff02::1',
    decided: accepted,
  },
]

function frameOf(row: Row): Uint8Array {
  const name = interfaceOf[row.by]
  const destination = row.to ?? linkLocal(gatewayLinks[name])
  const link = row.to === undefined ? gatewayLinks[name] : `33:33:00:00:00:0${row.to.at(-1)}`
  const payload = { kind: 'ipv6', source: row.source, destination, hops: 255, payload: row.says } as const
  return buildFrame({ destination: link, source: row.from ?? links[row.by], payload })
}

test.each(table)('$by $does: $decided', async (row) => {
  wall.forget()
  wires.get(row.by)?.send(frameOf(row))
  await wall.decides(row.decided, `icmpv6 ${row.says.type} from ${row.source}`)
  await expectRightCache()
})

test('hosts find each other and talk over IPv6', async () => {
  await wall.site.must('gateway', ['ip', '-6', 'neigh', 'flush', 'all'])
  await wall.site.must('vent-02', ['ip', '-6', 'neigh', 'flush', 'all'])
  const server = await wall.on('internet')
  await server.serve('tcp', 443)
  const flow = await (await wall.on('vent-02')).open({ protocol: 'tcp', to: internet.six, port: 443 })
  await flow.exchange('here')
  await flow.end()
})

describe('where the gateway takes routes from advertisements', () => {
  const settings = (value: number): string[] =>
    ['wlan0', 'wan0'].map((name) => `net.ipv6.conf.${name}.accept_ra=${value}`)
  beforeAll(async () => void (await wall.site.must('gateway', ['sysctl', '-qw', ...settings(2)])))
  afterAll(async () => void (await wall.site.must('gateway', ['sysctl', '-qw', ...settings(0)])))
  const routes = (): Promise<string> => wall.site.must('gateway', ['ip', '-6', 'route', 'show', 'default'])

  test('that of the uplink becomes one, that of a thing does not', async () => {
    for (const row of table) if (row.says.type === 134) wires.get(row.by)?.send(frameOf(row))
    await until('a route by the uplink’s advertisement', async () => /proto ra/.test(await routes()))
    expect((await routes()).split('\n').filter((line) => line.includes('proto ra'))).toEqual([
      expect.stringContaining(`via ${linkLocal(internet.mac)} dev wan0`),
    ])
  })
})

test('control: without the wall the cache is poisoned', async () => {
  await fillCache()
  await wall.site.must('gateway', ['nft', 'flush', 'ruleset'])
  for (const row of table) if (row.does === 'claims vent-01') wires.get(row.by)?.send(frameOf(row))
  await until('the cache to be wrong', async () => (await cache()).get(vent01.six) !== vent01.mac)
})

/** Everybody asks for the gateway, which learns them by it: there are entries to poison. */
async function fillCache(): Promise<void> {
  for (const [host, to] of [
    ['vent-01', gateway.things],
    ['vent-02', gateway.things],
    ['laptop', gateway.station],
    ['internet', gatewayAt.uplink.six],
  ] as const) {
    await wall.site.must(host, ['ip', '-6', 'neigh', 'flush', 'all'])
    await wall.site.run(host, ['ping', '-c', '1', '-W', '0.05', to])
  }
  await until('every neighbour to be known', async () => {
    const known = await cache()
    return [vent01, vent02, laptop].every((one) => known.get(one.six) === one.mac)
  })
}

async function cache(): Promise<ReadonlyMap<string, string | undefined>> {
  const entries: readonly { readonly dst: string; readonly lladdr?: string }[] = JSON.parse(
    await wall.site.must('gateway', ['ip', '-json', '-6', 'neigh', 'show', 'nud', 'all']),
  )
  return new Map(entries.flatMap(({ dst, lladdr }) => (lladdr === undefined ? [] : [[dst, lladdr]])))
}

async function expectRightCache(): Promise<void> {
  const known = await cache()
  for (const one of [vent01, vent02, laptop]) {
    expect(known.get(one.six)).toBe(one.mac)
    expect(known.get(linkLocal(one.mac)) ?? one.mac).toBe(one.mac)
  }
  for (const mine of [gateway.things, gateway.station, gateway.local]) expect(known.get(mine)).toBeUndefined()
}
