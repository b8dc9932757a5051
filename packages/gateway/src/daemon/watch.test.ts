/** What follows a look at what is in force, with a point that only says so: the kernel's part is in test/kernel. */
import { expect, test } from 'vitest'
import type { InForce, Past } from '../enforce/point.ts'
import { watchInForce } from './watch.ts'

const record = {
  sequence: 2,
  digest: 'd'.repeat(32),
  by: 'ada',
  at: 1000,
  why: null,
  policy: { name: 'volcano', file: null, digest: null },
  bindings: '',
  bootDigest: null,
  log: null,
  confirmWithinMs: 1000,
  again: null,
} satisfies Past['record']
const before: InForce = {
  digest: 'e'.repeat(32),
  record: { ...record, sequence: 1, digest: 'e'.repeat(32) },
  integrity: { kind: 'intact', covers: 'all' },
  trial: null,
  over: null,
  isTimeless: false,
  last: null,
}
const trial: InForce = {
  ...before,
  digest: record.digest,
  record,
  trial: { leftMs: 500_000, until: 2000, returnsTo: before },
}
const over: InForce = { ...before, over: { record, confirmed: null, fate: { kind: 'reverted', at: 2000 } } }

function watching(tidy: () => Promise<boolean>) {
  let now = before
  let tidied = 0
  const told: string[] = []
  const watch = watchInForce({
    point: {
      read: async () => now,
      readUndisturbed: async () => now,
      tidy: () => {
        tidied += 1
        return tidy()
      },
    },
    policyOf: async () => null,
    restore: async () => expect.fail('nothing is to be put back'),
    loadAnew: async () => expect.fail('no clock was put back'),
    clock: { now: () => 3000, sinceBootMs: () => 3000 },
    tell: ({ topic }) => told.push(topic),
    follows: async () => {},
    log: { info: () => {}, warn: () => {}, error: () => {} },
    now: () => 3000,
  })
  const sees = async (inForce: InForce): Promise<void> => {
    now = inForce
    await watch.look()
  }
  return { watch, sees, told, tidied: () => tidied }
}

test('what is left of a trial is taken out once it is over, told once, and asked for once', async () => {
  const { watch, sees, told, tidied } = watching(async () => true)
  await sees(before)
  await sees(trial)
  expect([told, tidied()]).toEqual([['policy-applied'], 0])
  for (let look = 0; look < 3; look++) await sees(over)
  expect([told, tidied()]).toEqual([['policy-applied', 'trial-over', 'trial-cleared'], 1])
  await watch.close()
})

test('a trial that began and was over between two looks is told all the same, and the next one too', async () => {
  const { watch, sees, told } = watching(async () => true)
  await sees(before)
  await sees(over)
  await sees({ ...over, over: { ...over.over, record: { ...record, sequence: 3 } } as Past })
  expect(told).toEqual(['trial-over', 'trial-cleared', 'trial-over', 'trial-cleared'])
  await watch.close()
})

test('also of one that was over before the daemon came; nothing is told where nothing was left', async () => {
  for (const isOut of [true, false]) {
    const { watch, sees, told, tidied } = watching(async () => isOut)
    await sees(over)
    await sees(over)
    expect([told, tidied()]).toEqual([isOut ? ['trial-cleared'] : [], 1])
    await watch.close()
  }
})

test('what could not be taken out is tried again at the next look', async () => {
  let isBusy = true
  const { watch, sees, told } = watching(async () => {
    if (isBusy) throw new Error('another thingwall is at work here')
    return true
  })
  await sees(over)
  expect(told).toEqual([])
  isBusy = false
  await sees(over)
  expect(told).toEqual(['trial-cleared'])
  await watch.close()
})

test('where another program has changed something nothing is taken out', async () => {
  const { watch, sees, told, tidied } = watching(async () => true)
  await sees({ ...over, integrity: { kind: 'changed', changes: ['chain inet forward was changed'] } })
  expect([told, tidied()]).toEqual([['rules-changed'], 0])
  await watch.close()
})
