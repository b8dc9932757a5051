/**
 * The demo's gateway under the policy: put in force by the ordinary `thingwall apply`, run on the gateway, and asked by
 * the kernel's own counters what each rule has met. For the demo's own test two other rule sets can stand there
 * instead: one that drops nothing and one that drops everything, with which the demo has to fail.
 */
import { join } from 'node:path'
import type { RunResult, Site } from '@thingwall/gateway/lab'
import { Failure } from '../frame/failure.ts'
import { thingwall } from './thingwall.ts'

/** Packets by rule id. */
export type RuleCounts = ReadonlyMap<string, number>

export interface Wall {
  /** What `apply` said, on one line. */
  readonly said: string
  counts(): Promise<RuleCounts>
}

/** `policy` is what is meant to be there; the other two stand in for a wall that does not work. */
export type RuleSet = 'policy' | 'open' | 'closed'

/** Of the one generation that is there. */
const COUNTER = /^(?:[a-z]\/)?rule\/(.*)$/
const closed = `table inet closed {
  chain forward { type filter hook forward priority filter; policy drop; }
  chain input { type filter hook input priority filter; policy drop; }
}
`

export interface Applying {
  readonly site: Site
  /** Where the gateway keeps its record. */
  readonly folder: string
  readonly policy: string
  readonly bindings: string
  readonly rules: RuleSet
}

/** Throws with the words of `apply` when it refuses. */
export async function raiseWall({ site, folder, policy, bindings, rules }: Applying): Promise<Wall> {
  const counts = async (): Promise<RuleCounts> =>
    read(await site.must('router', ['nft', '-j', 'list', 'counters']))
  if (rules !== 'policy') {
    if (rules === 'closed') await site.must('router', ['nft', '-f', '-'], { input: closed })
    return { said: `no policy: everything is ${rules}`, counts }
  }
  const args = [
    'apply',
    '--no-confirm',
    '--policy',
    policy,
    '--bindings',
    bindings,
    '--state',
    join(folder, 'state'),
    '--json',
  ]
  return { said: saidBy(await thingwall(site, 'router', args)), counts }
}

/** What each rule has met between two readings. */
export function countsOf(before: RuleCounts, after: RuleCounts): RuleCounts {
  const met = [...after].map(([rule, packets]) => [rule, packets - (before.get(rule) ?? 0)] as const)
  return new Map(met.filter(([, packets]) => packets > 0))
}

function read(text: string): RuleCounts {
  const listing = JSON.parse(text) as {
    readonly nftables: readonly { readonly counter?: { readonly name: string; readonly packets: number } }[]
  }
  const counts = new Map<string, number>()
  for (const { counter } of listing.nftables) {
    const rule = COUNTER.exec(counter?.name ?? '')?.[1]
    if (counter === undefined || rule === undefined) continue
    counts.set(rule, (counts.get(rule) ?? 0) + counter.packets)
  }
  return counts
}

function saidBy({ status, stdout, stderr }: RunResult): string {
  const answer = parse(stdout)
  if (status !== 0 || answer === null) {
    throw new Failure(
      `the policy was not applied: ${answer?.error?.message ?? (stderr.trim() || stdout.trim())}`,
      {
        code: answer?.error?.code ?? 'environment',
        hint: answer?.error?.hint ?? 'thingwall check says what is wrong with a policy',
      },
    )
  }
  return `${answer.devices} devices, ${answer.rules} rules, loaded in ${answer.loadMs} ms`
}

interface Answer {
  readonly devices?: number
  readonly rules?: number
  readonly loadMs?: number
  readonly error?: { readonly message?: string; readonly code?: string; readonly hint?: string }
}

function parse(text: string): Answer | null {
  try {
    return JSON.parse(text) as Answer
  } catch {
    return null
  }
}
