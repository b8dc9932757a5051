/**
 * What others do at the worst moment: an nft that outlives the process that started it, several applies at once,
 * another program that flushes the rule set or ends our trial, a rule set that the kernel refuses.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { Machine } from '@thingwall/gateway'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
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

describe('several at once', () => {
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
})

describe('another program', () => {
  /** Does something once: before a rule set is put beside what stands, before packets are led to it, or right after. */
  function meddling(when: 'before' | 'between' | 'after', what: () => Promise<unknown>): Machine {
    let isDone = false
    return {
      ...ground.machine,
      run: async (program, args) => {
        const step = args[0] === '-f' ? 'beside' : args[0]?.includes('goto ') === true ? 'in place' : 'other'
        const isNow = !isDone && step === (when === 'before' ? 'beside' : 'in place')
        if (isNow) isDone = true
        if (isNow && when !== 'after') await what()
        const ended = await ground.machine.run(program, args)
        if (isNow && when === 'after') await what()
        return ended
      },
    }
  }
  const flush = () => ground.nft('flush', 'ruleset')

  test.each([
    ['before', 'on trial', onTrial],
    ['before', 'for good', forGood],
    ['between', 'on trial', onTrial],
    ['between', 'for good', forGood],
  ] as const)('flushes %s the steps of an apply %s: whole or refused', async (when, _, wanted) => {
    await (await ground.open(state)).apply(old, forGood)
    const point = await ground.open(state, { machine: meddling(when, flush) })
    const outcome = await point.apply(coming, wanted).catch((error: unknown) => error)
    const { digest } = await point.read()
    if (outcome instanceof Error) {
      expect(outcome).toMatchObject({ code: 'TW4007' })
      expect(await ground.dump()).toEqual(whole.get(null))
    } else expect(digest).toBe(coming.digest)
    expect(await point.apply(third, forGood)).toMatchObject({ changed: true, diagnostics: [] })
    expect(await ground.dump()).toEqual(whole.get(third.digest))
  })

  test('flushes right after the kernel took it: said so, and told as it is', async () => {
    await (await ground.open(state)).apply(old, forGood)
    const point = await ground.open(state, { machine: meddling('after', flush) })
    const applied = await point.apply(coming, forGood)
    expect(applied.diagnostics).toMatchObject([
      { code: 'TW4012', message: expect.stringContaining('another program') },
    ])
    expect(await point.read()).toMatchObject({ digest: null, trial: null })
    expect(await point.apply(coming, forGood)).toMatchObject({ changed: true, diagnostics: [] })
    expect(await ground.dump()).toEqual(whole.get(coming.digest))
  })

  test.each([
    ['empties the timer of our trial', ['flush', 'set', 'inet', 'thingwall', 'trial'], old.digest],
    ['takes a table away', ['delete', 'table', 'inet', 'thingwall'], null],
    ['takes everything away', ['flush', 'ruleset'], null],
  ] as const)('%s', async (_, command, left) => {
    const point = await ground.open(state)
    await point.apply(old, forGood)
    await point.apply(coming, onTrial)
    await ground.nft(...command)
    const { digest, trial, last, over } = await point.read()
    expect({ digest, trial }).toEqual({ digest: left, trial: null })
    // What ought to be there by the records is told, and so is the trial that is over.
    expect(last?.digest ?? null).toBe(left === null ? old.digest : null)
    expect(over).toMatchObject({ record: { sequence: 2 }, fate: { kind: 'reverted' } })
    await expect(point.confirm(by)).rejects.toMatchObject({ code: 'TW4015' })
    expect(await comesBack(ground, state)).toBe(old.digest)
    expect(await point.apply(third, forGood)).toMatchObject({ changed: true, diagnostics: [] })
    expect(await ground.dump()).toEqual(whole.get(third.digest))
  })

  test.each([
    ['that of IP', 'inet', 'ipv4'],
    ['that of ARP', 'arp', 'arp'],
  ] as const)('ends one timer of a trial, %s: whoever comes by ends the whole', async (_, family, value) => {
    const point = await ground.open(state)
    await point.apply(old, forGood)
    await point.apply(coming, onTrial)
    await ground.nft('delete', 'element', family, 'thingwall', 'trial', '{', value, '}')
    expect(await point.read()).toMatchObject({
      digest: old.digest,
      trial: null,
      integrity: { kind: 'changed', changes: [expect.stringContaining(`in table ${family} alone`)] },
    })
    await expect(point.confirm(by)).rejects.toMatchObject({ code: 'TW4015' })
    await point.tidy()
    expect(await ground.dump()).toEqual(whole.get(old.digest))
    expect(await point.read()).toMatchObject({ digest: old.digest, integrity: { kind: 'intact' } })
    expect((await point.history()).map(({ fate }) => fate.kind)).toEqual(['reverted', 'in force'])
  })

  test('cannot end a trial for IPv4 or IPv6 alone', async () => {
    const point = await ground.open(state)
    await point.apply(coming, onTrial)
    await expect(ground.nft('delete', 'element', 'inet', 'thingwall', 'trial', '{ ipv6 }')).rejects.toThrow()
    expect(await ground.nft('list', 'set', 'inet', 'thingwall', 'trial')).toMatch(
      /elements = \{ ipv4 [^,]+\}/,
    )
  })

  test.each([
    ['everything', ['flush', 'ruleset']],
    ['a table', ['delete', 'table', 'inet', 'thingwall']],
    ['the table of ARP', ['delete', 'table', 'arp', 'thingwall']],
  ] as const)(
    'took %s away: no trial is begun that would go back to less than was confirmed',
    async (_, command) => {
      const point = await ground.open(state)
      await point.apply(old, forGood)
      await ground.nft(...command)
      const left = await ground.dump()
      const refusal = { code: 'TW4016', message: expect.stringContaining('application 1 was confirmed') }
      await expect(point.apply(coming, onTrial)).rejects.toMatchObject(refusal)
      await expect(point.check(coming, onTrial)).rejects.toMatchObject(refusal)
      expect(await ground.dump()).toEqual(left)
      expect(await point.restore(old, { sequence: 1, knowsTime: true })).toBe('restored')
      expect(await ground.dump()).toEqual(whole.get(old.digest))
      expect(await point.apply(coming, onTrial)).toMatchObject({
        trial: { returnsTo: { digest: old.digest } },
      })
      await point.abandon(by)
      expect(await ground.dump()).toEqual(whole.get(old.digest))
    },
  )

  test('cannot take the timer away while base chains ask for it', async () => {
    const point = await ground.open(state)
    await point.apply(coming, onTrial)
    await expect(ground.nft('delete', 'set', 'inet', 'thingwall', 'trial')).rejects.toThrow(/busy/)
    expect((await point.read()).trial).not.toBeNull()
  })
})

describe('a rule set that the kernel refuses', () => {
  test.each([
    ['on trial', onTrial],
    ['for good', forGood],
  ] as const)('%s, while another is on trial: that goes on', async (_, wanted) => {
    const point = await ground.open(state)
    await point.apply(old, forGood)
    await point.apply(coming, onTrial)
    const before = await ground.nft('-s', 'list', 'ruleset')
    const broken = { ...third, text: third.text.replace('chain tracked {\n', '$&\t\tjump nowhere\n') }
    await expect(point.apply(broken, wanted)).rejects.toMatchObject({ code: 'TW4007' })
    expect(await ground.nft('-s', 'list', 'ruleset')).toBe(before)
    expect((await point.history()).map(({ fate }) => fate.kind)).toEqual(['on trial', 'in force'])
    expect((await point.confirm(by)).now.digest).toBe(coming.digest)
    expect(await ground.dump()).toEqual(whole.get(coming.digest))
  })
})
