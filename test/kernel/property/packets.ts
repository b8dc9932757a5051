/**
 * Random packets of the world, and the flows that `evaluate` judges instead of them.
 *
 * A packet comes from a host, or is the gateway's own. Left out, because Linux itself drops them before or without any
 * hook and so no rule can be seen to decide: groups the gateway did not join, and link-local senders or destinations
 * that would have to be forwarded.
 */

import type { TcpFlag } from '@thingwall/gateway/lab'
import {
  type Address,
  type Flow,
  formatAddress,
  type LinkAddress,
  linkLocalOf,
  parseAddress,
} from '@thingwall/policy'
import fc from 'fast-check'
import { devices, multicast, others, type Port, ports, shared } from './world.ts'

export interface RandomPacket {
  /** Index into `ports`: where it arrives. Null: the gateway sends it itself. */
  readonly port: number | null
  readonly link: string
  readonly source: string
  readonly destination: string
  readonly protocol: 'tcp' | 'udp' | 'icmp' | number
  readonly flags: readonly TcpFlag[]
  readonly sourcePort: 'own' | 67 | 68 | 546 | 547 | 53
  readonly destinationPort: number
  readonly icmpType: number
  readonly shape: 'plain' | 'fragments' | 'options' | 'options-and-fragments'
}

const linkLocals = [...devices.map((one) => one.mac), '02:00:00:00:00:99'].map((mac) =>
  formatAddress(linkLocalOf(mac as LinkAddress)),
)
const local = devices.flatMap((one) => [...one.ip, ...one.leased])
const gateways = ports.flatMap((port) => port.gateway)
const strangers = Object.values(others).flat()
const ports4 = [22, 53, 67, 68, 80, 123, 443, 546, 547, 1883, 5353, 8443]

function packetArbitrary(): fc.Arbitrary<RandomPacket> {
  return fc
    .record({
      port: fc.constantFrom(0, 0, 0, 1, 1, 2, 2, 3, 4, 4, null, null),
      link: fc.oneof(
        { weight: 6, arbitrary: fc.constant('honest') },
        { weight: 1, arbitrary: fc.constantFrom(...devices.map((one) => one.mac), '02:00:00:00:00:99') },
      ),
      source: fc.oneof(
        { weight: 10, arbitrary: fc.constantFrom('here') },
        { weight: 2, arbitrary: fc.constantFrom(...local, ...strangers) },
        {
          weight: 1,
          arbitrary: fc.constantFrom('0.0.0.0', '::', '224.0.0.1', '127.0.0.1', ...gateways, ...linkLocals),
        },
      ),
      here: fc.nat(),
      // From outside to the gateway's own address there, where forwards are.
      knocks: fc.oneof(
        { weight: 5, arbitrary: fc.constant(null) },
        {
          weight: 1,
          arbitrary: fc.record({
            port: fc.constant(4),
            source: fc.constant('here'),
            destination: fc.constantFrom('192.0.2.1', '2001:db8:1::1'),
            protocol: fc.constantFrom<RandomPacket['protocol']>('tcp', 'tcp', 'udp'),
            destinationPort: fc.constantFrom(22, 443, 8443, 1883, 123, 53),
          }),
        },
      ),
      destination: fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(...(others['uplink'] ?? [])) },
        { weight: 4, arbitrary: fc.constantFrom(...local) },
        { weight: 2, arbitrary: fc.constantFrom(...strangers) },
        { weight: 2, arbitrary: fc.constantFrom(...gateways) },
        {
          weight: 1,
          arbitrary: fc.constantFrom(
            '255.255.255.255',
            '240.0.0.9',
            ...shared,
            '127.0.0.1',
            '0.0.0.1',
            'gateway-link-local',
            ...multicast,
          ),
        },
      ),
      protocol: fc.constantFrom<RandomPacket['protocol']>(
        'tcp',
        'tcp',
        'tcp',
        'udp',
        'udp',
        'icmp',
        'icmp',
        2,
        47,
        253,
      ),
      flags: fc.oneof(
        { weight: 8, arbitrary: fc.constant<readonly TcpFlag[]>(['syn']) },
        {
          weight: 1,
          arbitrary: fc.constantFrom<readonly TcpFlag[]>(
            ['ack'],
            ['syn', 'ack'],
            ['rst'],
            ['fin', 'ack'],
            [],
          ),
        },
        { weight: 1, arbitrary: fc.constantFrom<readonly TcpFlag[]>(['syn', 'ece', 'cwr'], ['syn', 'psh']) },
      ),
      sourcePort: fc.oneof(
        { weight: 6, arbitrary: fc.constant<RandomPacket['sourcePort']>('own') },
        { weight: 1, arbitrary: fc.constantFrom<RandomPacket['sourcePort']>(67, 68, 546, 547, 53) },
      ),
      destinationPort: fc.constantFrom(...ports4),
      icmpType: fc.constantFrom(
        0,
        3,
        5,
        8,
        8,
        8,
        13,
        128,
        128,
        128,
        129,
        1,
        133,
        134,
        135,
        136,
        137,
        139,
        143,
      ),
      shape: fc.oneof(
        { weight: 6, arbitrary: fc.constant<RandomPacket['shape']>('plain') },
        {
          weight: 1,
          arbitrary: fc.constantFrom<RandomPacket['shape']>('fragments', 'options', 'options-and-fragments'),
        },
      ),
    })
    .map(({ here, knocks, ...rest }) => settle(knocks === null ? rest : { ...rest, ...knocks }, here))
    .filter(isJudgeable)
}

/** Makes the parts fit: one family, a source that lives where the packet arrives, its own link address. */
function settle(packet: RandomPacket, here: number): RandomPacket {
  if (packet.port === null) return settleOwn(packet, here)
  const port = ports[packet.port ?? 0] as Port
  const destination =
    packet.destination === 'gateway-link-local' ? formatAddress(linkLocalOf(port.link)) : packet.destination
  const isSix = destination.includes(':')
  const homes = devices.filter((one) => one.network === port.network)
  const around = [...homes.flatMap((one) => [...one.ip, ...one.leased]), ...(others[port.network] ?? [])]
  const fitting = around.filter((text) => text.includes(':') === isSix)
  const chosen = packet.source === 'here' ? (fitting[here % fitting.length] as string) : packet.source
  const source = chosen.includes(':') === isSix ? chosen : (fitting[here % fitting.length] as string)
  const owner = devices.find(
    (one) => [...one.ip, ...one.leased].includes(source) || linkLocalIs(one.mac, source),
  )
  const link = packet.link === 'honest' ? (owner?.mac ?? '02:00:00:00:00:98') : packet.link
  return { ...packet, source, destination, link }
}

/** What the gateway sends itself comes from an address of its own, and is whole. */
function settleOwn(packet: RandomPacket, here: number): RandomPacket {
  const fitting = gateways.filter((text) => text.includes(':') === packet.destination.includes(':'))
  const shape = packet.shape.startsWith('options') ? 'options' : 'plain'
  return { ...packet, source: fitting[here % fitting.length] as string, link: '02:00:00:00:00:98', shape }
}

function linkLocalIs(mac: string, text: string): boolean {
  return parseAddress(text) === linkLocalOf(mac as LinkAddress)
}

function isJudgeable(packet: RandomPacket): boolean {
  const isOurs = gateways.includes(packet.destination) || /^fe80:/.test(packet.destination)
  const isGroup = multicast.includes(packet.destination)
  if (packet.port === null && !isSentOut(packet.destination)) return false
  if (packet.source.startsWith('fe80') && !isOurs && !isGroup) return false
  if (packet.destination.startsWith('fe80') && !packet.source.startsWith('fe80')) return false
  // Where the uplink translates, what comes to its address may be the answer to another packet here, or go where one goes.
  const hasOwnPort = packet.sourcePort === 'own' && (packet.protocol === 'tcp' || packet.protocol === 'udp')
  const atUplink = packet.destination === '192.0.2.1' || packet.destination === '2001:db8:1::1'
  if (atUplink && !hasOwnPort && packet.protocol !== 'icmp') return false
  // ICMP types belong to one family each.
  const isSix = packet.destination.includes(':')
  if (
    packet.protocol === 'icmp' &&
    isSix !== [1, 128, 129, 133, 134, 135, 136, 137, 139, 143].includes(packet.icmpType)
  )
    return false
  return true
}

/**
 * Not to the gateway itself, which is loopback; nor to everybody or to a group, of which Linux gives the sender a copy
 * that looks like a packet from outside.
 */
function isSentOut(destination: string): boolean {
  const isOwn = gateways.includes(destination) || /^(127\.|fe80:|gateway-link-local)/.test(destination)
  return (
    !isOwn &&
    !multicast.includes(destination) &&
    !destination.endsWith('.255') &&
    !shared.includes(destination)
  )
}

/**
 * Up to `count` packets, no two of which could belong to one flow, or could be masked as one: of what has no ports, Linux
 * cannot translate two senders to one destination, and drops the later.
 */
export function randomPackets(count: number): fc.Arbitrary<readonly RandomPacket[]> {
  return fc.array(packetArbitrary(), { minLength: count, maxLength: count, size: 'max' }).map((packets) => {
    const seen = new Set<string>()
    return packets.filter((one) => {
      const keys = keysOf(one)
      if (keys.some((key) => seen.has(key))) return false
      for (const key of keys) seen.add(key)
      return true
    })
  })
}

/** What no two packets may share. An ICMP identifier and a source port of one's own tell packets apart by themselves. */
function keysOf({ protocol, source, destination, sourcePort }: RandomPacket): readonly string[] {
  if (protocol === 'icmp') return []
  const pair = `${protocol} ${[source, destination].sort().join()}`
  if (protocol === 'tcp' || protocol === 'udp') return sourcePort === 'own' ? [] : [pair]
  return [pair, `${protocol} to ${destination}`]
}

/** The flow that a packet opens, as `evaluate` is asked about it. */
export function flowOf(packet: RandomPacket, number: number): Flow {
  const { protocol } = packet
  const isSix = packet.destination.includes(':')
  const base = {
    ingress: packet.port === null ? 'gateway' : (ports[packet.port] as Port).network,
    link: packet.link as LinkAddress,
    source: parseAddress(packet.source) as Address,
    destination: parseAddress(packet.destination) as Address,
  }
  if (protocol === 'tcp' || protocol === 'udp') {
    const opens = protocol === 'udp' || (isOpening(packet.flags) && !isTruncated(packet))
    const sourcePort = sourcePortOf(packet, number)
    return {
      ...base,
      protocol: protocol === 'tcp' ? 6 : 17,
      sourcePort,
      destinationPort: packet.destinationPort,
      opens,
    }
  }
  if (protocol === 'icmp') return { ...base, protocol: isSix ? 58 : 1, icmpType: packet.icmpType }
  return { ...base, protocol }
}

/** The first fragment holds options and only part of the TCP header: no such IPv6 packet is put together. */
function isTruncated(packet: RandomPacket): boolean {
  return packet.shape === 'options-and-fragments' && packet.destination.includes(':')
}

function isOpening(flags: readonly TcpFlag[]): boolean {
  const four = flags.filter((flag) => flag === 'fin' || flag === 'syn' || flag === 'rst' || flag === 'ack')
  return four.length === 1 && four[0] === 'syn'
}

/** Its own, by which the packet log knows it, or a well-known one. */
export function sourcePortOf(packet: RandomPacket, number: number): number {
  return packet.sourcePort === 'own' ? 20_000 + number : packet.sourcePort
}
