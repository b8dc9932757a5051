/**
 * A device is told of at its rate and no more, whatever it sends: the rule still judges and counts every packet, and
 * what others have to tell is told. Numbers are held to the kernel's counters.
 */
import {
  buildFrame,
  buildSite,
  type NflogListener,
  openNflog,
  openPacketSocket,
  openRuleLoader,
  type PacketSocket,
  type RuleLoader,
  type Site,
} from '@thingwall/gateway/lab'
import { compileFor, device, lower, network, noBindings, policy, type Ruleset } from '@thingwall/policy'
import { nftables } from '@thingwall/policy/nftables'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { gatewayLinks, networks, type Place, places, siteDescription } from './wall/places.ts'

const GROUP = 9
const BURST = 5
const SENT = 300
/** Behind a hop: another device of the field, from the same link address. */
const relay: Place = { ...places.valve, four: '10.21.0.14', six: 'fd21::14' }
const at = ({ mac, four, six }: Place): { mac: string; ip: string[] } => ({ mac, ip: [four, six] })
const document = policy('volcano', {
  owner: 'geo@volcano.example',
  networks: {
    ...networks,
    field: network({
      role: 'things',
      interface: 'zone0',
      cidrs: ['10.21.0.0/24', 'fd21::/64'],
      identity: 'ip',
    }),
  },
  devices: {
    'vent-01': device(at(places['vent-01'])),
    'vent-02': device(at(places['vent-02'])),
    valve: device({ ip: [places.valve.four, places.valve.six] }),
    relay: device({ ip: [relay.four, relay.six] }),
  },
})

let site: Site
let log: NflogListener
let loader: RuleLoader
const wires = new Map<string, PacketSocket>()
beforeAll(async () => {
  site = await buildSite(siteDescription)
  const namespacePath = site.namespacePath('gateway')
  log = openNflog({ group: GROUP, namespacePath })
  loader = openRuleLoader(namespacePath)
  for (const host of ['vent-01', 'vent-02', 'valve', 'stranger'])
    wires.set(host, openPacketSocket({ interface: 'eth0', namespacePath: site.namespacePath(host) }))
})
afterAll(async () => {
  for (const wire of wires.values()) wire.close()
  loader?.close()
  log?.close()
  await site?.end()
})

let loadedAt = 0
beforeEach(() => {
  const [ruleset] = lower(document)
  const [artifact] = compileFor(nftables, ruleset as Ruleset, {
    bindings: noBindings,
    at: Date.now(),
    log: { group: GROUP, verdicts: 'all', perDevice: { perSecond: 1, burst: BURST } },
  })
  // A new rule set begins with empty meters.
  loader.load(artifact?.text ?? '')
  loadedAt = performance.now()
  log.drain()
})

type Family = 'four' | 'six'
function send(host: string, from: Place, family: Family, mac: string = from.mac): void {
  const destination = host === 'valve' ? gatewayLinks.zone0 : gatewayLinks.wlan0
  const payload = { kind: 'udp', sourcePort: 5000, destinationPort: 7000, data: new Uint8Array(8) } as const
  const ends = { source: from[family], destination: places.internet[family], payload }
  const packet =
    family === 'four' ? ({ kind: 'ipv4', ...ends } as const) : ({ kind: 'ipv6', ...ends } as const)
  wires.get(host)?.send(buildFrame({ source: mac, destination, payload: packet }))
}

/** How many packets have been told of under this prefix since the last call. */
function told(prefix: string): number {
  return log.drain().filter((one) => one.prefix === prefix).length
}

/** A bucket that was full, and what has run into it since. */
const most = (): number => BURST + Math.ceil((performance.now() - loadedAt) / 1000)

async function count(id: string): Promise<number> {
  const text = await site.must('gateway', ['nft', 'list', 'counter', 'inet', 'thingwall', `rule/${id}`])
  return Number(/packets (\d+)/.exec(text)?.[1])
}

describe.each(['four', 'six'] as const)('over IPv%s', (family) => {
  test('of a flood a few packets are told, all are counted, and a neighbour is told of as ever', async () => {
    const before = await count('default/deny')
    for (let at = 0; at < SENT; at++) send('vent-01', places['vent-01'], family)
    const seen = told('thingwall:deny:default/deny')
    expect(seen).toBeGreaterThanOrEqual(BURST)
    expect(seen).toBeLessThanOrEqual(most())
    expect((await count('default/deny')) - before).toBeGreaterThanOrEqual(SENT)
    for (let at = 0; at < BURST; at++) send('vent-02', places['vent-02'], family)
    expect(told('thingwall:deny:default/deny')).toBeGreaterThanOrEqual(BURST)
  })

  test('where a hop hides the link address, each address has a rate of its own', async () => {
    const before = await count('default/deny')
    for (let at = 0; at < SENT; at++) send('valve', places.valve, family)
    const seen = told('thingwall:deny:default/deny')
    expect(seen).toBeGreaterThanOrEqual(BURST)
    expect(seen).toBeLessThanOrEqual(most())
    for (let at = 0; at < BURST; at++) send('valve', relay, family)
    expect(told('thingwall:deny:default/deny')).toBeGreaterThanOrEqual(BURST)
    expect((await count('default/deny')) - before).toBeGreaterThanOrEqual(SENT + BURST)
  })

  test('whoever invents link addresses fills a set that is bounded, and hides nobody', async () => {
    const before = await count('fixed/stranger')
    const invented = 6000
    for (let at = 0; at < invented; at++) {
      const mac = `06:00:00:00:${(at >> 8).toString(16).padStart(2, '0')}:${(at & 255).toString(16).padStart(2, '0')}`
      send('stranger', { mac, four: '10.20.0.99', six: 'fd20::99' }, family)
    }
    expect((await count('fixed/stranger')) - before).toBeGreaterThanOrEqual(invented)
    const seen = told('thingwall:deny:fixed/stranger')
    expect(seen).toBeGreaterThan(0)
    expect(seen).toBeLessThanOrEqual(4096)
    const set = ['nft', '-j', 'list', 'set', 'inet', 'thingwall', 'log/unproven/link'] as const
    const listed = JSON.parse(await site.must('gateway', set)) as {
      readonly nftables: readonly { readonly set?: { readonly elem?: readonly unknown[] } }[]
    }
    const elements = listed.nftables.flatMap((one) => one.set?.elem ?? []).length
    expect(elements).toBeGreaterThan(1000)
    expect(elements).toBeLessThanOrEqual(4096)
    for (let at = 0; at < BURST; at++) send('vent-01', places['vent-01'], family)
    expect(told('thingwall:deny:default/deny')).toBeGreaterThanOrEqual(BURST)
  })
})

test('what this machine sends itself is told of at one rate', async () => {
  const argv = ['ping', '-c', '40', '-i', '0.005', '-W', '1', '203.0.113.10'] as const
  await site.run('gateway', argv)
  const own = log
    .drain()
    .filter(({ hook, prefix }) => hook === 3 && prefix !== 'thingwall:allow:fixed/neighbour-discovery')
  expect(own.length).toBeGreaterThan(0)
  expect(own.length).toBeLessThanOrEqual(most())
})
