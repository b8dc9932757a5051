/**
 * Addresses, prefixes and link addresses, parsed once at the edge.
 *
 * An `Address` is its network-order bytes in lower-case hexadecimal: 8 digits for IPv4, 32 for IPv6. That one
 * form serves as a map key, sorts in numeric order with `<`, survives JSON, and lets IPv4 and IPv6 share every
 * line of code above this file. It deliberately knows nothing of sets of addresses: see `interval.ts`.
 */

/** Bytes in network order as lower-case hex: 8 digits (IPv4) or 32 digits (IPv6). */
export type Address = string & { readonly __address: true }

/** A link-layer (MAC) address in lower-case colon form, `02:00:00:00:00:01`. */
export type LinkAddress = string & { readonly __link: true }

export type Family = 4 | 6

/** All addresses `first`…`last`, both included, of one family. */
export interface Interval {
  readonly first: Address
  readonly last: Address
}

/** The family an address belongs to. */
export function familyOf(address: Address): Family {
  return address.length === 8 ? 4 : 6
}

/**
 * Reads `10.20.0.11` or `fd20::11`. Returns null for anything else: octal, hexadecimal and short IPv4 forms, zone
 * identifiers and IPv4-mapped IPv6 are not addresses here, because programs disagree about what they mean.
 */
export function parseAddress(text: string): Address | null {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

function parseIpv4(text: string): Address | null {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (parts === null) return null
  let hex = ''
  for (let at = 1; at <= 4; at++) {
    const part = parts[at] as string
    if (Number(part) > 255 || (part.length > 1 && part.startsWith('0'))) return null
    hex += BYTES[Number(part)]
  }
  return hex as Address
}

/** RFC 4291 section 2.2, forms 1 and 2, and the IPv4 tail of form 3 outside ::ffff:0:0/96. */
function parseIpv6(text: string): Address | null {
  if (text.length > 45) return null
  const dot = text.indexOf('.')
  const tail = dot === -1 ? '' : parseIpv4(text.slice(text.lastIndexOf(':') + 1))
  if (tail === null) return null
  const plain =
    tail === '' ? text : `${text.slice(0, text.lastIndexOf(':') + 1)}${tail.slice(0, 4)}:${tail.slice(4)}`
  const gap = plain.indexOf('::')
  const head = groupsOf(gap === -1 ? plain : plain.slice(0, gap))
  const rest = gap === -1 ? '' : groupsOf(plain.slice(gap + 2))
  if (head === null || rest === null) return null
  const missing = 32 - head.length - rest.length
  if (gap === -1 ? missing !== 0 : missing < 4) return null
  const address = head + '0'.repeat(missing) + rest
  return address.startsWith('00000000000000000000ffff') ? null : (address as Address)
}

/** `fd20:1` as `fd200001`; null where a group is not one to four hex digits. */
function groupsOf(text: string): string | null {
  if (text === '') return ''
  let hex = ''
  for (const group of text.split(':')) {
    if (!/^[0-9a-f]{1,4}$/i.test(group)) return null
    hex += group.padStart(4, '0')
  }
  return hex.toLowerCase()
}

/** Why a text is not a prefix: it does not read as one, or it has bits set past its length. */
export type PrefixFault = 'syntax' | 'host-bits'

/**
 * Reads `10.20.0.0/24`, `fd20::/64` or a single address as the interval it covers. A prefix with host bits set
 * (`10.20.0.7/24`) is a fault, not silently widened.
 */
export function parsePrefix(text: string): Interval | PrefixFault {
  const slash = text.indexOf('/')
  if (slash === -1) {
    const address = parseAddress(text)
    return address === null ? 'syntax' : { first: address, last: address }
  }
  const address = parseAddress(text.slice(0, slash))
  const digits = text.slice(slash + 1)
  if (address === null || !/^(0|[1-9]\d{0,2})$/.test(digits)) return 'syntax'
  const width = address.length * 4
  const length = Number(digits)
  if (length > width) return 'syntax'
  const first = mask(address, length, '0')
  return first === address ? { first, last: mask(address, length, 'f') } : 'host-bits'
}

/** Reads a link address in colon or dash form; null when it is not one, or is a group (multicast) address. */
export function parseLinkAddress(text: string): LinkAddress | null {
  if (!/^[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}$/i.test(text)) return null
  const link = text.toLowerCase().replaceAll('-', ':')
  return (Number.parseInt(link.slice(0, 2), 16) & 1) === 0 ? (link as LinkAddress) : null
}

/** The text a person expects: dotted quad, or RFC 5952 for IPv6. */
export function formatAddress(address: Address): string {
  if (address.length === 8) {
    const bits = Number.parseInt(address, 16)
    return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`
  }
  const groups: string[] = []
  for (let at = 0; at < 32; at += 4) groups.push(Number.parseInt(address.slice(at, at + 4), 16).toString(16))
  // The longest run of zero groups is left out, the first of several, and never a single one.
  let best = 0
  let bestLength = 1
  for (let at = 0; at < 8; at++) {
    let length = 0
    while (groups[at + length] === '0') length++
    if (length > bestLength) {
      best = at
      bestLength = length
    }
    at += length
  }
  if (bestLength === 1) return groups.join(':')
  return `${groups.slice(0, best).join(':')}::${groups.slice(best + bestLength).join(':')}`
}

/** `10.20.0.0/24` where the interval is one prefix, `10.20.0.3-10.20.0.9` where not. */
export function formatInterval(interval: Interval): string {
  if (interval.first === interval.last) return formatAddress(interval.first)
  const length = prefixLengthOf(interval)
  return length === null
    ? `${formatAddress(interval.first)}-${formatAddress(interval.last)}`
    : `${formatAddress(interval.first)}/${length}`
}

/** The prefix length of an interval that is exactly one prefix, else null. */
export function prefixLengthOf(interval: Interval): number | null {
  const width = interval.first.length * 4
  for (let length = 0; length <= width; length++) {
    const { first, last } = interval
    if (mask(first, length, '0') === first && mask(first, length, 'f') === last) return length
  }
  return null
}

/** The address after this one, or null after the last of its family. */
export function successor(address: Address): Address | null {
  const digits = [...address]
  for (let at = digits.length - 1; at >= 0; at--) {
    const digit = Number.parseInt(digits[at] as string, 16)
    if (digit < 15) {
      digits[at] = (digit + 1).toString(16)
      return digits.join('') as Address
    }
    digits[at] = '0'
  }
  return null
}

/** The address before this one, or null before the first of its family. */
export function predecessor(address: Address): Address | null {
  const digits = [...address]
  for (let at = digits.length - 1; at >= 0; at--) {
    const digit = Number.parseInt(digits[at] as string, 16)
    if (digit > 0) {
      digits[at] = (digit - 1).toString(16)
      return digits.join('') as Address
    }
    digits[at] = 'f'
  }
  return null
}

/** The link-local address that RFC 4291 appendix A forms from a link address. */
export function linkLocalOf(link: LinkAddress): Address {
  const bytes = link.split(':')
  const flipped = (Number.parseInt(bytes[0] as string, 16) ^ 2).toString(16).padStart(2, '0')
  return `fe80000000000000${flipped}${bytes[1]}${bytes[2]}fffe${bytes[3]}${bytes[4]}${bytes[5]}` as Address
}

const BYTES: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Keeps the first `length` bits and fills the rest with zeros or ones. */
function mask(address: Address, length: number, fill: '0' | 'f'): Address {
  const whole = length >> 2
  const bits = length & 3
  if (bits === 0) return (address.slice(0, whole) + fill.repeat(address.length - whole)) as Address
  const low = 15 >> bits
  const digit = Number.parseInt(address[whole] as string, 16)
  const edge = (fill === '0' ? digit & ~low : digit | low).toString(16)
  return (address.slice(0, whole) + edge + fill.repeat(address.length - whole - 1)) as Address
}
