/** Who has the lock of a state folder, who waits for it, and who goes first; all in one process, by the kernel's own lock. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { exclusively, type LockOptions, undisturbed } from './lock.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'thingwall-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const asked: LockOptions = { who: 'apply by ada', rank: 'asked' }
const background: LockOptions = { who: 'the keeper of bindings', rank: 'background' }

/** Takes the lock, and holds it until it is told to let go. */
async function hold(options: LockOptions): Promise<{ readonly letGo: () => Promise<void> }> {
  const [taken, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const held = exclusively(folder, options, () => {
    taken.resolve()
    return over.promise
  })
  await taken.promise
  return {
    letGo: () => {
      over.resolve()
      return held
    },
  }
}

test('a look that never ends keeps nobody from what they were asked for, and is begun again after them', async () => {
  const looking = Promise.withResolvers<void>()
  let looks = 0
  const look = undisturbed(folder, { who: 'a look' }, async () => {
    looks += 1
    looking.resolve()
    if (looks === 1) await new Promise(() => {})
    return `look ${looks}`
  })
  await looking.promise
  expect(await exclusively(folder, { ...asked, waitMs: 30_000 }, async () => looks)).toBe(1)
  expect(await look).toBe('look 2')
})

test('a look waits for who has the lock, and does not give way to work in the background', async () => {
  const holder = await hold(asked)
  const order: string[] = []
  const looking = Promise.withResolvers<void>()
  const done = Promise.withResolvers<void>()
  const look = undisturbed(folder, { who: 'a look' }, () => {
    order.push('look')
    looking.resolve()
    return done.promise
  })
  order.push('let go')
  await holder.letGo()
  await looking.promise
  const kept = exclusively(folder, background, async () => order.push('bound'))
  await expect(exclusively(folder, { ...background, waitMs: 200 }, async () => {})).rejects.toMatchObject({
    code: 'TW4014',
  })
  done.resolve()
  await Promise.all([look, kept])
  expect(order).toEqual(['let go', 'look', 'bound'])
})

test('what fails under the lock leaves it free', async () => {
  const failure = new Error('no nft here')
  await expect(undisturbed(folder, { who: 'a look' }, () => Promise.reject(failure))).rejects.toBe(failure)
  await expect(exclusively(folder, asked, () => Promise.reject(failure))).rejects.toBe(failure)
  expect(await exclusively(folder, { ...asked, waitMs: 0 }, async () => 'free')).toBe('free')
})

test('who was asked goes before all that waits in the background, whoever came first', async () => {
  const holder = await hold(asked)
  const order: string[] = []
  const keepers = Array.from({ length: 5 }, () =>
    exclusively(folder, background, async () => order.push('bound')),
  )
  const told = Promise.withResolvers<string>()
  const confirm = exclusively(
    folder,
    { who: 'confirm by ada', rank: 'asked', waiting: told.resolve },
    async () => order.push('confirmed'),
  )
  // By now it has waited for long, and said so: long enough to be in the queue.
  expect(await told.promise).toBe(`apply by ada (process ${process.pid})`)
  await holder.letGo()
  await Promise.all([confirm, ...keepers])
  expect(order).toEqual(['confirmed', 'bound', 'bound', 'bound', 'bound', 'bound'])
})

test('who waits too long is told who has it', async () => {
  const holder = await hold(asked)
  const impatient = exclusively(folder, { who: 'confirm by ben', rank: 'asked', waitMs: 0 }, async () => {})
  await expect(impatient).rejects.toMatchObject({
    code: 'TW4014',
    message: `another thingwall is at work here: apply by ada (process ${process.pid})`,
  })
  await holder.letGo()
})
