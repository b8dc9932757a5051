/**
 * How events stand in a segment: its tables, and one event as a row and back.
 *
 * Columns are numbers wherever there is a choice, because SQLite stores small ones in a byte or none. Texts and
 * addresses are numbers of a dictionary that belongs to the segment and goes with it; once the dictionary is full they
 * stand in the row itself, and SQLite's types tell which it is. What most events of a pair of ends share (interface,
 * link address, names, translation) is one entry of the dictionary together.
 */
import type { Address, LinkAddress } from '@thingwall/policy'
import type { Happening, TrafficEvent } from '../events/model.ts'

/** The shape of a segment. One of another number is neither written nor, if greater, read. */
export const FORMAT = 2
/** The first one had an index of `event` by device, and no `device_event`. */
export const FORMAT_WITH_INDEX = 1
/** `PRAGMA application_id`: "tw01". */
export const APPLICATION = 0x74773031
export const HOUR_MS = 3_600_000

/**
 * All columns are INTEGER: without it, SQLite would keep JavaScript's numbers as 8 bytes of floating point. Which rows are
 * about a device is a table of its own and no index, because it takes a batch in the order of devices: as an index, which
 * takes row after row, it was half of what an insert costs.
 */
export const SCHEMA = `
  create table word(id integer primary key, value);
  create table event(
    id integer primary key, at integer, lasted integer, kind integer, device integer, peer integer, rule integer,
    source integer, source_port integer, destination integer, port integer, what integer, rest integer,
    count integer, packets integer, bytes integer, answered_packets integer, answered_bytes integer);
  create table device_event(device integer, event integer, primary key(device, event)) without rowid;
  create index event_peer on event(peer) where peer is not null;
  create table rollup(id integer primary key, minute integer, kind integer, rules text, devices text, through integer);
`

export const KINDS = ['denied', 'allowed', 'opened', 'closed', 'notice'] as const
/** Added to the kind of what was gathered. */
export const GATHERED = 8
/** `what` is the protocol, or this where it is not known … */
const NO_PROTOCOL = 256
/** … and, where the addresses do not tell the ether type, that times 512 above this. */
const ETHER = 0x10000

/** A number, a text or an address that did not fit into the dictionary, or nothing. */
export type Cell = number | string | Uint8Array | null

/** Columns of `event` behind `id`, in their order. */
export const COLUMNS = [
  'at',
  'lasted',
  'kind',
  'device',
  'peer',
  'rule',
  'source',
  'source_port',
  'destination',
  'port',
  'what',
  'rest',
  'count',
  'packets',
  'bytes',
  'answered_packets',
  'answered_bytes',
] as const
export type Row = Readonly<Record<(typeof COLUMNS)[number], Cell>>

/** Texts and addresses to cells. */
export interface Dictionary {
  readonly text: (text: string) => Cell
  readonly address: (hex: string) => Cell
}

/** And back. */
export interface Words {
  readonly text: (cell: Cell) => string | null
  readonly address: (cell: Cell) => Address | null
}

type Rest = readonly [
  ingress: string | null,
  link: string | null,
  sourceName: string | null,
  destinationName: string | null,
  translatedSource: string | null,
  translatedDestination: string | null,
]

/** Longer texts are cut: nothing of ours is as long, and what devices say has no claim to our disk. */
const LONGEST_TEXT = 512

/** `at`: when it was, within the segment's hour. */
export function rowOf(event: Happening, at: number, hourMs: number, words: Dictionary): Cell[] {
  const text = (value: string | null): Cell =>
    value === null ? null : words.text(value.slice(0, LONGEST_TEXT))
  const lasted = Math.max(0, Math.min(event.until - event.at, HOUR_MS))
  if (event.kind === 'notice') {
    const { topic, device, count } = event
    const rest = text(event.text)
    return [
      at - hourMs,
      lasted,
      4,
      text(device),
      null,
      text(topic),
      null,
      null,
      null,
      null,
      null,
      rest,
      count,
      0,
      0,
      0,
      0,
    ]
  }
  const { source, destination, sent, answered } = event
  const [device, peer] =
    source.device === null ? [destination.device, null] : [source.device, destination.device]
  const address = (value: Address | null): Cell => (value === null ? null : words.address(value))
  return [
    at - hourMs,
    lasted,
    KINDS.indexOf(event.kind) +
      (event.isGathered ? GATHERED : 0) +
      (source.device === null && device !== null ? RECEIVED : 0),
    text(device),
    text(peer),
    text(event.rule),
    address(source.address),
    source.port,
    address(destination.address),
    event.icmpType ?? destination.port,
    whatOf(event),
    restOf(event, words),
    event.count,
    // Of logged packets the count says it already.
    sent.packets === event.count ? null : sent.packets,
    sent.bytes,
    answered.packets,
    answered.bytes,
  ]
}

/** Added to the kind where `device` is the destination's. */
const RECEIVED = 16
const IPV4 = 0x0800
const IPV6 = 0x86dd

function whatOf(event: TrafficEvent): Cell {
  const protocol = event.protocol ?? NO_PROTOCOL
  const isImplied = event.etherType === etherTypeOf(event.source.address ?? event.destination.address)
  return isImplied ? protocol : ETHER + event.etherType * 512 + protocol
}

function etherTypeOf(address: Address | null): number {
  return address === null ? 0 : address.length === 8 ? IPV4 : IPV6
}

function restOf(event: TrafficEvent, words: Dictionary): Cell {
  const cut = (text: string | null): string | null => (text === null ? null : text.slice(0, LONGEST_TEXT))
  const rest: Rest = [
    cut(event.ingress),
    event.link,
    cut(event.source.name),
    cut(event.destination.name),
    event.translated.source,
    event.translated.destination,
  ]
  return rest.every((part) => part === null) ? null : words.text(JSON.stringify(rest))
}

export function eventOf(row: Row, hourMs: number, words: Words): Happening {
  const number = (cell: Cell): number => (typeof cell === 'number' ? cell : 0)
  const optional = (cell: Cell): number | null => (typeof cell === 'number' ? cell : null)
  const at = hourMs + number(row.at)
  const until = at + number(row.lasted)
  const code = number(row.kind)
  const kind = KINDS[code & 7] ?? 'notice'
  const device = words.text(row.device)
  const count = number(row.count)
  if (kind === 'notice') {
    return {
      kind,
      at,
      until,
      topic: words.text(row.rule) ?? '',
      text: words.text(row.rest) ?? '',
      device,
      count,
    }
  }
  const isReceived = (code & RECEIVED) !== 0
  const [ingress, link, sourceName, destinationName, translatedSource, translatedDestination] = restIn(
    words.text(row.rest),
  )
  const [source, destination] = [words.address(row.source), words.address(row.destination)]
  const { etherType, protocol } = meaningOf(number(row.what), source ?? destination)
  const isIcmp = (protocol === 1 && etherType === IPV4) || (protocol === 58 && etherType === IPV6)
  const port = optional(row.port)
  return {
    kind,
    at,
    until,
    rule: words.text(row.rule),
    source: {
      address: source,
      port: optional(row.source_port),
      device: isReceived ? null : device,
      name: sourceName,
    },
    destination: {
      address: destination,
      port: isIcmp ? null : port,
      device: isReceived ? device : words.text(row.peer),
      name: destinationName,
    },
    translated: {
      source: translatedSource as Address | null,
      destination: translatedDestination as Address | null,
    },
    etherType,
    protocol,
    icmpType: isIcmp ? port : null,
    link: link as LinkAddress | null,
    ingress,
    count,
    sent: { packets: optional(row.packets) ?? count, bytes: number(row.bytes) },
    answered: { packets: number(row.answered_packets), bytes: number(row.answered_bytes) },
    isGathered: (code & GATHERED) !== 0,
  }
}

function restIn(text: string | null): Rest {
  return text === null ? [null, null, null, null, null, null] : (JSON.parse(text) as Rest)
}

function meaningOf(
  what: number,
  address: Address | null,
): { readonly etherType: number; readonly protocol: number | null } {
  const isImplied = what < ETHER
  const protocol = isImplied ? what : (what - ETHER) % 512
  return {
    etherType: isImplied ? etherTypeOf(address) : Math.floor((what - ETHER) / 512),
    protocol: protocol === NO_PROTOCOL ? null : protocol,
  }
}
