/**
 * Devices, a router and the world outside, in three namespaces; frames of any device, sent as fast as they go, and what
 * sending and forwarding them cost. ARP is off: every address is there, and nobody is asked.
 */
import { readFileSync } from 'node:fs'
import {
  buildFrame,
  buildSite,
  inNamespace,
  openPacketSocket,
  type RunOptions,
  type Site,
  threadCpuNanoseconds,
} from '@thingwall/gateway/lab'
import { addressOf, macOf, TELEMETRY_PORT } from '../policy/fleet.ts'

const links = { router: '02:00:00:00:ff:01', wan: '02:00:00:00:ff:02' } as const
/** Two hundred servers: behind one address of the router every flow to one of them needs a port of its own. */
const SERVERS = 200
/** Where nobody may send to. */
export const DENIED = '198.51.100.10'
const CHUNK = 2000
/** Longer than all rounds together. */
const LONG_SECONDS = 7200

export interface Bench {
  /** Runs a program on the router. Throws with its words when it fails. */
  readonly onRouter: (argv: readonly [string, ...string[]], options?: RunOptions) => Promise<string>
  /** For other senders. */
  readonly devicesAt: string
  readonly site: Site
  /** A device's frame of the `at`-th flow, to a server that it may reach. */
  readonly frame: (device: number, at: number) => Uint8Array
  readonly denied: (device: number) => Uint8Array
  /** A device that nobody has named. */
  readonly strange: (at: number) => Uint8Array
  /** Sends these, and lets the world answer each that arrives. */
  readonly converse: (frames: readonly Uint8Array[]) => void
  /** CPU nanoseconds for each of these frames, from the sender to the other end. */
  readonly cost: (frames: readonly Uint8Array[]) => number
  /** Frames that have arrived outside since the site was built. */
  readonly arrived: () => number
  readonly send: (frame: Uint8Array) => void
  readonly end: () => Promise<void>
}

/** `tag` tells the hosts of several benches apart. */
export async function buildBench(tag: string): Promise<Bench> {
  const [devicesAt, routerAt, stationAt, outsideAt] = ['devices', 'router', 'station', 'outside'].map(
    (host) => `${host}-${tag}`,
  ) as [string, string, string, string]
  const quiet = { 'net.ipv6.conf.all.disable_ipv6': 1 }
  const site = await buildSite({
    hosts: {
      [devicesAt]: { interfaces: { eth0: { arp: 'off' } }, sysctls: quiet },
      [routerAt]: {
        forwards: true,
        sysctls: {
          // While large rule sets are loaded beside it, a flow of one packet each way would end, and be judged as a new one.
          'net.netfilter.nf_conntrack_udp_timeout': LONG_SECONDS,
          'net.netfilter.nf_conntrack_udp_timeout_stream': LONG_SECONDS,
        },
        interfaces: {
          wlan0: { link: links.router, addresses: ['10.64.0.1/10'], arp: 'off' },
          wan0: { link: links.wan, addresses: ['203.0.113.2/24'], arp: 'off' },
          lan0: { addresses: ['10.200.0.1/24'], arp: 'off' },
        },
        routes: [{ to: `${DENIED}/32`, dev: 'wan0' }],
      },
      [stationAt]: { interfaces: { eth0: { arp: 'off' } }, sysctls: quiet },
      [outsideAt]: { interfaces: { eth0: { arp: 'off' } }, sysctls: quiet },
    },
    links: [
      [`${devicesAt}:eth0`, `${routerAt}:wlan0`],
      [`${routerAt}:wan0`, `${outsideAt}:eth0`],
      [`${stationAt}:eth0`, `${routerAt}:lan0`],
    ],
  })
  const socketOf = (host: string) =>
    openPacketSocket({ interface: 'eth0', namespacePath: site.namespacePath(host) })
  const devices = socketOf(devicesAt)
  const from = (link: string, source: string, destination: string, sourcePort: number): Uint8Array =>
    buildFrame({
      source: link,
      destination: links.router,
      payload: {
        kind: 'ipv4',
        source,
        destination,
        payload: { kind: 'udp', sourcePort, destinationPort: TELEMETRY_PORT, data: new Uint8Array(18) },
      },
    })
  return {
    site,
    devicesAt,
    onRouter: (argv, options) => site.must(routerAt, argv, options),
    frame: (device, at) =>
      from(
        macOf(device),
        addressOf(device),
        `203.0.113.${10 + (at % SERVERS)}`,
        2000 + (Math.floor(at / SERVERS) % 60_000),
      ),
    denied: (device) => from(macOf(device), addressOf(device), DENIED, 40_000),
    strange: (at) =>
      from(
        `0a:00:00:00:${hexByte(at >> 8)}:${hexByte(at)}`,
        `10.127.${(at >> 8) & 255}.${at & 255}`,
        DENIED,
        40_000,
      ),
    converse: (frames) => {
      const outside = socketOf(outsideAt)
      for (let at = 0; at < frames.length; at += CHUNK) {
        for (const frame of frames.slice(at, at + CHUNK)) devices.send(frame)
        for (const frame of outside.drain()) outside.send(answerTo(frame))
      }
      outside.close()
    },
    cost: (frames) => {
      const before = threadCpuNanoseconds()
      for (const frame of frames) devices.send(frame)
      return Number(threadCpuNanoseconds() - before) / frames.length
    },
    arrived: () => {
      const text = inNamespace(site.namespacePath(outsideAt), () =>
        readFileSync('/proc/thread-self/net/dev', 'utf8'),
      )
      return Number(/eth0:\s*\d+\s+(\d+)/.exec(text)?.[1])
    },
    send: (frame) => devices.send(frame),
    async end() {
      devices.close()
      await site.end()
    },
  }
}

/** Link addresses, addresses and ports the other way round; the sums stay what they are. */
function answerTo(frame: Uint8Array): Uint8Array {
  const answer = frame.slice()
  const swap = (at: number, length: number): void => {
    answer.set(frame.subarray(at + length, at + 2 * length), at)
    answer.set(frame.subarray(at, at + length), at + length)
  }
  swap(0, 6)
  // Without neighbours the router sends to its own interface's link address, and takes what comes to that.
  answer.set(linkBytes(links.wan), 0)
  swap(26, 4)
  swap(34, 2)
  return answer
}

function linkBytes(link: string): Uint8Array {
  return Uint8Array.from(link.split(':'), (byte) => Number.parseInt(byte, 16))
}

function hexByte(value: number): string {
  return (value & 255).toString(16).padStart(2, '0')
}
