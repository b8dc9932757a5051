/**
 * Runs the child that evaluates a policy file, behind Node's permission model, and takes back one message.
 *
 * The child may read files below the policy's project and this installation; it may not write, start processes or
 * workers, or load add-ons. Its environment is empty. Time, memory and output are bounded.
 */
import { spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Packages } from './fence.ts'
import type { Message } from './message.ts'
import { projectOf } from './project.ts'

export interface Bounds {
  readonly timeMs: number
  readonly memoryMegabytes: number
  readonly outputBytes: number
}

/** Enough for 100,000 devices written one by one. */
export const usualBounds: Bounds = { timeMs: 30_000, memoryMegabytes: 1024, outputBytes: 256 << 20 }

export type Outcome =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'ended'; readonly why: 'time' | 'memory' | 'output' | 'silent'; readonly detail: string }

export interface Evaluated {
  readonly outcome: Outcome
  /** What the policy's code itself printed; at most 64 kB. */
  readonly printed: string
}

const PRINTED_BYTES = 64 << 10

/** Evaluates the module at an absolute path. */
export async function evaluateApart(path: string, nowMs: number, bounds: Bounds): Promise<Evaluated> {
  const fromSource = import.meta.url.endsWith('.ts')
  const child = fileURLToPath(new URL(fromSource ? './child.ts' : './child.js', import.meta.url))
  const readable = [installation(), projectOf(path)]
  const cache = fromSource ? process.env.NODE_COMPILE_CACHE : undefined
  const worker = spawn(
    process.execPath,
    [
      '--permission',
      ...readable.map((folder) => `--allow-fs-read=${join(folder, '*')}`),
      ...(cache === undefined ? [] : [`--allow-fs-write=${join(cache, '*')}`]),
      '--no-warnings',
      '--no-global-search-paths',
      '--disable-proto=delete',
      `--max-old-space-size=${bounds.memoryMegabytes}`,
      ...(fromSource ? ['--conditions=thingwall-source'] : []),
      child,
      pathToFileURL(path).href,
      JSON.stringify(packagesOf(fromSource)),
      String(nowMs),
    ],
    {
      env: { TZ: 'UTC', LANG: 'C', ...(cache !== undefined && { NODE_COMPILE_CACHE: cache }) },
      cwd: dirname(path),
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    },
  )
  let ended: 'time' | 'output' | null = null
  const stop = (why: 'time' | 'output'): void => {
    ended ??= why
    worker.kill('SIGKILL')
  }
  const timer = setTimeout(stop, bounds.timeMs, 'time')
  const result = collect(worker.stdio[3] as Readable, bounds.outputBytes, () => stop('output'))
  const printed = collect(worker.stdout as Readable, PRINTED_BYTES, null)
  const complained = collect(worker.stderr as Readable, PRINTED_BYTES, null)
  const signal = await new Promise<string | null>((resolve, reject) => {
    worker.once('error', reject)
    worker.once('close', (_code, signalName) => resolve(signalName))
  })
  clearTimeout(timer)
  const errors = complained()
  if (ended !== null) return { outcome: { kind: 'ended', why: ended, detail: '' }, printed: printed() }
  const text = result()
  if (text !== '') {
    // What the child wrote is its own; only the shape of the envelope is taken on trust, `validate` reads the rest.
    const message = readMessage(text)
    if (message !== null) return { outcome: { kind: 'message', message }, printed: printed() + errors }
  }
  const why =
    signal === 'SIGABRT' || signal === 'SIGTRAP' || errors.includes('heap out of memory')
      ? 'memory'
      : 'silent'
  return { outcome: { kind: 'ended', why, detail: errors }, printed: printed() }
}

/** The folder that holds this program and the packages it needs. */
function installation(): string {
  const here = realpathSync(fileURLToPath(import.meta.url))
  const modules = here.indexOf(`${sep}node_modules${sep}`)
  // A checkout: packages/cli/src/load/sandbox.ts
  return modules === -1 ? join(here, '..', '..', '..', '..', '..') : here.slice(0, modules)
}

function packagesOf(fromSource: boolean): Packages {
  const api = new URL(fromSource ? '../index.ts' : '../index.js', import.meta.url).href
  const policy = import.meta.resolve('@thingwall/policy')
  return {
    urls: { thingwall: api, '@thingwall/policy': policy },
    // packages/cli/src/index.ts → packages/cli/, and likewise the other.
    own: [new URL('..', api).href, new URL('..', policy).href],
  }
}

function collect(stream: Readable, limitBytes: number, onExcess: (() => void) | null): () => string {
  const parts: Buffer[] = []
  let sizeBytes = 0
  stream.on('data', (part: Buffer) => {
    if (sizeBytes < limitBytes) parts.push(part.subarray(0, limitBytes - sizeBytes))
    sizeBytes += part.length
    if (sizeBytes > limitBytes) onExcess?.()
  })
  return () => Buffer.concat(parts).toString('utf8')
}

function readMessage(text: string): Message | null {
  try {
    const message: unknown = JSON.parse(text)
    return typeof message === 'object' && message !== null && 'kind' in message ? (message as Message) : null
  } catch {
    return null
  }
}
