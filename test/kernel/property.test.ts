/**
 * The property that holds the product together: the kernel, running the compiled rule set, decides every packet as
 * `evaluate` does, and by the same rule.
 *
 * `THINGWALL_PROPERTY_RUNS=N` runs N policies instead of 200, `THINGWALL_PROPERTY_SEED=N` replays a run. A failure
 * prints the seed, the smallest policy and the smallest set of packets that show it; keep them in `property/found`.
 */
import { readdirSync, readFileSync } from 'node:fs'
import {
  type Address,
  type Bindings,
  compileFor,
  type Decision,
  evaluate,
  type Flow,
  linkLocalOf,
  lower,
  parseAddress,
  type Ruleset,
  readBindings,
  translate,
  validate,
} from '@thingwall/policy'
import { nftables } from '@thingwall/policy/nftables'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Coverage, cover, type Met, missedBy } from './property/coverage.ts'
import { translatedByOthers } from './property/forwards.ts'
import { type Kernel, LOG_GROUP, type Observation, startKernel } from './property/kernel.ts'
import { flowOf, type RandomPacket, randomPackets } from './property/packets.ts'
import { type RandomCase, randomCases } from './property/policies.ts'
import { multicast, ports, shared } from './property/world.ts'

const runs = Number(process.env['THINGWALL_PROPERTY_RUNS'] ?? 200)
const seed = Number(process.env['THINGWALL_PROPERTY_SEED'] ?? Date.now() % 2 ** 31)
const packetsPerPolicy = 130

let kernel: Kernel
beforeAll(async () => {
  kernel = await startKernel()
})
afterAll(() => kernel.close())

/** Cases that were found once, kept for ever: a policy, bindings and packets. */
const found = new URL('./property/found/', import.meta.url)
const foundNames = readdirSync(found).filter((name) => name.endsWith('.json'))

test('cases found before are there', () => {
  expect(foundNames.length).toBeGreaterThanOrEqual(6)
})

test.each(foundNames)('found before: %s', async (name) => {
  const { packets, ...given }: RandomCase & { readonly packets: readonly RandomPacket[] } = JSON.parse(
    readFileSync(new URL(name, found), 'utf8'),
  )
  expect(packets.length).toBeGreaterThan(0)
  await judge(given, packets, () => {})
})

test('the kernel decides every packet as evaluate does, by the same rule', { timeout: 0 }, async () => {
  const tally = { policies: 0, packets: 0, delivered: 0 }
  const coverage: Coverage = new Map()
  await fc.assert(
    fc.asyncProperty(randomCases(Date.now()), randomPackets(packetsPerPolicy), async (given, packets) => {
      await judge(given, packets, (met, { delivered }) => {
        tally.packets += 1
        if (delivered) tally.delivered += 1
        cover(coverage, met)
      })
      tally.policies += 1
    }),
    { numRuns: runs, seed, endOnFailure: process.env['THINGWALL_PROPERTY_SHRINK'] === 'no' },
  )
  console.info(
    `${tally.packets} packets over ${tally.policies} policies (seed ${seed}): ${tally.delivered} delivered, ${coverage.size} kinds`,
  )
  if (process.env['THINGWALL_PROPERTY_COVERAGE'] === 'print')
    console.info(
      [...coverage]
        .map(([what, times]) => `${what}: ${times}`)
        .sort()
        .join('\n'),
    )
  if (runs < 200) return
  expect(tally.packets).toBeGreaterThanOrEqual(20_000)
  expect(missedBy(coverage)).toEqual([])
})

/** Loads a policy, sends packets, and holds the kernel's decisions to those of `evaluate`. */
async function judge(
  given: RandomCase,
  packets: readonly RandomPacket[],
  tell: (met: Met, seen: Observation) => void,
): Promise<void> {
  const [ruleset, bindings] = prepare(given)
  const at = Date.now()
  const log = { group: LOG_GROUP, verdicts: 'all', perDevice: null } as const
  const [artifact, refused] = compileFor(nftables, ruleset, { bindings, at, log })
  expect(refused).toEqual([])
  kernel.load(artifact?.text ?? '')
  // What is sent to everybody is not translated, though Linux takes it for its own.
  const everybody = new Set(shared.map((text) => parseAddress(text)))
  const own = new Set([...bindings.gateway].filter((address) => !everybody.has(address)))
  const judged = (packet: RandomPacket, number: number): Flow =>
    translatedByOthers(translate(ruleset, flowOf(packet, number), { ...bindings, gateway: own }, at))
  const observed = await kernel.observe(packets, (packet) => {
    const flow = judged(packet, 0)
    const { verdict, rule } = evaluate(ruleset, flow, bindings, at)
    return {
      arrival: flow.destination,
      isDecided: rule.id !== 'fixed/martian',
      isDelivered: verdict === 'allow' && isPassedOn(flow, bindings),
    }
  })
  for (const [index, packet] of packets.entries()) {
    const seen = observed[index] as Observation
    const flow = judged(packet, seen.number)
    const decision = evaluate(ruleset, flow, bindings, at)
    tell({ document: given.document, ruleset, bindings, at, packet, flow, decision }, seen)
    compare(packet, decision, isPassedOn(flow, bindings), seen)
  }
}

function prepare(given: RandomCase): readonly [Ruleset, Bindings] {
  const [document, invalid] = validate(JSON.parse(JSON.stringify(given.document)))
  expect(invalid.map((one) => `${one.path}: ${one.message} ${one.value}`)).toEqual([])
  if (document === null) throw new Error('the random policy is not valid')
  const [ruleset, faults] = lower(document)
  expect(faults.map((one) => `${one.path}: ${one.message} ${one.value}`)).toEqual([])
  if (ruleset === null) throw new Error('the random policy does not lower')
  const [bindings, unread] = readBindings(given.bindings, ruleset)
  expect(unread).toEqual([])
  if (bindings === null) throw new Error('the random bindings cannot be read')
  const own = ports.flatMap((port) => [
    ...port.gateway.map((text) => parseAddress(text) as Address),
    linkLocalOf(port.link),
  ])
  own.push(...shared.map((text) => parseAddress(text) as Address))
  return [ruleset, { ...bindings, gateway: new Set(own) }]
}

/** Whether a packet that is let in leaves the gateway, where it can be seen: not what is for itself, or for all on a link. */
function isPassedOn({ destination }: Flow, { gateway }: Bindings): boolean {
  return !gateway.has(destination) && !groups.has(destination)
}

const groups = new Set([...multicast, '255.255.255.255'].map((text) => parseAddress(text)))

function compare(
  packet: RandomPacket,
  { verdict, rule: { id: rule } }: Decision,
  passedOn: boolean,
  observed: Observation,
): void {
  const expected = `${verdict} by ${rule}`
  const seen = `${observed.verdict} by ${observed.rule}, ${observed.delivered ? 'delivered' : 'not delivered'}`
  const wrong = (): never => {
    throw new Error(`evaluate: ${expected}; kernel: ${seen}; packet: ${JSON.stringify(packet)}`)
  }
  if (verdict === 'allow') {
    if (observed.verdict !== 'allow' || observed.rule !== rule || (passedOn && !observed.delivered)) wrong()
    return
  }
  if (observed.delivered || observed.verdict === 'allow') wrong()
  // Linux drops martians while routing, before any rule of ours.
  if (rule === 'fixed/martian') return
  if (verdict === 'deny' && observed.rule !== rule) wrong()
  if (verdict === 'unknown' && observed.verdict !== 'deny') wrong()
}
