/**
 * What a new policy means for the connection that `apply` was called from. It is judged like a new one, because that is
 * what the kernel does with the next packet of a connection that no rule in force has let in.
 */
import {
  type Bindings,
  type Decision,
  type Diagnostic,
  diagnose,
  evaluate,
  type Flow,
  formatAddress,
  formatInterval,
  type LinkAddress,
  parseLinkAddress,
  type Ruleset,
} from '@thingwall/policy'
import type { Caller } from '../machine/caller.ts'
import type { Machine } from '../machine/machine.ts'

export interface CallerVerdict {
  readonly caller: Caller
  readonly decision: Decision
  /** The error that `apply` refuses with; null when the connection may stay. */
  readonly refusal: Diagnostic | null
}

export interface JudgedBy {
  readonly ruleset: Ruleset
  /** With the machine's own addresses. */
  readonly bindings: Bindings
  readonly at: number
}

const TCP = 6

/** Judges the caller's connection. Null where it never leaves this machine. */
export async function judgeCaller(
  machine: Machine,
  caller: Caller,
  { ruleset, bindings, at }: JudgedBy,
): Promise<CallerVerdict | null> {
  const path = await pathTo(machine, caller)
  if (path.device === 'lo') return null
  const network = ruleset.networks.find((one) => one.interfaces.includes(path.device)) ?? null
  const flow: Flow = {
    ingress: network?.name ?? null,
    ...(path.link === null ? {} : { link: path.link }),
    source: caller.peer,
    destination: caller.local,
    protocol: TCP,
    sourcePort: caller.peerPort,
    destinationPort: caller.localPort,
    opens: true,
  }
  const decision = evaluate(ruleset, flow, bindings, at)
  if (decision.verdict === 'allow') return { caller, decision, refusal: null }
  const peer = formatAddress(caller.peer)
  const service = `port ${caller.localPort}`
  const because =
    decision.verdict === 'unknown' ? `needs ${decision.needs.join(', ')}` : `refused by ${decision.rule.id}`
  const where = network === null ? `no network names ${path.device}` : `network ${network.name}`
  return {
    caller,
    decision,
    refusal: diagnose('TW4006', {
      message: `this policy would cut the connection you are on: ${peer} to ${service} (${where}; ${because})`,
      path: network === null ? 'networks' : `networks.${network.name}.admin`,
      value: peer,
      hint: adviceFor(peer, caller, network),
      origin: network?.origin ?? decision.rule.origin,
    }),
  }
}

function adviceFor(peer: string, caller: Caller, network: Ruleset['networks'][number] | null): string {
  const anyway = 'Or apply from the console; or, knowing that you are locked out: --lock-me-out.'
  if (network === null) return `Name that interface in a network, with admin: ['${peer}']. ${anyway}`
  if (network.role === 'uplink' || network.role === 'things' || caller.localPort !== 22) {
    return `Write a rule: rules: { 'remote-admin': allow.in({ who: 'gateway', from: '${peer}', service: '${caller.localPort}/tcp', why: '…' }) }. ${anyway}`
  }
  const admin = [...network.admin.map(formatInterval), peer].map((one) => `'${one}'`).join(', ')
  return `In network ${network.name}, write admin: [${admin}]. ${anyway}`
}

interface PathTo {
  readonly device: string
  readonly link: LinkAddress | null
}

/** Where packets of the peer come in, and whose link address they carry: the peer's own, or its router's. */
async function pathTo(machine: Machine, caller: Caller): Promise<PathTo> {
  const peer = formatAddress(caller.peer)
  const isLinkLocal = caller.peer.length === 32 && /^fe[89ab]/.test(caller.peer)
  const route = isLinkLocal ? null : await first(machine, ['route', 'get', peer])
  const near = route?.gateway ?? peer
  const neighbours = await all(machine, ['neighbour', 'show', String(near)])
  const device = String(route?.dev ?? neighbours[0]?.dev ?? '')
  const neighbour = neighbours.find((one) => one.dev === device)
  return { device, link: parseLinkAddress(String(neighbour?.lladdr ?? '')) }
}

async function first(machine: Machine, args: readonly string[]): Promise<Record<string, unknown> | null> {
  return (await all(machine, args))[0] ?? null
}

async function all(machine: Machine, args: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  const ended = await machine.run('ip', ['-json', ...args])
  if (ended.status !== 0 || ended.stdout.trim() === '') return []
  return JSON.parse(ended.stdout) as readonly Record<string, unknown>[]
}
