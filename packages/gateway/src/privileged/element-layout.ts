/**
 * What the elements of a set are made of, for the few kinds of sets that grow with devices: keys and data as the kernel
 * keeps them (`linux/netfilter/nf_tables.h`). Numbers that packets carry are in network order, marks and classes in the
 * machine's, each padded to four bytes. All other sets are `null` here, and for nft to fill.
 */

/** A value of a key or of a map's data. What is read raw from a packet is an IPv6 address or a link address. */
export type Field = 'ipv4' | 'ipv6' | 'link' | 'raw128' | 'raw48' | 'mark' | 'class'

/** What the elements of a set are made of. */
export interface Layout {
  readonly key: readonly Field[]
  readonly data: Field | null
}

/** What the kernel says of a set. Types are nft's numbers, six bits for each field of a concatenation. */
export interface KernelSet {
  readonly flags: number
  readonly keyType: number
  readonly keyBytes: number
  readonly dataType: number | null
  readonly dataBytes: number
}

const TYPES: ReadonlyMap<number, Field> = new Map([
  [4, 'raw128'],
  [7, 'ipv4'],
  [8, 'ipv6'],
  [9, 'link'],
  [19, 'mark'],
  [23, 'class'],
])
/** With their padding. */
export const SIZES: Readonly<Record<Field, number>> = {
  ipv4: 4,
  ipv6: 16,
  link: 8,
  raw128: 16,
  raw48: 8,
  mark: 4,
  class: 4,
}
const TYPE_BITS = 6
const IS_MAP = 0x8
const HAS_TIMEOUTS = 0x10

/** How to write elements of this set; null for sets that are for nft to fill: intervals, meters, verdicts, other types. */
export function layoutOf({ flags, keyType, keyBytes, dataType, dataBytes }: KernelSet): Layout | null {
  if ((flags & ~(IS_MAP | HAS_TIMEOUTS)) !== 0) return null
  const key: Field[] = []
  for (let left = keyType; left > 0; left >>>= TYPE_BITS) {
    const field = TYPES.get(left & ((1 << TYPE_BITS) - 1))
    if (field === undefined) return null
    key.unshift(field)
  }
  // Machine order within a concatenation is not written by the compiler, and not known to be what nft does.
  if (key.length === 0 || (key.length > 1 && key.some((field) => field === 'mark' || field === 'class')))
    return null
  // Of raw values the type does not say how long they are.
  const raw = key.indexOf('raw128')
  if (raw !== -1 && sizeOf(key) === keyBytes + SIZES.raw128 - SIZES.raw48) key[raw] = 'raw48'
  // One alone is not padded.
  const size = key.length === 1 && key[0] === 'link' ? 6 : sizeOf(key)
  if (size !== keyBytes) return null
  if ((flags & IS_MAP) === 0) return { key, data: null }
  const data = dataType === null ? undefined : TYPES.get(dataType)
  return data === undefined || SIZES[data] !== dataBytes ? null : { key, data }
}

/** How many bytes the values take. */
export function sizeOf(fields: readonly Field[]): number {
  return fields.reduce((sum, field) => sum + SIZES[field], 0)
}
