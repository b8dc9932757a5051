/**
 * The frames the lab builds, judged by somebody else: tcpdump reads them from a capture file and must find
 * every checksum right, and wrong those we spoilt. It writes no capture anybody else would want.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  buildFrame,
  echo,
  type Frame,
  fragment,
  type Ipv4Packet,
  type Ipv6Packet,
  neighbourAdvertisement,
  neighbourSolicitation,
  routerAdvertisement,
  routerSolicitation,
  type Transport,
} from '@thingwall/gateway/lab'
import { expect, test } from 'vitest'

const link = '02:00:00:00:00:11'
const data = Uint8Array.from({ length: 21 }, (_, at) => at)
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
  destination: '2001:db8::10',
  payload,
  ...more,
})
const udp: Transport = { kind: 'udp', sourcePort: 40_000, destinationPort: 9, data }
const tcp: Transport = {
  kind: 'tcp',
  sourcePort: 40_000,
  destinationPort: 443,
  flags: ['syn'],
  options: Uint8Array.of(2, 4, 5, 180),
  data,
}
const ping = (family: 4 | 6): Transport =>
  echo({ family, direction: 'request', identifier: 7, sequence: 1, data })
const sourceLink = { kind: 'source-link', link } as const
/** A home address to be visited last, behind the routing header's four reserved bytes. */
const routed = Uint8Array.of(0, 0, 0, 0, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x99)

test.each<[name: string, packet: Frame['payload'], words: RegExp[]]>([
  [
    'ARP',
    {
      kind: 'arp',
      operation: 'request',
      senderLink: link,
      sender: '10.20.0.11',
      targetLink: '00:00:00:00:00:00',
      target: '10.20.0.1',
    },
    [/who-has 10\.20\.0\.1 tell 10\.20\.0\.11/],
  ],
  ['UDP over IPv4', v4(udp), [/\[udp sum ok\]/]],
  ['UDP over IPv6', v6(udp), [/\[udp sum ok\]/]],
  ['TCP over IPv4', v4(tcp), [/Flags \[S\], cksum 0x\w+ \(correct\)/, /mss 1460/]],
  ['TCP over IPv6', v6(tcp), [/Flags \[S\], cksum 0x\w+ \(correct\)/]],
  ['ICMP', v4(ping(4)), [/ICMP echo request, id 7, seq 1/]],
  ['ICMPv6', v6(ping(6)), [/\[icmp6 sum ok\] ICMP6, echo request, id 7, seq 1/]],
  ['IPv4 options', v4(udp, { options: Uint8Array.of(148, 4, 0, 0) }), [/options \(RA\)/, /\[udp sum ok\]/]],
  [
    'hop-by-hop and destination options',
    v6(udp, {
      extensions: [
        { kind: 'hop-by-hop', options: Uint8Array.of(5, 2, 0, 0) },
        { kind: 'destination-options', options: new Uint8Array(6) },
      ],
    }),
    [/HBH \(rtalert: 0x0000\)/, /DSTOPT/, /\[udp sum ok\]/],
  ],
  [
    'a routing header with one segment left',
    v6(udp, { extensions: [{ kind: 'routing', type: 2, segmentsLeft: 1, data: routed }] }),
    [/RT6 \(len=2, type=2, segleft=1.*2001:db8::99/, /\[udp sum ok\]/],
  ],
  [
    'a neighbour solicitation',
    v6(neighbourSolicitation('fd20::1', [sourceLink]), { hops: 255 }),
    [
      /\[icmp6 sum ok\].*neighbor solicitation.*who has fd20::1/,
      /source link-address option.*02:00:00:00:00:11/,
    ],
  ],
  [
    'a neighbour advertisement',
    v6(
      neighbourAdvertisement({
        target: 'fd20::1',
        flags: ['router', 'solicited', 'override'],
        options: [{ kind: 'target-link', link }],
      }),
      { hops: 255 },
    ),
    [/\[icmp6 sum ok\].*neighbor advertisement.*tgt is fd20::1, Flags \[router, solicited, override\]/],
  ],
  [
    'a router solicitation',
    v6(routerSolicitation([sourceLink]), { hops: 255 }),
    [/\[icmp6 sum ok\].*router solicitation/],
  ],
  [
    'a router advertisement',
    v6(
      routerAdvertisement({
        lifetimeSeconds: 1800,
        options: [
          { kind: 'prefix', prefix: 'fd66::', length: 64, validSeconds: 600, preferredSeconds: 300 },
          { kind: 'mtu', mtuBytes: 1400 },
        ],
      }),
      { hops: 255 },
    ),
    [
      /\[icmp6 sum ok\].*router advertisement/,
      /router lifetime 1800s/,
      /prefix info.*fd66::\/64/,
      /mtu.*1400/,
    ],
  ],
  [
    'any other protocol',
    v4({ kind: 'bytes', protocol: 253, bytes: data }),
    [/proto unknown \(253\)/, /ip-proto-253 21/],
  ],
])('%s', (_, packet, words) => {
  const said = dissect([packet])
  for (const word of words) expect(said).toMatch(word)
  expect(said).not.toMatch(/bad|incorrect|wrong|invalid|truncated|\[\|/i)
})

test('fragments of both families', () => {
  const options = { sizeBytes: 16, identification: 77 }
  const said = dissect([...fragment(v4(udp), options), ...fragment(v6(udp), options)])
  expect(said).toMatch(/id 77, offset 0, flags \[\+\]/)
  expect(said).toMatch(/id 77, offset 16, flags \[none\]/)
  expect(said).toMatch(/frag \(0x0000004d:0\|16\)/)
  expect(said).toMatch(/frag \(0x0000004d:16\|13\)/)
  expect(said).not.toMatch(/bad cksum/)
})

test('tcpdump does notice wrong checksums', () => {
  const said = dissect([
    v4(udp, { checksum: 1 }),
    v4({ ...udp, checksum: 2 } as Transport),
    v6({ ...tcp, checksum: 3 } as Transport),
  ])
  expect(said).toMatch(/bad cksum 1 /)
  expect(said).toMatch(/\[bad udp cksum 0x0002/)
  expect(said).toMatch(/cksum 0x0003 \(incorrect/)
})

function dissect(packets: readonly Frame['payload'][]): string {
  const folder = mkdtempSync(join(tmpdir(), 'thingwall-lab-'))
  try {
    const file = join(folder, 'frames.pcap')
    const destination = '02:00:00:00:00:01'
    const frames = packets.map((payload) => buildFrame({ destination, source: link, payload }))
    // The classic capture format: version 2.4, Ethernet; a header of times and lengths before each frame.
    const header = Uint8Array.from(
      new Uint8Array(new Uint32Array([0xa1b2c3d4, 0x00040002, 0, 0, 65_535, 1]).buffer),
    )
    const records = frames.flatMap((frame) => {
      return [new Uint8Array(new Uint32Array([0, 0, frame.length, frame.length]).buffer), frame]
    })
    writeFileSync(file, Buffer.concat([header, ...records]))
    const [program = '', ...args] = [...asWhoMayRead(), '-n', '-vv', '-r', file]
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * tcpdump wants to stop being root before it reads. In a user namespace of one user there is nobody else to
 * become, so there it is started as nobody at all, in one more user namespace.
 */
function asWhoMayRead(): string[] {
  const allUsers = readFileSync('/proc/self/uid_map', 'utf8').includes('4294967295')
  return allUsers ? ['tcpdump', '-Z', 'root'] : ['unshare', '--user', 'tcpdump']
}
