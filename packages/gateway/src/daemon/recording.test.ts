/** Sockets are opened once and stay while recorders come and go; another group takes other ones; what was counted is kept. */
import { expect, test } from 'vitest'
import type { Happening } from '../events/model.ts'
import type { RecordCounts } from '../events/record.ts'
import type { Recorder, RecorderOptions } from '../events/recorder.ts'
import { openRecording, type Recording } from './recording.ts'

const counts: RecordCounts = {
  packets: { seen: 10, lost: 1, overruns: 1, messagesLostSince: 0 },
  flows: { seen: 4, lost: 7, overruns: 0 },
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
  const recording = openRecording({
    group: 9,
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
    later: (act) => {
      const timer = setTimeout(act, 1)
      return { cancel: () => clearTimeout(timer) }
    },
  })
  return { recording, started, groups, events, closed: () => closed }
}

async function running(recording: Recording, restarts: number): Promise<void> {
  for (;;) {
    const state = await recording.state()
    if (state.isRunning && state.restarts === restarts) return
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

test('a recorder that ends is begun anew over the same sockets, said, and counted on', async () => {
  const { recording, started, events, groups, closed } = stage()
  await running(recording, 0)
  expect(await recording.state()).toMatchObject({ isRunning: true, restarts: 0, group: 9, counts })
  started[0]?.failed(new Error('torn'))
  expect(await recording.state()).toMatchObject({
    isRunning: false,
    fault: 'torn',
    counts: { ...counts, kinds: 0 },
  })
  await running(recording, 1)
  const state = await recording.state()
  expect(state).toMatchObject({ isRunning: true, restarts: 1, fault: null })
  expect(state.counts.packets).toMatchObject({ seen: 20, lost: 2, overruns: 2 })
  // A socket of flows tells what it lost from its own beginning.
  expect(state.counts.flows).toEqual({ seen: 8, lost: 7, overruns: 0 })
  expect(events).toMatchObject([
    { kind: 'notice', topic: 'recorder-restarted', text: expect.stringContaining('torn') },
  ])
  expect([groups, closed()]).toEqual([[9], 0])
  await recording.close()
  expect(closed()).toBe(1)
})

test('where the kernel cannot be listened to it is tried again', async () => {
  const { recording, groups } = stage((attempt) => attempt < 3)
  await running(recording, 2)
  expect(groups).toEqual([9, 9, 9])
  await recording.close()
})

test('another group takes another recorder and other sockets, the same one does not; nothing said meanwhile is lost', async () => {
  const { recording, groups, closed, events } = stage()
  await running(recording, 0)
  await recording.listen(9)
  const other = recording.listen(null)
  const at = 0
  recording.append([{ kind: 'notice', at, until: at, topic: 'test', text: '', device: null, count: 1 }])
  await other
  expect([groups, closed(), events.length]).toEqual([[9, null], 1, 1])
  // Both sockets of flows count.
  expect((await recording.state()).counts.flows).toEqual({ seen: 8, lost: 14, overruns: 0 })
  await recording.close()
  expect(closed()).toBe(2)
})
