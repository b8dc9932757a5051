/**
 * A wall on a site: policies compiled and loaded into the gateway, and what its kernel decided, by rule.
 *
 * It keeps no expectation of its own. The gateway's own addresses are found on its interfaces, as `apply` does.
 */
import {
  buildSite,
  type Icmp,
  type NflogListener,
  type NflogMessage,
  openNflog,
  openRuleLoader,
  parsePacket,
  type RuleLoader,
  type Site,
  type SiteDescription,
} from '@thingwall/gateway/lab'
import {
  type Address,
  type Bindings,
  compileFor,
  lower,
  type PolicyDocument,
  parseAddress,
  type Ruleset,
  readBindings,
  validate,
} from '@thingwall/policy'
import { nftables } from '@thingwall/policy/nftables'
import { type Agent, type LiveFlow, startAgent, until } from './agent.ts'

export interface ApplyOptions {
  /** As `readBindings` reads them. */
  readonly bindings?: unknown
  /** What the gateway's clock says while the policy is compiled and loaded; the kernel's is not asked. Default: now. */
  readonly at?: number
}

export interface Applied {
  readonly ruleset: Ruleset
  readonly bindings: Bindings
  readonly text: string
  /**
   * How much later than compiled the kernel's timeouts may end, in milliseconds: they are lengths of time, counted from
   * the load on.
   */
  readonly slipMs: number
}

/** A flow, known by its own port; or `echo`, `arp 10.20.0.11 at 24:6f:…`, `icmpv6 136 from fd20::11`, `protocol 2 from 0.0.0.0`. */
export type Subject = LiveFlow | string

export interface Wall {
  readonly site: Site
  /** Compiles the policy for now and replaces what is in force. */
  apply(document: PolicyDocument, options?: ApplyOptions): Applied
  /** Real sockets on a host; started once for each. */
  on(host: string): Promise<Agent>
  /**
   * `deny default/deny`, … for each packet judged since the last call, or each of one flow. Packets of live flows are
   * not judged, and hosts finding each other is left out, because it happens when it likes.
   */
  decisions(about?: Subject): readonly string[]
  /** Waits until the kernel has decided so at least once since the last call of either, about a flow or at all. */
  decides(decision: string, about?: Subject): Promise<void>
  /** Forgets what was decided until now. */
  forget(): void
  /** Packets a rule has decided since it was loaded. */
  count(id: string): Promise<number>
  end(): Promise<void>
}

const LOG_GROUP = 5

/** Builds the site and opens the packet log. */
export async function buildWall(description: SiteDescription): Promise<Wall> {
  const site = await buildSite(description)
  const namespacePath = site.namespacePath('gateway')
  const log: NflogListener = openNflog({ group: LOG_GROUP, namespacePath })
  const loader: RuleLoader = openRuleLoader(namespacePath)
  const own = await ownAddresses(site)
  const agents = new Map<string, Promise<Agent>>()
  let seen: Judged[] = []
  const pull = (): void => {
    for (const message of log.drain()) seen.push(judgedOf(message))
  }
  return {
    site,
    forget() {
      pull()
      seen = []
    },
    decisions(about) {
      pull()
      const given = seen
      seen = []
      const subject = subjectOf(about)
      return given.flatMap((one) =>
        one.isBackground || (subject !== null && !one.subjects.includes(subject)) ? [] : [one.decision],
      )
    },
    apply(document, options = {}) {
      const begun = Date.now()
      const compiled = compile(document, own, options.at ?? begun, options)
      loader.load(compiled.text)
      return { ...compiled, slipMs: Date.now() - begun }
    },
    on(host) {
      const known = agents.get(host) ?? startAgent(site.namespacePath(host))
      agents.set(host, known)
      return known
    },
    async decides(decision, about) {
      await until(`the kernel to decide “${decision}”`, () => {
        const subject = subjectOf(about)
        pull()
        return seen.some(
          (one) => one.decision === decision && (subject === null || one.subjects.includes(subject)),
        )
      }).catch((error: Error) => {
        throw new Error(
          `${error.message}; it decided ${seen.map((one) => `${one.decision} (${one.subjects.join(', ')})`).join('; ') || 'nothing'}`,
        )
      })
      seen = []
    },
    async count(id) {
      const argv = ['nft', 'list', 'counter', 'inet', 'thingwall', `rule/${id}`] as const
      return Number(/packets (\d+)/.exec(await site.must('gateway', argv))?.[1])
    },
    async end() {
      for (const agent of agents.values()) (await agent).stop()
      loader.close()
      log.close()
      await site.end()
    },
  }
}

/** The rule set of a policy that has no fault, at this instant. */
function compile(
  document: PolicyDocument,
  own: ReadonlySet<Address>,
  at: number,
  options: ApplyOptions,
): Omit<Applied, 'slipMs'> {
  const words = (faults: readonly { readonly path: string; readonly message: string }[]): string =>
    faults.map((one) => `${one.path}: ${one.message}`).join('\n')
  const [valid, invalid] = validate(JSON.parse(JSON.stringify(document)))
  if (valid === null) throw new Error(words(invalid))
  const [ruleset, faults] = lower(valid)
  if (ruleset === null) throw new Error(words(faults))
  const [read, unread] = readBindings(options.bindings ?? { format: 1 }, ruleset)
  if (read === null) throw new Error(words(unread))
  const bindings = { ...read, gateway: own }
  const log = { group: LOG_GROUP, verdicts: 'all', perDevice: null } as const
  const [artifact, refused] = compileFor(nftables, ruleset, { bindings, at, log })
  if (artifact === null) throw new Error(words(refused))
  return { ruleset, bindings, text: artifact.text }
}

interface Judged {
  readonly decision: string
  /** What it may be asked for by. */
  readonly subjects: readonly string[]
  /** ARP, neighbour and listener discovery, and IGMP (RFC 4861, RFC 3810, RFC 3376). */
  readonly isBackground: boolean
}

function subjectOf(about: Subject | undefined): string | null {
  return about === undefined ? null : typeof about === 'string' ? about : `port ${about.port}`
}

function judgedOf({ prefix, etherType, payload }: NflogMessage): Judged {
  const decision = prefix.split(':').slice(1).join(' ')
  const packet = parsePacket(etherType === 0 ? 0x0806 : etherType, payload)
  if (packet.kind === 'arp')
    return { decision, subjects: [`arp ${packet.sender} at ${packet.senderLink}`], isBackground: true }
  if (packet.kind === 'other') return { decision, subjects: [], isBackground: false }
  const inner = packet.payload
  const isBackground =
    inner.kind === 'icmpv6' && ((inner.type >= 130 && inner.type <= 137) || inner.type === 143)
  switch (inner.kind) {
    case 'tcp':
    case 'udp':
      return { decision, subjects: [inner.sourcePort, inner.destinationPort].map(portText), isBackground }
    case 'icmp':
    case 'icmpv6':
      return { decision, subjects: subjectsOf(inner, packet.source), isBackground }
    case 'bytes':
      return {
        decision,
        subjects: [`protocol ${inner.protocol} from ${packet.source}`],
        isBackground: inner.protocol === 2,
      }
    default:
      return inner satisfies never
  }
}

const portText = (port: number): string => `port ${port}`

function subjectsOf(icmp: Icmp, source: string): readonly string[] {
  const subjects = [`${icmp.kind} ${icmp.type} from ${source}`]
  if ([0, 8, 128, 129].includes(icmp.type)) subjects.push('echo')
  // An error quotes the packet it is about: ports stand behind a plain header.
  const quoted = new DataView(Uint8Array.from(icmp.body).buffer)
  const at = 4 + (icmp.kind === 'icmp' ? 20 : 40)
  const isError = icmp.kind === 'icmp' ? [3, 11, 12].includes(icmp.type) : icmp.type < 128
  if (isError && icmp.body.length >= at + 4)
    subjects.push(portText(quoted.getUint16(at)), portText(quoted.getUint16(at + 2)))
  return subjects
}

async function ownAddresses(site: Site): Promise<ReadonlySet<Address>> {
  const interfaces: readonly { readonly addr_info: readonly { readonly local: string }[] }[] = JSON.parse(
    await site.must('gateway', ['ip', '-json', 'address', 'show']),
  )
  return new Set(
    interfaces.flatMap((one) => one.addr_info.map(({ local }) => parseAddress(local) as Address)),
  )
}
