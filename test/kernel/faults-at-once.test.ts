/**
 * Several at the same state folder at once, at the worst moment: an nft that outlives the process that started it, five
 * applies, somebody who takes their time while another confirms, a look of the daemon that does not end.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { Machine } from '@thingwall/gateway'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  aftermath,
  breakGround,
  by,
  comesBack,
  coming,
  forGood,
  type Ground,
  goldens,
  old,
  onTrial,
  third,
} from './faults/ground.ts'
import { until } from './wall/agent.ts'

let ground: Ground
let whole: ReadonlyMap<string | null, readonly string[]>
let state: string
beforeAll(async () => {
  ground = await breakGround()
  whole = await goldens(ground)
})
beforeEach(async () => {
  await ground.nft('flush', 'ruleset')
  state = ground.freshState()
})
afterAll(() => ground.end())

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

test.each([
  ['puts a rule set beside what stands', '-f', null],
  ['leads packets to it', '*goto*', coming.digest],
])('an nft that outlives its process while it %s is waited for', async (_, step, tried) => {
  await (await ground.open(state)).apply(old, forGood)
  const folder = `${state}-slow`
  mkdirSync(folder)
  const wait = `touch ${folder}/begun; while [ ! -e ${folder}/go ]; do sleep 0.02; done`
  writeFileSync(
    join(folder, 'nft'),
    `#!/bin/sh\ncase "$1" in ${step}) ${wait};; esac\nexec /usr/sbin/nft "$@"\n`,
  )
  chmodSync(join(folder, 'nft'), 0o755)
  const deed = { kind: 'apply', artifact: coming, order: onTrial } as const
  const killed = ground.begin({ deed, state, dieAt: 0 }, { PATH: `${folder}:${process.env.PATH}` })
  await until('nft to be at work', () => isThere(join(folder, 'begun')))
  process.kill(killed.pid as number, 'SIGKILL')
  expect(await killed.ended).toMatchObject({ signal: 'SIGKILL' })

  const impatient = await ground.open(state, { waitMs: 0 })
  await expect(impatient.apply(third, forGood)).rejects.toMatchObject({ code: 'TW4014' })
  expect((await impatient.read()).digest).toBe(old.digest)
  writeFileSync(join(folder, 'go'), '')
  // Waits for it as every change does.
  await (await ground.open(state)).tidy()
  const { told } = await aftermath(ground, state, whole)
  const { digest } = old
  expect(told).toMatchObject(
    tried === null ? { digest, trial: null } : { digest: tried, trial: { returnsTo: { digest } } },
  )
})

test('five processes: one after the other, each told what it replaced', async () => {
  const point = await ground.open(state)
  await point.apply(old, forGood)
  const ended = await Promise.all(
    [coming, third, coming, third, coming].map((artifact, at) =>
      ground.start({
        deed: { kind: 'apply', artifact, order: { ...forGood, bindings: `process ${at}` } },
        state,
        dieAt: 0,
      }),
    ),
  )
  for (const { status, stderr } of ended) if (status !== 0) expect(stderr).toContain('TW4014')
  const done = ended.filter(({ status }) => status === 0).length
  expect(done).toBeGreaterThan(1)
  const history = await point.history()
  expect(history.map(({ record }) => record.sequence)).toEqual(
    Array.from({ length: done + 1 }, (_, at) => done + 1 - at),
  )
  expect(history.map(({ fate }) => fate)).toEqual([
    { kind: 'in force' },
    ...Array.from({ length: done }, (_, at) => ({ kind: 'replaced', at: forGood.at, by: done + 1 - at })),
  ])
  const { digest } = await point.read()
  expect(await ground.dump()).toEqual(whole.get(digest))
  expect(await comesBack(ground, state)).toBe(digest)
})

test('who waits too long is told for whom; who asks only whether it would go in does not wait', async () => {
  const [holder, other] = [await ground.open(state), await ground.open(state, { waitMs: 100 })]
  await holder.exclusively('somebody who takes their time', async () => {
    for (const work of [() => other.apply(old, onTrial), () => other.confirm(by), () => other.abandon(by)])
      await expect(work()).rejects.toMatchObject({
        code: 'TW4014',
        message: expect.stringContaining('somebody who takes their time'),
      })
    await other.check(old, onTrial)
  })
  expect(await other.apply(old, forGood)).toMatchObject({ changed: true })
})

test.each([
  ['is kept', 'confirm', coming],
  ['is ended', 'abandon', old],
] as const)('what is on trial %s by who waits longer than for anything else', async (_, deed, left) => {
  const waiting = Promise.withResolvers<string>()
  const holder = await ground.open(state)
  const other = await ground.open(state, { waitMs: 0, waiting: waiting.resolve })
  await holder.apply(old, forGood)
  await holder.apply(coming, { ...onTrial, confirmWithinMs: 600_000 })
  const { settled } = await holder.exclusively('somebody who takes their time', async () => {
    const settling = other[deed](by)
    settling.catch(() => {})
    expect(await Promise.race([waiting.promise, settling])).toMatch(/^somebody who takes their time/)
    return { settled: settling }
  })
  expect((await settled).now.digest).toBe(left.digest)
})

test('a look of the daemon that takes its time keeps nobody from a confirmation', async () => {
  const begun = Promise.withResolvers<void>()
  let isSlow = false
  const slowly: Machine = {
    ...ground.machine,
    run: (program, args) => {
      if (!isSlow) return ground.machine.run(program, args)
      isSlow = false
      begun.resolve()
      return new Promise(() => {})
    },
  }
  const person = await ground.open(state, { waitMs: 30_000 })
  const daemon = await ground.open(state, { machine: slowly, writer: 'gateway' })
  await person.apply(old, forGood)
  await person.apply(coming, onTrial)
  isSlow = true
  const look = daemon.readUndisturbed('the gateway, which looks for changes')
  await begun.promise
  expect((await person.confirm(by)).now.digest).toBe(coming.digest)
  expect(await look).toMatchObject({ digest: coming.digest, trial: null })
})

test('asking whether it would go in needs no state folder, and changes nothing', async () => {
  const point = await ground.open('/proc/version/state')
  await point.check(old, onTrial)
  const broken = { ...old, text: old.text.replace('chain tracked {\n', '$&\t\tjump nowhere\n') }
  await expect(point.check(broken, forGood)).rejects.toMatchObject({ code: 'TW4007' })
  expect(await ground.dump()).toEqual(whole.get(null))
})
