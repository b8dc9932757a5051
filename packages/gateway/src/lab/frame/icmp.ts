/**
 * The ICMP messages tests send: echo for both families, and neighbour and router discovery (RFC 4861). Each
 * is a transport to be put into a packet. Discovery wants a hop limit of 255, which is the packet's to say.
 */
import { addressBytes, concat, linkBytes, u16, u32 } from './bytes.ts'
import type { Icmp } from './model.ts'

/** A discovery option. */
export type DiscoveryOption =
  | { readonly kind: 'source-link' | 'target-link'; readonly link: string }
  | { readonly kind: 'mtu'; readonly mtuBytes: number }
  | {
      readonly kind: 'prefix'
      readonly prefix: string
      readonly length: number
      readonly validSeconds: number
      readonly preferredSeconds: number
    }
  /** Any other, padded to a multiple of 8 with its header. */
  | { readonly kind: 'other'; readonly type: number; readonly bytes: Uint8Array }

export interface Echo {
  readonly family: 4 | 6
  readonly direction: 'request' | 'reply'
  readonly identifier: number
  readonly sequence: number
  readonly data?: Uint8Array
}

export function echo({ family, direction, identifier, sequence, data = new Uint8Array() }: Echo): Icmp {
  const types = family === 4 ? { request: 8, reply: 0 } : { request: 128, reply: 129 }
  const kind = family === 4 ? 'icmp' : 'icmpv6'
  return { kind, type: types[direction], code: 0, body: concat(u16(identifier), u16(sequence), data) }
}

export function neighbourSolicitation(target: string, options: readonly DiscoveryOption[] = []): Icmp {
  return discovery(135, u32(0), addressBytes(target), ...options.map(optionBytes))
}

export interface NeighbourAdvertisement {
  readonly target: string
  readonly flags?: readonly ('router' | 'solicited' | 'override')[]
  readonly options?: readonly DiscoveryOption[]
}

export function neighbourAdvertisement(advertisement: NeighbourAdvertisement): Icmp {
  const { target, flags = [], options = [] } = advertisement
  const bits = { router: 0x80, solicited: 0x40, override: 0x20 }
  const first = flags.reduce((sum, flag) => sum | bits[flag], 0)
  const words = Uint8Array.of(first, 0, 0, 0)
  return discovery(136, words, addressBytes(target), ...options.map(optionBytes))
}

export function routerSolicitation(options: readonly DiscoveryOption[] = []): Icmp {
  return discovery(133, u32(0), ...options.map(optionBytes))
}

export interface RouterAdvertisement {
  readonly hops?: number
  readonly lifetimeSeconds: number
  readonly options?: readonly DiscoveryOption[]
}

export function routerAdvertisement({ hops = 64, lifetimeSeconds, options = [] }: RouterAdvertisement): Icmp {
  const head = concat(Uint8Array.of(hops, 0), u16(lifetimeSeconds), u32(0), u32(0))
  return discovery(134, head, ...options.map(optionBytes))
}

function discovery(type: number, ...parts: readonly Uint8Array[]): Icmp {
  return { kind: 'icmpv6', type, code: 0, body: concat(...parts) }
}

function optionBytes(option: DiscoveryOption): Uint8Array {
  switch (option.kind) {
    case 'source-link':
      return framed(1, linkBytes(option.link))
    case 'target-link':
      return framed(2, linkBytes(option.link))
    case 'prefix': {
      // On-link and autonomous.
      const head = Uint8Array.of(option.length, 0xc0)
      const times = concat(u32(option.validSeconds), u32(option.preferredSeconds), u32(0))
      return framed(3, concat(head, times, addressBytes(option.prefix)))
    }
    case 'mtu':
      return framed(5, concat(u16(0), u32(option.mtuBytes)))
    case 'other':
      return framed(option.type, option.bytes)
    default:
      return option satisfies never
  }
}

function framed(type: number, bytes: Uint8Array): Uint8Array {
  const units = Math.ceil((bytes.length + 2) / 8)
  const whole = new Uint8Array(units * 8)
  whole.set([type, units])
  whole.set(bytes, 2)
  return whole
}
