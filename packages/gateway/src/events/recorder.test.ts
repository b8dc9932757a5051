/** What the owner of a recorder's thread hears of it, with real threads; what they record is in `test/kernel`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startRecorder } from './recorder.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'thingwall-recorder-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('what a thread counted last is heard, also where its end is heard of at once', async () => {
  const recorder = startRecorder({
    sockets: { nflog: null, conntrack: null },
    store: { folder, keepHours: 24, maxBytes: 1 << 30 },
    failed: (error) => expect.fail(error.message),
  })
  const at = Date.now()
  recorder.append([{ kind: 'notice', at, until: at, topic: 'test', text: 'one', device: null, count: 1 }])
  await recorder.counts()
  // Not from within a word of the thread: Node goes on with the next one then.
  await setImmediate()
  const closing = recorder.close()
  // The loop is busy until the thread is gone, as on a machine that has much else to do.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000)
  expect(await closing).toMatchObject({ events: { written: 1, lost: 0 } })
})
