/** A recorder whose thread ends is started again: names, events and the gap are told to the next. With real threads. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openReader } from '../store/reader.ts'
import { emptyDirectory } from './directory.ts'
import { type KeepOptions, type KeptRecorder, keepRecording } from './keep-recording.ts'
import type { NoticeEvent } from './model.ts'
import { startRecorder } from './recorder.ts'

/** Open nowhere: whoever reads it gets EBADF. */
const NO_SOCKET = { fd: 999_999, receiveBufferBytes: 0, close: () => undefined }

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'thingwall-recorder-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

interface Scene {
  readonly recorder: KeptRecorder
  /** Waits for so many failures, and says after how long each was to be started again. */
  readonly failures: (count: number) => Promise<readonly (readonly [message: string, againInMs: number])[]>
  /** Waits until so many were started. */
  readonly begun: (count: number) => Promise<void>
  /** The pause is over. */
  readonly goOn: () => void
  readonly pass: (ms: number) => void
  readonly isPausing: () => boolean
}

/** Lives are what they are given: true for one that works. */
function scene(lives: readonly ('works' | 'fails' | 'throws')[]): Scene {
  const failures: [string, number][] = []
  let due: (() => void) | null = null
  let life = 0
  let nowMs = 0
  const start: KeepOptions['start'] = async (failed) => {
    const kind = lives[life++] ?? 'works'
    if (kind === 'throws') throw new Error('no descriptors')
    return startRecorder({
      sockets: { nflog: kind === 'fails' ? NO_SOCKET : null, conntrack: null },
      store: { folder, keepHours: 24, maxBytes: 1 << 30 },
      failed,
    })
  }
  const recorder = keepRecording({
    start,
    failed: (error, againInMs) => failures.push([error.message, againInMs]),
    clock: () => ({ wallMs: Date.now(), monotonicMs: nowMs }),
    later(act) {
      due = act
      return {
        cancel() {
          due = null
        },
      }
    },
  })
  return {
    recorder,
    async failures(count) {
      while (failures.length < count) await new Promise((resolve) => setTimeout(resolve, 10))
      return failures
    },
    async begun(count) {
      while (life < count) await new Promise((resolve) => setTimeout(resolve, 1))
    },
    goOn() {
      const act = due
      due = null
      act?.()
    },
    pass(ms) {
      nowMs += ms
    },
    isPausing: () => due !== null,
  }
}

function notice(text: string): NoticeEvent {
  const at = Date.now()
  return { kind: 'notice', at, until: at, topic: 'test', text, device: null, count: 1 }
}

function written(): readonly string[] {
  const { events } = openReader(folder).query({ order: 'oldest' })
  return events.map((event) =>
    event.kind === 'notice' ? `${event.topic}: ${event.text} (${event.count})` : event.kind,
  )
}

test('a thread that ends is replaced; what came meanwhile is written, and that there was a gap', async () => {
  const { recorder, failures, goOn } = scene(['fails', 'works'])
  recorder.know(emptyDirectory)
  const [[message, againInMs] = ['', 0]] = await failures(1)
  expect(message).toMatch(/EBADF/)
  expect(againInMs).toBe(1000)
  expect(recorder.standing()).toEqual({
    isRunning: false,
    restarts: 0,
    fault: expect.stringMatching(/EBADF/),
  })
  recorder.append([notice('while nobody recorded')])
  goOn()
  await recorder.flush()
  expect(recorder.standing()).toEqual({ isRunning: true, restarts: 1, fault: null })
  recorder.append([notice('afterwards')])
  expect(await recorder.close()).toMatchObject({ events: { written: 3, lost: 0 }, storeFault: null })
  expect(written()).toEqual([
    expect.stringMatching(/^recorder-restarted: the recorder had failed: .*EBADF.* \(1\)$/),
    'test: while nobody recorded (1)',
    'test: afterwards (1)',
  ])
})

test('it waits twice as long each time, up to a minute, and begins anew after one that lasted', async () => {
  const { recorder, failures, begun, goOn, pass } = scene([
    ...Array<'throws'>(9).fill('throws'),
    'fails',
    'works',
  ])
  for (let count = 1; count < 9; count++) {
    await failures(count)
    goOn()
  }
  const pauses = (await failures(9)).map(([, againInMs]) => againInMs)
  expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
  goOn()
  await begun(10)
  pass(60_001)
  expect((await failures(10)).at(-1)?.[1]).toBe(1000)
  goOn()
  await recorder.flush()
  await recorder.close()
})

test('more than can wait is counted', async () => {
  const { recorder, failures, goOn } = scene(['throws', 'works'])
  await failures(1)
  for (let at = 0; at < 6; at++)
    recorder.append(Array.from({ length: 300 }, (_, of) => notice(`${at} ${of}`)))
  goOn()
  await recorder.flush()
  expect(await recorder.close()).toMatchObject({ events: { written: 1002, lost: 0 } })
  expect(written()).toContain('events-lost: too many came while nobody recorded (800)')
})

test('closed while it waits, nothing starts any more', async () => {
  const { recorder, failures, isPausing } = scene(['fails'])
  await failures(1)
  expect(isPausing()).toBe(true)
  expect(await recorder.close()).toMatchObject({ events: { written: 0, lost: 0 } })
  expect(isPausing()).toBe(false)
})

test('another can be started at once: what the first has counted and written stays', async () => {
  const { recorder } = scene(['works', 'works'])
  recorder.append([notice('to the first')])
  const begun = recorder.anew()
  recorder.append([notice('meanwhile')])
  await begun
  recorder.append([notice('to the second')])
  expect(recorder.standing()).toEqual({ isRunning: true, restarts: 0, fault: null })
  expect(await recorder.close()).toMatchObject({ events: { written: 3, lost: 0 } })
  expect(written()).toEqual(['test: to the first (1)', 'test: meanwhile (1)', 'test: to the second (1)'])
})
