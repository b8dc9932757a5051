/**
 * The kernel's own tables of TCP sockets (`/proc/PID/net/tcp` and `tcp6`), read for one purpose: which connection a
 * socket inode belongs to. The tables print each 32-bit word of an address in the machine's byte order.
 */
import { endianness } from 'node:os'
import type { Address } from '@thingwall/policy'

export interface TcpConnection {
  readonly local: Address
  readonly localPort: number
  readonly peer: Address
  readonly peerPort: number
  /** As `/proc/PID/fd` names it. */
  readonly inode: string
}

const ESTABLISHED = '01'

/** The established connections of one table. IPv4 connections of an IPv6 socket come out as IPv4. */
export function parseConnections(table: string, order: 'LE' | 'BE' = endianness()): readonly TcpConnection[] {
  return table.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/)
    const [, local = '', peer = '', state, , , , , , inode = ''] = fields
    if (state !== ESTABLISHED) return []
    const [localAddress = '', localPort = ''] = local.split(':')
    const [peerAddress = '', peerPort = ''] = peer.split(':')
    return [
      {
        local: addressOf(localAddress, order),
        localPort: Number.parseInt(localPort, 16),
        peer: addressOf(peerAddress, order),
        peerPort: Number.parseInt(peerPort, 16),
        inode,
      },
    ]
  })
}

function addressOf(words: string, order: 'LE' | 'BE'): Address {
  const bytes = words.toLowerCase().match(/../g) ?? []
  const ordered: string[] = []
  for (let at = 0; at < bytes.length; at += 4) {
    const word = bytes.slice(at, at + 4)
    ordered.push(...(order === 'LE' ? word.reverse() : word))
  }
  const text = ordered.join('')
  return (text.startsWith(MAPPED) ? text.slice(MAPPED.length) : text) as Address
}

/** `::ffff:0:0/96` (RFC 4291, 2.5.5.2). */
const MAPPED = `${'0'.repeat(20)}ffff`
