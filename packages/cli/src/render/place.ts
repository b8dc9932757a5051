/** Places in the source, as people and editors read them: `thingwall.policy.ts:18:15`, relative to where they are. */
import { isAbsolute, relative } from 'node:path'
import type { Origin } from '@thingwall/policy'
import { safe } from './text.ts'

/** `FILE:LINE:COLUMN`, the file relative to `cwd` where that is shorter. */
export function showPlace(origin: Origin, cwd: string): string {
  return `${showLine(origin, cwd)}:${origin.column}`
}

/** `FILE:LINE` */
export function showLine(origin: Origin, cwd: string): string {
  return `${showFile(origin.file, cwd)}:${origin.line}`
}

export function showFile(file: string, cwd: string): string {
  if (!isAbsolute(file)) return safe(file, 300)
  const near = relative(cwd, file)
  return safe(near.length < file.length ? near : file, 300)
}

/** Places inside sentences, as they are written everywhere else: relative to where the reader is. */
export function nearBy(text: string, cwd: string): string {
  return cwd === '/' ? text : text.replaceAll(`${cwd}/`, '')
}
