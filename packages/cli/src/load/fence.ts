/**
 * What a policy's code finds while it is evaluated: its own modules, pure built-ins, a clock that stands still, and
 * numbers that only look random. The walls (`wall.ts`, `rights.ts`) keep files, processes and the network from it; this
 * fence withholds what would only fail there, says so in sentences, and makes a policy that depends on the time
 * or on chance say so. It is no wall itself: who breaks it has gained nothing.
 */
import { writeSync } from 'node:fs'
import Module, { isBuiltin, registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { format } from 'node:util'
import { ask } from './channel.ts'
import type { Manner, Packages } from './message.ts'

/** Built-ins that a policy may import: computing, and reading files (which the permission model narrows). */
const builtins: ReadonlySet<string> = new Set([
  'assert',
  'assert/strict',
  'buffer',
  'crypto',
  'fs',
  'fs/promises',
  'path',
  'path/posix',
  'querystring',
  'string_decoder',
  'url',
  'util',
])

/** The query that makes Node evaluate a policy's modules again; origins must not show it. */
export const GENERATION: RegExp = /\?thingwall-load=\d+/g

/** Directs imports: what a module is and holds is asked of the process that started this one. Modules of the policy take their importer's generation along, so a second load is whole. */
export function fenceImports(packages: Packages, onSource: (url: string, text: string) => void): void {
  const isOwn = (url: string): boolean => packages.own.some((prefix) => url.startsWith(prefix))
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const known = packages.urls[specifier]
      if (known !== undefined) return { url: known, shortCircuit: true }
      const parent = context.parentURL ?? ''
      if (isBuiltin(specifier)) {
        const name = specifier.replace(/^node:/, '')
        if (isOwn(parent) || builtins.has(name)) return nextResolve(specifier, context)
        throw new Error(`a policy file may not import 'node:${name}': it only describes, it does not act`)
      }
      if (isOwn(parent)) {
        // The policy file itself, which our own child imports.
        return { url: specifier, shortCircuit: true }
      }
      const importer = parent.replace(GENERATION, '')
      if (!importer.startsWith('file:'))
        throw new Error(`nothing may be imported from ${importer.slice(0, 40)}`)
      const answer = ask({ kind: 'resolve', specifier, importer, manner: mannerOf(context.conditions) })
      if (answer.kind !== 'resolved') throw new Error('no answer')
      const { url } = answer
      if (!url.startsWith('file:'))
        throw new Error(`a policy file may not import '${url.slice(0, 80)}': it imports files only`)
      if (isOwn(url)) return { url, shortCircuit: true }
      const generation = parent.match(GENERATION)?.[0]
      const again = generation !== undefined && mannerOf(context.conditions) === 'import'
      return { url: again ? `${url}${generation}` : url, shortCircuit: true }
    },
    load(url, context, nextLoad) {
      if (isOwn(url) || url.startsWith('node:')) return nextLoad(url, context)
      const path = fileURLToPath(url.replace(GENERATION, ''))
      const answer = ask({ kind: 'read', path, manner: mannerOf(context.conditions) })
      if (answer.kind !== 'file') throw new Error('no answer')
      if (answer.format === null)
        throw new Error(`a policy file may not import ${path}: it is no JavaScript, TypeScript or JSON`)
      const source = answer.body.toString('utf8')
      if (answer.format === 'module-typescript') onSource(url, source)
      return { format: answer.format, source, shortCircuit: true }
    },
  })
  // CommonJS packages see the Module class itself: no second set of hooks above these.
  for (const name of ['registerHooks', 'register', 'runMain']) {
    Object.defineProperty(Module, name, { value: undefined, writable: false, configurable: false })
  }
}

function mannerOf(conditions: readonly string[]): Manner {
  return conditions.includes('import') ? 'import' : 'require'
}

/** Takes away the network, the process and the machine's own clock and chance. */
export function fenceGlobals(): void {
  const inert = Object.freeze({
    env: Object.freeze({}),
    argv: Object.freeze([]),
    platform: process.platform,
    version: process.version,
    versions: Object.freeze({ ...process.versions }),
    cwd: () => '/',
    nextTick: process.nextTick.bind(process),
    emitWarning: () => {},
  })
  const taken = [
    'fetch',
    'WebSocket',
    'EventSource',
    'XMLHttpRequest',
    'navigator',
    'localStorage',
    'sessionStorage',
  ]
  for (const name of taken) Reflect.deleteProperty(globalThis, name)
  Object.defineProperty(globalThis, 'process', { value: inert, writable: false, configurable: false })
  globalThis.console = printing()
}

const write = writeSync
const PRINTED_AT_ONCE = 16_384

/** A console without streams: those of Node are sockets, and their class opens others. */
function printing(): Console {
  const print = (...given: readonly unknown[]): void => {
    try {
      write(1, `${format(...given)}\n`.slice(0, PRINTED_AT_ONCE))
    } catch {
      // Nobody reads it any more.
    }
  }
  return new Proxy(Object.create(null) as Console, {
    get: (_, name) => (name === 'then' || typeof name === 'symbol' ? undefined : print),
  })
}

/** Stops the clock at an instant and makes chance repeat, until the next call. */
export function standStill(nowMs: number, seed: number): void {
  globalThis.Date = clockAt(nowMs)
  const next = sequence(seed)
  Math.random = next
  Object.defineProperty(performance, 'now', { value: () => nowMs % 1_000_000, configurable: true })
}

const RealDate = Date

function clockAt(nowMs: number): DateConstructor {
  return new Proxy(RealDate, {
    construct(target, given, self) {
      return Reflect.construct(target, given.length === 0 ? [nowMs] : given, self)
    },
    apply: () => new RealDate(nowMs).toString(),
    get: (target, property, receiver) =>
      property === 'now' ? () => nowMs : Reflect.get(target, property, receiver),
  })
}

/** Numbers in [0, 1) that depend on the seed only (mulberry32, public domain). */
function sequence(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
