/** A clock that jumps while something is on trial: a trial takes as long as it takes, and records tell sensible times. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { breakGround, coming, forGood, type Ground, old, third } from './faults/ground.ts'
import { until } from './wall/agent.ts'

let ground: Ground
let state: string
beforeAll(async () => {
  ground = await breakGround()
})
beforeEach(async () => {
  await ground.nft('flush', 'ruleset')
  state = ground.freshState()
})
afterAll(() => ground.end())

describe('a clock that jumps', () => {
  const year = 365 * 86_400_000
  test.each([
    ['back, to 1970', 0],
    ['back by a year', order(-year)],
    ['forth by ten years', order(10 * year)],
  ])('%s: a trial takes as long as it takes, and records tell sensible times', async (_, later) => {
    let clock = forGood.at
    const point = await ground.open(state, { now: () => clock })
    await point.apply(old, forGood)
    await point.apply(coming, { ...forGood, confirmWithinMs: 60_000 })
    clock = later
    const { trial } = await point.read()
    expect(trial?.leftMs).toBeGreaterThan(0)
    expect(trial?.leftMs).toBeLessThanOrEqual(60_000)
    const [running] = await point.history()
    expect(running?.fate).toEqual({ kind: 'on trial', until: expect.any(Number) })
    if (running?.fate.kind === 'on trial') {
      expect(running.fate.until).toBeGreaterThan(later)
      expect(running.fate.until).toBeLessThanOrEqual(later + 60_000)
    }
    await point.confirm({ by: 'somebody', at: later })
    expect(await point.read()).toMatchObject({ digest: coming.digest, trial: null })

    await point.apply(third, { ...forGood, at: later, confirmWithinMs: 300 })
    clock = forGood.at
    await until('the trial to be over', async () => !(await ground.isTimed()))
    await point.tidy()
    const [reverted] = await point.history()
    expect(reverted?.fate).toEqual({ kind: 'reverted', at: expect.any(Number) })
    if (reverted?.fate.kind === 'reverted') {
      expect(reverted.fate.at).toBeGreaterThanOrEqual(later)
      expect(reverted.fate.at).toBeLessThanOrEqual(later + 300)
    }
    expect(await point.read()).toMatchObject({ digest: coming.digest, integrity: { kind: 'intact' } })
  })

  function order(shiftMs: number): number {
    return forGood.at + shiftMs
  }
})
