/**
 * What comes back: answers to packets that were let through and to those that were not, and errors about them, honest
 * and forged. Only the kernel's own hosts answer to the gateway here, so flows to the gateway are left out.
 */
import { type Ipv4Packet, type Ipv6Packet, parseFrame, type Transport } from '@thingwall/gateway/lab'
import type { Address, Decision, Flow } from '@thingwall/policy'
import fc from 'fast-check'
import { framesTo, shaped } from './frames.ts'
import type { Observation } from './kernel.ts'
import { type RandomPacket, sourcePortOf } from './packets.ts'
import { backwards, errorAbout, muddled, reversed } from './said-back.ts'
import { devices, others, type Port, ports } from './world.ts'

/** One thing that is sent back, before anybody knows about which packet of those that went out. */
export interface RandomAnswer {
  /** Counts the packets that can be answered, over and over. */
  readonly about: number
  /** Of answers; `error` comes from where the packet went, `error-back` from where it came from. */
  readonly kind: 'answer' | 'error' | 'error-back'
  /** Honest, about a flow that never was, or sent where those who could answer do not live. */
  readonly twist: null | 'never-asked' | 'elsewhere'
  /** Honest, or somebody's. */
  readonly link: string
  /** Sent by a neighbour of who was asked, as routers do. Of errors only. */
  readonly byNeighbour: boolean
  readonly elsewhere: number
  readonly errorType: number
  readonly quotesAll: boolean
  readonly shape: RandomPacket['shape']
}

export const randomAnswers: fc.Arbitrary<readonly RandomAnswer[]> = fc.array(
  fc.record({
    about: fc.nat(),
    kind: fc.constantFrom<RandomAnswer['kind']>('answer', 'answer', 'answer', 'error', 'error-back'),
    twist: fc.constantFrom<RandomAnswer['twist']>(null, null, null, null, null, 'never-asked', 'elsewhere'),
    link: fc.oneof(
      { weight: 6, arbitrary: fc.constant('honest') },
      { weight: 1, arbitrary: fc.constantFrom(...devices.map(({ mac }) => mac), '02:00:00:00:00:99') },
    ),
    byNeighbour: fc.boolean(),
    elsewhere: fc.nat({ max: ports.length - 1 }),
    errorType: fc.nat({ max: 3 }),
    quotesAll: fc.boolean(),
    shape: fc.oneof(
      { weight: 5, arbitrary: fc.constant<RandomPacket['shape']>('plain') },
      {
        weight: 1,
        arbitrary: fc.constantFrom<RandomPacket['shape']>('fragments', 'options', 'options-and-fragments'),
      },
    ),
  }),
  { minLength: 30, maxLength: 30 },
)

/** A packet that was sent, as it was judged, and what became of it. */
export interface Sent {
  readonly packet: RandomPacket
  readonly flow: Flow
  readonly decision: Decision
  readonly seen: Observation
}

/** One thing sent back: what it is made of, and the flow that it belongs to. */
export interface Answer {
  readonly port: number
  readonly link: string
  readonly source: string
  readonly destination: string
  readonly payload: Transport
  readonly shape: RandomPacket['shape']
  readonly given: RandomAnswer
  /** The open flow that it is part of; null where there is none. */
  readonly belongsTo: Flow | null
  /** Where it comes out if it is let through as part of that flow; null at the gateway itself. */
  readonly arrival: Address | null
}

/**
 * The answers that can be given to what was sent. An answer to what was refused may open a flow, which others would then
 * belong to: so each refused packet is answered once, half of them in each `round`.
 */
export function answersTo(
  given: readonly RandomAnswer[],
  sent: readonly Sent[],
  round: 0 | 1,
): readonly Answer[] {
  const passages = sent.map(passageOf).filter((one) => one !== null)
  const answerable = passages.filter(({ isOpen }, at) => isOpen || at % 2 === round)
  const spent = new Set<Passage>()
  const answers: Answer[] = []
  for (const [at, one] of given.entries()) {
    const passage = answerable[one.about % answerable.length]
    if (passage === undefined || spent.has(passage)) continue
    const answer = answerOf(one, passage, FIRST_STRANGE_PORT + round * given.length + at)
    if (answer !== null) answers.push(answer)
    if (!passage.isOpen) spent.add(passage)
  }
  return answers
}

/** No packet has this source port, or a greater one. */
const FIRST_STRANGE_PORT = 60_001

/** A packet as it arrived where it was sent, or would have, had it been let through; and as its sender sent it. */
interface Passage {
  readonly sent: Sent
  readonly isOpen: boolean
  /** Where it arrived. */
  readonly port: number
  readonly there: Ipv4Packet | Ipv6Packet
  readonly here: Ipv4Packet | Ipv6Packet
}

function passageOf(sent: Sent): Passage | null {
  const { packet, decision, seen } = sent
  const { protocol, sourcePort } = packet
  const isPortless = protocol === 2 || protocol === 47 || protocol === 253
  const content = { ...packet, shape: 'plain', hops: 64, payload: headerOf(packet, seen.number) } as const
  const [here] = shaped(content, 0) as readonly [Ipv4Packet | Ipv6Packet]
  if (decision.verdict === 'allow') {
    // The fixed tier looks at each packet by itself: leases, neighbour discovery.
    if (seen.arrived === null || decision.rule.tier === 'fixed') return null
    const there = parseFrame(seen.arrived.frame).payload
    if (there.kind !== 'ipv4' && there.kind !== 'ipv6') return null
    const isPart = there.payload.kind === 'bytes' && !isPortless
    return isPart ? null : { sent, isOpen: true, port: seen.arrived.port, there, here }
  }
  // An answer to what was refused opens a flow of its own, so it must be one that can be told from all others.
  const isOwn = protocol === 'icmp' || (!isPortless && sourcePort === 'own')
  const port = homeOf(packet.destination)
  if (!isOwn || port < 0 || homeOf(packet.source) < 0 || sent.flow.original !== undefined) return null
  return { sent, isOpen: false, port, there: here, here }
}

/** Index of the port behind which an address of the world lives; -1 for all others. */
function homeOf(address: string): number {
  const owner = devices.find(({ ip, leased }) => [...ip, ...leased].includes(address))
  return ports.findIndex(({ network }) => owner?.network === network || others[network]?.includes(address))
}

function headerOf(packet: RandomPacket, number: number): Transport {
  const { protocol, destinationPort, flags, icmpType: type } = packet
  const sourcePort = sourcePortOf(packet, number)
  if (protocol === 'tcp') return { kind: 'tcp', sourcePort, destinationPort, flags }
  if (protocol === 'udp') return { kind: 'udp', sourcePort, destinationPort }
  if (protocol !== 'icmp') return { kind: 'bytes', protocol, bytes: dataOf(protocol) }
  const body = Uint8Array.of(number >> 8, number & 0xff, 0, 0)
  return { kind: packet.destination.includes(':') ? 'icmpv6' : 'icmp', type, code: 0, body }
}

const dataOf = (protocol: number): Uint8Array =>
  protocol === 47 ? Uint8Array.of(0, 0, 8, 0, 1, 2, 3, 4) : new Uint8Array(40)

function answerOf(given: RandomAnswer, passage: Passage, strangePort: number): Answer | null {
  const { sent, isOpen, there, here } = passage
  const { packet, flow } = sent
  const isBack = given.kind === 'error-back'
  if (isBack && packet.port === null) return null
  // The gateway's own kernel knows of no such connection, and ends it.
  if (packet.port === null && packet.protocol === 'tcp' && given.kind === 'answer') return null
  const isMuddled = given.twist === 'never-asked'
  const met = isBack ? here : there
  // Nobody answers with the numbers of another flow where there are none.
  const quoted = isMuddled ? muddled(met.payload, strangePort) : met.payload
  if (quoted === null) return null
  const port = isBack ? (packet.port as number) : passage.port
  const asked = given.kind === 'answer' ? reversed(quoted) : null
  if (given.kind === 'answer' && asked === null) return null
  const opener = { source: met.source, destination: met.destination }
  const speaker = isBack ? opener.source : opener.destination
  const isBeside = given.kind === 'error' && given.byNeighbour
  const source = isBeside ? neighbourOf(port, speaker) : speaker
  const destination = isBack ? opener.destination : opener.source
  const quote = isBack ? backwards(met, quoted) : { ...met, payload: quoted }
  const payload = asked ?? (quote === null ? null : errorAbout(quote, given))
  if (payload === null) return null
  const isOurs = packet.port === null && !isBack
  return {
    port: given.twist === 'elsewhere' ? given.elsewhere : port,
    link: given.link === 'honest' ? (isBack ? packet.link : linkOf(source)) : given.link,
    source,
    destination,
    payload,
    shape: shapeOf(given, payload, destination),
    given,
    belongsTo: isOpen && !isMuddled ? flow : null,
    arrival: isOurs ? null : isBack ? flow.destination : flow.source,
  }
}

/** Behind options the first fragment would hold a part of the TCP header only: no such IPv6 packet is put together. */
function shapeOf({ shape }: RandomAnswer, { kind }: Transport, destination: string): RandomPacket['shape'] {
  const isTruncated = shape === 'options-and-fragments' && kind === 'tcp' && destination.includes(':')
  return isTruncated ? 'fragments' : shape
}

function neighbourOf(port: number, address: string): string {
  const { network } = ports[port] as Port
  const isSix = address.includes(':')
  const around = (others[network] ?? []).filter((one) => one.includes(':') === isSix && one !== address)
  return around[0] ?? address
}

/** A host has its own link address; those of no device share one. */
function linkOf(address: string): string {
  const owner = devices.find(({ ip, leased }) => [...ip, ...leased].includes(address))
  return owner?.mac ?? '02:00:00:00:00:98'
}

/** An answer as frames. */
export function answerBytes(answer: Answer, number: number): readonly Uint8Array[] {
  return framesTo(answer.port, answer.link, shaped({ ...answer, hops: 64 }, number))
}
