/**
 * Two hosts and a cable for the benchmarks of events: what `sender` sends, `gateway` logs or tracks. Frames go out by a
 * packet socket, one system call each, so that a few lines here are a flood there. It measures nothing but programs' time.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildFrame, buildSite, openPacketSocket, type PacketSocket, type Site } from '@thingwall/gateway/lab'

const links = { sender: '02:00:00:00:01:01', gateway: '02:00:00:00:01:02' } as const

export interface Wire {
  readonly site: Site
  /** Sends UDP datagram `index` of an endless row, each from another port or to another address. */
  readonly send: (index: number) => void
  readonly end: () => Promise<void>
}

export async function layWire(): Promise<Wire> {
  const site = await buildSite({
    hosts: {
      sender: { interfaces: { eth0: { link: links.sender, addresses: ['10.9.0.2/16'], arp: 'off' } } },
      gateway: {
        interfaces: { eth0: { link: links.gateway, addresses: ['10.9.0.1/16'], arp: 'off' } },
        sysctls: { 'net.netfilter.nf_conntrack_acct': 1, 'net.netfilter.nf_conntrack_udp_timeout': 600 },
      },
    },
    links: [['sender:eth0', 'gateway:eth0']],
  })
  const socket: PacketSocket = openPacketSocket({
    interface: 'eth0',
    namespacePath: site.namespacePath('sender'),
  })
  const frame = buildFrame({
    source: links.sender,
    destination: links.gateway,
    payload: {
      kind: 'ipv4',
      source: '10.9.0.2',
      destination: '10.9.0.1',
      payload: { kind: 'udp', sourcePort: 0, destinationPort: 0, data: new Uint8Array(24) },
    },
  })
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  // Zero: no checksum (RFC 768), so ports can be changed in place.
  view.setUint16(UDP_AT + 6, 0)
  return {
    site,
    send(index) {
      view.setUint16(UDP_AT, 1024 + (index & 0x7fff))
      view.setUint16(UDP_AT + 2, 4096 + (index >> 15))
      socket.send(frame)
    },
    async end() {
      socket.close()
      await site.end()
    },
  }
}

const UDP_AT = 14 + 20

/** `total` frames, `perSecond` of them (or as fast as they go), in small bursts as devices send them. */
export async function flood(wire: Wire, total: number, perSecond: number): Promise<void> {
  const started = performance.now()
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - started) / 1000) * perSecond) + 1)
    // Never more at once than a hundredth of a second's worth: what was missed is caught up in steps.
    for (const end = Math.min(due, sent + BURST); sent < end; sent++) wire.send(sent)
    if (sent >= due) await sleep(1)
    else await new Promise(setImmediate)
  }
}

const BURST = 512

/** Seconds that a program has computed, its own and the kernel's for it. */
export function cpuSecondsOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  // utime and stime, in jiffies of a hundredth of a second (proc(5)).
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** What all threads but this one have computed: of a benchmark that sends in this one, the recorder. */
export function cpuSecondsOfOthers(): number {
  const [all, own] = [process.cpuUsage(), process.threadCpuUsage()]
  return (all.user + all.system - own.user - own.system) / 1e6
}

/** Asks until it says true, or goes on after `withinMs`. */
export async function settle(withinMs: number, isDone: () => Promise<boolean> | boolean): Promise<void> {
  const until = performance.now() + withinMs
  while (performance.now() < until && !(await isDone())) await sleep(50)
}
