/**
 * The child's end of the channel: it asks and stands still until the answer is there, since resolving and reading
 * are synchronous where Node's hooks call for them. It takes what it needs of Node before foreign code can change it.
 */
import { readSync, writeSync } from 'node:fs'
import { frameOf, lengthsOf, PREFIX_BYTES } from './frames.ts'
import type { Answer, Ask } from './message.ts'

const CHANNEL = 3
const PAUSE_MS = 1
const read = readSync
const write = writeSync

/** Asks the process that started this one. A refusal is thrown, with its code. */
export function ask(question: Ask): Exclude<Answer, { kind: 'refused' }> & { readonly body: Buffer } {
  tell(question)
  const [headBytes, bodyBytes] = lengthsOf(take(PREFIX_BYTES))
  const answer = JSON.parse(take(headBytes).toString('utf8')) as Answer
  const body = take(bodyBytes)
  if (answer.kind === 'refused') throw Object.assign(new Error(answer.message), { code: answer.code })
  return { ...answer, body }
}

/** Says something that needs no answer. */
export function tell(message: Ask, body?: Uint8Array): void {
  const bytes = frameOf(message, body)
  let sent = 0
  while (sent < bytes.length) sent += patiently(() => write(CHANNEL, bytes, sent))
}

function take(lengthBytes: number): Buffer {
  const bytes = Buffer.alloc(lengthBytes)
  let taken = 0
  while (taken < lengthBytes) {
    const count = patiently(() => read(CHANNEL, bytes, taken, lengthBytes - taken, null))
    if (count === 0) throw new Error('the process that evaluates this policy is gone')
    taken += count
  }
  return bytes
}

/** The channel is a socket, and may be one that does not block. */
function patiently(act: () => number): number {
  for (;;) {
    try {
      return act()
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS)
    }
  }
}
