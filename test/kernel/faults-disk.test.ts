/**
 * The disk at its worst: a power cut after every step of an apply, a confirmation and a rollback, on a real file system
 * that loses what was not synced; and a disk that is full, or read-only, from any write on.
 *
 * Usually every fourth of these is looked at; `THINGWALL_FAULT_STEPS=all` looks at all.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Disk, type NftablesPoint, thisDisk } from '@thingwall/gateway'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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
  STRIDE,
  third,
} from './faults/ground.ts'

let ground: Ground
let whole: ReadonlyMap<string | null, readonly string[]>
beforeAll(async () => {
  ground = await breakGround()
  whole = await goldens(ground)
})
afterAll(() => ground.end())

/** Every change of a disk, told before and after. */
function watched(before: () => void, after: () => Promise<void>): Disk {
  const around =
    <Args extends readonly unknown[], T>(change: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      before()
      const result = await change(...args)
      await after()
      return result
    }
  return {
    ...thisDisk,
    makeFolder: around(thisDisk.makeFolder),
    write: around(thisDisk.write),
    link: around(thisDisk.link),
    rename: around(thisDisk.rename),
    remove: around(thisDisk.remove),
  }
}

describe('a power cut', () => {
  const folder = '/run/power'
  const [image, copy, mounted, again] = ['image', 'copy', 'mounted', 'again'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string]
  const state = join(mounted, 'lib/thingwall')
  const must = (...argv: readonly [string, ...string[]]): Promise<string> => ground.site.must('router', argv)

  interface Cut {
    readonly image: string
    readonly during: string
    /** What a restart may bring back. */
    readonly allowed: readonly (string | null)[]
  }
  const cuts: Cut[] = []
  let during = ''
  let allowed: readonly (string | null)[] = [null]
  /** What of the disk is not in its image was not synced, and is lost. */
  const cut = async (): Promise<void> => {
    const snapshot = `${copy}-${cuts.length}`
    await must('cp', '--sparse=always', image, snapshot)
    cuts.push({ image: snapshot, during, allowed })
  }

  beforeAll(async () => {
    for (const path of [folder, mounted, again]) mkdirSync(path, { recursive: true })
    await must('truncate', '-s', '8M', image)
    await must('mkfs.ext4', '-q', '-b', '1024', image)
    // Nothing is written back by itself while the test runs.
    await must('mount', '-o', 'loop,commit=300', image, mounted)
    mkdirSync(join(mounted, 'lib'))
    await must('sync', '-f', mounted)
  })
  afterAll(async () => {
    await ground.site.run('router', ['umount', mounted])
    await ground.nft('flush', 'ruleset')
  })

  test('at any step: what a restart brings back is whole, and was confirmed or just being so', async () => {
    await ground.nft('flush', 'ruleset')
    const point = await ground.open(state, { disk: watched(() => {}, cut) })
    const deed = async (
      name: string,
      becomes: string | null,
      work: (point: NftablesPoint) => Promise<unknown>,
    ) => {
      const last = allowed.at(-1) as string | null
      during = name
      allowed = [last, becomes]
      await work(point)
      // It was said to be done: from here on it lasts.
      allowed = [becomes]
      during = `after ${name}`
      await cut()
    }
    await deed('the first apply', old.digest, (one) => one.apply(old, forGood))
    await deed('a trial', old.digest, (one) => one.apply(coming, onTrial))
    await deed('its confirmation', coming.digest, (one) => one.confirm(by))
    await deed('another trial', coming.digest, (one) => one.apply(third, onTrial))
    await deed('its rollback', coming.digest, (one) => one.abandon(by))
    await deed('an apply for good', third.digest, (one) => one.apply(third, forGood))
    expect(cuts.length).toBeGreaterThan(40)

    for (const [number, one] of cuts.entries()) {
      if (number % STRIDE !== 0 && !one.during.startsWith('after')) continue
      await ground.nft('flush', 'ruleset')
      await must('mount', '-o', 'loop', one.image, again)
      try {
        const found = join(again, 'lib/thingwall')
        const back = await comesBack(ground, found)
        expect(one.allowed, `${one.during} (${one.image})`).toContain(back)
        if (back !== null) await ground.nft('-f', join(found, 'confirmed/ruleset.nft'))
        const restarted = await ground.open(found)
        await restarted.tidy()
        const { digest, record, trial, last } = await restarted.read()
        expect({ digest, known: record?.digest ?? null, trial, last }, one.during).toEqual({
          digest: back,
          known: back,
          trial: null,
          last: null,
        })
        const fates = (await restarted.history()).map(({ fate }) => fate.kind)
        expect(fates.filter((kind) => kind === 'in force')).toHaveLength(back === null ? 0 : 1)
        for (const odd of ['unfinished', 'on trial', 'gone']) expect(fates, one.during).not.toContain(odd)
      } finally {
        await must('umount', again)
      }
    }
  })
})

describe.each([
  ['full', 'ENOSPC', /disk is full/],
  ['read-only', 'EROFS', /read-only/],
] as const)('a disk that is %s from any write on', (_, code, words) => {
  /** Fails at a change and ever after, until there is room again. */
  function failing(): {
    readonly disk: Disk
    readonly failFrom: (change: number) => void
    readonly changes: () => number
  } {
    let [changes, from] = [0, Number.POSITIVE_INFINITY]
    const refuse = (): void => {
      changes += 1
      if (changes >= from) throw Object.assign(new Error(code), { code })
    }
    const disk = watched(refuse, async () => {})
    return {
      // What takes no room still works where the disk is only full.
      disk: code === 'EROFS' ? disk : { ...disk, rename: thisDisk.rename, remove: thisDisk.remove },
      failFrom: (change) => {
        changes = 0
        from = change
      },
      changes: () => changes,
    }
  }

  test.each([
    ['an apply on trial', (point: NftablesPoint) => point.apply(coming, onTrial), 'old'],
    ['an apply for good', (point: NftablesPoint) => point.apply(coming, forGood), 'old'],
    ['a confirmation', (point: NftablesPoint) => point.confirm(by), 'trial'],
    ['a rollback', (point: NftablesPoint) => point.abandon(by), 'trial'],
  ] as const)('%s: done, or refused with nothing changed', async (name, work, before) => {
    await ground.nft('flush', 'ruleset')
    const state = ground.freshState()
    const first = await ground.open(state)
    await first.apply(old, forGood)
    if (before === 'trial') await first.apply(coming, onTrial)
    const restore = await ground.keep(state)
    const { disk, failFrom, changes } = failing()
    const point = await ground.open(state, { disk })
    const outcomes = new Set<string>()
    for (let from = 1; ; from++) {
      await restore()
      const { trial, ...was } = await point.read()
      failFrom(from)
      const outcome = await work(point).catch((error: unknown) => error as Error & { readonly code: string })
      if (changes() < from) break
      failFrom(Number.POSITIVE_INFINITY)
      const said = `${name}, from change ${from} on: ${JSON.stringify(outcome)}`
      if (outcome instanceof Error) {
        expect(outcome, said).toMatchObject({ code: 'TW4008', message: expect.stringMatching(words) })
        const { trial: runs, ...is } = await point.read()
        expect({ ...is, isTried: runs !== null }, said).toEqual({ ...was, isTried: trial !== null })
        outcomes.add('refused')
      } else {
        expect(
          outcome.diagnostics.map((one) => one.code),
          said,
        ).toEqual(['TW4012'])
        expect((await point.read()).digest, said).toBe(name === 'a rollback' ? old.digest : coming.digest)
        // It was got ready before the kernel was asked, so who confirmed is known whatever the disk does since.
        if (name === 'a confirmation') expect((await point.history())[0]?.confirmed, said).toEqual(by)
        outcomes.add('done')
      }
      if (from % STRIDE !== 1 % STRIDE) continue
      const { told } = await aftermath(ground, state, whole)
      if (!(outcome instanceof Error) && name !== 'a rollback') expect(told.digest).toBe(coming.digest)
    }
    // Going back needs no disk.
    expect([...outcomes].sort()).toEqual(name === 'a rollback' ? ['done'] : ['done', 'refused'])
  })
})
