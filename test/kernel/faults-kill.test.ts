/**
 * SIGKILL at each step of an apply, a confirmation and a rollback: of the process itself, in the middle of a write, and
 * while its nft is still at work. Afterwards the kernel holds the old policy or the new one, whole, and everything that
 * is told of it is so.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  aftermath,
  breakGround,
  by,
  coming,
  forGood,
  type Ground,
  goldens,
  old,
  onTrial,
  STRIDE,
  type TaskDeed,
} from './faults/ground.ts'

let ground: Ground
let whole: ReadonlyMap<string | null, readonly string[]>
beforeAll(async () => {
  ground = await breakGround()
  whole = await goldens(ground)
})
afterAll(() => ground.end())

interface Case {
  readonly name: string
  /** What is there before: nothing, the old policy, or the new one on trial over it. */
  readonly before: 'nothing' | 'old' | 'trial'
  readonly deed: TaskDeed
  /** What may be in force afterwards. */
  readonly met: readonly (string | null)[]
}

const cases: readonly Case[] = [
  {
    name: 'the first apply of all, on trial',
    before: 'nothing',
    deed: { kind: 'apply', artifact: coming, order: onTrial },
    met: [null, coming.digest],
  },
  {
    name: 'an apply on trial',
    before: 'old',
    deed: { kind: 'apply', artifact: coming, order: onTrial },
    met: [old.digest, coming.digest],
  },
  {
    name: 'an apply for good',
    before: 'old',
    deed: { kind: 'apply', artifact: coming, order: forGood },
    met: [old.digest, coming.digest],
  },
  { name: 'a confirmation', before: 'trial', deed: { kind: 'confirm', by }, met: [coming.digest] },
  {
    name: 'a rollback',
    before: 'trial',
    deed: { kind: 'abandon', by },
    met: [old.digest, coming.digest],
  },
]

describe('the process itself', () => {
  test.each(cases)(
    '$name',
    async ({ before, deed, met }) => {
      await ground.nft('flush', 'ruleset')
      const state = ground.freshState()
      const point = await ground.open(state)
      if (before !== 'nothing') await point.apply(old, forGood)
      if (before === 'trial') await point.apply(coming, onTrial)
      const restore = await ground.keep(state)
      const seen = new Set<string | null>()
      let steps = 0
      // The steps around the kernel's change are few where nothing is applied: there all of them are tried.
      const closely = deed.kind === 'apply' ? null : { from: 3, to: 7 }
      const first = 1 + (cases.findIndex(({ deed: one }) => one === deed) % STRIDE)
      for (
        let dieAt = closely?.from ?? first;
        ;
        dieAt += closely !== null && dieAt < closely.to ? 1 : STRIDE
      ) {
        await restore()
        const ended = await ground.start({ deed, state, dieAt })
        if (ended.status === 0) {
          steps = Number(ended.stdout)
          break
        }
        expect(ended, `step ${dieAt}`).toMatchObject({ signal: 'SIGKILL', stderr: '' })
        const { told, fates, newest } = await aftermath(ground, state, whole)
        expect(met, `step ${dieAt}`).toContain(told.digest)
        // What is confirmed or ended in the kernel is never on trial again.
        if (deed.kind === 'confirm' && told.trial === null)
          expect(fates.slice(0, 2)).toEqual(['in force', 'replaced'])
        // And whose doing it was is known, though who did it had no time to say so.
        if (deed.kind === 'confirm' && told.trial === null)
          expect(newest?.confirmed, `step ${dieAt}`).toEqual(by)
        if (deed.kind === 'abandon' && told.digest === old.digest)
          expect(newest?.fate, `step ${dieAt}`).toEqual({ kind: 'abandoned', ...by })
        seen.add(told.digest)
      }
      expect(steps).toBeGreaterThan(5)
      expect([...seen].sort()).toEqual([...met].sort())
    },
    600_000,
  )
})
