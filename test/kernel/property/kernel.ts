/**
 * A gateway in a namespace with a lab host on each of its interfaces: loads rule sets, sends packets, and tells for
 * each packet what the kernel did with it and which rule decided.
 *
 * With ARP off on its interfaces the gateway forwards to any address without asking who has it.
 */
import { setTimeout } from 'node:timers/promises'
import {
  buildSite,
  type NflogMessage,
  openNflog,
  openPacketSocket,
  openRawIpSocket,
  openRuleLoader,
  type PacketSocket,
  parsePacket,
  type Site,
} from '@thingwall/gateway/lab'
import type { Address } from '@thingwall/policy'
import { foreignTable } from './forwards.ts'
import { ports } from './world.ts'

/** NFLOG group of these tests. */
export const LOG_GROUP = 5

/** What happened to one packet. */
export interface Observation {
  /** What the packet carried to be known by; its own source port is this and 20,000. */
  readonly number: number
  /** `allow` or `deny` and the rule id, as the kernel logged them; null where no rule saw the packet. */
  readonly verdict: 'allow' | 'deny' | null
  readonly rule: string | null
  /** Whether a frame of it came out of another interface. */
  readonly delivered: boolean
  /** The first that did, and at which port. */
  readonly arrived: { readonly port: number; readonly frame: Uint8Array } | null
}

/** What there is to know of a packet to send it, and to know it again. */
export interface Sendable {
  /** Index into `ports`: where it arrives. Null: the gateway sends it itself. */
  readonly port: number | null
  readonly source: string
  readonly destination: string
}

/** What there will be to see of a packet. */
export interface Outlook {
  /** Where it is to come out, if it does. */
  readonly arrival: Address
  /** Whether a rule is to decide it. */
  readonly isDecided: boolean
  /** Whether it is to come out. */
  readonly isDelivered: boolean
}

export interface Kernel {
  load(ruleset: string): void
  /** Forgets every open flow. */
  forget(): Promise<void>
  /**
   * Sends packets, waits until all that there is to see was seen or a second is over, and tells what was. `bytesOf` are
   * frames, or of the gateway's own packets what follows the link header, with a number in them by which `markOf` knows them.
   */
  observe<P extends Sendable>(
    packets: readonly P[],
    bytesOf: (packet: P, number: number) => readonly Uint8Array[],
    outlook: (packet: P) => Outlook,
  ): Promise<readonly Observation[]>
  /** Runs a program on the gateway. */
  ask(argv: readonly [string, ...string[]]): Promise<string>
  close(): Promise<void>
}

/** With ARP on, the gateway asks who has an address before it sends there, and is told of it by anybody. */
export async function startKernel(arp: 'on' | 'off' = 'off'): Promise<Kernel> {
  const site = await buildGateway(arp)
  const sockets: PacketSocket[] = ports.map((port) =>
    openPacketSocket({ namespacePath: site.namespacePath(hostAt(port.interface)), interface: 'eth0' }),
  )
  const log = openNflog({ group: LOG_GROUP, namespacePath: site.namespacePath('gateway') })
  const own = openRawIpSocket(site.namespacePath('gateway'))
  const loader = openRuleLoader(site.namespacePath('gateway'))
  loader.load(foreignTable())
  let used = 0
  return {
    load: (ruleset) => loader.load(ruleset),
    forget: async () => void (await site.must('gateway', ['conntrack', '-F'])),
    ask: (argv) => site.must('gateway', argv),
    observe: async (packets, bytesOf, outlook) => {
      log.drain()
      for (const socket of sockets) socket.drain()
      // Numbers go on from burst to burst: what comes late of the last one is not taken for this one's.
      const first = used + packets.length > MOST_NUMBERS ? 0 : used
      used = first + packets.length
      const numbered = new Map(packets.map((packet, at) => [first + at + 1, packet]))
      for (const [number, packet] of numbered) {
        const door = packet.port === null ? own : sockets[packet.port]
        for (const bytes of bytesOf(packet, number)) door?.send(bytes)
      }
      const looks = Array.from(numbered, ([number, packet]) => ({ number, ...outlook(packet) }))
      const logged = new Map<number, { verdict: 'allow' | 'deny'; rule: string }>()
      const delivered = new Map<string, { readonly port: number; readonly frame: Uint8Array }>()
      const isSeen = ({ number, arrival, isDecided, isDelivered }: (typeof looks)[number]): boolean =>
        (!isDecided || logged.has(number)) && (!isDelivered || delivered.has(`${number} ${arrival}`))
      // A busy kernel finishes the work of a burst long after the last frame was handed over.
      for (let waited = 0; waited < LONGEST_WAIT_MS; waited += PAUSE_MS) {
        await setTimeout(PAUSE_MS)
        for (const message of log.drain()) keepDecision(logged, message, numbered)
        for (const [port, socket] of sockets.entries())
          for (const frame of socket.drain()) {
            const passage = passageOf(frame.subarray(14))
            if (!delivered.has(passage)) delivered.set(passage, { port, frame })
          }
        if (looks.every(isSeen)) break
      }
      const losses = log.losses()
      if (losses.messages > 0 || losses.overruns > 0) throw new Error('the packet log lost messages')
      return looks.map(({ number, arrival }) => ({
        number,
        verdict: logged.get(number)?.verdict ?? null,
        rule: logged.get(number)?.rule ?? null,
        delivered: delivered.has(`${number} ${arrival}`),
        arrived: delivered.get(`${number} ${arrival}`) ?? null,
      }))
    },
    close: async () => {
      loader.close()
      own.close()
      log.close()
      for (const socket of sockets) socket.close()
      await site.end()
    },
  }
}

/** Packets are told apart by IPv4 identification or IPv6 flow label, from 1 up, and by a source port 20,000 above. */
const MOST_NUMBERS = 40_000

const PAUSE_MS = 5
const LONGEST_WAIT_MS = 1000

function keepDecision(
  logged: Map<number, { verdict: 'allow' | 'deny'; rule: string }>,
  message: NflogMessage,
  numbered: ReadonlyMap<number, Sendable>,
): void {
  const [product, verdict, rule] = message.prefix.split(':')
  if (product !== 'thingwall' || rule === undefined) return
  const number = markOf(message.payload)
  // Of what goes out (hook 3) only packets we sent: the gateway's answers to others are not among them.
  if (message.hook > 2 && !isOwn(message, numbered.get(number))) return
  if (!numbered.has(number)) return
  const before = logged.get(number)
  if (before !== undefined) throw new Error(`packet ${number} was decided twice: ${before.rule}, ${rule}`)
  logged.set(number, { verdict: verdict === 'allow' ? 'allow' : 'deny', rule })
}

function isOwn({ etherType, payload }: NflogMessage, packet: Sendable | undefined): boolean {
  const seen = parsePacket(etherType, payload)
  return (
    packet?.port === null &&
    (seen.kind === 'ipv4' || seen.kind === 'ipv6') &&
    seen.source === packet.source &&
    seen.destination === packet.destination
  )
}

/** From the network header on. ARP has no field for it: who sends writes it at the end of the link address it looks for. */
function markOf(packet: Uint8Array): number {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength)
  if (packet.length < 24) return 0
  const version = view.getUint8(0) >> 4
  if (version === 0) return view.getUint16(22)
  return version === 4 ? view.getUint16(4) : view.getUint32(0) & 0xfffff
}

/** A packet as it comes out: the gateway sends packets of its own, which may happen to carry the same number. */
function passageOf(packet: Uint8Array): string {
  const destination = (packet[0] ?? 0) >> 4 === 4 ? packet.subarray(16, 20) : packet.subarray(24, 40)
  return `${markOf(packet)} ${Buffer.from(destination).toString('hex')}`
}

function hostAt(interfaceName: string): string {
  return `at-${interfaceName}`
}

function buildGateway(arp: 'on' | 'off'): Promise<Site> {
  return buildSite({
    hosts: {
      gateway: {
        forwards: true,
        interfaces: Object.fromEntries(
          ports.map((port) => [
            port.interface,
            {
              link: port.link,
              addresses: port.gateway.map((address) => `${address}/${address.includes(':') ? 64 : 24}`),
              arp,
            },
          ]),
        ),
        routes: [
          { to: 'default', dev: 'wan0', family: 4 },
          { to: 'default', dev: 'wan0', family: 6 },
        ],
        sysctls: { 'net.ipv4.conf.all.send_redirects': 0, 'net.ipv4.conf.default.send_redirects': 0 },
      },
      ...Object.fromEntries(
        ports.map((port) => [hostAt(port.interface), { sysctls: { 'net.ipv6.conf.all.disable_ipv6': 1 } }]),
      ),
    },
    links: ports.map((port) => [`gateway:${port.interface}`, `${hostAt(port.interface)}:eth0`] as const),
  })
}
