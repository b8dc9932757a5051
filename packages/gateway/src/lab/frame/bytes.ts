/** Bytes, checksums and the text forms of addresses: what all layers of a frame share, and no layer itself. */
import ipaddr from 'ipaddr.js'

/** The parts one after the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** The number in network order. */
export function u16(value: number): Uint8Array {
  return Uint8Array.of((value >> 8) & 0xff, value & 0xff)
}

/** The number in network order. */
export function u32(value: number): Uint8Array {
  return concat(u16(value >>> 16), u16(value & 0xffff))
}

export function read16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}

export function read32(bytes: Uint8Array, at: number): number {
  return read16(bytes, at) * 0x10000 + read16(bytes, at + 2)
}

/** Zeros behind `bytes` up to the next multiple of `unit`. */
export function padded(bytes: Uint8Array, unit: number): Uint8Array {
  const missing = (unit - (bytes.length % unit)) % unit
  return missing === 0 ? bytes : concat(bytes, new Uint8Array(missing))
}

/** The internet checksum over all parts together (RFC 1071); every part but the last has an even length. */
export function checksum(...parts: readonly Uint8Array[]): number {
  let sum = 0
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 2) sum += read16(part, at)
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000)
  return ~sum & 0xffff
}

/** The 4 or 16 bytes of an address. Throws when it is none. */
export function addressBytes(text: string): Uint8Array {
  return Uint8Array.from(ipaddr.parse(text).toByteArray())
}

/** Dotted quad, or RFC 5952. */
export function addressText(bytes: Uint8Array): string {
  const address = ipaddr.fromByteArray([...bytes])
  return address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString()
}

/** The 6 bytes of a link address in colon form. Throws when it is none. */
export function linkBytes(text: string): Uint8Array {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text)) throw new Error(`not a link address: ${text}`)
  return Uint8Array.from(text.split(':'), (digits) => Number.parseInt(digits, 16))
}

/** Lower-case colon form. */
export function linkText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':')
}
