/**
 * Asks the daemon over its unix socket. Null where no daemon answers, so that who asks can read the store instead; what
 * the daemon refuses is a failure.
 */
import { type IncomingMessage, request } from 'node:http'
import { resolve } from 'node:path'
import { apiSocket, RUN_FOLDER } from '@thingwall/gateway'
import { exits } from '../frame/exit.ts'
import { Failure } from '../frame/failure.ts'
import type { Host } from '../frame/report.ts'
import { safe } from '../render/text.ts'

/** Where the socket of this machine's daemon is. */
export function runFolder(host: Host): string {
  const named = host.env.THINGWALL_RUN
  return named === undefined || named === '' ? RUN_FOLDER : resolve(host.cwd, named)
}

/** A daemon that stands still keeps nobody waiting. */
const ANSWERED_WITHIN_MS = 30_000

/** One answer of the daemon; null where there is none to ask. */
export async function ask<T>(host: Host, path: string): Promise<T | null> {
  const answer = await open(host, path, AbortSignal.timeout(ANSWERED_WITHIN_MS))
  if (answer === null) return null
  const text = await whole(answer)
  if (answer.statusCode === 200) return JSON.parse(text) as T
  throw refused(text, answer.statusCode)
}

/** The answer as it comes; null where there is no daemon to ask. */
export async function open(host: Host, path: string, signal?: AbortSignal): Promise<IncomingMessage | null> {
  const socketPath = apiSocket(runFolder(host))
  const { promise, resolve: answered, reject } = Promise.withResolvers<IncomingMessage | null>()
  request({ socketPath, path, ...(signal === undefined ? {} : { signal }) }, answered)
    .on('error', (error: NodeJS.ErrnoException) => {
      const isAway = error.code === 'ENOENT' || error.code === 'ECONNREFUSED'
      if (isAway) answered(null)
      else reject(unreachable(error))
    })
    .end()
  return promise
}

async function whole(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of answer) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}

/** What went wrong, in the daemon's own words. */
export async function refusalOf(answer: IncomingMessage): Promise<Failure> {
  return refused(await whole(answer), answer.statusCode)
}

/** What is not there is a no; all else could not be done. */
function refused(text: string, status: number | undefined): Failure {
  const said = errorIn(text)
  return new Failure(`the gateway says: ${safe(said.message, 300)}`, {
    code: 'environment',
    hint: safe(said.hint, 300),
    ...(status === 404 ? { exit: exits.no } : {}),
  })
}

function errorIn(text: string): { readonly message: string; readonly hint: string } {
  try {
    const { error } = JSON.parse(text) as {
      readonly error: { readonly message: string; readonly hint: string }
    }
    return { message: String(error.message), hint: String(error.hint) }
  } catch {
    return {
      message: 'what it answers is not understood',
      hint: 'is it of the same version as this command?',
    }
  }
}

function unreachable(error: NodeJS.ErrnoException): Failure {
  const isForbidden = error.code === 'EACCES' || error.code === 'EPERM'
  return new Failure(`the gateway cannot be asked: ${error.message}`, {
    code: 'environment',
    hint: isForbidden
      ? 'run it with sudo, or as a member of the group of its socket'
      : 'is the gateway running?',
    cause: error,
  })
}
