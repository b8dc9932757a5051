/**
 * The packet socket (packet(7)) that shows who says what about addresses on one link: opened, filtered and locked here,
 * read elsewhere. The filter cannot be taken off again (SO_LOCK_FILTER), so whoever gets the socket sees DHCP and neighbour
 * discovery and no other traffic. They could send frames through it, as anybody on that link can.
 */
import { createRequire } from 'node:module'
import type { SocketRequest } from './request.ts'
import { type System, systemError } from './system.ts'
import { wireFilter } from './wire-filter.ts'

const AF_PACKET = 17
const SOCK_RAW_NONBLOCKING: number = 3 | 0o4000 | 0o2000000
const ETH_P_ALL = 3
const SOL_SOCKET = 1
const SO_RCVBUF = 8
const SO_ATTACH_FILTER = 26
const SO_LOCK_FILTER = 44

/** Opens it and says its descriptor. Throws with what the kernel said. */
export function openWireSocket(
  system: System,
  { interfaceIndex, receiveBufferBytes }: SocketRequest & { readonly kind: 'address-frames' },
): number {
  // Protocol 0 receives nothing, so that no other frame slips in before the filter is there.
  const fd = system.socket(AF_PACKET, SOCK_RAW_NONBLOCKING, 0)
  if (fd < 0) throw systemError(system, 'packet socket')
  try {
    const set = (name: number, value: Uint8Array, what: string): void => {
      if (system.setsockopt(fd, SOL_SOCKET, name, value, value.length) < 0) throw systemError(system, what)
    }
    attachFilter(set)
    set(SO_LOCK_FILTER, number(1), 'locking the filter')
    set(SO_RCVBUF, number(receiveBufferBytes), 'receive buffer')
    const address = Buffer.alloc(20)
    address.writeUInt16LE(AF_PACKET, 0)
    address.writeUInt16BE(ETH_P_ALL, 2)
    address.writeInt32LE(interfaceIndex, 4)
    if (system.bind(fd, address, address.length) < 0) throw systemError(system, 'bind')
    return fd
  } catch (error) {
    system.close(fd)
    throw error
  }
}

/** struct sock_fprog: how many instructions, padding, and where they are. */
function attachFilter(set: (name: number, value: Uint8Array, what: string) => void): void {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
  const filter = wireFilter()
  const memory = koffi.alloc('uint8_t', filter.length) as bigint
  try {
    new Uint8Array(koffi.view(memory, filter.length)).set(filter)
    const program = Buffer.alloc(16)
    program.writeUInt16LE(filter.length / 8, 0)
    program.writeBigUInt64LE(memory, 8)
    set(SO_ATTACH_FILTER, program, 'packet filter')
  } finally {
    koffi.free(memory)
  }
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value, 0)
  return bytes
}
