/**
 * The soak: round after round devices come and go, claim addresses and take others', policies change in every way they can,
 * what devices are told rotates, and a flood of packets that are refused goes on meanwhile. All the time the kernel and
 * `evaluate` agree, a device that may always do the same never loses a packet, the kernel holds what the model says and
 * nothing more, and the daemon's memory does not grow.
 *
 * Three minutes; `THINGWALL_SOAK_MINUTES=60` for an hour, `THINGWALL_SOAK_SEED=N` for the rounds of a run again.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildFrame } from '@thingwall/gateway/lab'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../kernel/wall/agent.ts'
import { buildGround, type Ground, type Memory } from './ground.ts'
import { boundByKernel, boundByModel, type InForce, inForceOf, type Judge, judging } from './judge.ts'
import {
  base,
  bindingsOf,
  documentOf,
  type Ends,
  endsOf,
  fourOf,
  macOf,
  type Round,
  rounds,
  sixOf,
} from './rounds.ts'

const minutes = Number(process.env['THINGWALL_SOAK_MINUTES'] ?? 3)
const seed = Number(process.env['THINGWALL_SOAK_SEED'] ?? Date.now() % 2 ** 31)
const BEAT_MS = 20
/** Packets in one piece of the flood, which comes while policies change. */
const PIECE = 50
const PIECE_MS = 25
/** Of the end against the first third; a leak of a packet's size, or of a round's policy, is more in an hour. */
const MORE_MEMORY_BYTES = 32 * 1024 * 1024
/** However slow the machine is. */
const FEWEST_ROUNDS = 6
const nothingTold = { format: 1 }

let ground: Ground
let judge: Judge
let folder = ''
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'thingwall-soak-'))
  ground = await buildGround(folder, base)
  judge = judging(ground)
}, 120_000)
afterAll(async () => {
  await ground?.end()
  rmSync(folder, { recursive: true, force: true })
}, 120_000)

const tally = { rounds: 0, changes: 0, samples: 0, allowed: 0, claims: 0, flooded: 0 }
const memory: Memory[] = []
const isBase = inForceOf(base, nothingTold)
let inForce: InForce = isBase

test(`${minutes} minutes of churn`, { timeout: 0 }, async () => {
  const ends = performance.now() + minutes * 60_000
  const empty = await objects()
  const beating = setInterval(judge.beat, BEAT_MS)
  try {
    for (const round of rounds(seed)) {
      if (performance.now() >= ends && tally.rounds >= FEWEST_ROUNDS) break
      await change(round)
      await claim(round)
      await agree(round)
      await apply(base, nothingTold, 'base')
      inForce = isBase
      // Whatever was in force before has left nothing behind. Of a trial whose time is over somebody has to take it away.
      await ground.thingwall('status')
      expect(await objects()).toEqual(empty)
      memory.push(ground.memory())
      tally.rounds += 1
    }
  } catch (cause) {
    throw new Error(`round ${tally.rounds} of seed ${seed}`, { cause })
  } finally {
    clearInterval(beating)
  }
  const { sent, arrived } = await judge.steady()
  const third = Math.ceil(memory.length / 3)
  const [first, last] = [memory.slice(0, third), memory.slice(-third)]
  const total = ({ daemon, privileged, parent }: Memory): number => daemon + privileged + parent
  const [early, late] = [median(first.map(total)), median(last.map(total))]
  const megabytes = (bytes: number): number => Math.round(bytes / 1e6)
  const growth = (['daemon', 'privileged', 'parent'] as const).map((one) => {
    const [before, after] = [first, last].map((some) => megabytes(median(some.map((each) => each[one]))))
    return `${one} ${before} MB, then ${after} MB`
  })
  console.info(
    `${tally.rounds} rounds (seed ${seed}): ${tally.changes} changes of policy, ${tally.claims} claims, ` +
      `${tally.flooded} packets of the flood; ${tally.samples} judged, ${tally.allowed} allowed; steady: ` +
      `${sent - arrived} of ${sent} lost; memory: ${growth.join('; ')}`,
  )
  expect(tally.rounds).toBeGreaterThanOrEqual(FEWEST_ROUNDS)
  expect(tally.allowed).toBeGreaterThan(tally.rounds)
  expect(sent - arrived).toBe(0)
  expect(late - early).toBeLessThan(MORE_MEMORY_BYTES)
})

/** The policy of the round comes into force in its way, while the flood goes on. */
async function change(round: Round): Promise<void> {
  const told = bindingsOf(round)
  const document = documentOf(round)
  const before = inForce
  const flooding = setInterval(() => {
    judge.flood(flood())
    tally.flooded += PIECE
  }, PIECE_MS)
  try {
    switch (round.way) {
      case 'for good':
        await apply(document, told, 'round')
        break
      case 'confirmed':
        await apply(document, told, 'round', '60s')
        await ground.thingwall('confirm')
        break
      case 'rolled back':
        await apply(document, told, 'round', '60s')
        inForce = inForceOf(document, told)
        await agree(round)
        await ground.thingwall('rollback')
        inForce = before
        return
      case 'timed out':
        await apply(document, told, 'round', '1s')
        await sleep(1200)
        return
      default:
        round.way satisfies never
    }
    inForce = inForceOf(document, told)
  } finally {
    clearInterval(flooding)
    tally.changes += 1
  }
}

async function apply(document: object, told: object, name: string, confirmWithin?: string): Promise<void> {
  ground.write(`${name}.policy.json`, document)
  ground.write(`${name}.bindings.json`, told)
  await ground.thingwall(
    ...['apply', '--policy', `${name}.policy.json`, '--bindings', `${name}.bindings.json`],
    ...(confirmWithin === undefined ? ['--no-confirm'] : ['--confirm-within', confirmWithin]),
  )
  tally.changes += 1
}

let floods = 0
/** Invented senders with invented addresses, and a known device that knocks where it may not. */
function flood(): readonly Ends[] {
  return Array.from({ length: PIECE }, (_, at): Ends => {
    floods += 1
    const [high, low] = [(floods >> 8) & 255, floods & 255]
    const link = at % 2 === 0 ? `06:00:00:00:${hex(high)}:${hex(low)}` : macOf(at % 8)
    const source = at % 2 === 0 ? `10.20.${high}.${low}` : fourOf(at % 8)
    return { ingress: 'things', link, source, destination: '198.51.100.7', port: 23 }
  })
}

const hex = (value: number): string => value.toString(16).padStart(2, '0')

/** Devices say that they take addresses, as duplicate address detection does; the same ones at times. */
async function claim(round: Round): Promise<void> {
  for (const { device, suffix } of round.claims) {
    const target = Array.from({ length: 16 }, () => 0)
    target.splice(0, 2, 0xfd, 0x20)
    const last = Number.parseInt(sixOf(suffix).slice('fd20::'.length), 16)
    target.splice(14, 2, last >> 8, last & 255)
    const body = Uint8Array.from([0, 0, 0, 0, ...target])
    const payload = { kind: 'icmpv6', type: 135, code: 0, body } as const
    const packet = { kind: 'ipv6', source: '::', destination: 'ff02::1', hops: 255, payload } as const
    ground.sockets.things.send(
      buildFrame({ destination: '33:33:00:00:00:01', source: macOf(device), payload: packet }),
    )
    tally.claims += 1
  }
  // Longer than the daemon takes to look; what it has begun to bind, `agree` waits for.
  await sleep(150)
}

/** The kernel holds what the model does, and decides as it does. */
async function agree(round: Round): Promise<void> {
  let kernel: readonly string[] = []
  let model: readonly string[] = []
  await until('the kernel to hold what the journal says', async () => {
    kernel = boundByKernel(await metBound())
    model = boundByModel(ground, inForce)
    return kernel.join() === model.join()
  }).catch((error: Error) => {
    throw new Error(`${error.message}: ${kernel.join(', ')}; ${model.join(', ')}`)
  })
  const ends = round.samples.map((sample) => endsOf(round, sample))
  tally.allowed += await judge.judge(ends, inForce)
  tally.samples += ends.length
}

/** The elements of the generation that packets meet. */
async function metBound(): Promise<string> {
  const root = await ground.nft('list', 'chain', 'inet', 'thingwall', 'forward')
  const letters = [...root.matchAll(/goto ([a-z])\/root\/forward/g)].map(([, letter]) => letter as string)
  // The first is that of a trial, where there are two; once its time is over it is met no more.
  const isOnTrial =
    letters.length > 1 && /elements/.test(await ground.nft('list', 'set', 'inet', 'thingwall', 'trial'))
  const letter = isOnTrial ? letters[0] : letters.at(-1)
  return ground.nft('list', 'set', 'inet', 'thingwall', `${letter}/bound/things/6`)
}

/** How many chains, sets, maps and counters there are, and elements of those that packets do not fill. */
async function objects(): Promise<Readonly<Record<string, number>>> {
  const { nftables } = JSON.parse(await ground.nft('-j', 'list', 'ruleset')) as {
    readonly nftables: readonly Readonly<
      Record<string, { readonly name?: string; readonly elem?: unknown[] }>
    >[]
  }
  const count: Record<string, number> = { elements: 0 }
  for (const one of nftables) {
    for (const [kind, { name = '', elem = [] }] of Object.entries(one)) {
      count[kind] = (count[kind] ?? 0) + 1
      if (!/^(?:[a-z]\/)?log\//.test(name)) count['elements'] = (count['elements'] ?? 0) + elem.length
    }
  }
  return count
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
}
