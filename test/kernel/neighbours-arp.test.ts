/**
 * ARP: nobody but its owner, and the gateway, can put an address into the gateway's neighbour cache.
 *
 * What counts is what the cache would learn, the sender fields inside the message; each row is one frame, and the
 * cache is looked at after all of them. A control shows that without the wall the same frames do poison it.
 */
import { type ArpPacket, buildFrame, openPacketSocket, type PacketSocket } from '@thingwall/gateway/lab'
import { allow, device, policy } from '@thingwall/policy'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from './wall/agent.ts'
import { gatewayAt, gatewayLinks, networks, places, siteDescription } from './wall/places.ts'
import { buildWall, type Wall } from './wall/wall.ts'

const everyone = 'ff:ff:ff:ff:ff:ff'
const stranger = '66:66:66:66:66:66'
const vent01 = places['vent-01']
const vent02 = places['vent-02']
const { laptop, internet } = places

const site = policy('volcano', {
  owner: 'geo@volcano.example',
  networks,
  devices: {
    'vent-01': device({ mac: vent01.mac, ip: [vent01.four, vent01.six] }),
    'vent-02': device({
      mac: vent02.mac,
      ip: [vent02.four, vent02.six],
      rules: { readings: allow.out({ to: '203.0.113.10', service: 'https', why: 'readings' }) },
    }),
    desk: device({ mac: '3c:22:fb:00:00:06', ip: '10.30.0.6' }),
  },
})

let wall: Wall
const wires = new Map<string, PacketSocket>()
beforeAll(async () => {
  wall = await buildWall(siteDescription)
  // By default an entry younger than a second is not overwritten, which would hide a hole.
  await wall.site.must('gateway', [
    'sysctl',
    '-qw',
    ...Object.keys(gatewayLinks).map((name) => `net.ipv4.neigh.${name}.locktime=0`),
  ])
  for (const host of ['vent-02', 'stranger', 'laptop', 'internet']) {
    wires.set(host, openPacketSocket({ interface: 'eth0', namespacePath: wall.site.namespacePath(host) }))
  }
  wall.apply(site)
  await settle()
})
afterAll(async () => {
  for (const wire of wires.values()) wire.close()
  await wall?.end()
})

interface Row {
  readonly by: 'vent-02' | 'stranger' | 'laptop' | 'internet'
  readonly does: string
  readonly sender: string
  /** By default the link address of who sends. */
  readonly senderLink?: string
  readonly operation?: ArpPacket['operation']
  readonly target?: string
  readonly from?: string
  readonly decided: string
}

const links = { 'vent-02': vent02.mac, stranger, laptop: laptop.mac, internet: internet.mac } as const
const accepted = 'allow fixed/arp'
const spoofed = 'deny fixed/spoofed'
const held = 'deny fixed/stranger'

const table: readonly Row[] = [
  { by: 'vent-02', does: 'asks who has the gateway', sender: vent02.four, decided: accepted },
  {
    by: 'vent-02',
    does: 'probes its own address (RFC 5227)',
    sender: '0.0.0.0',
    target: vent02.four,
    decided: accepted,
  },
  {
    by: 'vent-02',
    does: 'announces its own address',
    sender: vent02.four,
    target: vent02.four,
    decided: accepted,
  },
  { by: 'vent-02', does: 'answers for itself', sender: vent02.four, operation: 'reply', decided: accepted },
  {
    by: 'vent-02',
    does: 'claims the gateway',
    sender: gatewayAt.things.four,
    operation: 'reply',
    decided: spoofed,
  },
  { by: 'vent-02', does: 'claims vent-01', sender: vent01.four, operation: 'reply', decided: spoofed },
  { by: 'vent-02', does: 'announces vent-01', sender: vent01.four, target: vent01.four, decided: spoofed },
  { by: 'vent-02', does: 'claims vent-01 by a request', sender: vent01.four, decided: spoofed },
  { by: 'vent-02', does: 'claims a free address', sender: '10.20.0.77', decided: spoofed },
  { by: 'vent-02', does: 'claims an address of another network', sender: laptop.four, decided: spoofed },
  { by: 'vent-02', does: 'claims an address outside', sender: internet.four, decided: spoofed },
  {
    by: 'vent-02',
    does: 'says that its own address is elsewhere',
    sender: vent02.four,
    senderLink: stranger,
    decided: spoofed,
  },
  {
    by: 'vent-02',
    does: 'hides behind vent-01’s Ethernet source and claims vent-01 for itself',
    from: vent01.mac,
    sender: vent01.four,
    decided: spoofed,
  },
  {
    by: 'vent-02',
    does: 'repeats the truth about vent-01, which teaches nothing false',
    sender: vent01.four,
    senderLink: vent01.mac,
    decided: accepted,
  },
  { by: 'stranger', does: 'probes', sender: '0.0.0.0', target: '10.20.0.66', decided: accepted },
  { by: 'stranger', does: 'takes a free address', sender: '10.20.0.66', decided: held },
  { by: 'stranger', does: 'claims vent-01', sender: vent01.four, operation: 'reply', decided: spoofed },
  { by: 'stranger', does: 'claims the gateway', sender: gatewayAt.things.four, decided: spoofed },
  { by: 'laptop', does: 'asks who has the gateway', sender: laptop.four, decided: accepted },
  {
    by: 'laptop',
    does: 'takes another address of a trusted network',
    sender: '10.30.0.99',
    decided: accepted,
  },
  {
    by: 'laptop',
    does: 'claims the gateway',
    sender: gatewayAt.station.four,
    operation: 'reply',
    decided: spoofed,
  },
  {
    by: 'laptop',
    does: 'claims a device of its network',
    sender: '10.30.0.6',
    operation: 'reply',
    decided: spoofed,
  },
  { by: 'laptop', does: 'claims a thing', sender: vent01.four, operation: 'reply', decided: spoofed },
  { by: 'internet', does: 'asks who has the gateway', sender: '192.0.2.1', decided: accepted },
  { by: 'internet', does: 'claims the gateway', sender: gatewayAt.uplink.four, decided: spoofed },
  { by: 'internet', does: 'claims a thing', sender: vent01.four, operation: 'reply', decided: spoofed },
]

const interfaceOf = { 'vent-02': 'wlan0', stranger: 'wlan0', laptop: 'lan0', internet: 'wan0' } as const

function frameOf(row: Row): Uint8Array {
  const gateway = gatewayLinks[interfaceOf[row.by]]
  const link = links[row.by]
  const payload: ArpPacket = {
    kind: 'arp',
    operation: row.operation ?? 'request',
    sender: row.sender,
    senderLink: row.senderLink ?? link,
    target: row.target ?? gatewayAt.things.four,
    targetLink: row.operation === 'reply' ? gateway : '00:00:00:00:00:00',
  }
  const destination = row.operation === 'reply' ? gateway : everyone
  return buildFrame({ destination, source: row.from ?? link, payload })
}

test.each(table)('$by $does: $decided', async (row) => {
  wall.forget()
  wires.get(row.by)?.send(frameOf(row))
  await wall.decides(row.decided, `arp ${row.sender} at ${row.senderLink ?? links[row.by]}`)
  await expectRightCache()
})

test('all of it at once, and hosts still talk', async () => {
  for (const row of table) wires.get(row.by)?.send(frameOf(row))
  await expectRightCache()
  const server = await wall.on('internet')
  await server.serve('tcp', 443)
  const flow = await (await wall.on('vent-02')).open({ protocol: 'tcp', to: internet.four, port: 443 })
  await flow.exchange('here')
  await flow.end()
})

test('control: without the wall the same frames poison the cache', async () => {
  await wall.site.must('gateway', ['nft', 'flush', 'ruleset'])
  for (const row of table) if (row.does === 'claims vent-01') wires.get(row.by)?.send(frameOf(row))
  await until('the cache to be wrong', async () => (await cache()).get(vent01.four) !== vent01.mac)
})

/** The gateway asks for everybody, so that there are entries to poison. */
async function settle(): Promise<void> {
  for (const [host, to] of [
    ['vent-01', gatewayAt.things.four],
    ['vent-02', gatewayAt.things.four],
    ['laptop', gatewayAt.station.four],
    ['internet', gatewayAt.uplink.four],
  ] as const) {
    await wall.site.run(host, ['ping', '-c', '1', '-W', '0.05', to])
  }
  await until('every neighbour to be known', async () => {
    const known = await cache()
    return [vent01, vent02, laptop].every((one) => known.get(one.four) === one.mac)
  })
}

async function cache(): Promise<ReadonlyMap<string, string | undefined>> {
  const entries: readonly { readonly dst: string; readonly lladdr?: string }[] = JSON.parse(
    await wall.site.must('gateway', ['ip', '-json', '-4', 'neigh', 'show', 'nud', 'all']),
  )
  return new Map(entries.flatMap(({ dst, lladdr }) => (lladdr === undefined ? [] : [[dst, lladdr]])))
}

async function expectRightCache(): Promise<void> {
  const known = await cache()
  expect(known.get(vent01.four)).toBe(vent01.mac)
  expect(known.get(vent02.four)).toBe(vent02.mac)
  expect(known.get(laptop.four)).toBe(laptop.mac)
  expect(known.get('192.0.2.1')).toBe(internet.mac)
  for (const own of [gatewayAt.things.four, gatewayAt.station.four, gatewayAt.uplink.four])
    expect(known.get(own)).toBeUndefined()
  expect(known.get('10.20.0.66')).toBeUndefined()
}
