/**
 * Flows whose both sides speak at once, on two processors, while the policy around them is exchanged again and again:
 * packets of one flow are judged at the same time, and none of them is lost or takes the other's verdict for its own.
 *
 * What the kernel itself throws away because a processor's queue is full is left out by its own count.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type EnforcementPoint, openNftablesPoint } from '@thingwall/gateway'
import { buildFrame, buildSite, type Site } from '@thingwall/gateway/lab'
import { allow, deny, type PolicyDocument, policy, profile, type When } from '@thingwall/policy'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { gatewayLinks, networks, places, siteDescription } from './wall/places.ts'
import { artifactOf, machineOn } from './wall/point.ts'

const FLOWS = [40_001, 40_002, 40_003]
const OPEN = 8883
const REFUSED = 8884
const TURNS = 12
const PATIENCE = { timeout: 20_000 } as const
const hosts = ['vent-01', 'air', 'gateway', 'internet'] as const

let site: Site
let point: EnforcementPoint
beforeAll(async () => {
  site = await buildSite(siteDescription)
  point = await openNftablesPoint({ machine: machineOn(site, 'gateway'), state: '/run/two-speakers' })
})
afterAll(() => site.end())

/** The same allow each time; the deny beside it is another one, so that every open flow is judged anew. */
function around(other: number, when?: When): PolicyDocument {
  const vent = profile('vent', {
    why: 'sends readings',
    owner: 'geo@volcano.example',
    rules: { readings: allow.out({ to: places.internet.four, service: `${OPEN}/udp`, why: 'readings' }) },
  })
  return policy('volcano', {
    owner: 'geo@volcano.example',
    networks,
    devices: { 'vent-01': vent.device({ mac: places['vent-01'].mac, ip: [places['vent-01'].four] }) },
    rules: {
      other: deny.out({
        who: 'things',
        to: 'any',
        service: `${other}/tcp`,
        why: 'the difference',
        ...(when === undefined ? {} : { when }),
      }),
    },
  })
}

function frame(from: 'vent-01' | 'internet', port: number, peerPort: number): Buffer {
  const isOut = from === 'vent-01'
  const udp = { kind: 'udp', data: new Uint8Array(8) } as const
  return Buffer.from(
    buildFrame({
      source: places[from].mac,
      destination: isOut ? gatewayLinks.wlan0 : gatewayLinks.wan0,
      payload: {
        kind: 'ipv4',
        source: places[from].four,
        destination: places[isOut ? 'internet' : 'vent-01'].four,
        payload: isOut
          ? { ...udp, sourcePort: port, destinationPort: peerPort }
          : { ...udp, sourcePort: peerPort, destinationPort: port },
      },
    }),
  )
}

async function flood(host: 'vent-01' | 'internet', frames: readonly Buffer[]) {
  const program = [
    process.execPath,
    '--conditions=thingwall-source',
    `${import.meta.dirname}/fixtures/flood.ts`,
  ]
  const started = site.spawn(host, program as [string, ...string[]], {
    input: frames.map((one) => one.toString('hex')).join('\n'),
  })
  return async (): Promise<number> => {
    const { stdout, stderr } = await started.stop()
    if (!/^\d+\n$/.test(stdout)) throw new Error(stderr)
    return Number(stdout)
  }
}

async function arrived(
  host: 'vent-01' | 'internet',
  port: number,
  field: 'sport' | 'dport',
): Promise<number> {
  const listed = await site.must(host, ['nft', 'list', 'chain', 'ip', 'count', 'arriving'])
  return Number(new RegExp(`${field} ${port} counter packets (\\d+)`).exec(listed)?.[1])
}

/** Packets that were thrown away because a processor's queue was full. */
async function overflowed(): Promise<number> {
  const counts = await Promise.all(
    hosts.map((host) => site.must(host, ['sh', '-c', 'cat /sys/class/net/*/statistics/rx_dropped'])),
  )
  return counts
    .join('\n')
    .trim()
    .split(/\s+/)
    .reduce((sum, one) => sum + Number(one), 0)
}

const order = {
  by: 'test',
  why: null,
  bindings: '',
  log: null,
  again: null,
  document: null,
  told: null,
  boot: null,
} as const
const named = { policy: { name: 'volcano', file: null, digest: null } } as const
const apply = (document: PolicyDocument, confirmWithinMs: number | null) =>
  point.apply(artifactOf(document), { ...order, ...named, at: Date.now(), confirmWithinMs })

/** Both sides send while `act` runs. */
async function counted(
  act: () => Promise<void>,
): Promise<{ readonly lost: number; readonly leaked: number }> {
  for (const [host, field] of [
    ['vent-01', 'sport'],
    ['internet', 'dport'],
  ] as const) {
    const chain = 'chain ip count arriving { type filter hook prerouting priority -300; }'
    const rules = [OPEN, REFUSED].map((port) => `add rule ip count arriving udp ${field} ${port} counter`)
    await site.must(host, [
      'nft',
      ['flush ruleset', 'add table ip count', `add ${chain}`, ...rules].join('; '),
    ])
  }
  for (const [host, to] of [
    ['vent-01', '10.20.0.1'],
    ['internet', '192.0.2.2'],
    ['gateway', '192.0.2.1'],
    ['gateway', places['vent-01'].four],
  ] as const)
    await site.run(host, ['ping', '-c', '1', '-W', '1', to])
  const framesOf = (host: 'vent-01' | 'internet') =>
    [OPEN, REFUSED].flatMap((peer) => FLOWS.map((port) => frame(host, port, peer)))
  const overflowedBefore = await overflowed()
  const stopOut = await flood('vent-01', framesOf('vent-01'))
  await expect.poll(() => arrived('internet', OPEN, 'dport'), PATIENCE).toBeGreaterThan(100)
  const stopBack = await flood('internet', framesOf('internet'))
  await expect.poll(() => arrived('vent-01', OPEN, 'sport'), PATIENCE).toBeGreaterThan(100)
  await act()
  const sent = ((await stopOut()) + (await stopBack())) / 2
  const through = (await arrived('internet', OPEN, 'dport')) + (await arrived('vent-01', OPEN, 'sport'))
  const leaked = (await arrived('internet', REFUSED, 'dport')) + (await arrived('vent-01', REFUSED, 'sport'))
  const lost = Math.max(0, sent - through - ((await overflowed()) - overflowedBefore))
  return { lost, leaked }
}

test.each(['for good', 'on trial'] as const)(
  'nothing is lost and nothing leaks while policies are exchanged %s',
  async (how) => {
    await apply(around(80), null)
    const result = await counted(async () => {
      for (let turn = 1; turn <= TURNS; turn++) {
        if (how === 'for good') await apply(around(80 + (turn % 2)), null)
        else {
          await apply(around(81), 200)
          while ((await point.read()).trial !== null) await sleep(20)
        }
      }
    })
    expect(result).toEqual({ lost: 0, leaked: 0 })
  },
  120_000,
)

test('nothing is lost and nothing leaks where every packet is judged, as it is while a deny has its hours', async () => {
  await apply(around(80, { hours: '00:00-24:00' }), null)
  expect(await counted(() => sleep(3000))).toEqual({ lost: 0, leaked: 0 })
}, 120_000)
