/**
 * Runs the child that evaluates a policy file, behind the strongest wall that this machine grants, answers its questions
 * about files, and takes back one message.
 *
 * The child runs under Node's permission model: it reads its own program, then nothing; it may never write, start
 * processes or workers, or load add-ons. Its environment is empty. Time, memory and output are bounded.
 */
import { spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { join, sep } from 'node:path'
import type { Duplex, Readable } from 'node:stream'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { frameOf, frameReader } from './frames.ts'
import { thisMachine } from './machine.ts'
import type { Answer, Ask, Message, Order, Packages } from './message.ts'
import { projectOf } from './project.ts'
import { type Question, type Served, servantOf } from './served.ts'
import { type Built, type Machine, type Wall, wallsOn } from './wall.ts'

export interface Bounds {
  readonly timeMs: number
  readonly memoryMegabytes: number
  readonly outputBytes: number
}

/** Enough for 100,000 devices written one by one. */
export const usualBounds: Bounds = { timeMs: 30_000, memoryMegabytes: 1024, outputBytes: 256 << 20 }

export type Outcome =
  | { readonly kind: 'message'; readonly message: Message }
  | {
      readonly kind: 'ended'
      readonly why: 'time' | 'memory' | 'output' | 'printed' | 'silent'
      readonly detail: string
    }
  /** Nothing of the policy ran: no wall could be built, or rights could not be given up. */
  | { readonly kind: 'no-wall'; readonly why: string }

export interface Evaluated {
  readonly outcome: Outcome
  /** What the policy's code itself printed; at most 64 kB. */
  readonly printed: string
  readonly wall: WallReport
}

/** What stood around the policy. */
export interface WallReport extends Built {
  /** What stronger walls failed of, as the operating system worded it; null where none did. */
  readonly lacks: string | null
}

const PRINTED_BYTES = 64 << 10
/** More than this is an attack on whoever reads it. */
const PRINTED_LIMIT_BYTES = 8 << 20
/** Node's own parts, buffers, and the stacks of its threads. */
const BESIDES_HEAP_MEGABYTES = 1024
const GRACE_MS = 5000

/** Evaluates the module at a real, absolute path. */
export async function evaluateApart(
  path: string,
  nowMs: number,
  bounds: Bounds,
  machine: Machine = thisMachine(),
): Promise<Evaluated> {
  const fromSource = import.meta.url.endsWith('.ts')
  const walls = wallsOn(machine, {
    processorSeconds: Math.ceil((2 * bounds.timeMs + GRACE_MS) / 1000),
    dataBytes: (bounds.memoryMegabytes + BESIDES_HEAP_MEGABYTES) * 2 ** 20,
    fileBytes: fromSource ? null : 0,
  })
  const lacks: string[] = []
  for (const wall of walls) {
    const tried = await evaluateBehind(wall, { path, nowMs, bounds, fromSource })
    const report = { ...wall.built, lacks: lacks.length === 0 ? null : lacks.join('; ') }
    if (tried.outcome.kind !== 'no-wall') return { ...tried, wall: report }
    if (!lacks.includes(tried.outcome.why)) lacks.push(tried.outcome.why)
  }
  const none: Built = { network: 'fenced', user: 'caller', limits: false }
  const why = lacks.join('; ')
  return { outcome: { kind: 'no-wall', why }, printed: '', wall: { ...none, lacks: why } }
}

interface Evaluation {
  readonly path: string
  readonly nowMs: number
  readonly bounds: Bounds
  readonly fromSource: boolean
}

type Ended = Extract<Outcome, { readonly kind: 'ended' }>['why']

async function evaluateBehind(
  wall: Wall,
  { path, nowMs, bounds, fromSource }: Evaluation,
): Promise<Omit<Evaluated, 'wall'>> {
  const [program, ...args] = [...wall.wrap, ...nodeFor(bounds, fromSource)] as [string, ...string[]]
  const cache = cacheFor(fromSource)
  const worker = spawn(program, args, {
    env: { TZ: 'UTC', LANG: 'C', ...(cache !== undefined && { NODE_COMPILE_CACHE: cache }) },
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  let ended: Ended | null = null
  const stop = (why: Ended): void => {
    ended ??= why
    worker.kill('SIGKILL')
  }
  const order: Order = {
    file: pathToFileURL(path).href,
    packages: packagesOf(fromSource),
    nowMs,
    becomeId: wall.becomeId,
    endAfterMs: bounds.timeMs + GRACE_MS,
  }
  const told = converse(worker.stdio[3] as Duplex, {
    order,
    serve: servantOf(path, projectOf(path)),
    bounds,
    stop,
  })
  const timer = setTimeout(stop, bounds.timeMs, 'time')
  const printed = collect(worker.stdout as Readable, () => stop('printed'))
  const complained = collect(worker.stderr as Readable, () => stop('printed'))
  const signal = await new Promise<string | null>((resolve, reject) => {
    worker.once('error', reject)
    worker.once('close', (_code, signalName) => resolve(signalName))
  })
  clearTimeout(timer)
  const errors = complained()
  if (told.stuck !== null || (!told.isReady && ended === null)) {
    return { outcome: { kind: 'no-wall', why: told.stuck ?? firstLineOf(errors) }, printed: '' }
  }
  if (ended !== null) return { outcome: { kind: 'ended', why: ended, detail: '' }, printed: printed() }
  if (told.message !== null) {
    return { outcome: { kind: 'message', message: told.message }, printed: printed() + errors }
  }
  return { outcome: { kind: 'ended', why: whyOf(signal, errors), detail: errors }, printed: printed() }
}

interface Told {
  isReady: boolean
  stuck: string | null
  message: Message | null
}

interface Conversation {
  readonly order: Order
  readonly serve: (question: Question) => Served
  readonly bounds: Bounds
  readonly stop: (why: Ended) => void
}

/** Answers the child as it asks. What it has told is filled in as it comes. */
function converse(channel: Duplex, { order, serve, bounds, stop }: Conversation): Readonly<Told> {
  const told: Told = { isReady: false, stuck: null, message: null }
  const say = (answer: Answer, bytes?: Uint8Array): void => {
    channel.write(frameOf(answer, bytes))
  }
  const hear = (ask: Ask, body: Uint8Array): void => {
    switch (ask.kind) {
      case 'ready':
        told.isReady = true
        say({ kind: 'order', order })
        break
      case 'stuck':
        told.stuck = String(ask.why).slice(0, 300)
        break
      case 'result':
        told.message ??= readMessage(body)
        break
      case 'resolve':
      case 'read':
      case 'look':
      case 'list': {
        const { answer, body: bytes } = serve(ask)
        say(answer, bytes)
        break
      }
      default:
        throw new TypeError(`no question: ${ask satisfies never}`)
    }
  }
  const read = frameReader(bounds.outputBytes)
  let isOver = false
  const finish = (why: Ended): void => {
    isOver = true
    stop(why)
  }
  channel.on('data', (piece: Buffer) => {
    if (isOver) return
    try {
      for (const { head, body } of read(piece)) hear(head as Ask, body)
    } catch (error) {
      finish(error instanceof RangeError ? 'output' : 'silent')
    }
  })
  // It ended while it was being answered; the end of the process says how.
  channel.on('error', () => {
    isOver = true
  })
  return told
}

function nodeFor(bounds: Bounds, fromSource: boolean): readonly string[] {
  const child = fileURLToPath(new URL(fromSource ? './child.ts' : './child.js', import.meta.url))
  const cache = cacheFor(fromSource)
  return [
    process.execPath,
    '--permission',
    `--allow-fs-read=${join(installation(), '*')}`,
    '--allow-fs-read=/proc/self/*',
    ...(cache === undefined ? [] : [`--allow-fs-write=${join(cache, '*')}`]),
    '--no-warnings',
    '--no-global-search-paths',
    '--disable-proto=delete',
    '--disable-sigusr1',
    `--max-old-space-size=${bounds.memoryMegabytes}`,
    ...(fromSource ? ['--conditions=thingwall-source'] : []),
    child,
  ]
}

/** In a checkout our own modules are TypeScript; the cache spares the child stripping them each time. */
function cacheFor(fromSource: boolean): string | undefined {
  return fromSource ? process.env.NODE_COMPILE_CACHE : undefined
}

/** V8 aborts when its heap is full; past the kernel's limits for time and files a signal ends the process. */
function whyOf(signal: string | null, errors: string): Ended {
  if (signal === 'SIGXCPU' || signal === 'SIGKILL') return 'time'
  if (signal === 'SIGABRT' || signal === 'SIGTRAP' || /heap out of memory|OOM error/.test(errors))
    return 'memory'
  return 'silent'
}

function firstLineOf(errors: string): string {
  return errors.trim().split('\n', 1)[0]?.slice(0, 200) || 'the child ended before it was ready'
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

function collect(stream: Readable, onExcess: () => void): () => string {
  const parts: Buffer[] = []
  let sizeBytes = 0
  stream.on('data', (part: Buffer) => {
    if (sizeBytes < PRINTED_BYTES) parts.push(part.subarray(0, PRINTED_BYTES - sizeBytes))
    sizeBytes += part.length
    if (sizeBytes > PRINTED_LIMIT_BYTES) onExcess()
  })
  return () => Buffer.concat(parts).toString('utf8')
}

/** What the child says is its own; only the shape of the envelope is taken on trust, `validate` reads the rest. */
function readMessage(body: Uint8Array): Message | null {
  const message: unknown = JSON.parse(Buffer.from(body).toString('utf8'))
  return typeof message === 'object' && message !== null && 'kind' in message ? (message as Message) : null
}
