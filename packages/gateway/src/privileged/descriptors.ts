/** Gets a configured netlink socket from a privileged process that is started for it, hands it over, and ends. */
import { closeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { ThingwallError } from '../error.ts'
import { FrameReader, writeFrame } from './frame.ts'
import type { Launch, Launched } from './launch.ts'
import type { SocketRequest } from './request.ts'
import type { Answer } from './serve.ts'
import { openSystem, receiveDescriptor, type System, systemError } from './system.ts'

/** A small gateway that starts everything at once takes its time; what has ended is seen at once. */
const READY_WITHIN_MS = 60_000
const LOOK_EVERY_MS = 5

/**
 * A netlink socket that does not block, to be read with `recv` and closed with `closeSync`. This process cannot configure
 * it, nor send anything through it that needs rights. Throws TW4021.
 */
export async function receiveSocket(launch: Launch, request: SocketRequest): Promise<number> {
  try {
    const system = openSystem()
    const launched = launch('kernel')
    try {
      return await receive(system, launched, request)
    } finally {
      closeSync(launched.fd)
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ThingwallError('TW4021', `the kernel cannot be listened to: ${why}`, {
      hint: 'start the gateway as root or by its unit; where another program listens to the same NFLOG group, take another group',
      cause,
    })
  }
}

async function receive(system: System, launched: Launched, request: SocketRequest): Promise<number> {
  const reader = new FrameReader()
  const question = Buffer.concat(writeFrame({ op: 'socket', socket: request }))
  const deadline = performance.now() + READY_WITHIN_MS
  for (;;) {
    const received = receiveDescriptor(system, launched.fd)
    const isOver = received === null ? performance.now() > deadline : received.bytes.length === 0
    if (isOver) throw new Error((await launched.lastWords()) || 'it ended, or was not ready in time')
    if (received === null) await sleep(LOOK_EVERY_MS)
    else {
      const answers = reader.push(received.bytes).map(({ head }) => head as Answer)
      const opened = settle(system, launched.fd, question, answers, received.descriptor)
      if (opened !== null) return opened
    }
  }
}

/** Asks once the process is ready, and says the descriptor once it is there. */
function settle(
  system: System,
  fd: number,
  question: Buffer,
  answers: readonly Answer[],
  descriptor: number | null,
): number | null {
  if (descriptor !== null) return descriptor
  for (const answer of answers) {
    switch (answer.kind) {
      case 'hello':
        if (system.send(fd, question, question.length, 0) !== question.length)
          throw systemError(system, 'send')
        break
      case 'refused':
        throw new Error(answer.said)
      case 'forbidden':
        throw new Error(answer.because)
      case 'done':
      case 'listing':
        throw new Error('it handed nothing over')
      default:
        answer satisfies never
    }
  }
  return null
}
