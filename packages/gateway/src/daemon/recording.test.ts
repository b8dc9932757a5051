/** The recorder is begun anew when it ends, what it had counted is kept, and another group takes another one. */
import { expect, test } from 'vitest'
import type { Happening } from '../events/model.ts'
import type { RecordCounts } from '../events/record.ts'
import type { Recorder, RecorderOptions } from '../events/recorder.ts'
import { keepRecording, type Recording } from './recording.ts'

const counts: RecordCounts = {
  packets: { seen: 10, lost: 1, overruns: 1, messagesLostSince: 0 },
  flows: { seen: 4, lost: 0, overruns: 0 },
  events: { written: 3, lost: 0 },
  storeFault: null,
  kinds: 2,
}

interface Stage {
  readonly recording: Recording
  readonly started: RecorderOptions[]
  readonly groups: (number | null)[]
  readonly events: Happening[]
  readonly closed: () => number
}

function stage(refuse: (attempt: number) => boolean = () => false): Stage {
  const started: RecorderOptions[] = []
  const groups: (number | null)[] = []
  const events: Happening[] = []
  let closed = 0
  const closing = (): void => {
    closed += 1
  }
  const recording = keepRecording({
    openSockets: async (group) => {
      groups.push(group)
      if (refuse(groups.length)) throw new Error('somebody listens to it')
      return { nflog: null, conntrack: null, close: closing }
    },
    start: (options): Recorder => {
      started.push(options)
      const answer = async (): Promise<RecordCounts> => counts
      return {
        know: () => {},
        learn: () => {},
        append: (more) => void events.push(...more),
        counts: answer,
        flush: answer,
        close: answer,
      }
    },
    store: { folder: '', keepHours: 1, maxBytes: 1 },
    recorded: () => {},
    log: { info: () => {}, warn: () => {}, error: () => {} },
    now: () => 0,
    firstPauseMs: 1,
  })
  return { recording, started, groups, events, closed: () => closed }
}

test('a recorder that ends is begun anew, said, and counted on', async () => {
  const { recording, started, events, closed } = stage()
  recording.listen(9)
  await recording.settled()
  expect(await recording.state()).toMatchObject({ isRunning: true, restarts: 0, group: 9, counts })
  started[0]?.failed(new Error('torn'))
  expect(await recording.state()).toMatchObject({ isRunning: false, fault: 'torn' })
  await recording.settled()
  const state = await recording.state()
  expect(state).toMatchObject({ isRunning: true, restarts: 1, fault: null })
  expect(state.counts.packets).toMatchObject({ seen: 20, lost: 2, overruns: 2 })
  expect(events).toMatchObject([
    { kind: 'notice', topic: 'recorder-restarted', text: expect.stringContaining('torn') },
  ])
  expect(closed()).toBe(1)
  await recording.close()
  expect(closed()).toBe(2)
})

test('where the kernel cannot be listened to it is tried again', async () => {
  const { recording, groups } = stage((attempt) => attempt < 3)
  recording.listen(9)
  for (let tries = 0; tries < 3; tries++) await recording.settled()
  expect(await recording.state()).toMatchObject({ isRunning: true, restarts: 2 })
  expect(groups).toEqual([9, 9, 9])
  await recording.close()
})

test('another group takes another recorder, the same one does not', async () => {
  const { recording, groups, closed } = stage()
  recording.listen(9)
  recording.listen(9)
  recording.listen(null)
  await recording.settled()
  expect(groups).toEqual([9, null])
  expect(closed()).toBe(1)
  await recording.close()
})
