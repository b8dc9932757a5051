/**
 * From logged packets and changes of the connection table to events: what is alike is gathered, and when it is told,
 * numbers become names. The path of one packet makes a short key and looks it up; everything else happens once for a
 * kind. It opens nothing and stores nothing.
 */
import type { Address, LinkAddress } from '@thingwall/policy'
import { MARK_MASK } from '@thingwall/policy/nftables'
import type { FlowChange, Tuple } from './conntrack-messages.ts'
import type { Names } from './directory.ts'
import { type Amounts, type Clock, type Gathered, type GatherOptions, gather } from './gather.ts'
import type { TrafficEvent } from './model.ts'
import type { LoggedPacket } from './nflog-messages.ts'
import { readPrefix } from './prefix.ts'

export interface Traffic {
  readonly packet: (packet: LoggedPacket, clock: Clock) => void
  readonly flow: (change: FlowChange, clock: Clock) => void
  /** The events that are due, or all there are. */
  readonly take: (clock: Clock, due: 'due' | 'all') => TrafficEvent[]
  /** Kinds of traffic in memory. */
  readonly size: () => number
}

export interface TrafficOptions {
  readonly names: Names
  /** The name of an interface; null where there is none of that number. */
  readonly interfaceName: (index: number) => string | null
  readonly gathering?: GatherOptions
}

/** What an event will say, without counts and names. */
interface Subject {
  readonly kind: TrafficEvent['kind']
  readonly rule: string | null
  /** Of a flow, whose rule is looked up when it is told. */
  readonly number: number | null
  readonly source: Address | null
  readonly destination: Address | null
  readonly sourcePort: number | null
  readonly destinationPort: number | null
  readonly replySource: Address | null
  readonly replyDestination: Address | null
  readonly etherType: number
  readonly protocol: number | null
  readonly icmpType: number | null
  readonly link: LinkAddress | null
  readonly ingress: string | null
  readonly isGathered: boolean
}

export function watchTraffic(options: TrafficOptions): Traffic {
  const { names, interfaceName } = options
  const gathered = gather<Subject>(options.gathering)
  const prefixes = new Map<string, number>()
  const key = Buffer.alloc(128)

  const prefixNumber = (text: string): number => {
    const known = prefixes.get(text)
    if (known !== undefined) return known
    // Rule sets write a bounded number of prefixes; over the years and many policies they would still add up.
    if (prefixes.size >= MOST_PREFIXES) prefixes.clear()
    const number = ++prefixSequence
    prefixes.set(text, number)
    return number
  }
  let prefixSequence = 0

  const packet = (seen: LoggedPacket, clock: Clock): void => {
    const { bytes, headers, linkAt } = seen
    const prefix = latin1(bytes, seen.prefixFrom, seen.prefixTo)
    let length = key.writeUInt32BE(prefixNumber(prefix) >>> 0, 0)
    length = key.writeUInt32BE(seen.indev, length)
    length = key.writeUInt16BE(headers.etherType, length)
    length = key.writeInt16BE(headers.protocol, length)
    length = key.writeInt16BE(headers.icmpType, length)
    length = key.writeInt32BE(headers.destinationPort, length)
    length = copy(bytes, linkAt, linkAt === -1 ? 0 : 6, length)
    length = copy(bytes, headers.sourceAt, headers.addressBytes, length)
    length = copy(bytes, headers.destinationAt, headers.addressBytes, length)
    const kind = key.toString('latin1', 0, length)
    const amounts: Amounts = {
      count: 1,
      packets: 1,
      bytes: seen.lengthBytes,
      answeredPackets: 0,
      answeredBytes: 0,
    }
    if (gathered.count(kind, amounts, clock)) return
    const link = linkOf(bytes, linkAt)
    const source = addressOf(bytes, headers.sourceAt, headers.addressBytes)
    const by = readPrefix(prefix)
    const device = names.device(source, link)
    const ingress = seen.indev === 0 ? null : interfaceName(seen.indev)
    const subject = (detail: 'kind' | 'group' | 'all'): Subject => {
      if (detail === 'all') return { ...nothing, kind: by.kind }
      // Of a sender that is known only by an address among many, the address is no more in common than the rest.
      if (detail === 'group')
        return { ...nothing, ...by, link, ingress, source: device === null ? null : source }
      return {
        ...by,
        number: null,
        source,
        destination: addressOf(bytes, headers.destinationAt, headers.addressBytes),
        sourcePort: known(headers.sourcePort),
        destinationPort: known(headers.destinationPort),
        replySource: null,
        replyDestination: null,
        etherType: headers.etherType,
        protocol: known(headers.protocol),
        icmpType: known(headers.icmpType),
        link,
        ingress,
        isGathered: false,
      }
    }
    const group = `${prefix} ${device ?? `${seen.indev} ${link ?? ''}`}`
    gathered.begin(kind, { group, subject }, amounts, clock)
  }

  const flow = (change: FlowChange, clock: Clock): void => {
    const { bytes, original, reply } = change
    const number = (change.mark & MARK_MASK) >>> 0
    let length = key.writeUInt8(change.kind === 'opened' ? 1 : 2, 0)
    length = key.writeUInt32BE(number, length)
    length = key.writeInt16BE(original.protocol, length)
    length = key.writeInt16BE(original.icmpType, length)
    length = key.writeInt32BE(original.destinationPort, length)
    length = copy(bytes, original.sourceAt, original.addressBytes, length)
    length = copy(bytes, original.destinationAt, original.addressBytes, length)
    length = copy(bytes, reply.sourceAt, reply.addressBytes, length)
    length = copy(bytes, reply.destinationAt, reply.addressBytes, length)
    const kind = `f${key.toString('latin1', 0, length)}`
    const amounts: Amounts = {
      count: 1,
      packets: change.sentPackets,
      bytes: change.sentBytes,
      answeredPackets: change.answeredPackets,
      answeredBytes: change.answeredBytes,
    }
    if (gathered.count(kind, amounts, clock)) return
    const ends = endsOf(bytes, original)
    const sender = names.device(ends.source, null)
    const subject = (detail: 'kind' | 'group' | 'all'): Subject => {
      if (detail === 'all') return { ...nothing, kind: change.kind }
      if (detail === 'group') {
        return sender === null
          ? { ...nothing, kind: change.kind, number, destination: ends.destination }
          : { ...nothing, kind: change.kind, number, source: ends.source }
      }
      const back = endsOf(bytes, reply)
      return {
        kind: change.kind,
        rule: null,
        number,
        ...ends,
        sourcePort: known(original.sourcePort),
        destinationPort: known(original.destinationPort),
        replySource: back.source,
        replyDestination: back.destination,
        etherType: original.addressBytes === 4 ? 0x0800 : original.addressBytes === 16 ? 0x86dd : 0,
        protocol: known(original.protocol),
        icmpType: known(original.icmpType),
        link: null,
        ingress: null,
        isGathered: false,
      }
    }
    // Whoever opens from outside may come from anywhere: what they have in common is whom they open to.
    const group = `${change.kind} ${number} ${sender ?? ends.destination}`
    gathered.begin(kind, { group, subject }, amounts, clock)
  }

  const copy = (bytes: Uint8Array, at: number, lengthBytes: number, to: number): number => {
    for (let index = 0; index < lengthBytes; index++) key[to + index] = bytes[at + index] as number
    return to + lengthBytes
  }

  return {
    packet,
    flow,
    size: gathered.size,
    take: (clock, due) => gathered.take(clock, due).map((one) => tell(one, names)),
  }
}

const MOST_PREFIXES = 65_536

const nothing: Subject = {
  kind: 'denied',
  rule: null,
  number: null,
  source: null,
  destination: null,
  sourcePort: null,
  destinationPort: null,
  replySource: null,
  replyDestination: null,
  etherType: 0,
  protocol: null,
  icmpType: null,
  link: null,
  ingress: null,
  isGathered: true,
}

/** Numbers become names only now: a flood costs one look-up. */
function tell({ subject, ...amounts }: Gathered<Subject>, names: Names): TrafficEvent {
  const { source, destination, replySource, replyDestination } = subject
  const sender = names.device(source, subject.link)
  // Behind a forward the device is the one that answers.
  const receiver = names.device(destination, null) ?? names.device(replySource, null)
  // A source port that is one of several says nothing.
  const sourcePort = amounts.count === 1 ? subject.sourcePort : null
  return {
    kind: subject.kind,
    at: amounts.first,
    until: amounts.last,
    rule: subject.number === null ? subject.rule : names.rule(subject.number),
    source: { address: source, port: sourcePort, device: sender, name: names.name(receiver, source) },
    destination: {
      address: destination,
      port: subject.destinationPort,
      device: receiver,
      name: names.name(sender, destination),
    },
    translated: {
      source: replyDestination === source ? null : replyDestination,
      destination: replySource === destination ? null : replySource,
    },
    etherType: subject.etherType,
    protocol: subject.protocol,
    icmpType: subject.icmpType,
    link: subject.link,
    ingress: subject.ingress,
    count: amounts.count,
    sent: { packets: amounts.packets, bytes: amounts.bytes },
    answered: { packets: amounts.answeredPackets, bytes: amounts.answeredBytes },
    isGathered: subject.isGathered,
  }
}

function endsOf(
  bytes: Uint8Array,
  tuple: Tuple,
): { readonly source: Address | null; readonly destination: Address | null } {
  return {
    source: addressOf(bytes, tuple.sourceAt, tuple.addressBytes),
    destination: addressOf(bytes, tuple.destinationAt, tuple.addressBytes),
  }
}

function addressOf(bytes: Uint8Array, at: number, lengthBytes: number): Address | null {
  return lengthBytes === 0 || at === -1 ? null : (hex(bytes, at, lengthBytes) as Address)
}

function linkOf(bytes: Uint8Array, at: number): LinkAddress | null {
  return at === -1 ? null : ((hex(bytes, at, 6).match(/../g) ?? []).join(':') as LinkAddress)
}

function hex(bytes: Uint8Array, at: number, lengthBytes: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + at, lengthBytes).toString('hex')
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return from === -1 ? '' : Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1')
}

function known(value: number): number | null {
  return value === -1 ? null : value
}
