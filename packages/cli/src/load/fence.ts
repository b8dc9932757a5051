/**
 * What a policy's code may touch while it is evaluated: other modules below the allowed folders, pure built-ins,
 * a clock that stands still, and numbers that only look random. Node's permission model (set by the parent)
 * is the wall for files, processes and add-ons; this fence closes what that model leaves open in Node 24, the
 * network and the process object, and makes a policy that depends on the time or on chance say so.
 */
import Module, { registerHooks } from 'node:module'

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

/** Where the packages a policy file imports by name live. */
export interface Packages {
  /** Specifier → URL of the module that it means, from wherever it is imported. */
  readonly urls: Readonly<Record<string, string>>
  /** URL prefixes of our own packages, whose modules are evaluated once. */
  readonly own: readonly string[]
}

/** The query that makes Node evaluate a policy's modules again; origins must not show it. */
export const GENERATION: RegExp = /\?thingwall-load=\d+/g

/** Directs imports. Modules of the policy take their importer's generation along, so a second load is whole. */
export function fenceImports(packages: Packages, onSource: (url: string, text: string) => void): void {
  const isOwn = (url: string): boolean => packages.own.some((prefix) => url.startsWith(prefix))
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const known = packages.urls[specifier]
      if (known !== undefined) return { url: known, shortCircuit: true }
      const parent = context.parentURL ?? ''
      const resolved = nextResolve(specifier, context)
      if (resolved.url.startsWith('node:')) {
        if (!isOwn(parent) && !builtins.has(resolved.url.slice('node:'.length))) {
          throw new Error(
            `a policy file may not import '${resolved.url}': it only describes, it does not act`,
          )
        }
        return resolved
      }
      if (!resolved.url.startsWith('file:') || isOwn(resolved.url)) return resolved
      const format = /\.m?ts(?:\?|$)/.test(resolved.url) ? { format: 'module-typescript' } : {}
      const generation = parent.match(GENERATION)?.[0]
      const isModule = context.conditions.includes('import')
      return generation === undefined || !isModule
        ? { ...resolved, ...format }
        : { ...resolved, ...format, url: `${resolved.url}${generation}` }
    },
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      if (loaded.format === 'module-typescript' && !isOwn(url)) onSource(url, String(loaded.source))
      return loaded
    },
  })
  // CommonJS packages see the Module class itself: no second set of hooks above these.
  for (const name of ['registerHooks', 'register', 'runMain']) {
    Object.defineProperty(Module, name, { value: undefined, writable: false, configurable: false })
  }
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
