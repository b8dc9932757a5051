/**
 * Limits are kept by the kernel for each device: what is too much is dropped and counted under the limit's own id,
 * and neither the neighbour device nor the flows that stay within it notice.
 */
import { buildFrame, openPacketSocket, type PacketSocket, type Transport } from '@thingwall/gateway/lab'
import { allow, type PolicyDocument, policy, profile, type ServiceText } from '@thingwall/policy'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { gatewayLinks, networks, type Place, places, siteDescription } from './wall/places.ts'
import { buildWall, type Wall } from './wall/wall.ts'

const to = ['203.0.113.10', '2001:db8:a::10']
const owner = 'geo@volcano.example'

/** Two vents with ceilings and a valve without, all with this one rule. */
function siteWith(...service: readonly ServiceText[]): PolicyDocument {
  const rules = { readings: allow.out({ to, service, why: 'readings' }) }
  const limits = { newConnections: '5/min', egress: '2 kB/s' }
  const vent = profile('vent', { why: 'sends readings', owner, limits, rules })
  const free = profile('free', { why: 'no ceiling', owner, rules })
  const at = ({ mac, four, six }: Place): { mac: string; ip: string[] } => ({ mac, ip: [four, six] })
  const first = at(places['vent-01'])
  return policy('volcano', {
    networks,
    devices: {
      'vent-01': vent.device({ ...first, ip: [...first.ip, '10.20.0.21', 'fd20::21'] }),
      'vent-02': vent.device(at(places['vent-02'])),
      valve: free.device(at(places.valve)),
    },
  })
}

type Host = 'vent-01' | 'vent-02' | 'valve'
const hosts: readonly Host[] = ['vent-01', 'vent-02', 'valve']

let wall: Wall
let internet: PacketSocket
const wires = new Map<Host, PacketSocket>()
beforeAll(async () => {
  wall = await buildWall(siteDescription)
  for (const host of hosts)
    wires.set(host, openPacketSocket({ interface: 'eth0', namespacePath: wall.site.namespacePath(host) }))
  await (await wall.on('internet')).serve('tcp', 443)
  internet = openPacketSocket({ interface: 'eth0', namespacePath: wall.site.namespacePath('internet') })
})
afterAll(async () => {
  for (const wire of [...wires.values(), internet]) wire?.close()
  await wall?.end()
})
beforeEach(() => {
  // A new rule set begins with empty meters.
  wall.apply(siteWith('https', 'ntp'))
  wall.forget()
})

describe.each(['four', 'six'] as const)('over IPv%s', (family) => {
  const send = (host: Host, payload: Transport): void => {
    const place = places[host]
    const gateway = host === 'valve' ? gatewayLinks.zone0 : gatewayLinks.wlan0
    const ends = { source: place[family], destination: places.internet[family], payload }
    wires.get(host)?.send(
      buildFrame({
        destination: gateway,
        source: place.mac,
        payload: family === 'four' ? { kind: 'ipv4', ...ends } : { kind: 'ipv6', ...ends },
      }),
    )
  }
  const syn = (host: Host, sourcePort: number): void =>
    send(host, { kind: 'tcp', sourcePort, destinationPort: 443, flags: ['syn'] })
  const decisions = (port: number): readonly string[] => wall.decisions(`port ${port}`)

  test('new connections: the sixth is one too many, and only for the device that opens it', async () => {
    await warmUp(family)
    for (let at = 1; at <= 8; at++) {
      syn('vent-01', 1000 + at)
      expect([at, decisions(1000 + at)]).toEqual([
        at,
        [at <= 5 ? 'allow vent/readings' : 'deny limit/vent/new-connections'],
      ])
    }
    for (let at = 1; at <= 5; at++) {
      syn('vent-02', 2000 + at)
      expect(decisions(2000 + at)).toEqual(['allow vent/readings'])
    }
    for (let at = 1; at <= 40; at++) {
      syn('valve', 3000 + at)
      expect(decisions(3000 + at)).toEqual(['allow free/readings'])
    }
    expect(await wall.count('limit/vent/new-connections')).toBe(3)
    expect(await wall.count('limit/vent/egress')).toBe(0)
  })

  test('flows let in before the ceiling was reached go on, and are not counted again when a reload judges them', async () => {
    await warmUp(family)
    const agent = await wall.on('vent-01')
    const https = { protocol: 'tcp', to: places.internet[family], port: 443 } as const
    const flows = await Promise.all(Array.from({ length: 5 }, () => agent.open(https)))
    const late = await agent.begin(https)
    await wall.decides('deny limit/vent/new-connections', late)
    for (const flow of flows) await flow.exchange('before')

    // Reload empties the meters: there is room for five new connections again.
    wall.apply(siteWith('https', 'ntp', '8443/tcp'))
    wall.forget()
    for (const flow of flows) await flow.exchange('after')
    for (const flow of flows) expect(wall.decisions(flow)).not.toContain('deny limit/vent/new-connections')
    const anew = await agent.open(https)
    await anew.exchange('here')
    for (const flow of [...flows, late, anew]) await flow.end()
  })

  test('bytes: what goes beyond the rate is dropped, and only of the device that sends it', async () => {
    await warmUp(family)
    const data = new Uint8Array(900)
    internet.drain()
    for (const host of hosts)
      for (let at = 0; at < 10; at++)
        send(host, { kind: 'udp', sourcePort: 5000, destinationPort: 123, data })
    const dropped = await wall.count('limit/vent/egress')
    // Two seconds' worth at the very most gets through of each vent's 9 kB; the first two packets do in any case.
    expect(dropped).toBeGreaterThanOrEqual(8)
    expect(dropped).toBeLessThanOrEqual(16)
    const arrived = internet.drain().filter((frame) => frame.length > 900).length
    expect(arrived).toBe(30 - dropped)
  })
})

test('all addresses of a device share its ceiling', async () => {
  for (const family of ['four', 'six'] as const) await warmUp(family)
  const { mac, four, six } = places['vent-01']
  let port = 6000
  const decided = [four, six, '10.20.0.21', 'fd20::21'].map((source) => {
    const open = (): readonly string[] => {
      port += 1
      const payload: Transport = { kind: 'tcp', sourcePort: port, destinationPort: 443, flags: ['syn'] }
      const packet = source.includes(':')
        ? ({ kind: 'ipv6', source, destination: places.internet.six, payload } as const)
        : ({ kind: 'ipv4', source, destination: places.internet.four, payload } as const)
      wires
        .get('vent-01')
        ?.send(buildFrame({ destination: gatewayLinks.wlan0, source: mac, payload: packet }))
      return wall.decisions(`port ${port}`)
    }
    return [...open(), ...open()]
  })
  const [yes, no] = ['allow vent/readings', 'deny limit/vent/new-connections']
  expect(decided).toEqual([
    [yes, yes],
    [yes, yes],
    [yes, no],
    [no, no],
  ])
})

/** The gateway knows its neighbours, so that no packet waits for them. */
async function warmUp(family: 'four' | 'six'): Promise<void> {
  const to = family === 'four' ? '192.0.2.1' : '2001:db8:1::1'
  await wall.site.must('gateway', ['ping', '-c', '1', '-W', '2', to])
  wall.forget()
}
