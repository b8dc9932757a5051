/**
 * The lab itself: a router between two hosts, frames in on one side, and of each whether it came out on the
 * other and which rule the kernel says decided it. The property test against the kernel stands on this.
 *
 * The router's interfaces have ARP off: it then forwards to any address behind them without asking who has
 * it, in both families, so no destination needs a neighbour. A frame for the router needs the router's link
 * address; a frame from it carries the router's own link address as its destination.
 */
import {
  buildFrame,
  buildSite,
  drainUntil,
  echo,
  type Frame,
  fragment,
  type Ipv4Packet,
  type Ipv6Packet,
  type NflogListener,
  openNflog,
  openPacketSocket,
  openRuleLoader,
  type PacketSocket,
  parseFrame,
  type RuleLoader,
  type Site,
  type Transport,
} from '@thingwall/gateway/lab'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

const routerLink = '02:00:00:00:00:01'
const senderLink = '02:00:00:00:00:11'
const group = 5

let site: Site
let left: PacketSocket
let right: PacketSocket
let log: NflogListener
let rules: RuleLoader

beforeAll(async () => {
  site = await buildSite({
    hosts: {
      router: {
        forwards: true,
        interfaces: {
          in0: { link: routerLink, arp: 'off', addresses: ['10.20.0.1/24', 'fd20::1/64'] },
          out0: { link: '02:00:00:00:00:02', arp: 'off', addresses: ['10.30.0.1/24', 'fd30::1/64'] },
        },
        routes: [
          { to: 'default', dev: 'out0' },
          { to: 'default', dev: 'out0', family: 6 },
        ],
      },
      left: {},
      right: {},
    },
    links: [
      ['router:in0', 'left:eth0'],
      ['router:out0', 'right:eth0'],
    ],
  })
  left = openPacketSocket({ interface: 'eth0', namespacePath: site.namespacePath('left') })
  right = openPacketSocket({ interface: 'eth0', namespacePath: site.namespacePath('right') })
  log = openNflog({ group, namespacePath: site.namespacePath('router') })
  rules = openRuleLoader(site.namespacePath('router'))
})

afterAll(async () => {
  for (const opened of [left, right, log, rules]) opened?.close()
  await site?.end()
})

beforeEach(() => {
  for (const source of [left, right, log]) source.drain()
})

const decide = (prefix: string, verdict: 'accept' | 'drop'): string =>
  `log group ${group} prefix "${prefix}" ${verdict}`

/** Tracking puts fragments together before the rules see them; `untracked` says not to. */
function load(tracking: 'tracked' | 'untracked'): void {
  rules.load(`
    table inet lab
    delete table inet lab
    table inet lab {
      chain early {
        type filter hook prerouting priority -450
        ${tracking === 'untracked' ? 'notrack' : ''}
      }
      chain forward {
        type filter hook forward priority 0; policy drop
        ${tracking === 'tracked' ? 'ct state invalid drop' : ''}
        udp dport 53 ${decide('dns', 'accept')}
        tcp dport 443 tcp flags & (syn | ack) == syn ${decide('https', 'accept')}
        meta l4proto { icmp, icmpv6 } ${decide('ping', 'accept')}
        exthdr frag exists ${decide('v6-fragment', 'drop')}
        ip frag-off & 0x1fff != 0 ${decide('v4-fragment', 'drop')}
        meta l4proto 132 ${decide('sctp', 'accept')}
        ${decide('rest', 'drop')}
      }
    }
  `)
}

const v4 = (payload: Transport, more: Partial<Ipv4Packet> = {}): Ipv4Packet => ({
  kind: 'ipv4',
  source: '10.20.0.11',
  destination: '198.51.100.10',
  payload,
  ...more,
})
const v6 = (payload: Transport, more: Partial<Ipv6Packet> = {}): Ipv6Packet => ({
  kind: 'ipv6',
  source: 'fd20::11',
  destination: '2001:db8:1::10',
  payload,
  ...more,
})
const framed = (payload: Frame['payload']): Uint8Array =>
  buildFrame({ destination: routerLink, source: senderLink, payload })

const udp = (destinationPort: number): Transport => ({ kind: 'udp', sourcePort: 40_000, destinationPort })
const syn = (destinationPort: number): Transport => ({
  kind: 'tcp',
  sourcePort: 40_000,
  destinationPort,
  flags: ['syn'],
})
const longUdp: Transport = { kind: 'udp', sourcePort: 40_001, destinationPort: 53, data: new Uint8Array(100) }
/** A router alert, and padding to a whole header. */
const options = Uint8Array.of(5, 2, 0, 0, 1, 0)
const ping = (family: 4 | 6): Transport =>
  echo({ family, direction: 'request', identifier: 7, sequence: 1, data: new Uint8Array(8) })

describe('without connection tracking each packet is judged as it stands', () => {
  beforeAll(() => load('untracked'))

  test.each<[name: string, Frame['payload'], prefix: string, fate: 'arrives' | 'is dropped']>([
    ['UDP', v4(udp(53)), 'dns', 'arrives'],
    ['UDP, the port next door', v4(udp(54)), 'rest', 'is dropped'],
    ['UDP', v6(udp(53)), 'dns', 'arrives'],
    ['UDP, the port next door', v6(udp(54)), 'rest', 'is dropped'],
    ['an opening of TCP', v4(syn(443)), 'https', 'arrives'],
    ['an opening of TCP', v6(syn(443)), 'https', 'arrives'],
    ['TCP that opens nothing', v4({ ...syn(443), flags: ['ack'] } as Transport), 'rest', 'is dropped'],
    ['an echo', v4(ping(4)), 'ping', 'arrives'],
    ['an echo', v6(ping(6)), 'ping', 'arrives'],
    ['SCTP', v4({ kind: 'bytes', protocol: 132, bytes: new Uint8Array(16) }), 'sctp', 'arrives'],
    ['an IP option', v4(udp(53), { options: Uint8Array.of(148, 4, 0, 0) }), 'dns', 'arrives'],
    [
      'a later fragment',
      v4(
        { kind: 'bytes', protocol: 17, bytes: new Uint8Array(16) },
        { fragment: { offsetBytes: 8, more: false } },
      ),
      'v4-fragment',
      'is dropped',
    ],
    ['hop-by-hop options', v6(udp(53), { extensions: [{ kind: 'hop-by-hop', options }] }), 'dns', 'arrives'],
    [
      'destination options',
      v6(syn(443), { extensions: [{ kind: 'destination-options', options: new Uint8Array(14) }] }),
      'https',
      'arrives',
    ],
    [
      'a routing header that is used up',
      v6(udp(53), {
        extensions: [{ kind: 'routing', type: 2, segmentsLeft: 0, data: new Uint8Array(20) }],
      }),
      'dns',
      'arrives',
    ],
    [
      'a later fragment',
      v6(
        { kind: 'bytes', protocol: 17, bytes: new Uint8Array(16) },
        { extensions: [{ kind: 'fragment', offsetBytes: 8, more: false, identification: 9 }] },
      ),
      'v6-fragment',
      'is dropped',
    ],
  ])('%s (%#) is decided by its rule', async (_, packet, prefix, fate) => {
    left.send(framed(packet))
    const said = await drainUntil(log, 1)
    expect(said.map((message) => message.prefix)).toEqual([prefix])
    expect(said[0]).toMatchObject({ family: packet.kind, hook: 2, indev: 'in0', outdev: 'out0' })
    const arrived = ours(right.drain())
    expect(arrived).toHaveLength(fate === 'arrives' ? 1 : 0)
    // Nothing changed on the way but the hops, and no checksum is wrong.
    if (fate === 'arrives') expect(arrived[0]?.payload).toMatchObject({ ...packet, hops: 63 })
  })
})

describe('with connection tracking the rules see the whole of a fragmented packet, once', () => {
  beforeAll(() => load('tracked'))

  test.each<[name: string, Ipv4Packet | Ipv6Packet]>([
    ['IPv4', v4(longUdp)],
    ['IPv6', v6(longUdp)],
    ['IPv6 behind hop-by-hop options', v6(longUdp, { extensions: [{ kind: 'hop-by-hop', options }] })],
  ])('%s', async (_, packet) => {
    const parts = fragment(packet, { sizeBytes: 40, identification: 77 })
    expect(parts).toHaveLength(3)
    for (const part of parts) left.send(framed(part))
    const said = await drainUntil(log, 1)
    expect(said.map(({ prefix }) => prefix)).toEqual(['dns'])
    expect(ours(right.drain()).length).toBeGreaterThan(0)
  })
})

test('twenty thousand packets: every one is logged and arrives, none is lost', async () => {
  load('untracked')
  const frames = Array.from({ length: 200 }, (_, at) => framed((at % 2 === 0 ? v4 : v6)(udp(53))))
  let logged = 0
  let arrived = 0
  for (let round = 0; round < 100; round += 1) {
    for (const frame of frames) left.send(frame)
    logged += (await drainUntil(log, frames.length)).length
    arrived += ours(right.drain()).length
  }
  expect({ logged, arrived }).toEqual({ logged: 20_000, arrived: 20_000 })
  expect(log.losses()).toEqual({ messages: 0, overruns: 0 })
  expect(right.lost()).toBe(0)
}, 30_000)

test('a burst that nobody drains is reported as lost, not passed over', () => {
  load('untracked')
  const small = openNflog({ group: 6, namespacePath: site.namespacePath('router'), receiveBufferBytes: 4096 })
  rules.load('add rule inet lab early udp dport 53 log group 6 prefix "burst"')
  for (let at = 0; at < 100; at += 1) left.send(framed(v4(udp(53))))
  const got = small.drain().length
  // The numbering shows the gap with the first message after it.
  left.send(framed(v4(udp(53))))
  const after = small.drain().length
  expect(got).toBeLessThan(100)
  expect(small.losses()).toMatchObject({ messages: 101 - got - after })
  expect(small.losses().overruns).toBeGreaterThan(0)
  small.close()
})

test('what is wrong with a rule set is said in the words of nft', () => {
  expect(() => rules.load('add rule inet lab nowhere drop')).toThrow(/No such file or directory/)
  expect(() => rules.load('nonsense')).toThrow(/syntax error/)
})

test('two listeners cannot share a group, and a missing interface or host is named', () => {
  const namespacePath = site.namespacePath('router')
  expect(() => openNflog({ group, namespacePath })).toThrow(/group 5.*EPERM/)
  expect(() => openPacketSocket({ interface: 'wan9', namespacePath })).toThrow(/wan9.*ENODEV/)
  expect(() => site.namespacePath('nobody')).toThrow(/no host nobody/)
})

/** The frames that came through the router, without what the router says of itself (MLD, for example). */
function ours(frames: readonly Uint8Array[]): Frame[] {
  return frames.map(parseFrame).filter(({ payload }) => {
    return (payload.kind === 'ipv4' || payload.kind === 'ipv6') && /^(10\.20\.|fd20:)/.test(payload.source)
  })
}
