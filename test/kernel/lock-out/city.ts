/**
 * A small site for tests that lock the administrator out: a router between a laptop and the outside, real programs on
 * both that keep connections open, the command line on the router, and what the kernel says of a trial. Several can
 * stand beside each other. It judges nothing.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { type Machine, type NftablesPoint, openNftablesPoint } from '@thingwall/gateway'
import { buildSite, type HostProcess, type RunResult, type Site } from '@thingwall/gateway/lab'
import { cli, root } from '../program.ts'
import { type Agent, startAgent } from '../wall/agent.ts'
import { machineOn } from '../wall/point.ts'

/** Where things are, in both families. */
export const at = {
  router: { four: '10.30.0.1', six: 'fd30::1' },
  laptop: { four: '10.30.0.5', six: 'fd30::5' },
  outside: { four: '203.0.113.10', six: '2001:db8::10' },
} as const
export const families = ['four', 'six'] as const

export interface City {
  readonly site: Site
  readonly machine: Machine
  /** Real sockets on the hosts. */
  readonly laptop: Agent
  readonly router: Agent
  readonly outside: Agent
  /** The command line on the router, in a group of processes of its own. */
  readonly start: (args: readonly string[]) => HostProcess
  /** The same to its end. */
  readonly thingwall: (args: readonly string[]) => Promise<RunResult>
  readonly nft: (...args: readonly string[]) => Promise<string>
  readonly open: (state: string, on?: Machine) => Promise<NftablesPoint>
  /** The letter of the generation on trial and whether its timer runs; null where base chains name none. */
  readonly trial: () => Promise<{ readonly generation: string; readonly isRunning: boolean } | null>
  /** Packets that these rules of a generation have met. */
  readonly counted: (generation: string, ...rules: readonly string[]) => Promise<number>
  /** ARP packets that a generation has refused. */
  readonly refusedArp: (generation: string) => Promise<number>
  /** What a host is called on the site. */
  readonly named: (host: 'router' | 'laptop' | 'outside') => string
  readonly end: () => Promise<void>
}

let cities = 0

export async function buildCity(): Promise<City> {
  cities += 1
  const [router, laptop, outside] = [`router-${cities}`, `laptop-${cities}`, `outside-${cities}`] as const
  const host = (own: { readonly four: string; readonly six: string }, gateway: string, gateway6: string) => ({
    interfaces: { eth0: { addresses: [`${own.four}/24`, `${own.six}/64`] } },
    routes: [
      { to: 'default', via: gateway },
      { to: 'default', via: gateway6 },
    ],
  })
  const site = await buildSite({
    hosts: {
      [router]: {
        forwards: true,
        interfaces: {
          lan0: { addresses: ['10.30.0.1/24', 'fd30::1/64'] },
          wan0: { addresses: ['203.0.113.2/24', '2001:db8::2/64'] },
        },
      },
      [laptop]: host(at.laptop, '10.30.0.1', 'fd30::1'),
      [outside]: host(at.outside, '203.0.113.2', '2001:db8::2'),
    },
    links: [
      [`${router}:lan0`, `${laptop}:eth0`],
      [`${router}:wan0`, `${outside}:eth0`],
    ],
  })
  const agents = await Promise.all(
    [laptop, router, outside].map((one) => startAgent(site.namespacePath(one))),
  )
  const [onLaptop, onRouter, onOutside] = agents as [Agent, Agent, Agent]
  const machine = machineOn(site, router)
  const nft: City['nft'] = (...args) => site.must(router, ['nft', ...args])
  const counters = async (): Promise<readonly Counter[]> => {
    const { nftables: objects } = JSON.parse(await nft('-j', '-t', 'list', 'ruleset')) as {
      readonly nftables: readonly { readonly counter?: Counter }[]
    }
    return objects.flatMap(({ counter }) => counter ?? [])
  }
  const start: City['start'] = (args) =>
    site.spawn(router, [...cli, ...args], { cwd: root, env: { SSH_CONNECTION: '', SUDO_USER: '' } })
  return {
    site,
    machine,
    laptop: onLaptop,
    router: onRouter,
    outside: onOutside,
    start,
    thingwall: (args) => start(args).ended,
    nft,
    open: (state, on = machine) => openNftablesPoint({ machine: on, state }),
    trial: async () => {
      const { stdout } = await site.run(router, ['nft', 'list', 'table', 'inet', 'thingwall'])
      const generation = /@trial goto ([a-z])\//.exec(stdout)?.[1]
      const timer = /set trial \{[^}]*elements = \{([^}]*)\}/.exec(stdout)?.[1]
      return generation === undefined ? null : { generation, isRunning: timer?.includes('expires') === true }
    },
    counted: async (generation, ...rules) => {
      const names = rules.map((rule) => `${generation}/rule/${rule}`)
      return sumOf(await counters(), ({ name }) => names.includes(name))
    },
    refusedArp: async (generation) =>
      sumOf(
        await counters(),
        ({ family, name }) =>
          family === 'arp' && name.startsWith(`${generation}/`) && !name.endsWith('fixed/arp'),
      ),
    named: (host) => ({ router, laptop, outside })[host],
    end: async () => {
      for (const agent of agents) agent.stop()
      await site.end()
    },
  }
}

interface Counter {
  readonly family: string
  readonly name: string
  readonly packets: number
}

function sumOf(counters: readonly Counter[], isAsked: (counter: Counter) => boolean): number {
  return counters.filter(isAsked).reduce((sum, { packets }) => sum + packets, 0)
}

/** Kills a process and all it has started; it may have ended by itself. */
export function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Whether any process of a group runs yet; one that is dead and that nobody has asked about does not. */
export function isAlive(group: number): boolean {
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false
    try {
      const text = readFileSync(`/proc/${name}/stat`, 'utf8')
      const [state, , of] = text.slice(text.lastIndexOf(')') + 2).split(' ')
      return Number(of) === group && state !== 'Z'
    } catch {
      return false
    }
  })
}
