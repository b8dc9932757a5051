/**
 * Looks at the wires of hosts and counts the packets that open the flows of an attempt: whether something arrived is
 * not for its sender to say. It reads whole frames and understands no more than where they go.
 */
import {
  type Ipv4Packet,
  type Ipv6Packet,
  openPacketSocket,
  parseFrame,
  type Site,
} from '@thingwall/gateway/lab'
import { formatAddress, parseAddress } from '@thingwall/policy'
import { interfaceOf } from './site.ts'
import { type Name, type Opening, residents } from './world.ts'

export interface Arrivals {
  /** Opening packets since it was opened. */
  count(): number
  /** The source address of the last of them, after translation; null where there was none. */
  source(): string | null
  close(): void
}

/** Watches the hosts that the flows go to; null where they all go to the gateway itself. */
export function watchArrivals(site: Site, openings: readonly Opening[]): Arrivals | null {
  const goals = new Set(openings.map(({ to }) => to))
  const hosts = (Object.keys(residents) as Name[]).filter((name) =>
    ([4, 6] as const).some((family) => goals.has(residents[name][family])),
  )
  if (hosts.length === 0) return null
  const sockets = hosts.map((host) =>
    openPacketSocket({ namespacePath: site.namespacePath(host), interface: interfaceOf(host) }),
  )
  const wanted = new Set(openings.map(keyOfOpening))
  let seen = 0
  let source: string | null = null
  return {
    count: () => {
      for (const { payload } of sockets.flatMap((socket) => socket.drain()).map(parseFrame)) {
        if (payload.kind !== 'ipv4' && payload.kind !== 'ipv6') continue
        const key = keyOfPacket(payload)
        if (key === null || !wanted.has(key)) continue
        seen += 1
        source = payload.source
      }
      return seen
    },
    source: () => source,
    close: () => {
      for (const socket of sockets) socket.close()
    },
  }
}

function keyOfOpening({ to, protocol, port }: Opening): string {
  return `${plain(to)} ${protocol} ${port ?? 0}`
}

/** Where a packet that opens a flow goes; null for all others. */
function keyOfPacket({ destination, payload: inner }: Ipv4Packet | Ipv6Packet): string | null {
  const to = plain(destination)
  switch (inner.kind) {
    case 'tcp':
      return inner.flags.includes('syn') && !inner.flags.includes('ack')
        ? `${to} tcp ${inner.destinationPort}`
        : null
    case 'udp':
      return `${to} udp ${inner.destinationPort}`
    case 'icmp':
      return inner.type === 8 ? `${to} icmp 0` : null
    case 'icmpv6':
      return inner.type === 128 ? `${to} icmp 0` : null
    case 'bytes':
      return null
    default:
      return inner satisfies never
  }
}

/** One spelling for each address. */
function plain(text: string): string {
  const address = parseAddress(text)
  return address === null ? text : formatAddress(address)
}
