/**
 * Forwards with real connections, in both families: what comes to a port of the gateway's outside reaches the device, by
 * the forward's rule and as long as that stands; the same device is reached from outside in no other way. And what other
 * programs translate is refused unless a forward documents it.
 */
import {
  allow,
  deny,
  device,
  explain,
  forward,
  network,
  type PolicyDocument,
  policy,
  tcp,
  udp,
} from '@thingwall/policy'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { until } from './wall/agent.ts'
import { gatewayAt, networks, places, siteDescription } from './wall/places.ts'
import { type Applied, type ApplyOptions, buildWall, type Wall } from './wall/wall.ts'

const why = 'The observatory watches the crater'
const camera = { at: 'uplink', service: tcp(8554), to: 'camera', port: 554, why } as const

const uplink = network({ role: 'uplink', interface: 'wan0', masquerade: true })
function site(forwards: object, more: object = {}): PolicyDocument {
  const { mac, four, six } = places['vent-01']
  return policy('volcano', {
    owner: 'geo@volcano.example',
    networks: { ...networks, uplink },
    devices: {
      camera: device({ mac, ip: [four, six] }),
      // Its addresses are leased.
      roaming: device({ mac: places['vent-02'].mac, network: 'things' }),
      valve: device({ mac: places.valve.mac, ip: [places.valve.four, places.valve.six] }),
    },
    forwards,
    ...more,
  } as never)
}

let wall: Wall
beforeAll(async () => {
  wall = await buildWall(siteDescription)
  for (const [host, protocol, port] of [
    ['vent-01', 'tcp', 554],
    ['vent-01', 'udp', 555],
    ['vent-02', 'tcp', 554],
    ['valve', 'tcp', 80],
    ['valve', 'tcp', 8001],
    ['gateway', 'tcp', 22],
    ['gateway', 'tcp', 8554],
  ] as const)
    await (await wall.on(host)).serve(protocol, port)
})
afterAll(() => wall?.end())
beforeEach(() => wall.forget())

const instantIn = (ms: number): number => Math.ceil((Date.now() + ms) / 1000) * 1000
const textOf = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')
const past = (at: number): Promise<void> => until('the instant to be over', () => Date.now() > at + 60)

/** Applies; in how many milliseconds: the kernel counts from the end of them. */
function loadedInMs(document: PolicyDocument, options: ApplyOptions = {}): number {
  const begun = Date.now()
  wall.apply(document, options)
  return Date.now() - begun
}

function explained(applied: Applied, from: string, to: string): string {
  const [answer, faults] = explain(applied.ruleset, { from, to }, applied.bindings, Date.now())
  return answer === null ? JSON.stringify(faults) : `${answer.verdict} ${answer.rule?.id}`
}

describe.each(['four', 'six'] as const)('IPv %s', (family) => {
  const gateway = gatewayAt.uplink[family]
  const [host, another] =
    family === 'four' ? ['203.0.113.10', '203.0.113.20'] : ['2001:db8:a::10', '2001:db8:a::20']
  const target = places['vent-01'][family]
  const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address)
  const knock = { protocol: 'tcp', to: gateway, port: 8554, from: host } as const

  test('a forward leads to another port, by its own rule; explain says so of either destination', async () => {
    const applied = wall.apply(site({ camera: forward(camera) }))
    const flow = await (await wall.on('internet')).open(knock)
    await flow.exchange('hello')
    expect(wall.decisions(flow)).toEqual(['allow forward/camera'])
    expect(await wall.count('forward/camera')).toBeGreaterThanOrEqual(1)
    for (const to of [
      `${bracketed(gateway)}:8554/tcp`,
      `${bracketed(target)}:554/tcp`,
      'camera:554/tcp',
      'gateway:8554/tcp',
    ])
      expect([to, explained(applied, host, to)]).toEqual([to, 'allow forward/camera'])
    await flow.end()
  })

  test('UDP, and ports that keep their number, to devices of two networks', async () => {
    wall.apply(
      site({
        media: forward({ ...camera, service: udp(8554), port: 555 }),
        valves: forward({ at: 'uplink', service: tcp('8000-8010'), to: 'valve', why }),
      }),
    )
    const internet = await wall.on('internet')
    const media = await internet.open({ ...knock, protocol: 'udp' })
    await media.exchange('frame')
    expect([...new Set(wall.decisions(media))]).toEqual(['allow forward/media'])
    const valve = await internet.open({ ...knock, port: 8001 })
    await valve.exchange('status')
    expect(wall.decisions(valve)).toEqual(['allow forward/valves'])
    for (const one of [media, valve]) await one.end()
  })

  test('a device whose address is leased is reached while the lease is known', async () => {
    const ends = instantIn(1500)
    const address = places['vent-02'][family]
    const bindings = { format: 1, addresses: [{ device: 'roaming', address, until: textOf(ends) }] }
    const forwards = { roaming: forward({ ...camera, to: 'roaming' }) }
    const lateMs = loadedInMs(site(forwards), { bindings })
    const internet = await wall.on('internet')
    const flow = await internet.open(knock)
    await flow.exchange('hello')
    expect(wall.decisions(flow)).toEqual(['allow forward/roaming'])
    await past(ends + lateMs)
    const late = await internet.begin(knock)
    await wall.decides('deny default/deny', late)
    for (const one of [flow, late]) await one.end()
  })

  test('only from whom it says', async () => {
    const applied = wall.apply(site({ camera: forward({ ...camera, from: another }) }))
    const internet = await wall.on('internet')
    const stranger = await internet.begin(knock)
    await wall.decides('deny default/no-forward', stranger)
    const friend = await internet.open({ ...knock, from: another })
    await friend.exchange('hello')
    expect(wall.decisions(friend)).toEqual(['allow forward/camera'])
    expect(await stranger.fate()).toBe('opening')
    expect(explained(applied, host, `${bracketed(gateway)}:8554/tcp`)).toBe('deny default/no-forward')
    for (const one of [stranger, friend]) await one.end()
  })

  test('what is sent to the device itself from outside is let in by no forward', async () => {
    wall.apply(site({ camera: forward(camera), same: forward({ ...camera, service: tcp(554) }) }))
    const direct = await (await wall.on('internet')).begin({ ...knock, to: target, port: 554 })
    await wall.decides('deny default/deny', direct)
    expect(await direct.fate()).toBe('opening')
    await direct.end()
  })

  test('from inside nothing is translated, nor for another port or protocol, nor at an address inside', async () => {
    wall.apply(site({ camera: forward(camera) }))
    for (const [from, to, protocol, port] of [
      ['laptop', gateway, 'tcp', 8554],
      ['internet', gateway, 'tcp', 8555],
      ['internet', gateway, 'udp', 8554],
      ['internet', gatewayAt.things[family], 'tcp', 8554],
    ] as const) {
      const flow = await (await wall.on(from)).begin({ protocol, to, port })
      if (protocol === 'udp') await flow.say('hello')
      await wall.decides('deny default/deny', flow)
      await flow.end()
    }
  })

  test('a deny and a quarantine win', async () => {
    const forwards = { camera: forward(camera) }
    const internet = await wall.on('internet')
    wall.apply(site(forwards, { rules: { wall: deny.in({ who: 'camera', from: host, why: 'Scans us' }) } }))
    const denied = await internet.begin(knock)
    await wall.decides('deny wall', denied)
    const other = await internet.open({ ...knock, from: another })
    await other.exchange('hello')
    wall.apply(site(forwards, { quarantine: { camera: { why: 'Scans the network' } } }))
    await other.say('late')
    await wall.decides('deny quarantine/camera', other)
    expect(await denied.fate()).toBe('opening')
    for (const one of [denied, other]) await one.end()
  })

  test('its open flows outlast a new rule set that leaves it as it is, and end when it goes', async () => {
    const internet = await wall.on('internet')
    wall.apply(site({ camera: forward(camera) }))
    const flow = await internet.open(knock)
    await flow.exchange('one')
    wall.forget()
    wall.apply(
      site({
        camera: forward(camera),
        valves: forward({ ...camera, service: tcp(80), to: 'valve', port: 80 }),
      }),
    )
    await flow.exchange('two')
    expect(wall.decisions(flow)).toEqual([])
    wall.apply(site({}))
    await flow.say('three')
    await wall.decides('deny default/no-forward', flow)
    await (await wall.on('vent-01')).announce(554, 'four')
    await wall.decides('deny default/no-forward', flow)
    expect(await flow.heard()).toBe('onetwo')
    await flow.end()
  })

  test('when it expires its open flow is cut, whoever speaks, and nothing new comes in', async () => {
    const ends = instantIn(1500)
    const watched = { rules: { watch: allow.in({ who: 'camera', from: 'any', service: tcp(554), why }) } }
    const lateMs = loadedInMs(site({ camera: forward({ ...camera, expires: textOf(ends) }) }, watched))
    const internet = await wall.on('internet')
    const [one, two] = [await internet.open(knock), await internet.open(knock)]
    for (const flow of [one, two]) await flow.exchange('before')
    wall.forget()
    await past(ends + lateMs)
    await one.say('late')
    await wall.decides('deny default/no-forward', one)
    await (await wall.on('vent-01')).announce(554, 'late')
    await wall.decides('deny default/no-forward', two)
    const late = await internet.begin(knock)
    await wall.decides('deny default/no-forward', late)
    expect([await one.heard(), await two.heard(), await late.fate()]).toEqual(['before', 'before', 'opening'])
    for (const flow of [one, two, late]) await flow.end()
  })

  describe('what another program translates', () => {
    const header = family === 'four' ? 'ip' : 'ip6'
    const at = bracketed(places.valve[family])
    /** As iptables-nft writes Docker's. */
    const docker = `table ${header} nat {
      chain DOCKER {
        iifname != "docker0" tcp dport 8080 counter dnat to ${at}:80
      }
      chain PREROUTING {
        type nat hook prerouting priority dstnat; policy accept;
        fib daddr type local counter jump DOCKER
        tcp dport 2222 counter redirect to :22
      }
    }`
    beforeAll(() => wall.site.must('gateway', ['nft', '-f', '-'], { input: docker }))
    afterAll(() => wall.site.must('gateway', ['nft', 'delete', 'table', header, 'nat']))
    const web = { ...knock, port: 8080 } as const
    const open = { rules: { open: allow.in({ who: 'valve', from: 'any', service: tcp(80), why }) } }

    test('is refused from everywhere, whatever else is allowed', async () => {
      wall.apply(site({}, open))
      for (const [from, to, port] of [
        ['internet', gateway, 8080],
        ['laptop', gatewayAt.station[family], 8080],
        ['laptop', gatewayAt.station[family], 2222],
      ] as const) {
        const flow = await (await wall.on(from)).begin({ protocol: 'tcp', to, port })
        await wall.decides('deny default/no-forward', flow)
        expect(await flow.fate()).toBe('opening')
        await flow.end()
      }
      const direct = await (await wall.on('laptop')).open({
        protocol: 'tcp',
        to: places.valve[family],
        port: 80,
      })
      await direct.exchange('not translated')
      await direct.end()
    })

    test('comes in by a forward that documents it, there and nowhere else', async () => {
      const documented = forward({
        at: 'uplink',
        service: tcp(8080),
        to: 'valve',
        port: 80,
        by: 'docker',
        why,
      })
      wall.apply(site({ web: documented }))
      const flow = await (await wall.on('internet')).open(web)
      await flow.exchange('hello')
      expect(wall.decisions(flow)).toEqual(['allow forward/web'])
      const inside = await (await wall.on('laptop')).begin({
        ...web,
        to: gatewayAt.station[family],
        from: places.laptop[family],
      })
      await wall.decides('deny default/no-forward', inside)
      // It says where the other program may lead: what it leads elsewhere is refused.
      wall.apply(
        site({
          web: forward({ at: 'uplink', service: tcp(8080), to: 'camera', port: 80, by: 'docker', why }),
        }),
      )
      await flow.say('late')
      await wall.decides('deny default/no-forward', flow)
      for (const one of [flow, inside]) await one.end()
    })
  })
})
