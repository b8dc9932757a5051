/**
 * Replaces under traffic: a router whose policy is exchanged again and again while a laptop sends on many open flows, and
 * on flows that no policy allows, as fast as it can. Every packet is counted where it was sent and where it arrives.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { type Order, openNftablesPoint, thisMachine } from '@thingwall/gateway'
import { buildFrame, buildSite, openPacketSocket, type PacketSocket, type Site } from '@thingwall/gateway/lab'
import { type Artifact, compileFor, deny, lower, network, policy, validate } from '@thingwall/policy'
import { nftables } from '@thingwall/policy/nftables'
import type { Measured } from '../rows.ts'

const REPLACES = 20
const FLOWS = 1000
/** So many packets, then others have their turn: the replaces go on beside. */
const BATCH = 64
const [ALLOWED, REFUSED] = [7, 9] as const
const links = {
  laptop: '02:00:00:00:30:05',
  lan: '02:00:00:00:30:01',
  wan: '02:00:00:00:40:01',
  outside: '02:00:00:00:40:10',
}

export async function* replaces(): AsyncGenerator<Measured> {
  const site = await buildSite({
    hosts: {
      router: {
        forwards: true,
        interfaces: {
          lan0: { link: links.lan, addresses: ['10.30.0.1/24'] },
          wan0: { link: links.wan, addresses: ['203.0.113.2/24'] },
        },
      },
      laptop: { interfaces: { eth0: { link: links.laptop, addresses: ['10.30.0.5/24'] } } },
      outside: {
        interfaces: { eth0: { link: links.outside, addresses: ['203.0.113.10/24'] } },
        routes: [{ to: 'default', via: '203.0.113.2' }],
      },
    },
    links: [
      ['router:lan0', 'laptop:eth0'],
      ['router:wan0', 'outside:eth0'],
    ],
  })
  try {
    for (const kind of ['for good', 'on trial'] as const) yield* measure(site, kind)
  } finally {
    await site.end()
  }
}

async function* measure(site: Site, kind: 'for good' | 'on trial'): AsyncGenerator<Measured> {
  const run = (host: string, ...argv: readonly [string, ...string[]]) => site.must(host, argv)
  const machine = {
    ...thisMachine,
    run: async (program: string, args: readonly string[]) => ({
      ...(await site.run('router', [program, ...args])),
      isMissing: false,
    }),
  }
  await run('router', 'nft', 'flush', 'ruleset')
  const point = await openNftablesPoint({ machine, state: `/run/replaces-${kind.replace(' ', '-')}` })
  const artifacts = [artifactOf(80), artifactOf(81)] as const
  await point.apply(artifacts[0], orderOf(null))
  await run(
    'outside',
    'nft',
    'flush ruleset; add table ip count; add chain ip count arriving { type filter hook prerouting priority -300; }',
  )
  for (const port of [ALLOWED, REFUSED])
    await run(
      'outside',
      'nft',
      'add',
      'rule',
      'ip',
      'count',
      'arriving',
      'udp',
      'dport',
      `${port}`,
      'counter',
    )
  for (const [host, other] of [
    ['laptop', '10.30.0.1'],
    ['outside', '203.0.113.2'],
    ['router', '203.0.113.10'],
    ['router', '10.30.0.5'],
  ] as const)
    await site.run(host, ['ping', '-c', '1', '-W', '1', other])

  const laptop = openPacketSocket({ interface: 'eth0', namespacePath: site.namespacePath('laptop') })
  const outside = openPacketSocket({ interface: 'eth0', namespacePath: site.namespacePath('outside') })
  try {
    const ports = Array.from({ length: FLOWS }, (_, at) => 10_000 + at)
    const open = ports.map((port) => frameOf(port, ALLOWED))
    const refused = ports.map((port) => frameOf(port, REFUSED))
    // Both sides have spoken: the flows are open.
    for (const frame of open) laptop.send(frame)
    for (const port of ports) outside.send(answerOf(port))
    for (const frame of open) laptop.send(frame)

    let isOver = false
    const exchanged = exchange(point, artifacts, kind).finally(() => {
      isOver = true
    })
    const started = performance.now()
    let sent = 0
    while (!isOver) {
      sendBatch(laptop, open, refused, sent)
      sent += BATCH
      await turn()
    }
    const seconds = (performance.now() - started) / 1000
    await exchanged
    const counted = [
      ...(await run('outside', 'nft', 'list', 'chain', 'ip', 'count', 'arriving')).matchAll(
        /dport (\d+) counter packets (\d+)/g,
      ),
    ]
    const arrived = new Map(counted.map(([, port, packets]) => [Number(port), Number(packets)]))
    const note = `${sent.toLocaleString('en')} packets on ${FLOWS} open flows and as many refused, ${Math.round(sent / seconds).toLocaleString('en')}/s each`
    yield {
      measure: `packets lost over ${REPLACES} replaces ${kind}`,
      value: sent + 2 * FLOWS - (arrived.get(ALLOWED) ?? 0),
      unit: '',
      bar: { op: '<=', value: 0 },
      note,
    }
    yield {
      measure: `packets leaked over ${REPLACES} replaces ${kind}`,
      value: arrived.get(REFUSED) ?? 0,
      unit: '',
      bar: { op: '<=', value: 0 },
    }
  } finally {
    laptop.close()
    outside.close()
  }
}

type Point = Awaited<ReturnType<typeof openNftablesPoint>>

/** For good each takes the other's place; on trial every second one is the kernel's own going back. */
async function exchange(
  point: Point,
  artifacts: readonly [Artifact, Artifact],
  kind: 'for good' | 'on trial',
): Promise<void> {
  for (let turns = 0; turns < REPLACES; turns++) {
    if (kind === 'for good') await point.apply(artifacts[turns % 2 === 0 ? 1 : 0], orderOf(null))
    else {
      await point.apply(artifacts[1], orderOf(200))
      while ((await point.read()).trial !== null);
    }
  }
}

function sendBatch(
  laptop: PacketSocket,
  open: readonly Uint8Array[],
  refused: readonly Uint8Array[],
  from: number,
): void {
  for (let at = from; at < from + BATCH; at++) {
    laptop.send(open[at % FLOWS] as Uint8Array)
    laptop.send(refused[at % FLOWS] as Uint8Array)
  }
}

const data = new Uint8Array(32)

function frameOf(sourcePort: number, destinationPort: number): Uint8Array {
  return buildFrame({
    source: links.laptop,
    destination: links.lan,
    payload: {
      kind: 'ipv4',
      source: '10.30.0.5',
      destination: '203.0.113.10',
      payload: { kind: 'udp', sourcePort, destinationPort, data },
    },
  })
}

function answerOf(port: number): Uint8Array {
  return buildFrame({
    source: links.outside,
    destination: links.wan,
    payload: {
      kind: 'ipv4',
      source: '203.0.113.10',
      destination: '10.30.0.5',
      payload: { kind: 'udp', sourcePort: ALLOWED, destinationPort: port, data },
    },
  })
}

/** Both allow the open flows by the same rule and refuse the others; they differ in a port that nobody uses. */
function artifactOf(other: number): Artifact {
  const [document] = validate(
    policy('replaces', {
      owner: 'bench@volcano.example',
      networks: {
        lan: network({ role: 'trusted', interface: 'lan0', cidrs: ['10.30.0.0/24'] }),
        wan: network({ role: 'uplink', interface: 'wan0' }),
      },
      devices: {},
      rules: {
        discard: deny.out({ who: 'lan', to: 'any', service: `${REFUSED}/udp`, why: 'What must not leak' }),
        other: deny.out({ who: 'lan', to: 'any', service: `${other}/tcp`, why: 'The difference' }),
      },
    }),
  )
  const [ruleset] = document === null ? [null] : lower(document)
  const [artifact] = ruleset === null ? [null] : compileFor(nftables, ruleset, {})
  if (artifact === null) throw new Error('the policy does not compile')
  return artifact
}

/** An order that nothing else is said of. */
export function orderOf(confirmWithinMs: number | null): Order {
  return {
    ...{
      by: 'bench',
      at: Date.now(),
      why: null,
      bindings: '',
      log: null,
      again: null,
      document: null,
      told: null,
      boot: null,
      confirmWithinMs,
    },
    policy: { name: 'replaces', file: null, digest: null },
  }
}
