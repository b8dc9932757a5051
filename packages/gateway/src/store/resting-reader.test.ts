/** A thread is there while somebody asks, and no longer; one that fails is replaced. */
import { expect, test } from 'vitest'
import { restingReader } from './resting-reader.ts'
import type { EventReader } from './store.ts'

function scene(answers: readonly ('well' | 'badly')[] = []) {
  const started: { closed: boolean }[] = []
  let due: (() => void) | null = null
  let asked = 0
  const reader = restingReader({
    restAfterMs: 60_000,
    later: (act) => {
      due = act
      return {
        cancel: () => {
          due = null
        },
      }
    },
    start: () => {
      const life = { closed: false }
      started.push(life)
      const size = async () => {
        if (answers[asked++] === 'badly') throw new Error('torn')
        return { bytes: started.length, oldestMs: null }
      }
      const close = async (): Promise<void> => {
        life.closed = true
      }
      return { size, close } as unknown as EventReader
    },
  })
  return { reader, started, rest: () => due?.(), isDue: () => due !== null }
}

test('the first question starts it, others use it, and it ends when nobody asks', async () => {
  const { reader, started, rest, isDue } = scene()
  expect(started.length).toBe(0)
  const both = Promise.all([reader.size(), reader.size()])
  expect(isDue()).toBe(false)
  expect(await both).toMatchObject([{ bytes: 1 }, { bytes: 1 }])
  rest()
  expect(started).toEqual([{ closed: true }])
  expect(await reader.size()).toMatchObject({ bytes: 2 })
  await reader.close()
  expect(started).toEqual([{ closed: true }, { closed: true }])
  expect(isDue()).toBe(false)
})

test('who asks while it would rest keeps it', async () => {
  const { reader, started, isDue } = scene()
  await reader.size()
  expect(isDue()).toBe(true)
  const asking = reader.size()
  expect(isDue()).toBe(false)
  await asking
  expect(started).toEqual([{ closed: false }])
})

test('one that fails is refused to who asked, and replaced for the next', async () => {
  const { reader, started } = scene(['well', 'badly'])
  await reader.size()
  await expect(reader.size()).rejects.toThrow('torn')
  expect(await reader.size()).toMatchObject({ bytes: 2 })
  expect(started).toEqual([{ closed: true }, { closed: false }])
})

test('once closed it answers nothing', async () => {
  const { reader, started } = scene()
  await reader.close()
  await expect(reader.size()).rejects.toThrow('has ended')
  expect(started).toEqual([])
})
