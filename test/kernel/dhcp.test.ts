/**
 * DHCP works for everybody on every network, strangers included: a real server on the gateway, real clients on the
 * hosts. The address a client gets is all it gets; what it may do with it the policy says.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildFrame, openPacketSocket, type PacketSocket } from '@thingwall/gateway/lab'
import { allow, device, policy } from '@thingwall/policy'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from './wall/agent.ts'
import { gatewayAt, gatewayLinks, networks, places, siteDescription } from './wall/places.ts'
import { buildWall, type Wall } from './wall/wall.ts'

const vent = places['vent-01']
const strangerLink = '66:66:66:66:66:66'
const site = policy('volcano', {
  owner: 'geo@volcano.example',
  networks,
  devices: {
    'vent-01': device({
      mac: vent.mac,
      ip: [vent.four, vent.six],
      rules: { readings: allow.out({ to: '203.0.113.10', service: 'https', why: 'readings' }) },
    }),
  },
})

const scratch = mkdtempSync(join(tmpdir(), 'thingwall-dhcp-'))
let wall: Wall
const wires = new Map<string, PacketSocket>()
beforeAll(async () => {
  wall = await buildWall({
    ...siteDescription,
    hosts: {
      ...siteDescription.hosts,
      // A host that knows nothing yet, and a stranger that wants to know.
      'vent-01': { interfaces: { eth0: { link: vent.mac, addresses: [`${vent.six}/64`] } } },
      stranger: { interfaces: { eth0: { link: strangerLink } } },
    },
  })
  wall.apply(site)
  wall.site.spawn('gateway', [
    'dnsmasq',
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--port=0',
    '--user=root',
    '--log-dhcp',
    '--log-facility=-',
    `--dhcp-leasefile=${join(scratch, 'leases')}`,
    '--dhcp-range=10.20.0.100,10.20.0.200,1h',
    '--dhcp-range=10.30.0.100,10.30.0.200,1h',
    '--dhcp-range=fd20::100,fd20::200,64,1h',
    `--dhcp-host=${vent.mac},${vent.four}`,
    '--no-ping',
  ])
  await until('the server to listen', async () =>
    /:67\b/.test(await wall.site.must('gateway', ['ss', '-Hlun'])),
  )
  for (const host of ['vent-01', 'stranger'])
    wires.set(host, openPacketSocket({ interface: 'eth0', namespacePath: wall.site.namespacePath(host) }))
})
afterAll(async () => {
  for (const wire of wires.values()) wire.close()
  await wall?.end()
  rmSync(scratch, { recursive: true, force: true })
})

/** What a client does with its lease: takes the address, and says what it got. */
const script = join(scratch, 'take')
writeFileSync(
  script,
  `#!/bin/sh
case "$1" in
  bound|renew)
    ip address replace "$ip/\${mask:-24}" dev "$interface"
    [ -z "$router" ] || ip route replace default via "$router"
    echo "$1 $ip" ;;
esac
`,
  { mode: 0o755 },
)

const client = ['busybox', 'udhcpc', '-i', 'eth0', '-s', script, '-t', '5', '-T', '1', '-A', '1'] as const

test.each([
  { host: 'vent-01', who: 'a known device', gets: vent.four },
  { host: 'stranger', who: 'a stranger on a things network', gets: '10.20.0.' },
  { host: 'laptop', who: 'a laptop of the station', gets: '10.30.0.' },
])('$who gets an address', async ({ host, gets }) => {
  wall.forget()
  const { stdout, stderr, status } = await wall.site.run(host, [...client, '-n', '-q'])
  expect([status, stderr]).toEqual([0, expect.stringContaining('lease of')])
  expect(stdout).toContain(`bound ${gets}`)
  expect(wall.decisions('port 67')).toContain('allow fixed/dhcp')
})

test('a client renews by unicast, also when the gateway has forgotten the exchange', async () => {
  const running = wall.site.spawn('vent-01', [...client, '-f'])
  const said = (): string => running.output().stdout
  await until('a lease', () => said().includes('bound'))
  const renewals = (): number => said().split('renew').length - 1
  for (const at of [0, 1]) {
    if (at === 1) await wall.site.must('gateway', ['conntrack', '-F'])
    wall.forget()
    // SIGUSR1: renew now.
    process.kill(running.pid as number, 'SIGUSR1')
    await until('a renewal', () => renewals() === at + 1)
    // How often the client asks, and whether its kernel answers a reply too many by an error, is its own affair.
    expect(wall.decisions('port 67').filter((one) => one.startsWith('deny'))).toEqual([])
  }
  await running.stop()
})

test('the device talks by its address; the stranger has one and nothing else', async () => {
  const internet = await wall.on('internet')
  await internet.serve('tcp', 443)
  const flow = await (await wall.on('vent-01')).open({ protocol: 'tcp', to: places.internet.four, port: 443 })
  await flow.exchange('here')
  await flow.end()
  const held = await (await wall.on('stranger')).begin({
    protocol: 'tcp',
    to: places.internet.four,
    port: 443,
  })
  // The gateway does not even learn where it is: its question by ARP is held.
  await wall.decides('deny fixed/stranger')
  expect(await held.fate()).not.toBe('open')
  await held.end()
})

test('a stranger who asks a server outside, or one where no host can be, is held', async () => {
  for (const destination of ['203.0.113.10', '240.0.0.9']) {
    wall.forget()
    const payload = { kind: 'udp', sourcePort: 68, destinationPort: 67, data: new Uint8Array(8) } as const
    const packet = { kind: 'ipv4', source: '10.20.0.99', destination, payload } as const
    wires
      .get('stranger')
      ?.send(buildFrame({ destination: gatewayLinks.wlan0, source: strangerLink, payload: packet }))
    await wall.decides('deny fixed/stranger', 'port 67')
  }
})

/** DHCPv6 and the denied neighbours of both protocols, as frames: who may say which port to whom. */
test.each([
  {
    does: 'solicits by multicast',
    from: 'vent-01',
    ports: [546, 547],
    to: 'ff02::1:2',
    decided: 'allow fixed/dhcp',
  },
  {
    does: 'solicits by multicast',
    from: 'stranger',
    ports: [546, 547],
    to: 'ff02::1:2',
    decided: 'allow fixed/dhcp',
  },
  {
    does: 'renews by unicast',
    from: 'vent-01',
    ports: [546, 547],
    to: gatewayAt.things.six,
    decided: 'allow fixed/dhcp',
  },
  {
    does: 'plays the server',
    from: 'vent-01',
    ports: [547, 546],
    to: gatewayAt.things.six,
    decided: 'deny default/deny',
  },
  {
    does: 'plays the server',
    from: 'stranger',
    ports: [547, 546],
    to: gatewayAt.things.six,
    decided: 'deny fixed/stranger',
  },
  {
    does: 'asks a server outside',
    from: 'vent-01',
    ports: [546, 547],
    to: places.internet.six,
    decided: 'deny default/deny',
  },
  {
    does: 'asks a server outside',
    from: 'stranger',
    ports: [546, 547],
    to: places.internet.six,
    decided: 'deny fixed/stranger',
  },
])('over IPv6 $from $does: $decided', async ({ from, ports: [sourcePort, destinationPort], to, decided }) => {
  wall.forget()
  const link = from === 'vent-01' ? vent.mac : strangerLink
  const source = from === 'vent-01' ? vent.six : 'fe80::6466:66ff:fe66:6666'
  wires.get(from)?.send(
    buildFrame({
      destination: to.startsWith('ff') ? '33:33:00:01:00:02' : gatewayLinks.wlan0,
      source: link,
      payload: {
        kind: 'ipv6',
        source,
        destination: to,
        payload: {
          kind: 'udp',
          sourcePort: sourcePort ?? 0,
          destinationPort: destinationPort ?? 0,
          data: new Uint8Array(8),
        },
      },
    }),
  )
  await wall.decides(decided, `port ${destinationPort}`)
})
