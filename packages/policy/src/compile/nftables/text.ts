/**
 * Writes nftables syntax: tables, chains, sets, maps, counters, in the forms that 1.0.6 and every later release read.
 *
 * Only identifiers that `validate` let in and numbers come in here; nothing a device or an author wrote as prose does.
 */
import { type Address, formatAddress, type Interval, prefixLengthOf } from '../../model/address.ts'
import { MARK_MASK } from './options.ts'

export interface SetDeclaration {
  readonly kind: 'set' | 'map'
  readonly name: string
  /** `type ipv4_addr`, `typeof ether saddr . @th,64,128`. */
  readonly type: string
  readonly flags?: readonly string[]
  /** Further lines, such as `size 65535`. */
  readonly extra?: readonly string[]
  /** Made by `element`, or plain keys. */
  readonly elements: readonly string[]
  /** Filled from devices and bindings, which the digest covers by themselves. */
  readonly isDerived?: true
}

export interface ChainDeclaration {
  readonly name: string
  /**
   * `type filter hook forward priority filter; policy drop;` for a base chain. Its rules are written as the chain
   * `root/NAME`, and the base chain only says where to begin: see `generation.ts`. A base chain's name stands for its
   * hook, because the kernel cannot give it another: whoever changes the hook changes the name.
   */
  readonly hook?: string
  readonly rules: readonly string[]
}

export interface TableDeclaration {
  readonly family: 'inet' | 'arp'
  readonly name: string
  readonly counters: readonly string[]
  readonly sets: readonly SetDeclaration[]
  readonly chains: readonly ChainDeclaration[]
}

/** A table written out, but for its comment. */
export interface WrittenTable {
  readonly textWith: (comment: string) => string
  /** The part that the digest is taken of: all but the elements of derived sets. */
  readonly lasting: string
}

/** Replaces the table whole: created if absent, deleted, written anew, all in the transaction of one `nft -f`. */
export function writeTable(table: TableDeclaration): WrittenTable {
  const head = `${table.family} ${table.name}`
  const counters = table.counters.map((counter) => `\n\tcounter ${counter} {\n\t}\n`).join('')
  const chains = table.chains.map(writeChain).join('')
  const declared = table.sets.map((set) => writeSet(set.isDerived ? { ...set, elements: [] } : set)).join('')
  return {
    lasting: `${head}${counters}${declared}${chains}`,
    textWith: (comment) => {
      const parts = [
        `table ${head}\ndelete table ${head}\n\ntable ${head} {\n\tcomment "${comment}"\n`,
        counters,
      ]
      for (const set of table.sets) parts.push(writeSet(set))
      parts.push(chains, '}\n')
      return parts.join('')
    },
  }
}

function writeSet(set: SetDeclaration): string {
  const lines = [`\n\t${set.kind} ${set.name} {`, `\t\t${set.type}`]
  if (set.flags !== undefined && set.flags.length > 0) lines.push(`\t\tflags ${set.flags.join(',')}`)
  for (const line of set.extra ?? []) lines.push(`\t\t${line}`)
  if (isSweptRarely(set)) lines.push(`\t\tgc-interval ${SWEPT_EVERY}`)
  const room = roomFor(set)
  if (room !== null) lines.push(`\t\tsize ${room}`)
  if (set.elements.length > 0) lines.push(`\t\telements = {\n\t\t\t${set.elements.join(',\n\t\t\t')}\n\t\t}`)
  lines.push('\t}\n')
  return lines.join('\n')
}

/**
 * How often the kernel goes through a set to take out what has ended, which nothing finds any more by then. Usually that is
 * every second: with the sets of 100,000 devices some 5 % of a processor. nft 1.0.6 cannot say it of maps.
 */
const SWEPT_EVERY = '1m'

/** Sets that packets fill have room for so many: there what has ended goes at once. */
function isSweptRarely({ kind, flags = [] }: SetDeclaration): boolean {
  return kind === 'set' && flags.includes('timeout') && !flags.includes('dynamic')
}

/** Sets smaller than this grow quickly enough by themselves. */
const LARGE_SET = 10_000
/** For addresses that devices take while the rule set is in force: IPv6 ones change daily and overlap for a week. */
const ROOM = 4

/**
 * The kernel makes a hash table for so many elements at once, where it would otherwise make it anew and larger a dozen
 * times while it is filled: a third of its own work when 100,000 devices are loaded. It also takes no more than this.
 */
function roomFor(set: SetDeclaration): number | null {
  const isSized = set.extra?.some((line) => line.startsWith('size ')) ?? false
  const isHashed = set.flags?.includes('interval') !== true
  return isHashed && !isSized && set.elements.length >= LARGE_SET ? ROOM * set.elements.length : null
}

/** An element that ends at an instant: `key timeout 5m : data`. Never ends at `Infinity`. */
export function element(key: string, until: number, at: number, data: string = ''): string {
  return until === Number.POSITIVE_INFINITY
    ? `${key}${data}`
    : `${key} timeout ${writeDuration(until - at)}${data}`
}

/** `40d2h1s`: a plain number of milliseconds past 2^32 would not load. Never less than a millisecond. */
function writeDuration(durationMs: number): string {
  let left = Math.max(1, Math.ceil(durationMs))
  let text = ''
  for (const [unit, length] of UNITS) {
    const count = Math.floor(left / length)
    if (count > 0) text += `${count}${unit}`
    left %= length
  }
  return text
}

const UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
]

function writeChain({ name, hook, rules }: ChainDeclaration): string {
  if (hook === undefined) return chainText(name, rules)
  return chainText(rootOf(name), rules) + chainText(name, [hook, `goto ${rootOf(name)}`])
}

function chainText(name: string, lines: readonly string[]): string {
  return `\n\tchain ${name} {\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n`
}

/** The chain that holds the rules of a base chain. */
export function rootOf(base: string): string {
  return `root/${base}`
}

/** `10.0.0.0/8`, `10.0.0.3-10.0.0.9` or one address, as an interval set reads them. */
export function writeInterval(interval: Interval): string {
  if (interval.first === interval.last) return formatAddress(interval.first)
  const length = prefixLengthOf(interval)
  if (length !== null && length > 0) return `${formatAddress(interval.first)}/${length}`
  return `${formatAddress(interval.first)}-${formatAddress(interval.last)}`
}

/** Sets our part of the connection mark and keeps the rest. */
export function setMark(value: number): string {
  const keep = (~MARK_MASK >>> 0).toString(16).padStart(8, '0')
  return `ct mark set ct mark & 0x${keep} | ${hex(value)}`
}

/** Our part of the connection mark, to be compared or looked up. */
export const OUR_MARK: string = `ct mark & ${hex(MARK_MASK)}`

/** The rank found for a packet, kept in its priority while it is judged. */
export function setRank(rank: number): string {
  return `meta priority set ${handle(rank)}`
}

/** A number as the kernel writes priorities: `major:minor`, 16 bits each. */
export function handle(value: number): string {
  return `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`
}

export function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`
}

/**
 * What the kernel takes for its own: not only its addresses, but the broadcast address of each of its IPv4 prefixes and
 * the subnet-router anycast address of each IPv6 one (RFC 4291 2.6.1).
 */
export const OURS = 'fib daddr type { local, broadcast, anycast }'

/** Quotes interface names: `"wlan0"`; `{ "a", "b" }` for several. Their characters were checked by `validate`. */
export function interfaceNames(names: readonly string[]): string {
  const quoted = names.map((name) => `"${name}"`)
  return quoted.length === 1 ? (quoted[0] as string) : `{ ${quoted.join(', ')} }`
}

/** An address as raw payload bits: `0xfd20…`. */
export function rawAddress(address: Address): string {
  return `0x${address}`
}
