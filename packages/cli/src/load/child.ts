/**
 * The program of the child process that evaluates a policy file: twice, at two instants and with two sequences of
 * chance, so that a policy which depends on either is found out. Sends one `Message` and ends.
 *
 * It gives up its rights before it reads the policy. Everything after `fenceGlobals` may be hostile; what this
 * needs of Node is taken before.
 */
import { stripTypeScriptTypes } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ask, tell } from './channel.ts'
import { fenceGlobals, fenceImports, GENERATION, standStill } from './fence.ts'
import { fenceFiles } from './files.ts'
import type { Difference, Message, Order } from './message.ts'
import { giveUpRights } from './rights.ts'
// Our own modules, before the policy's: afterwards this process reads no file.
import '../index.ts'

const exit = process.exit.bind(process)
const stringify = JSON.stringify
/** Past this length a file is generated, and nobody reads its lines. */
const SOURCE_LENGTH = 4 << 20
const SECOND_LOAD_LATER_MS = 400 * 86_400_000 + 3_723_004

const { file, packages, nowMs, becomeId, endAfterMs } = takeOrder()
await giveUpRights(becomeId).catch((error: unknown) => {
  tell({ kind: 'stuck', why: error instanceof Error ? error.message : String(error) })
  exit(2)
})
setTimeout(exit, endAfterMs, 2).unref()
const sources = new Map<string, string>()
fenceImports(packages, (url, text) => sources.set(fileURLToPath(url.replace(GENERATION, '')), text))
fenceFiles(dirname(fileURLToPath(file)))
fenceGlobals()
send(await evaluate())

function takeOrder(): Order {
  const answer = ask({ kind: 'ready' })
  if (answer.kind !== 'order') throw new Error('no order')
  return answer.order
}

async function evaluate(): Promise<Message> {
  try {
    const first = await load(1, nowMs, 1)
    if (first === undefined) return { kind: 'no-default' }
    const second = await load(2, nowMs + SECOND_LOAD_LATER_MS, 2)
    const texts: string[] = []
    try {
      texts.push(canonical(first), canonical(second))
    } catch (error) {
      return { kind: 'not-data', message: error instanceof Error ? error.message : String(error) }
    }
    const [a, b] = texts as [string, string]
    const document: unknown = JSON.parse(a)
    const difference = a === b ? null : differenceOf(document, JSON.parse(b), '')
    return { kind: 'policy', document, difference, sources: strippedSources() }
  } catch (error) {
    return thrown(error)
  }
}

async function load(generation: number, nowMs: number, seed: number): Promise<unknown> {
  standStill(nowMs, seed)
  if (generation > 1) globalThis.console = new Proxy(console, { get: () => () => {} })
  const module: { readonly default?: unknown } = await import(`${file}?thingwall-load=${generation}`)
  return module.default
}

/** Cheap here, where Node has its stripper loaded; in the parent it would cost more than all else. */
function strippedSources(): Record<string, string> {
  const stripped: [string, string][] = []
  for (const [path, text] of sources) {
    if (text.length < SOURCE_LENGTH) stripped.push([path, stripTypeScriptTypes(text)])
  }
  return Object.fromEntries(stripped)
}

/** JSON, with the generation taken out of every place in the source. */
function canonical(value: unknown): string {
  return (stringify(value) ?? 'null').replace(GENERATION, '')
}

function thrown(error: unknown): Message {
  if (!(error instanceof Error)) {
    return { kind: 'threw', name: 'Error', message: `threw ${String(error)}, which is no Error`, stack: '' }
  }
  const clean = (text: unknown): string => String(text).replace(GENERATION, '').slice(0, 20_000)
  return { kind: 'threw', name: clean(error.name), message: clean(error.message), stack: clean(error.stack) }
}

function differenceOf(a: unknown, b: unknown, path: string): Difference | null {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return Object.is(a, b) ? null : { path, first: shown(a), second: shown(b) }
  }
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  const keys = Object.keys(left)
  const others = Object.keys(right)
  if (keys.join('\n') !== others.join('\n')) {
    return { path, first: `the keys ${keys.join(', ')}`, second: `the keys ${others.join(', ')}` }
  }
  for (const key of keys) {
    const found = differenceOf(left[key], right[key], path === '' ? key : `${path}.${key}`)
    if (found !== null) return found
  }
  return null
}

function shown(value: unknown): string {
  return (stringify(value) ?? 'undefined').slice(0, 200)
}

/** Ends the process whatever timers still run. */
function send(message: Message): never {
  tell({ kind: 'result' }, Buffer.from(stringify(message)))
  return exit(0)
}
