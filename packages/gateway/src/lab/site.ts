/**
 * Builds a small network of hosts, each a named network namespace, joined by veth pairs and bridges, from a
 * plain description; runs programs on the hosts; takes it all down. Meant for inside the lab (enter.ts):
 * elsewhere its namespaces outlive a killed process. It loads no firewall rules and hands out no addresses.
 */
import { existsSync } from 'node:fs'
import { type HostProcess, killAllIn, type RunOptions, type RunResult, startIn } from './host-process.ts'

export interface SiteDescription {
  readonly hosts: Readonly<Record<string, HostDescription>>
  /** Cables, each between two `host:interface`. */
  readonly links: readonly (readonly [string, string])[]
}

export interface HostDescription {
  /** Needed only for interfaces that have more to say than the cable they hang on, and for bridges. */
  readonly interfaces?: Readonly<Record<string, InterfaceDescription>>
  readonly routes?: readonly RouteDescription[]
  /** Forwards IPv4 and IPv6; default false. */
  readonly forwards?: boolean
  /** By their dotted names, for example `net.netfilter.nf_conntrack_tcp_loose`. */
  readonly sysctls?: Readonly<Record<string, number | string>>
}

export interface InterfaceDescription {
  /** The link address. */
  readonly link?: string
  /** Addresses with prefix length, either family. */
  readonly addresses?: readonly string[]
  /** Makes this interface a bridge over these interfaces of the same host. */
  readonly bridgeOver?: readonly string[]
  /** As a bridge's port: exchanges frames only with ports that are not isolated. */
  readonly isolated?: boolean
  readonly mtuBytes?: number
  /**
   * Off: neither ARP nor neighbour discovery. A router sends to *any* address behind such an interface
   * without asking who has it, to the interface's own link address: what forwarding tests want.
   */
  readonly arp?: 'on' | 'off'
}

export interface RouteDescription {
  /** A prefix, or `default` (then `via` or `family` tells the family). */
  readonly to: string
  readonly via?: string
  readonly dev?: string
  readonly family?: 4 | 6
}

export interface Site {
  /** For `openPacketSocket`, `openNflog` and the like. */
  namespacePath(host: string): string
  /** Runs a program on a host to its end, within 30 s unless told otherwise. Never rejects. */
  run(host: string, argv: readonly [string, ...string[]], options?: RunOptions): Promise<RunResult>
  /** As `run`, but throws with the program's words when its exit code is not 0; returns what it wrote. */
  must(host: string, argv: readonly [string, ...string[]], options?: RunOptions): Promise<string>
  /** Starts a program on a host; it is stopped with the site. */
  spawn(host: string, argv: readonly [string, ...string[]], options?: RunOptions): HostProcess
  /** Stops every program and removes every host. Can be called twice. */
  end(): Promise<void>
}

const runWithinMs = 30_000
/**
 * Interfaces are numbered by us, each differently. Left to itself the kernel gives both ends of a cable the
 * same number in their two namespaces, takes them for one device, and then lets up to a second pass before
 * it believes that the cable is plugged in (`linkwatch_urgent_event` in net/core/link_watch.c).
 */
const firstIndex = 1001
const nameShape = /^[a-z][a-z0-9-]{0,31}$/
const interfaceShape = /^[a-z][a-z0-9-]{0,14}$/
const wordShape = /^[0-9a-zA-Z.:/_-]+$/

/** What every host gets: no address conflict detection to wait for, no answers or routes nobody asked for. */
const ordinarySysctls: Readonly<Record<string, number>> = {
  'net.ipv4.conf.all.rp_filter': 0,
  'net.ipv4.conf.default.rp_filter': 0,
  'net.ipv6.conf.all.accept_dad': 0,
  'net.ipv6.conf.default.accept_dad': 0,
  'net.ipv6.conf.default.dad_transmits': 0,
  'net.ipv6.conf.default.router_solicitations': 0,
  'net.ipv6.conf.default.accept_ra': 0,
  'net.ipv6.conf.all.disable_ipv6': 0,
  'net.ipv6.conf.default.disable_ipv6': 0,
}
const forwardingSysctls: Readonly<Record<string, number>> = {
  'net.ipv4.ip_forward': 1,
  'net.ipv6.conf.all.forwarding': 1,
}

/**
 * Builds a site. Throws when the description does not fit together, a host of that name exists, or the
 * system refuses; what had been built by then is gone again.
 */
export async function buildSite(description: SiteDescription): Promise<Site> {
  const cables = description.links.map((ends, at) =>
    ends.map((end, side) => endOf(description, end, firstIndex + 2 * at + side)),
  )
  const hosts = Object.entries(description.hosts)
  checkNames(hosts)
  const running = new Set<HostProcess>()
  const made: string[] = []
  const namespacePath = (host: string): string => {
    if (!made.includes(host)) throw new Error(`no host ${host} on this site`)
    return `/run/netns/${host}`
  }

  const spawn: Site['spawn'] = (host, argv, options) => {
    const started = startIn(namespacePath(host), argv, options)
    running.add(started)
    void started.ended.then(() => running.delete(started))
    return started
  }
  const run: Site['run'] = (host, argv, options = {}) =>
    spawn(host, argv, { withinMs: runWithinMs, ...options }).ended
  const must: Site['must'] = async (host, argv, options) => {
    const result = await run(host, argv, options)
    if (result.status === 0) return result.stdout
    const how = result.timedOut ? 'took too long' : `ended with ${result.status ?? result.signal}`
    throw new Error(`${host}: ${argv.join(' ')}: ${how}: ${result.stderr.trim()}`)
  }
  const end = async (): Promise<void> => {
    await Promise.all([...running].map((process) => process.stop()))
    const names = made.splice(0)
    killAllIn(names.map((name) => `/run/netns/${name}`).filter((path) => existsSync(path)))
    if (names.length > 0) await batch(names.map((name) => `netns delete ${name}`))
  }
  const onEach = (act: (name: string, host: HostDescription) => Promise<unknown>): Promise<unknown[]> =>
    Promise.all(hosts.map(([name, host]) => act(name, host)))
  const inside = (name: string, lines: readonly string[]): Promise<unknown> =>
    lines.length === 0
      ? Promise.resolve()
      : must(name, ['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` })

  try {
    for (const [name] of hosts) made.push(name)
    await batch(made.map((name) => `netns add ${name}`)).catch((error: unknown) => {
      // Whatever exists under these names may be somebody else's.
      made.length = 0
      throw error
    })
    // Before there are links, so that these start out with what `default` says.
    await onEach((name, host) => must(name, ['sysctl', '-qw', ...settings(host)]))
    if (cables.length > 0) await batch(cables.map(cableLine))
    await onEach((name, host) => inside(name, linkLines(host, interfacesOf(cables, name))))
    await onEach((name, host) => inside(name, addressLines(host)))
  } catch (error) {
    await end()
    throw error
  }
  return { namespacePath, run, must, spawn, end }
}

interface CableEnd {
  readonly host: string
  readonly name: string
  readonly index: number
  readonly link: string | undefined
}

function endOf(description: SiteDescription, text: string, index: number): CableEnd {
  const [host = '', name = ''] = text.split(':')
  const found = description.hosts[host]
  if (found === undefined || !interfaceShape.test(name)) throw new Error(`no such end of a link: ${text}`)
  return { host, name, index, link: found.interfaces?.[name]?.link }
}

function checkNames(hosts: readonly (readonly [string, HostDescription])[]): void {
  for (const [host, { interfaces = {}, routes = [] }] of hosts) {
    if (!nameShape.test(host)) throw new Error(`not a host name: ${host}`)
    const words = Object.values(interfaces).flatMap(({ link = '0', addresses = [], bridgeOver = [] }) => [
      link,
      ...addresses,
      ...bridgeOver,
    ])
    words.push(
      ...Object.keys(interfaces),
      ...routes.flatMap(({ to, via = '0', dev = '0' }) => [to, via, dev]),
    )
    for (const word of words)
      if (!wordShape.test(word)) throw new Error(`${host}: not a name or address: ${word}`)
  }
}

function interfacesOf(cables: readonly (readonly CableEnd[])[], host: string): string[] {
  return cables.flat().flatMap((end) => (end.host === host ? [end.name] : []))
}

function cableLine([one, other]: readonly CableEnd[]): string {
  if (one === undefined || other === undefined) throw new Error('a link has two ends')
  const end = ({ name, host, index, link }: CableEnd): string =>
    `name ${name} netns ${host} index ${index}${link === undefined ? '' : ` address ${link}`}`
  return `link add ${end(one)} type veth peer ${end(other)}`
}

function settings(host: HostDescription): string[] {
  const all = { ...ordinarySysctls, ...(host.forwards ? forwardingSysctls : {}), ...host.sysctls }
  return Object.entries(all).map(([name, value]) => `${name}=${value}`)
}

function linkLines(host: HostDescription, cabled: readonly string[]): string[] {
  const described = Object.entries(host.interfaces ?? {})
  const bridges = described.filter(([, { bridgeOver }]) => bridgeOver !== undefined)
  const lines = ['link set lo up']
  for (const [name, { link, bridgeOver = [] }] of bridges) {
    lines.push(`link add name ${name}${link === undefined ? '' : ` address ${link}`} type bridge`)
    for (const port of bridgeOver) lines.push(`link set dev ${port} master ${name}`)
  }
  for (const [name, { mtuBytes, arp, isolated }] of described) {
    if (mtuBytes !== undefined) lines.push(`link set dev ${name} mtu ${mtuBytes}`)
    if (arp !== undefined) lines.push(`link set dev ${name} arp ${arp}`)
    if (isolated === true) lines.push(`link set dev ${name} type bridge_slave isolated on`)
  }
  for (const name of new Set([...cabled, ...bridges.map(([bridge]) => bridge)])) {
    lines.push(`link set dev ${name} up`)
  }
  return lines
}

function addressLines(host: HostDescription): string[] {
  const lines = Object.entries(host.interfaces ?? {}).flatMap(([name, { addresses = [] }]) =>
    addresses.map((address) => `address add ${address} dev ${name}${address.includes(':') ? ' nodad' : ''}`),
  )
  for (const { to, via, dev, family } of host.routes ?? []) {
    const where = `${via === undefined ? '' : ` via ${via}`}${dev === undefined ? '' : ` dev ${dev}`}`
    // ip takes the family from the first address it meets, and `default` is none.
    lines.push(`route add ${to === 'default' && family === 6 ? '::/0' : to}${where}`)
  }
  return lines
}

/** Runs `ip` once for all lines, in this process's own namespace. */
async function batch(lines: readonly string[]): Promise<void> {
  const started = startIn('/proc/self/ns/net', ['ip', '-batch', '-'], {
    input: `${lines.join('\n')}\n`,
    withinMs: runWithinMs,
  })
  const { status, stderr } = await started.ended
  if (status !== 0) throw new Error(`ip -batch: ${stderr.trim()}`)
}
