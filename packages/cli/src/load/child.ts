/**
 * The program of the child process that evaluates a policy file: twice, at two instants and with two sequences of
 * chance, so that a policy which depends on either is found out. Writes one `Message` and ends.
 *
 * Everything after `fenceGlobals` may be hostile; what this needs of Node is taken before.
 */
import { writeSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'
import { fenceGlobals, fenceImports, GENERATION, type Packages, standStill } from './fence.ts'
import type { Difference, Message } from './message.ts'

const [file, packagesText, nowText] = process.argv.slice(2) as [string, string, string]
const exit = process.exit.bind(process)
const stringify = JSON.stringify
/** Past this length a file is generated, and nobody reads its lines. */
const SOURCE_LENGTH = 4 << 20
const SECOND_LOAD_LATER_MS = 400 * 86_400_000 + 3_723_004

const packages = JSON.parse(packagesText) as Packages
const sources = new Map<string, string>()

await loadOwn()
fenceImports(packages, (url, text) => sources.set(fileURLToPath(url.replace(GENERATION, '')), text))
fenceGlobals()
send(await evaluate())

/**
 * Our own modules, before the policy's. In a checkout they are TypeScript, and the parent lends the compile cache
 * that spares stripping them each time; the right to write there ends here, before any foreign code runs.
 */
async function loadOwn(): Promise<void> {
  await import(packages.urls.thingwall as string)
  if (process.permission.has('fs.write')) throw new Error('may write everywhere')
  if (process.env.NODE_COMPILE_CACHE !== undefined) dropWriting()
}

function dropWriting(): void {
  const { permission } = process as unknown as { readonly permission: { drop(scope: string): void } }
  permission.drop('fs.write')
}

async function evaluate(): Promise<Message> {
  try {
    const first = await load(1, Number(nowText), 1)
    if (first === undefined) return { kind: 'no-default' }
    const second = await load(2, Number(nowText) + SECOND_LOAD_LATER_MS, 2)
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

/** Writes all of it, also where the pipe takes it in pieces, and ends the process whatever timers still run. */
function send(message: Message): never {
  const bytes = Buffer.from(stringify(message))
  let sent = 0
  while (sent < bytes.length) {
    try {
      sent += writeSync(3, bytes, sent)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) exit(2)
    }
  }
  return exit(0)
}
