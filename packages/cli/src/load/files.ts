/**
 * `node:fs` as a policy sees it: reading is asked of the process that started this one, everything else is refused
 * with a sentence. The real module is changed in place, so that no way of importing it leads to another one.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ask } from './channel.ts'

type Act = (...given: readonly unknown[]) => unknown
type Mutable = Record<string, unknown>

/** Takes away all of `node:fs` but reading; relative paths start at `folder`. */
export function fenceFiles(folder: string): void {
  const acts = readingBelow(folder)
  const promises = fs.promises as unknown as Mutable
  const module = fs as unknown as Mutable
  replace(promises, (name) => {
    const act = acts[name]
    return act && (async (...given) => act(...given))
  })
  replace(module, (name) => {
    if (name.endsWith('Sync')) return acts[name.slice(0, -'Sync'.length)]
    const act = acts[name]
    return act && ((...given) => later(act, given))
  })
  Object.defineProperty(module, 'promises', { value: Object.freeze(promises), writable: false })
  Object.freeze(module)
  syncBuiltinESMExports()
}

function replace(module: Mutable, actFor: (name: string) => Act | undefined): void {
  for (const name of Object.keys(module)) {
    const held = Object.getOwnPropertyDescriptor(module, name)
    if (name === 'promises' || name === 'constants' || /^[FRWX]_OK$/.test(name)) continue
    if (held?.get === undefined && typeof held?.value !== 'function') continue
    const value =
      actFor(name) ??
      ((): never => {
        throw new Error(
          `a policy may not use fs.${name}: it reads files below its project, and does nothing else`,
        )
      })
    Object.defineProperty(module, name, { value, writable: false, enumerable: true, configurable: true })
  }
}

function readingBelow(folder: string): Readonly<Record<string, Act>> {
  const pathOf = (given: unknown): string => {
    if (given instanceof URL) return fileURLToPath(given)
    return resolve(folder, given instanceof Uint8Array ? Buffer.from(given).toString() : String(given))
  }
  const look = (path: unknown) => {
    const seen = ask({ kind: 'look', path: pathOf(path) })
    if (seen.kind !== 'look') throw new Error('no answer')
    return seen
  }
  const stat: Act = (path) => {
    const { what, sizeBytes } = look(path)
    return { size: sizeBytes, ...kindOf(what) }
  }
  return {
    stat,
    lstat: stat,
    access: (path) => void look(path),
    realpath: (path) => look(path).path,
    exists(path) {
      try {
        look(path)
        return true
      } catch {
        return false
      }
    },
    readFile(path, options) {
      const { body } = ask({ kind: 'read', path: pathOf(path), manner: 'import' })
      const encoding =
        typeof options === 'string' ? options : (options as { encoding?: string } | null)?.encoding
      return encoding == null ? body : body.toString(encoding as BufferEncoding)
    },
    readdir(path, options) {
      const parent = pathOf(path)
      const answer = ask({ kind: 'list', path: parent })
      if (answer.kind !== 'list') throw new Error('no answer')
      const { withFileTypes, recursive } = (typeof options === 'object' && options) as Record<string, unknown>
      if (recursive)
        throw new Error('a policy may not use fs.readdir with recursive: list one folder at a time')
      return answer.entries.map(([name, what]) =>
        withFileTypes ? { name, parentPath: parent, ...kindOf(what) } : name,
      )
    },
  }
}

function kindOf(what: 'file' | 'folder') {
  return { isFile: () => what === 'file', isDirectory: () => what === 'folder', isSymbolicLink: () => false }
}

/** The callback comes last, and `fs.exists` alone has no error before its answer. */
function later(act: Act, given: readonly unknown[]): void {
  const callback = given.at(-1)
  if (typeof callback !== 'function') throw new TypeError('the last argument must be a callback')
  let told: readonly unknown[]
  try {
    const found = act(...given.slice(0, -1))
    told = typeof found === 'boolean' ? [found] : [null, found]
  } catch (error) {
    told = [error]
  }
  queueMicrotask(() => callback(...told))
}
