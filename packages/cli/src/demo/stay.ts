/**
 * `--stay`: the site stands until Ctrl-C, with commands that a person can copy into another terminal. These enter one
 * host's network and nothing else, so all programs and files of the machine are at hand.
 */
import { stat } from 'node:fs/promises'
import type { Page } from '../frame/report.ts'
import { gateway, residents } from './world.ts'

/** Set by the process that stands outside the lab, for whoever wants to find the way in. */
export const outerVariable = 'THINGWALL_DEMO_PROCESS'

export interface Staying {
  readonly policy: string
  /** The process number of the outer process, as everybody else sees it. */
  readonly outer: string
  /** Whether the lab is a user namespace, which has to be entered too. */
  readonly isOwnUser: boolean
}

export function stayText({ policy, outer, isOwnUser }: Staying, page: Page): string {
  const pid = `$(pgrep -P $(pgrep -P ${outer}))`
  const user = isOwnUser ? '--user=/proc/$p/ns/user --preserve-credentials ' : ''
  const way = `on() { local p=${pid} h=$1; shift; nsenter ${user}--net=/proc/$p/root/run/netns/$h -- "$@"; }`
  const tries = [
    [`on vent-01 curl -k -m 2 https://${residents.api[4]}/readings`, 'allowed'],
    [`on vent-01 curl -m 2 telnet://${residents.laptop[4]}:22`, 'blocked'],
    [`on laptop ping -c 1 ${residents.web[4]}`, 'allowed'],
    [`on attacker nmap -Pn -p 22,80,443 ${gateway.uplink[4]}`, 'finds nothing'],
    ['on router nft list counters', 'what each rule has met'],
    [`thingwall explain --policy ${policy} --from vent-01 --to ${residents.laptop[4]}:22/tcp`, 'why'],
  ] as const
  const lines = tries.map(([command, shows]) => `  ${page.ink('cyan', command)}  ${page.ink('dim', shows)}`)
  return `
${page.ink('bold', 'The site stays up until Ctrl-C.')} In another terminal${isOwnUser ? '' : ', as root'}:

  ${page.ink('cyan', way)}
${lines.join('\n')}
`
}

/** Settles when somebody interrupts. */
export async function untilInterrupted(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const go = (): void => resolve()
  const alive = setInterval(() => {}, 60_000)
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  // Not `once`: the lab ends a process at once whose last listener is gone.
  for (const signal of signals) process.on(signal, go)
  await promise
  clearInterval(alive)
  for (const signal of signals) process.off(signal, go)
}

/** Whether this process's user namespace is not the machine's first one. */
export async function isInUserNamespace(): Promise<boolean> {
  // PROC_USER_INIT_INO of include/linux/proc_ns.h.
  return (await stat('/proc/self/ns/user')).ino !== 0xeffffffd
}
