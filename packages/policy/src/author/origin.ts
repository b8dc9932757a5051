/**
 * Where the caller of an authoring function stands in the source, read from V8's stack trace.
 *
 * One frame is captured and one line parsed, so a policy of 100,000 devices pays well under a second for it. On an
 * engine with another stack format there is no origin, never a wrong one. It does not follow source maps, and it
 * leaves the path as the engine gives it: the loader knows what to make it relative to.
 */
import type { Origin } from '../model/diagnostic.ts'

interface V8Error {
  stackTraceLimit?: number
  captureStackTrace?: (holder: object, below: Author) => void
}

/** An authoring function, which its own frame is to be left out of. */
export type Author = (...input: never[]) => unknown

/** The file, line and column that called `author`; null where the engine does not say. */
export function originOfCaller(author: Author): Origin | null {
  const engine = Error as unknown as V8Error
  if (typeof engine.captureStackTrace !== 'function') return null
  const limit = engine.stackTraceLimit
  const holder: { stack?: unknown } = {}
  try {
    engine.stackTraceLimit = 1
    engine.captureStackTrace(holder, author)
    return typeof holder.stack === 'string' ? originOfStack(holder.stack) : null
  } catch {
    return null
  } finally {
    restore(engine, limit)
  }
}

/** The place that the first frame of a V8 stack trace names; null when there is none. */
export function originOfStack(stack: string): Origin | null {
  const start = stack.indexOf('\n    at ')
  if (start === -1) return null
  const end = stack.indexOf('\n', start + 1)
  const frame = stack.slice(start + '\n    at '.length, end === -1 ? undefined : end)
  const open = frame.endsWith(')') ? frame.indexOf(' (') : -1
  const place = open === -1 ? frame.replace(/^async /, '') : frame.slice(open + 2, -1)
  const beforeColumn = place.lastIndexOf(':')
  const beforeLine = place.lastIndexOf(':', beforeColumn - 1)
  const line = Number(place.slice(beforeLine + 1, beforeColumn))
  const column = Number(place.slice(beforeColumn + 1))
  const file = beforeLine > 0 && line >= 1 && column >= 1 ? fileOf(place.slice(0, beforeLine)) : null
  return file === null ? null : { file, line, column }
}

function fileOf(location: string): string | null {
  if (location.startsWith('node:') || location.includes('<anonymous>')) return null
  if (!location.startsWith('file://')) return location
  const drive = /^file:\/\/\/[A-Za-z]:\//.test(location)
  const path = location.slice(drive ? 'file:///'.length : 'file://'.length).replace(/[?#].*$/, '')
  return path.includes('%') ? decodeURIComponent(path) : path
}

function restore(engine: V8Error, limit: number | undefined): void {
  try {
    if (limit !== undefined) engine.stackTraceLimit = limit
  } catch {
    // Frozen intrinsics: the limit was never changed.
  }
}
