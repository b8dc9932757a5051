/**
 * The ground that faults are tried on: a host with an old policy in force and a new one to come, which can be put back
 * to how it was before each try; deeds in processes that kill themselves; and what must be true whatever happened.
 */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { cp, readlink, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Deed,
  type InForce,
  type Machine,
  type NftablesPoint,
  type NftablesPointOptions,
  type Order,
  openNftablesPoint,
  type Past,
} from '@thingwall/gateway'
import { buildSite, type HostProcess, type RunResult, type Site } from '@thingwall/gateway/lab'
import { type Artifact, deny, network, policy } from '@thingwall/policy'
import { expect } from 'vitest'
import { order } from '../../contracts/enforcement-point.ts'
import { node } from '../program.ts'
import { artifactOf, machineOn } from '../wall/point.ts'

const enforcer = join(import.meta.dirname, '../fixtures/enforcer.ts')

export type TaskDeed =
  | { readonly kind: 'apply'; readonly artifact: Artifact; readonly order: Order }
  | { readonly kind: 'confirm' | 'abandon'; readonly by: Deed }
  | { readonly kind: 'tidy' }

/** What a process is to do, and at which step to kill itself. */
export interface Task {
  readonly deed: TaskDeed
  readonly state: string
  readonly dieAt: number
}

const artifacts = ['old', 'new', 'third'].map((name, at) =>
  artifactOf(
    policy('ground', {
      owner: 'tests@volcano.example',
      networks: {
        lan: network({ role: 'trusted', interface: 'lan0', cidrs: ['10.30.0.0/24', 'fd30::/64'] }),
        wan: network({ role: 'uplink', interface: 'wan0' }),
      },
      devices: {},
      rules: { [name]: deny.out({ who: 'lan', to: 'any', service: `${700 + at}/tcp`, why: name }) },
    }),
  ),
)
/** In force for good before each try; what is tried; and what must still go in afterwards. */
export const [old, coming, third] = artifacts as unknown as readonly [Artifact, Artifact, Artifact]
/** Every fourth step of a deed is tried; all of them where somebody asks for it. */
export const STRIDE: number = process.env.THINGWALL_FAULT_STEPS === 'all' ? 1 : 4

export const forGood: Order = order
export const onTrial: Order = { ...order, confirmWithinMs: 3_600_000 }
export const by: Deed = { by: 'somebody else', at: order.at + 1000 }

export interface Ground {
  readonly site: Site
  readonly machine: Machine
  readonly nft: (...args: readonly string[]) => Promise<string>
  readonly freshState: () => string
  readonly open: (state: string, options?: Partial<NftablesPointOptions>) => Promise<NftablesPoint>
  /** Keeps how the kernel and a state folder are now, to put them back any number of times. */
  readonly keep: (state: string) => Promise<() => Promise<void>>
  /** Begins a deed in a process of its own. */
  readonly begin: (task: Task, env?: Readonly<Record<string, string>>) => HostProcess
  /** The same to its end. */
  readonly start: (task: Task) => Promise<RunResult>
  /** Everything in our tables, under names as they were compiled, sorted. */
  readonly dump: () => Promise<readonly string[]>
  /** Whether the kernel's timer of a trial runs. */
  readonly isTimed: () => Promise<boolean>
  readonly end: () => Promise<void>
}

export async function breakGround(): Promise<Ground> {
  const site = await buildSite({ hosts: { router: {} }, links: [] })
  const machine = machineOn(site, 'router')
  const nft: Ground['nft'] = (...args) => site.must('router', ['nft', ...args])
  const folder = mkdtempSync('/run/ground-')
  let files = 0
  const fresh = (kind: string): string => {
    files += 1
    return join(folder, `${kind}-${files}`)
  }
  const begin: Ground['begin'] = (task, env = {}) => {
    const file = fresh('task')
    writeFileSync(file, JSON.stringify(task))
    return site.spawn('router', [...node, enforcer, file], { env })
  }
  return {
    site,
    machine,
    nft,
    freshState: () => fresh('state'),
    open: (state, options = {}) => openNftablesPoint({ machine, state, ...options }),
    keep: async (state) => {
      const [rules, copy] = [fresh('rules'), fresh('copy')]
      writeFileSync(rules, `flush ruleset\n${await nft('list', 'ruleset')}`)
      mkdirSync(state, { recursive: true })
      const options = { recursive: true, verbatimSymlinks: true } as const
      await cp(state, copy, options)
      return async () => {
        await nft('-f', rules)
        await rm(state, { recursive: true, force: true })
        await cp(copy, state, options)
      }
    },
    begin,
    start: (task) => begin(task).ended,
    dump: async () => sorted(await nft('-s', 'list', 'ruleset')),
    isTimed: async () => {
      const { stdout } = await site.run('router', ['nft', 'list', 'set', 'inet', 'thingwall', 'trial'])
      return stdout.includes('expires')
    },
    end: () => site.end(),
  }
}

function sorted(dump: string): readonly string[] {
  return dump
    .replaceAll(/(?<=[\s@"])[a-z]\//g, '')
    .replaceAll(/chain digest\/([0-9a-f]{32})\/\d+/g, 'chain digest/$1')
    .split('\n')
    .sort()
}

/** How the kernel looks with one of the artifacts alone, by digest; and by null with none. */
export async function goldens(ground: Ground): Promise<ReadonlyMap<string | null, readonly string[]>> {
  const known = new Map<string | null, readonly string[]>()
  for (const artifact of artifacts) {
    await ground.nft('flush', 'ruleset')
    await (await ground.open(ground.freshState())).apply(artifact, forGood)
    known.set(artifact.digest, await ground.dump())
  }
  await ground.nft('flush', 'ruleset')
  known.set(null, await ground.dump())
  return known
}

/** Digest of the application that a restart brings back; null for none. Its rule set must be there, whole. */
export async function comesBack(ground: Ground, state: string): Promise<string | null> {
  const target = await readlink(join(state, 'confirmed')).catch(() => null)
  if (target === null) return null
  const record = JSON.parse(readFileSync(join(state, target, 'record.json'), 'utf8')) as {
    readonly digest: string
  }
  const text = readFileSync(join(state, target, 'ruleset.nft'), 'utf8')
  expect(text).toBe(artifacts.find(({ digest }) => digest === record.digest)?.text)
  await ground.nft('-c', '-f', join(state, target, 'ruleset.nft'))
  return record.digest
}

/** What must be so after any fault: told before and after tidying. */
export interface Aftermath {
  readonly told: InForce
  readonly fates: readonly string[]
  /** The last application of all before the one that was tried afterwards. */
  readonly newest: Past | null
  readonly confirmed: string | null
}

/**
 * Looks at what a fault has left: the kernel holds one policy or the other, whole; what is told is what is so; what
 * comes back after a restart is what stands; and the next application goes in.
 */
export async function aftermath(
  ground: Ground,
  state: string,
  whole: ReadonlyMap<string | null, readonly string[]>,
): Promise<Aftermath> {
  const point = await ground.open(state)
  const atOnce = await point.read()
  expect(atOnce.integrity.kind).not.toBe('changed')
  expect(atOnce.trial !== null).toBe(await ground.isTimed())

  await point.tidy()
  const told = await point.read()
  expect(told.digest).toBe(atOnce.digest)
  expect(told.integrity.kind).not.toBe('changed')
  const [newest, ...history] = await point.history()
  const fates = [newest, ...history].flatMap((one) => one?.fate.kind ?? [])
  expect(fates).not.toContain('unfinished')
  expect(fates.includes('on trial')).toBe(told.trial !== null)
  const confirmed = await comesBack(ground, state)
  if (told.trial === null) {
    expect(await ground.dump()).toEqual(whole.get(told.digest))
    expect(confirmed).toBe(told.digest)
  } else expect(confirmed).toBe(told.trial.returnsTo.digest)
  expect(fates.filter((one) => one === 'in force')).toHaveLength(confirmed === null ? 0 : 1)

  expect(await point.apply(third, forGood)).toMatchObject({ changed: true, diagnostics: [] })
  expect(await ground.dump()).toEqual(whole.get(third.digest))
  expect(await point.read()).toMatchObject({
    digest: third.digest,
    integrity: { kind: 'intact' },
    trial: null,
  })
  expect(await comesBack(ground, state)).toBe(third.digest)
  return { told, fates, newest: newest ?? null, confirmed }
}
