/**
 * A wall on a site: policies compiled and loaded into the gateway, and what its kernel decided, by rule.
 *
 * It keeps no expectation of its own. The gateway's own addresses are found on its interfaces, as `apply` does.
 */
import {
  buildSite,
  type NflogListener,
  openNflog,
  openRuleLoader,
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
import { type Agent, startAgent, until } from './agent.ts'

export interface ApplyOptions {
  /** As `readBindings` reads them. */
  readonly bindings?: unknown
}

export interface Applied {
  readonly ruleset: Ruleset
  readonly bindings: Bindings
  readonly text: string
}

export interface Wall {
  readonly site: Site
  /** Compiles the policy for now and replaces what is in force. */
  apply(document: PolicyDocument, options?: ApplyOptions): Applied
  /** Real sockets on a host; started once for each. */
  on(host: string): Promise<Agent>
  /**
   * `deny default/deny`, … for each packet judged since the last call. Packets of live flows are not judged, and hosts
   * finding each other is left out, because it happens when it likes.
   */
  decisions(): readonly string[]
  /** Waits until the kernel has decided so at least once since the last call of either. */
  decides(decision: string): Promise<void>
  /** Packets a rule has decided since it was loaded. */
  count(id: string): Promise<number>
  end(): Promise<void>
}

const LOG_GROUP = 5
const BACKGROUND: ReadonlySet<string> = new Set(['allow fixed/neighbour-discovery', 'allow fixed/arp'])

/** Builds the site and opens the packet log. */
export async function buildWall(description: SiteDescription): Promise<Wall> {
  const site = await buildSite(description)
  const namespacePath = site.namespacePath('gateway')
  const log: NflogListener = openNflog({ group: LOG_GROUP, namespacePath })
  const loader: RuleLoader = openRuleLoader(namespacePath)
  const own = await ownAddresses(site)
  const agents = new Map<string, Promise<Agent>>()
  let seen: string[] = []
  const pull = (): void => {
    for (const { prefix } of log.drain()) seen.push(prefix.split(':').slice(1).join(' '))
  }
  const decisions = (): readonly string[] => {
    pull()
    const given = seen
    seen = []
    return given.filter((one) => !BACKGROUND.has(one))
  }
  return {
    site,
    decisions,
    apply(document, options = {}) {
      const applied = compile(document, own, options)
      loader.load(applied.text)
      return applied
    },
    on(host) {
      const known = agents.get(host) ?? startAgent(site.namespacePath(host))
      agents.set(host, known)
      return known
    },
    async decides(decision) {
      await until(`the kernel to decide “${decision}”`, () => {
        pull()
        return seen.includes(decision)
      }).catch((error: Error) => {
        throw new Error(`${error.message}; it decided ${seen.join(', ') || 'nothing'}`)
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
export function compile(
  document: PolicyDocument,
  own: ReadonlySet<Address>,
  options: ApplyOptions = {},
): Applied {
  const words = (faults: readonly { readonly path: string; readonly message: string }[]): string =>
    faults.map((one) => `${one.path}: ${one.message}`).join('\n')
  const [valid, invalid] = validate(JSON.parse(JSON.stringify(document)))
  if (valid === null) throw new Error(words(invalid))
  const [ruleset, faults] = lower(valid)
  if (ruleset === null) throw new Error(words(faults))
  const [read, unread] = readBindings(options.bindings ?? { format: 1 }, ruleset)
  if (read === null) throw new Error(words(unread))
  const bindings = { ...read, gateway: own }
  const log = { group: LOG_GROUP, verdicts: 'all' } as const
  const [artifact, refused] = compileFor(nftables, ruleset, { bindings, at: Date.now(), log })
  if (artifact === null) throw new Error(words(refused))
  return { ruleset, bindings, text: artifact.text }
}

async function ownAddresses(site: Site): Promise<ReadonlySet<Address>> {
  const interfaces: readonly { readonly addr_info: readonly { readonly local: string }[] }[] = JSON.parse(
    await site.must('gateway', ['ip', '-json', 'address', 'show']),
  )
  return new Set(
    interfaces.flatMap((one) => one.addr_info.map(({ local }) => parseAddress(local) as Address)),
  )
}
