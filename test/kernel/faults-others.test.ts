/**
 * What others do at the worst moment: another program that flushes the rule set or ends our trial, a rule set that the
 * kernel refuses. Several of our own are in `faults-at-once.test.ts`.
 */
import type { Machine } from '@thingwall/gateway'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
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
