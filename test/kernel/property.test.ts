/**
 * The property that holds the product together: the kernel, running the compiled rule set, decides every packet as
 * `evaluate` does, and by the same rule.
 *
 * `THINGWALL_PROPERTY_RUNS=N` runs N policies instead of 200, `THINGWALL_PROPERTY_SEED=N` replays a run. A failure
 * prints the seed, the smallest policy and the smallest set of packets that show it; keep them in `property/found`. Answers, errors and forgeries of them are sent after the packets,
 * and once more after another policy has taken the place of the first.
 */
import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Moment } from './property/answer-fates.ts'
import { type RandomAnswer, randomAnswers } from './property/answers.ts'
import { isSamePolicy, type RandomChange, randomChanges } from './property/changes.ts'
import { type Coverage, cover, coverAnswer, missedBy } from './property/coverage.ts'
import { judgeAnswers, judgePackets } from './property/judge.ts'
import { type Kernel, startKernel } from './property/kernel.ts'
import { type RandomPacket, randomPackets } from './property/packets.ts'
import type { RandomCase } from './property/policies.ts'
import { rulesOf } from './property/rules.ts'

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

/** A policy and packets; where that is what was found, what comes back for them, and a policy that takes its place. */
interface Found extends RandomCase {
  readonly packets: readonly RandomPacket[]
  readonly answers?: readonly RandomAnswer[]
  readonly after?: RandomCase
}

test('cases found before are there', () => {
  expect(foundNames.length).toBeGreaterThanOrEqual(6)
})

test.each(foundNames)('found before: %s', async (name) => {
  const {
    packets,
    answers = [],
    after,
    ...before
  }: Found = JSON.parse(readFileSync(new URL(name, found), 'utf8'))
  expect(packets.length).toBeGreaterThan(0)
  const rules = rulesOf(before)
  const sent = await judgePackets(kernel, rules, packets)
  await judgeAnswers(kernel, { rules, standing: rules, isLater: false }, sent, answers)
  if (after !== undefined) await judgeAnswers(kernel, momentAfter({ before, after }), sent, answers)
})

function momentAfter(change: RandomChange): Moment {
  const rules = rulesOf(change.after)
  return { rules, standing: isSamePolicy(change) ? rulesOf(change.before) : null, isLater: true }
}

test('the kernel decides every packet as evaluate does, by the same rule', { timeout: 0 }, async () => {
  const tally = { policies: 0, packets: 0, answers: 0, delivered: 0 }
  const coverage: Coverage = new Map()
  await fc.assert(
    fc.asyncProperty(
      randomChanges(Date.now()),
      randomPackets(packetsPerPolicy),
      randomAnswers,
      randomAnswers,
      async (change, packets, answers, later) => {
        const rules = rulesOf(change.before)
        const sent = await judgePackets(kernel, rules, packets)
        for (const one of sent) cover(coverage, { document: change.before.document, ...rules, ...one })
        const came = [
          ...(await judgeAnswers(kernel, { rules, standing: rules, isLater: false }, sent, answers)),
          ...(await judgeAnswers(kernel, momentAfter(change), sent, later)),
        ]
        for (const one of came) coverAnswer(coverage, one)
        tally.policies += 1
        tally.packets += sent.length
        tally.answers += came.length
        tally.delivered += sent.filter(({ seen }) => seen.delivered).length
      },
    ),
    { numRuns: runs, seed, endOnFailure: process.env['THINGWALL_PROPERTY_SHRINK'] === 'no' },
  )
  console.info(
    `${tally.packets} packets over ${tally.policies} policies (seed ${seed}): ${tally.delivered} delivered, ${tally.answers} answers, ${coverage.size} kinds`,
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
