/**
 * Sends whole IP packets from inside a namespace as that machine's own: they pass its output hooks and its routing,
 * as those of any program there do. It receives nothing, and the kernel fills in no header (IP_HDRINCL,
 * IPV6_HDRINCL) but the IPv4 checksum and length.
 */
import { EINTR, inNamespace, libc, SOCK_RAW_NONBLOCKING, systemError } from '../netlink/libc.ts'

export interface RawIpSocket {
  /**
   * Sends one packet, IP header included, by the namespace's routes; to a link-local or multicast address by the
   * interface named. Returns false where the kernel refused to send it (no route, or a rule dropped it).
   */
  send(packet: Uint8Array, interfaceName?: string): boolean
  close(): void
}

const AF_INET = 2
const AF_INET6 = 10
const IPPROTO_RAW = 255
const SOL_IP = 0
const IP_MULTICAST_IF = 32
const SOL_SOCKET = 1
const SO_BROADCAST = 6

/** Opens one raw socket of each family in the namespace at `namespacePath`. Throws when the caller may not. */
export function openRawIpSocket(namespacePath: string): RawIpSocket {
  const indexes = new Map<string, number>()
  const [four, six] = inNamespace(namespacePath, () => [open(AF_INET), open(AF_INET6)] as const)
  const one = new Uint8Array(new Uint32Array([1]).buffer)
  libc().setsockopt(four, SOL_SOCKET, SO_BROADCAST, one, 4)
  const indexOf = (name: string): number => {
    const known = indexes.get(name) ?? inNamespace(namespacePath, () => libc().ifNameToIndex(name))
    indexes.set(name, known)
    if (known === 0) throw systemError(`interface ${name}`)
    return known
  }
  let closed = false
  return {
    send(packet, interfaceName): boolean {
      const index = interfaceName === undefined ? 0 : indexOf(interfaceName)
      const isFour = (packet[0] ?? 0) >> 4 === 4
      if (isFour && index !== 0) {
        // struct ip_mreqn: group, own address, interface.
        const choice = new DataView(new ArrayBuffer(12))
        choice.setInt32(8, index, true)
        libc().setsockopt(four, SOL_IP, IP_MULTICAST_IF, new Uint8Array(choice.buffer), 12)
      }
      const to = isFour ? socketAddress4(packet) : socketAddress6(packet, index)
      for (;;) {
        const sent = libc().sendto(isFour ? four : six, packet, packet.length, 0, to, to.length)
        if (sent === packet.length) return true
        if (libc().lastError() !== EINTR) return false
      }
    },
    close(): void {
      if (!closed) for (const fd of [four, six]) libc().close(fd)
      closed = true
    },
  }
}

function open(domain: number): number {
  // IPPROTO_RAW implies that headers are included, in both families (raw(7), net/ipv6/raw.c).
  const fd = libc().socket(domain, SOCK_RAW_NONBLOCKING, IPPROTO_RAW)
  if (fd < 0) throw systemError('raw IP socket')
  return fd
}

/** struct sockaddr_in: family, port, address, 8 bytes of nothing. */
function socketAddress4(packet: Uint8Array): Uint8Array {
  const address = new Uint8Array(16)
  new DataView(address.buffer).setUint16(0, AF_INET, true)
  address.set(packet.subarray(16, 20), 4)
  return address
}

/** struct sockaddr_in6: family, port, flow, address, scope. */
function socketAddress6(packet: Uint8Array, index: number): Uint8Array {
  const address = new Uint8Array(28)
  const view = new DataView(address.buffer)
  view.setUint16(0, AF_INET6, true)
  address.set(packet.subarray(24, 40), 8)
  view.setUint32(24, index, true)
  return address
}
