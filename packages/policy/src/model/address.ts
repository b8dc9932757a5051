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
  let hex = ''
  let value = -1
  let parts = 0
  for (let at = 0; at <= text.length; at++) {
    const digit = at === text.length ? -1 : text.charCodeAt(at) - 48
    if (digit >= 0 && digit <= 9) {
      // A leading zero would be octal to some programs.
      if (value === 0) return null
      value = (value === -1 ? 0 : value * 10) + digit
      if (value > 255) return null
    } else {
      if (value === -1 || (at < text.length && text[at] !== '.')) return null
      hex += BYTES[value]
      parts++
      value = -1
    }
  }
  return parts === 4 ? (hex as Address) : null
}

/** RFC 4291 section 2.2, forms 1 and 2, and the IPv4 tail of form 3 outside ::ffff:0:0/96. */
function parseIpv6(text: string): Address | null {
  if (text.length > 45) return null
  const plain = text.includes('.') ? withoutIpv4Tail(text) : text
  if (plain === null) return null
  const gap = plain.indexOf('::')
  const head = groupsOf(gap === -1 ? plain : plain.slice(0, gap))
  const rest = gap === -1 ? '' : groupsOf(plain.slice(gap + 2))
  if (head === null || rest === null) return null
  const missing = 32 - head.length - rest.length
  if (gap === -1 ? missing !== 0 : missing < 4) return null
  // In one piece: parts that are only chained are slower to read, digit by digit, for as long as they live.
  const address = (head + ZEROS.slice(0, missing) + rest).toLowerCase()
  return address.startsWith(MAPPED) ? null : (address as Address)
}

function withoutIpv4Tail(text: string): string | null {
  const colon = text.lastIndexOf(':')
  const tail = parseIpv4(text.slice(colon + 1))
  return tail === null ? null : `${text.slice(0, colon + 1)}${tail.slice(0, 4)}:${tail.slice(4)}`
}

/** `fd20:1` as `fd200001`, in the case it has; null where a group is not one to four hex digits. */
function groupsOf(text: string): string | null {
  if (text === '') return ''
  let hex = ''
  let first = 0
  for (let at = 0; at <= text.length; at++) {
    const code = at === text.length ? COLON : text.charCodeAt(at)
    if (code === COLON) {
      const length = at - first
      if (length < 1 || length > 4) return null
      hex += ZEROS.slice(0, 4 - length) + text.slice(first, at)
      first = at + 1
    } else if (!isHexDigit(code)) return null
  }
  return hex
}

const COLON = 58
const ZERO = 48
const ZEROS = '0'.repeat(32)
/** ::ffff:0:0/96, IPv4-mapped. */
const MAPPED = `${'0'.repeat(20)}ffff`

function isHexDigit(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70)
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
  for (let at = 0; at < 32; at += 4) {
    let first = at
    while (first < at + 3 && address.charCodeAt(first) === ZERO) first++
    groups.push(address.slice(first, at + 4))
  }
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
  let text = ''
  for (let at = 0; at < 8; at++) {
    if (at === best && bestLength > 1) {
      text += at === 0 ? '::' : ':'
      at += bestLength - 1
    } else text += at === 7 ? groups[at] : `${groups[at]}:`
  }
  return text
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
  const flipped = BYTES[Number.parseInt(link.slice(0, 2), 16) ^ 2]
  const [b, c, d, e, f] = [3, 6, 9, 12, 15].map((at) => link.slice(at, at + 2))
  return `fe80000000000000${flipped}${b}${c}fffe${d}${e}${f}` as Address
}

const BYTES: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** The link address that a link-local address was formed from; null for every other address. */
export function linkOf(address: Address): LinkAddress | null {
  if (address.length === 8 || !address.startsWith('fe80000000000000') || address.slice(22, 26) !== 'fffe')
    return null
  const flipped = BYTES[Number.parseInt(address.slice(16, 18), 16) ^ 2]
  const rest = [18, 20, 26, 28, 30].map((at) => address.slice(at, at + 2))
  return [flipped, ...rest].join(':') as LinkAddress
}

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
