/**
 * `npm run bench -- policy`: what a policy costs from its file to its rule set, and a flow from question to answer, at
 * 10, 1,000 and 100,000 devices.
 *
 * Times are CPU seconds of this process's work, the best of a few runs, so that other work on the machine disturbs
 * them less; loading runs in a child and is wall time. The peer for `evaluate` is what Node itself offers for
 * the question "is this address allowed": `net.BlockList`, which knows addresses only, no devices, ports or names.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { BlockList } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Bindings,
  check,
  compileFor,
  evaluate,
  type Flow,
  formatAddress,
  lower,
  type PolicyDocument,
  type Ruleset,
  readBindings,
  validate,
} from '@thingwall/policy'
import { nftables } from '@thingwall/policy/nftables'
import { loadPolicy } from '../packages/cli/src/load/load.ts'
import { addressOf, bindingsOf, fleetOf, flowsOf, ownBindingsOf, sixFlowsOf } from './policy/fleet.ts'
import type { Measured } from './rows.ts'

const sizes = [10, 1000, 100_000]
const AT = Date.parse('2026-11-22')

export default async function* measure(): AsyncGenerator<Measured> {
  for (const size of sizes) yield* measureSize(size)
}

async function* measureSize(size: number): AsyncGenerator<Measured> {
  const at = `${size.toLocaleString('en')} devices`
  const runs = size > 10_000 ? 3 : 10
  yield { measure: `load a file, ${at}`, value: await loadSeconds(size), unit: 's' }

  const document = fleetOf(size)
  const validated = best(runs, () => validate(document))
  yield { measure: `validate, ${at}`, value: validated.seconds, unit: 's CPU' }
  const lowered = best(runs, () => lower(document))
  yield { measure: `lower, ${at}`, value: lowered.seconds, unit: 's CPU' }
  const ruleset = lowered.result[0] as Ruleset
  const checked = best(runs, () => check(document, ruleset, { at: AT }))
  yield { measure: `check, ${at}`, value: checked.seconds, unit: 's CPU' }
  const compiled = best(runs, () => compileFor(nftables, ruleset, { at: AT }))
  yield { measure: `compile for nftables, ${at}`, value: compiled.seconds, unit: 's CPU' }
  yield {
    measure: `lower and compile, ${at}`,
    value: lowered.seconds + compiled.seconds,
    unit: 's CPU',
    bar: size === 100_000 ? { op: '<=', value: 3 } : null,
  }
  const bindings = readBindings(bindingsOf(), ruleset)[0] as Bindings
  yield {
    measure: `evaluate, ${at}`,
    value: flowsPerSecond(ruleset, bindings, flowsOf(size, 20_000)),
    unit: 'flows/s',
    bar: { op: '>=', value: 1_000_000 },
    peers: { 'net.BlockList (addresses only)': size > 10_000 ? null : blockListPerSecond(document, size) },
  }
  const reading = best(1, () => readBindings(ownBindingsOf(size), ruleset)[0] as Bindings)
  yield { measure: `read what each device was told, ${at}`, value: reading.seconds, unit: 's CPU' }
  for (const [what, flows] of [
    ['evaluate, each device told by itself', flowsOf(size, 20_000)],
    ['evaluate, each device told by itself, IPv6 and UDP', sixFlowsOf(size, 20_000)],
  ] as const) {
    yield {
      measure: `${what}, ${at}`,
      value: flowsPerSecond(ruleset, reading.result, flows),
      unit: 'flows/s',
      bar: { op: '>=', value: 1_000_000 },
    }
  }
}

/** Through the ordinary loader: a child with Node's permission model, two loads compared, validated again. */
async function loadSeconds(size: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'thingwall-bench-'))
  try {
    const file = join(folder, 'thingwall.policy.ts')
    writeFileSync(file, policySource(size))
    const started = performance.now()
    const loaded = await loadPolicy(file, { cwd: folder, nowMs: AT })
    if (loaded.document === null) throw new Error(loaded.diagnostics.map((one) => one.message).join('; '))
    return (performance.now() - started) / 1000
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function policySource(size: number): string {
  return `import { allow, network, policy, profile } from 'thingwall'
const sensor = profile('sensor', {
  why: 'benchmark', owner: 'bench@volcano.example',
  rules: { readings: allow.out({ to: 'api.volcano.example', service: 'https', why: 'benchmark' }) },
})
const hex = (at: number) => (at + 1).toString(16).padStart(8, '0').match(/../g)!.join(':')
const devices = Object.fromEntries(Array.from({ length: ${size} }, (_, at) => ['d' + at, sensor.device({
  mac: '02:00:' + hex(at), ip: '10.' + (64 + ((at + 10) >> 16)) + '.' + (((at + 10) >> 8) & 255) + '.' + ((at + 10) & 255),
})]))
export default policy('fleet', {
  networks: {
    things: network({ role: 'things', interface: 'wlan0', cidrs: ['10.64.0.0/10'], isolation: 'bridge-port' }),
    uplink: network({ role: 'uplink', interface: 'wan0', masquerade: true }),
  },
  devices,
})
`
}

function flowsPerSecond(ruleset: Ruleset, bindings: Bindings, flows: readonly Flow[]): number {
  const rounds = 5
  let allowed = 0
  const { seconds } = best(8, () => {
    for (let round = 0; round < rounds; round++) {
      for (const flow of flows) if (evaluate(ruleset, flow, bindings, AT).verdict === 'allow') allowed += 1
    }
  })
  if (allowed === 0) throw new Error('no flow was allowed: this would measure nothing')
  return (flows.length * rounds) / seconds
}

function blockListPerSecond(document: PolicyDocument, size: number): number {
  const list = new BlockList()
  for (let at = 0; at < Object.keys(document.devices).length; at++) list.addAddress(addressOf(at))
  const asked = flowsOf(size, 2000).map((flow) => formatAddress(flow.source))
  const { seconds } = best(3, () => asked.filter((text) => list.check(text)).length)
  return asked.length / seconds
}

/** Runs `act` a few times and keeps the fewest CPU seconds it took, and its result. */
function best<T>(runs: number, act: () => T): { readonly seconds: number; readonly result: T } {
  let seconds = Number.POSITIVE_INFINITY
  let result: T | undefined
  for (let run = 0; run < runs; run++) {
    const before = process.cpuUsage()
    result = act()
    const { user, system } = process.cpuUsage(before)
    seconds = Math.min(seconds, (user + system) / 1e6)
  }
  return { seconds, result: result as T }
}
